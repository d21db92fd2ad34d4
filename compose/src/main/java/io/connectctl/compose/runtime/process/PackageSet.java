package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.ArchiveKey;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkHome;
import io.connectctl.compose.spec.SparkVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The packages that a declaration adds to its Spark. What they come to follows from this alone, so that it needs to be asked
 * for once, and where it lies is known without asking.
 *
 * @param coordinates {@code group:artifact:version} each, sorted
 * @param spark the version of Spark
 * @param scala Scala's binary version in it
 * @param homeJars names of the jars in a Spark home of the user's own, sorted: what lies there isn't added a second time. Empty
 *     for a Spark that connectctl fetches, whose version tells them
 */
record PackageSet(List<String> coordinates, String spark, String scala, List<String> homeJars) {
    /** Changes with whatever is chosen otherwise from the same packages. */
    private static final String FORMAT = "1";

    /** With these settings, only Spark's own resolver gives what the declaration asks for. */
    private static final List<String> SPARKS_OWN =
            List.of("spark.jars.ivy", "spark.jars.ivySettings", "spark.jars.repositories", "spark.jars.excludes");

    /** The variable that Spark's own resolver takes the repository from. */
    private static final String SPARKS_REPOSITORY = "DEFAULT_ARTIFACT_REPOSITORY";

    PackageSet {
        coordinates = coordinates.stream().distinct().sorted().toList();
        homeJars = homeJars.stream().sorted().toList();
    }

    /** What connectctl is to fetch for this declaration: empty where there is nothing, or where Spark is to do it itself. */
    static Optional<PackageSet> of(ServerSpec spec) {
        if (SPARKS_OWN.stream().anyMatch(key -> spec.conf().containsKey(key))
                || spec.env().containsKey(SPARKS_REPOSITORY)) {
            return Optional.empty();
        }
        List<String> coordinates = new ArrayList<>(spec.allPackages());
        Optional<SparkHome> home = spec.sparkHome().map(SparkHome::of);
        String spark = home.flatMap(SparkHome::version)
                .map(SparkVersion::text)
                .orElse(spec.spark().text());
        String scala = home.flatMap(SparkHome::scala).orElse(spec.spark().scalaBinary());
        if (home.isPresent() && !home.get().hasConnect() && !bringsConnect(spec)) {
            coordinates.add("org.apache.spark:spark-connect_" + scala + ":" + spark);
        }
        return coordinates.isEmpty()
                ? Optional.empty()
                : Optional.of(new PackageSet(
                        coordinates, spark, scala, home.map(SparkHome::jarNames).orElse(List.of())));
    }

    /** True if the declaration names a Connect server itself, as a package or as a jar. */
    private static boolean bringsConnect(ServerSpec spec) {
        return spec.allPackages().stream().anyMatch(each -> each.contains(":spark-connect_"))
                || Stream.of(spec.conf().getOrDefault("spark.jars", "").split(","))
                        .map(jar -> jar.substring(Math.max(jar.lastIndexOf('/'), jar.lastIndexOf(':')) + 1)
                                .strip())
                        .anyMatch(jar -> jar.startsWith("spark-connect_"));
    }

    /** The name of the folder: whatever differs gives another one. */
    String key() {
        List<String> lines = new ArrayList<>(List.of("format " + FORMAT, "spark " + spark, "scala " + scala));
        coordinates.forEach(each -> lines.add("package " + each));
        homeJars.forEach(each -> lines.add("jar " + each));
        return ArchiveKey.of(lines);
    }

    /** The same for people. */
    String about() {
        return String.join(", ", coordinates) + " for Spark " + spark;
    }
}
