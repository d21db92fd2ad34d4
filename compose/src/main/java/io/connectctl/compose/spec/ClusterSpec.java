package io.connectctl.compose.spec;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What only matters where the work is done by a cluster: YARN or Spark standalone schedule it, connectctl schedules nothing.
 *
 * @param hadoopConf folder of {@code yarn-site.xml}, {@code core-site.xml} and the like, on the machine of the daemon
 * @param queue YARN's queue; empty for the cluster's default
 * @param executors what is asked for
 * @param driver how executors reach the driver
 */
public record ClusterSpec(
        Optional<Path> hadoopConf, Optional<String> queue, ExecutorSpec executors, DriverNetwork driver) {
    /** Nothing declared: every local server. */
    public static final ClusterSpec UNDECLARED =
            new ClusterSpec(Optional.empty(), Optional.empty(), ExecutorSpec.UNDECLARED, DriverNetwork.UNDECLARED);
}
