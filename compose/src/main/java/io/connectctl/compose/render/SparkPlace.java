package io.connectctl.compose.render;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where Spark lies in an image.
 *
 * @param home a whole distribution with its scripts; empty where there are only jars
 * @param jars a bare folder of jars; empty where {@code home} is used
 */
public record SparkPlace(Optional<Path> home, Optional<Path> jars) {
    private static final Path SPARK_HOME = Path.of("/opt/spark");
    /** What {@code image build} calls its images, unless it is told another name. */
    private static final String OWN_IMAGES = "connectctl/spark:";

    /** What an image's name tells, where nobody can be asked: one of ours has jars alone, any other one a whole Spark. */
    public static SparkPlace guess(String image) {
        return image.startsWith(OWN_IMAGES)
                ? new SparkPlace(Optional.empty(), Optional.of(SPARK_HOME.resolve("jars")))
                : new SparkPlace(Optional.of(SPARK_HOME), Optional.empty());
    }

    /** True where that is what its name tells, too, or at least no surprise. */
    public static boolean telling(String image) {
        return image.startsWith(OWN_IMAGES) || image.startsWith("apache/spark:");
    }
}
