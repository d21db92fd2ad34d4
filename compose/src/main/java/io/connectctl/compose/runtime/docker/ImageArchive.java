package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.ArchiveDemands;
import io.connectctl.compose.runtime.ArchiveKind;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The class data archive that is a layer of an image, as the image's labels tell it. It was made for the class path, the JVM and
 * the flags of a server without any JVM option of a declaration's own.
 *
 * @param key a digest of all that it is for
 * @param about the same for people: {@code Spark 4.0.1 on Java 17.0.15}
 * @param spark the Spark version
 * @param javaHome the JDK, in the image
 * @param kind how its JVM does it
 */
record ImageArchive(String key, String about, String spark, Path javaHome, ArchiveKind kind) {
    /** Where it lies in the image, beside the argument file that uses it. No volume of a server's is mounted there. */
    static final Path FOLDER = Path.of("/opt/connectctl/archive");

    /** The argument file. */
    static final Path OPTIONS = FOLDER.resolve("use.options");

    static final String KEY = "io.connectctl.archive";
    private static final String ABOUT = "io.connectctl.archive.about";
    private static final String JAVA = "io.connectctl.archive.java";
    private static final String KIND = "io.connectctl.archive.kind";
    private static final String USE = "io.connectctl.archive.options";
    static final String SPARK = "io.connectctl.spark";

    /** The archive itself. */
    Path file() {
        return FOLDER.resolve(kind.file());
    }

    /** What is told of it on the image; {@link #SPARK} is there already. */
    Map<String, String> labels() {
        return new TreeMap<>(
                Map.of(KEY, key, ABOUT, about, JAVA, javaHome.toString(), KIND, kind.name(), USE, OPTIONS.toString()));
    }

    /** The one of an image with these labels; empty where it has none, or one of a kind that isn't known here. */
    static Optional<ImageArchive> of(Map<String, String> labels) {
        String key = labels.getOrDefault(KEY, "");
        String java = labels.getOrDefault(JAVA, "");
        String kind = labels.getOrDefault(KIND, "");
        for (ArchiveKind each : ArchiveKind.values()) {
            if (each.name().equals(kind) && !key.isEmpty() && java.startsWith("/")) {
                return Optional.of(new ImageArchive(
                        key, labels.getOrDefault(ABOUT, ""), labels.getOrDefault(SPARK, ""), Path.of(java), each));
            }
        }
        return Optional.empty();
    }

    /**
     * Sees whether a launch can use it. An image that was made from ours may hold other jars, which nobody sees from here: its
     * JVM does, and goes on without the archive.
     *
     * @param environment the image's own variables
     * @throws ArchiveUnfitException why it can't
     */
    void check(LaunchPlan plan, Map<String, String> environment) throws ArchiveUnfitException {
        ArchiveDemands demands = ArchiveDemands.of(plan);
        for (String variable : ArchiveDemands.FOLDER_VARIABLES) {
            // A declaration may take back what the image says.
            if (!plan.spec().env().containsKey(variable)
                    && !environment.getOrDefault(variable, "").isEmpty()) {
                throw new ArchiveUnfitException("the image's " + ArchiveDemands.folder(variable));
            }
        }
        String declared = plan.spec().spark().text();
        if (!declared.equals(spark)) {
            throw new ArchiveUnfitException("the image's archive is for Spark " + spark + ", not " + declared);
        }
        if (!demands.extraClassPath().isEmpty()) {
            throw new ArchiveUnfitException("spark.driver.extraClassPath names "
                    + demands.extraClassPath().get(0) + ", and the image's archive was made without it");
        }
        if (!demands.options().isEmpty()) {
            throw new ArchiveUnfitException(
                    "the image's archive was made without the Java option " + String.join(" ", demands.options()));
        }
        if (demands.wide()) {
            throw new ArchiveUnfitException("the image's archive is for heaps below 32g, and driverMemory is "
                    + plan.spec().driverMemory());
        }
        String java = plan.spec().env().getOrDefault("JAVA_HOME", environment.getOrDefault("JAVA_HOME", ""));
        if (!java.isEmpty() && !Path.of(java).normalize().equals(javaHome)) {
            throw new ArchiveUnfitException(
                    "JAVA_HOME is " + java + ", and the image's archive was made by " + javaHome);
        }
    }
}
