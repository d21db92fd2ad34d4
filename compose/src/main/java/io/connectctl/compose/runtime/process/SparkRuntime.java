package io.connectctl.compose.runtime.process;

import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.util.List;

/**
 * What a folder of fetched jars holds: a Spark version, and what it needs for one kind of master. Each variant has a folder of its own,
 * so that a server on one machine doesn't carry Hadoop's YARN with it, and its class data archive doesn't change when another server
 * wants that.
 *
 * @param version the Spark version
 * @param module what the master needs beside Spark's core
 */
public record SparkRuntime(SparkVersion version, Module module) {
    /** What a master needs. */
    public enum Module {
        /** Local masters and Spark standalone, which is part of Spark's core. */
        NONE("", ""),
        /**
         * YARN. The web proxy holds the filter that YARN puts before the UI (AmIpFilter), without which the server ends at its start;
         * spark-yarn leaves it out as it expects it in the cluster's own Hadoop.
         */
        YARN("spark-yarn", "org.apache.hadoop:hadoop-yarn-server-web-proxy:3.3.4"),
        /** Kubernetes; passed on, and never tested with a cluster. */
        KUBERNETES("spark-kubernetes", "");

        private final String artifact;
        private final String besides;

        Module(String artifact, String besides) {
            this.artifact = artifact;
            this.besides = besides;
        }

        /** Spark's artifact without its Scala version, empty if none is needed. */
        String artifact() {
            return artifact;
        }

        /** Maven coordinates of what that artifact needs and doesn't bring. */
        List<String> besides() {
            return besides.isEmpty() ? List.of() : List.of(besides);
        }
    }

    /** Spark alone. */
    public static SparkRuntime of(SparkVersion version) {
        return new SparkRuntime(version, Module.NONE);
    }

    /** What this server runs on. */
    public static SparkRuntime of(ServerSpec spec) {
        String master = spec.master();
        return new SparkRuntime(
                spec.spark(),
                master.equals("yarn") ? Module.YARN : master.startsWith("k8s://") ? Module.KUBERNETES : Module.NONE);
    }

    /** The name of its folder. */
    String folder() {
        return module == Module.NONE
                ? version.text()
                : version.text() + "-" + module.artifact().substring("spark-".length());
    }

    @Override
    public String toString() {
        return module == Module.NONE ? version.text() : version + " with " + module.artifact();
    }
}
