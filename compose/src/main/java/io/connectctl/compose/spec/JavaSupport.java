package io.connectctl.compose.spec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which Java a Spark version runs on: the one rule for the declaration and for the runtime that picks a JDK. */
public final class JavaSupport {
    private static final Pattern RELEASE = Pattern.compile("(?m)^JAVA_VERSION=\"(?:1\\.)?(\\d{1,3})");

    private JavaSupport() {}

    /** How a Java fits. */
    public enum Fit {
        GOOD,
        /** Not among those that Spark supports; seen neither to work nor to fail. */
        UNTESTED,
        TOO_OLD,
        TOO_NEW
    }

    /**
     * How Java {@code major} fits.
     *
     * <p>4.x is compiled for 17, 3.x for 8 (class files read). On JDK 24 and later, Subject.getSubject throws: 3.5.7 and
     * 4.0.1 were seen to die of it on 25, 4.2.0 to run; 4.1.2 starts there and fails at each query, in Arrow. 3.4 supports 8 to 17, 3.5 came with support for 21.
     */
    public static Fit fit(SparkVersion spark, int major) {
        int oldest = spark.major() >= 4 ? 17 : 8;
        if (major < oldest) {
            return Fit.TOO_OLD;
        }
        if (major > newest(spark)) {
            boolean unknown = spark.major() > 4
                    || (spark.major() == 4 && (spark.minor() >= 2 || major <= (spark.minor() == 1 ? 24 : 23)));
            return unknown ? Fit.UNTESTED : Fit.TOO_NEW;
        }
        return Fit.GOOD;
    }

    /** The newest Java that a Spark version supports. */
    public static int newest(SparkVersion spark) {
        if (spark.major() < 4) {
            return spark.minor() < 5 ? 17 : 21;
        }
        return spark.major() == 4 && spark.minor() < 2 ? 21 : 25;
    }

    /** What an unfit Java means for a Spark version, and what to do, in words. */
    public static String remedy(SparkVersion spark) {
        return "Spark " + spark + " runs on Java " + (spark.major() >= 4 ? 17 : 8) + " to " + newest(spark);
    }

    /** The major version of the JDK in a folder, from its {@code release} file; empty if that can't be read. */
    public static OptionalInt majorOf(Path javaHome) {
        return head(javaHome.resolve("release")).map(JavaSupport::majorIn).orElse(OptionalInt.empty());
    }

    /** The major version that the text of a {@code release} file tells; empty if it tells none. */
    public static OptionalInt majorIn(String release) {
        Matcher version = RELEASE.matcher(release);
        return version.find() ? OptionalInt.of(Integer.parseInt(version.group(1))) : OptionalInt.empty();
    }

    private static Optional<String> head(Path file) {
        try {
            return Files.isRegularFile(file) && Files.size(file) < 1 << 20
                    ? Optional.of(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
