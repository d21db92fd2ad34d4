package io.connectctl.compose.runtime;

import io.connectctl.compose.spec.ServerName;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One run of a server.
 *
 * @param server whose run it is
 * @param incarnation its number
 * @param marker value of spark.connectctl.instance
 * @param pid the server's process id on this machine, where there is one; of a container, its first process: its init, where it has one
 * @param containerId the container, where there is one
 * @param launchedAt when it was launched
 * @param exit how it ended; empty while it runs
 */
public record Instance(
        ServerName server,
        int incarnation,
        String marker,
        OptionalLong pid,
        Optional<String> containerId,
        Instant launchedAt,
        Optional<ExitStatus> exit) {
    /** True while it has not ended. */
    public boolean running() {
        return exit.isEmpty();
    }
}
