package io.connectctl.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** The arrows of docs/architecture.md, kept. */
class ArchitectureTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.connectctl");

    @Test
    void healthKnowsNeitherComposeNorManager() {
        check(noClasses()
                .that()
                .resideInAPackage("io.connectctl.health..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.connectctl.compose..", "io.connectctl.manager.."));
    }

    @Test
    void composeKnowsNeitherHealthNorManager() {
        check(noClasses()
                .that()
                .resideInAPackage("io.connectctl.compose..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.connectctl.health..", "io.connectctl.manager.."));
    }

    @Test
    void lifecycleIsPure() {
        check(noClasses()
                .that()
                .resideInAPackage("io.connectctl.manager.lifecycle..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.connectctl.manager.supervise..",
                        "io.connectctl.manager.store..",
                        "io.connectctl.manager.api..",
                        "java.nio.channels..",
                        "java.util.concurrent..",
                        "java.net..")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class));
    }

    @Test
    void clustersKnowNothingOfPhases() {
        check(noClasses()
                .that()
                .resideInAPackage("io.connectctl.manager.cluster..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.connectctl.manager.lifecycle..",
                        "io.connectctl.manager.supervise..",
                        "io.connectctl.manager.store..",
                        "io.connectctl.manager.api..",
                        "org.apache.hadoop..",
                        "org.apache.spark.."));
    }

    @Test
    void leasingIsPure() {
        check(noClasses()
                .that()
                .resideInAnyPackage("io.connectctl.manager.lease..", "io.connectctl.manager.pool..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.connectctl.manager.supervise..",
                        "io.connectctl.manager.store..",
                        "io.connectctl.manager.api..",
                        "java.nio..",
                        "java.util.concurrent..",
                        "java.net..")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class));
    }

    @Test
    void commandLineSpeaksToTheDaemonThroughTheClientOnly() {
        check(noClasses()
                .that()
                .resideInAnyPackage("io.connectctl.manager.cli..", "io.connectctl.manager.client..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.connectctl.manager.daemon..",
                        "io.connectctl.manager.supervise..",
                        "io.connectctl.manager.store..",
                        "io.connectctl.health..",
                        "io.grpc..",
                        "org.eclipse.jetty..",
                        "org.sqlite..",
                        "org.slf4j.."));
    }

    @Test
    void onlyTheDaemonSeesEverything() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.manager.daemon..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.connectctl.manager.daemon.."));
    }

    /** What a user's tests get with it can't clash with anything of theirs. */
    @Test
    void theJUnitExtensionUsesJUnitAndTheJdkOnly() {
        check(noClasses()
                .that()
                .resideInAPackage("io.connectctl.junit5..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "io.connectctl.junit5..",
                        "java..",
                        "org.junit.jupiter.api..",
                        "org.junit.platform.commons.support..",
                        // Annotations that only the compiler reads.
                        "org.jspecify.annotations.."));
    }

    @Test
    void eachLibraryStaysInItsRoom() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.compose.runtime.process..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.eclipse.aether..", "org.apache.maven.."));
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.compose.runtime.docker..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.github.dockerjava.."));
        // What goes to an engine and comes from it, and the bundle.
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.compose.runtime.docker..")
                .and()
                .doNotHaveFullyQualifiedName("io.connectctl.manager.supervise.TarGz")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.commons.compress.."));
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.compose.render..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.pebbletemplates.."));
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.manager.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("picocli.."));
        check(noClasses()
                .that()
                .resideOutsideOfPackage("io.connectctl.manager.store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "org.sqlite.."));
    }

    /** A preview makes a runtime, and the command line's class path has no docker-java. */
    @Test
    void dockerRuntimeItselfNeedsNoDockerJava() {
        check(noClasses()
                .that()
                .haveFullyQualifiedName("io.connectctl.compose.runtime.docker.DockerRuntime")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.github.dockerjava.."));
    }

    @Test
    void modulesHoldNoCycles() {
        slices().matching("io.connectctl.(*)..").should().beFreeOfCycles().check(HOUSE);
        slices().matching("io.connectctl.compose.(*)..")
                .should()
                .beFreeOfCycles()
                .check(HOUSE);
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(HOUSE);
    }
}
