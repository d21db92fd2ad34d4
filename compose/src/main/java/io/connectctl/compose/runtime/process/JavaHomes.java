package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
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
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds a JDK that a Spark version runs on. */
final class JavaHomes {
    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(?:1\\.)?(\\d+)");

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
     * first that fits of JAVA_HOME, the daemon's own and those in /usr/lib/jvm.
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
        Range range = range(spec.spark());
        List<String> seen = new ArrayList<>();
        boolean newer = false;
        boolean older = false;
        for (Path home : candidates) {
            OptionalInt version = version(home);
            if (version.isEmpty()) {
                continue;
            }
            int feature = version.getAsInt();
            if (range.holds(feature)) {
                return home;
            }
            newer |= feature > range.last();
            older |= feature < range.first();
            seen.add(feature + " at " + home);
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
                "Spark " + spec.spark() + " runs on Java " + range.first() + " to " + range.last() + "; found "
                        + (seen.isEmpty() ? "no Java" : "only " + String.join(", ", seen)),
                "install a JDK 17 (such as the package openjdk-17-jre-headless), or name one with --java-home",
                false);
    }

    /** The first candidate that may serve, without looking at the disk. */
    Path planned(ServerSpec spec) {
        return spec.javaHome().orElse(candidates.get(0));
    }

    private record Range(int first, int last) {
        boolean holds(int feature) {
            return first <= feature && feature <= last;
        }
    }

    /**
     * Class files are for 8 (3.x) and 17 (4.x). On Java 24 and later everything before 4.2 dies with "getSubject is not
     * supported", since the security manager is gone; 4.2.0 was run on 25. The last long-term version below that is 21.
     */
    private static Range range(SparkVersion spark) {
        boolean withoutSecurityManager = spark.major() > 4 || (spark.major() == 4 && spark.minor() >= 2);
        return new Range(spark.major() >= 4 ? 17 : 8, withoutSecurityManager ? 25 : 21);
    }

    /** The feature version a JDK's release file tells; empty if there is no JDK. */
    static OptionalInt version(Path home) {
        if (!Files.isExecutable(home.resolve("bin/java"))) {
            return OptionalInt.empty();
        }
        Matcher matcher = VERSION.matcher(Proc.read(home.resolve("release")).orElse(""));
        return matcher.find() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }
}
