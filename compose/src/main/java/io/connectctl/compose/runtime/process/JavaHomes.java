package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.JavaChoice;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.JavaSupport;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds a JDK that a Spark version runs on. */
final class JavaHomes {
    private static final Logger LOG = LoggerFactory.getLogger(JavaHomes.class);

    private final List<Path> candidates;

    JavaHomes(Map<String, String> environment, Path own, Path installed) {
        Set<Path> homes = new LinkedHashSet<>();
        String declared = environment.get("JAVA_HOME");
        if (declared != null && !declared.isBlank()) {
            homes.add(Path.of(declared));
        }
        homes.add(own);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(installed)) {
            Set<Path> sorted = new TreeSet<>();
            folders.forEach(sorted::add);
            homes.addAll(sorted);
        } catch (IOException | DirectoryIteratorException e) {
            // A machine without that folder has its JDKs elsewhere; the others are still candidates.
        }
        this.candidates = List.copyOf(homes);
    }

    /**
     * The JDK for this server: the declared one as it is (its failure is diagnosed from the server's own words), else the
     * first that fits of JAVA_HOME, the daemon's own and those in /usr/lib/jvm; where none fits, the first untested one.
     */
    Path find(ServerSpec spec) throws LaunchException {
        if (spec.javaHome().isPresent()) {
            Path home = spec.javaHome().get();
            if (!Files.isExecutable(home.resolve("bin/java"))) {
                throw new LaunchException(
                        "JAVA_NOT_FOUND",
                        "javaHome " + home + " holds no bin/java that can be run",
                        "name the folder of a JDK or JRE in javaHome, or leave it out to have one found",
                        false);
            }
            return home;
        }
        JavaChoice choice = choose(spec.spark());
        if (!choice.tested()) {
            LOG.warn("{} runs on {}, untested: {}", spec.name(), choice.home(), JavaSupport.remedy(spec.spark()));
        }
        return choice.home();
    }

    /** What {@link #find} takes where nothing is declared. */
    JavaChoice choose(SparkVersion spark) throws LaunchException {
        Optional<JavaChoice> untested = Optional.empty();
        List<String> seen = new ArrayList<>();
        boolean newer = false;
        boolean older = false;
        for (Path home : candidates) {
            OptionalInt version = version(home);
            if (version.isEmpty()) {
                continue;
            }
            JavaChoice choice = new JavaChoice(home, version.getAsInt(), true);
            switch (JavaSupport.fit(spark, choice.version())) {
                case GOOD -> {
                    return choice;
                }
                case UNTESTED ->
                    untested = untested.or(() -> Optional.of(new JavaChoice(home, choice.version(), false)));
                case TOO_NEW -> newer = true;
                case TOO_OLD -> older = true;
            }
            seen.add(version.getAsInt() + " at " + home);
        }
        if (untested.isPresent()) {
            return untested.get();
        }
        String code;
        if (newer && !older) {
            code = "JAVA_TOO_NEW";
        } else if (older && !newer) {
            code = "JAVA_TOO_OLD";
        } else {
            code = "JAVA_NOT_FOUND";
        }
        throw new LaunchException(
                code,
                JavaSupport.remedy(spark) + "; found "
                        + (seen.isEmpty() ? "no Java" : "only " + String.join(", ", seen)),
                "install a JDK 17 (such as the package openjdk-17-jre-headless), or name one with --java-home",
                false);
    }

    /** The first candidate that may serve, without looking at the disk. */
    Path planned(ServerSpec spec) {
        return spec.javaHome().orElse(candidates.get(0));
    }

    /** The feature version a JDK's release file tells; empty if there is no JDK. */
    static OptionalInt version(Path home) {
        return Files.isExecutable(home.resolve("bin/java")) ? JavaSupport.majorOf(home) : OptionalInt.empty();
    }
}
