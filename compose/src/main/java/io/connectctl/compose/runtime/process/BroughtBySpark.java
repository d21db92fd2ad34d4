package io.connectctl.compose.runtime.process;

import java.util.List;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.collection.DependencyCollectionContext;
import org.eclipse.aether.collection.DependencySelector;
import org.eclipse.aether.graph.Dependency;

/**
 * Leaves out what Spark's own resolver leaves out of packages, because every Spark brings it, and so all that only those depend
 * on: {@code SparkSubmitUtils.IVY_DEFAULT_EXCLUDES} of Spark 3.4 and 3.5, {@code MavenUtils.IVY_DEFAULT_EXCLUDES} of 4.0 to
 * 4.2, which are the same.
 */
final class BroughtBySpark implements DependencySelector {
    /** The underscore tells spark-streaming_2.13 from spark-streaming-kafka-0-10_2.13, which Spark doesn't bring. */
    private static final List<String> MODULES = List.of(
            "spark-catalyst_",
            "spark-core_",
            "spark-graphx_",
            "spark-kvstore_",
            "spark-launcher_",
            "spark-mllib_",
            "spark-mllib-local_",
            "spark-network-common_",
            "spark-network-shuffle_",
            "spark-repl_",
            "spark-sketch_",
            "spark-sql_",
            "spark-streaming_",
            "spark-tags_",
            "spark-unsafe_");

    @Override
    public boolean selectDependency(Dependency dependency) {
        Artifact artifact = dependency.getArtifact();
        String name = artifact.getArtifactId();
        return !name.equals("scala-library")
                && !(artifact.getGroupId().equals(SparkResolution.GROUP)
                        && MODULES.stream().anyMatch(name::startsWith));
    }

    @Override
    public DependencySelector deriveChildSelector(DependencyCollectionContext context) {
        return this;
    }

    // The resolver keeps what it has collected by the selectors that chose it.

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof BroughtBySpark;
    }

    @Override
    public int hashCode() {
        return BroughtBySpark.class.hashCode();
    }
}
