package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.ArchiveKind;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which servers may use the archive of their image, and what the others are told. */
class ImageArchiveTest {
    private static final ImageArchive ARCHIVE = new ImageArchive(
            "0123456789abcdef0123456789abcdef",
            "Spark 4.0.1 on Java 17.0.15",
            "4.0.1",
            Path.of("/opt/java"),
            ArchiveKind.DYNAMIC);

    private final TreeMap<String, String> conf = new TreeMap<>();
    private final TreeMap<String, String> env = new TreeMap<>();
    private final TreeMap<String, String> image = new TreeMap<>(Map.of("JAVA_HOME", "/opt/java"));
    private final List<RenderedFile> files = new ArrayList<>();
    private String memory = "1g";
    private String spark = "4.0.1";
    private Optional<Path> jars = Optional.of(Path.of("/opt/spark/jars"));

    private LaunchPlan plan() {
        ServerSpec plain = Plans.spec("sales", new PortChoice.Auto(), spark);
        ServerSpec spec = new ServerSpec(
                plain.name(),
                "docker",
                plain.spark(),
                plain.master(),
                plain.port(),
                plain.uiPort(),
                MemorySize.parse(memory),
                Optional.empty(),
                Optional.empty(),
                List.of("io.delta:delta-spark_2.13:4.0.0"),
                conf,
                env,
                plain.health(),
                plain.restart(),
                plain.stop(),
                plain.auth(),
                plain.expose(),
                "default",
                Optional.empty());
        return new LaunchPlan(
                spec,
                DockerRuntime.site(jars, jars.isPresent() ? Optional.empty() : Optional.of(Names.SPARK_HOME)),
                new LaunchTicket(1, "sales/1/0a1b2c3d", Optional.empty(), OptionalInt.of(0)),
                new Rendering(files, "f"),
                List.of(),
                Map.of());
    }

    private void assertUnfit(String... words) {
        assertThatThrownBy(() -> ARCHIVE.check(plan(), image))
                .isInstanceOf(ArchiveUnfitException.class)
                .hasMessageContainingAll(words);
    }

    @Test
    void labelsTellAnArchiveWhole() {
        TreeMap<String, String> labels = new TreeMap<>(ARCHIVE.labels());
        assertThat(ImageArchive.of(labels)).map(ImageArchive::spark).contains("");

        labels.put("io.connectctl.spark", "4.0.1");
        assertThat(ImageArchive.of(labels)).contains(ARCHIVE);
        assertThat(ARCHIVE.file()).isEqualTo(Path.of("/opt/connectctl/archive/classes.jsa"));

        labels.put("io.connectctl.archive.kind", "OF_TOMORROW");
        assertThat(ImageArchive.of(labels)).isEmpty();
        assertThat(ImageArchive.of(Map.of())).isEmpty();
    }

    @Test
    void anOrdinaryServerUsesItWhateverItsPackagesAndSettings() {
        conf.put("spark.sql.shuffle.partitions", "3");
        conf.put("spark.driver.extraJavaOptions", "-Dcolour=blue -XX:MaxMetaspaceSize=512m");
        env.put("COLOUR", "blue");
        assertThatCode(() -> ARCHIVE.check(plan(), image)).doesNotThrowAnyException();
    }

    @Test
    void folderOnTheClassPathIsToldByTheWordsThatProcessesHave() {
        env.put("HADOOP_CONF_DIR", "/etc/hadoop");
        assertUnfit("HADOOP_CONF_DIR puts a folder on the class path");

        env.clear();
        files.add(new RenderedFile("hive-site.xml", "<configuration/>", false));
        assertUnfit("the conf folder is on the class path, for hive-site.xml");
    }

    @Test
    void folderOfTheImageCountsUnlessTheDeclarationTakesItBack() {
        image.put("HADOOP_CONF_DIR", "/etc/hadoop");
        assertUnfit("the image's HADOOP_CONF_DIR puts a folder on the class path");

        env.put("HADOOP_CONF_DIR", "");
        assertThatCode(() -> ARCHIVE.check(plan(), image)).doesNotThrowAnyException();
    }

    @Test
    void whateverTheArchiveWasNotMadeForIsNamed() {
        conf.put("spark.driver.extraClassPath", "/opt/more.jar");
        assertUnfit("spark.driver.extraClassPath names /opt/more.jar", "made without it");

        conf.clear();
        conf.put("spark.driver.extraJavaOptions", "-XX:+UseParallelGC");
        assertUnfit("made without the Java option -XX:+UseParallelGC");

        conf.put("spark.driver.extraJavaOptions", "-javaagent:/opt/agent.jar=secret");
        assertUnfit("the Java option -javaagent excludes it");

        conf.clear();
        memory = "40g";
        assertUnfit("driverMemory is 40g");

        memory = "1g";
        spark = "4.0.0";
        assertUnfit("for Spark 4.0.1, not 4.0.0");
    }

    @Test
    void anotherJvmIsNotOfferedIt() {
        env.put("JAVA_HOME", "/opt/other");
        assertUnfit("JAVA_HOME is /opt/other", "made by /opt/java");

        env.clear();
        image.put("JAVA_HOME", "/opt/newer");
        assertUnfit("JAVA_HOME is /opt/newer");

        image.clear();
        assertThatCode(() -> ARCHIVE.check(plan(), image)).doesNotThrowAnyException();
    }

    @Test
    void distributionsOwnScriptIsOnlyCheckedWhereAnImageClaimsAnArchive() {
        jars = Optional.empty();
        assertUnfit("bin/spark-submit");
    }
}
