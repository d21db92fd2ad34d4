package io.connectctl.manager.diagnose;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.ProbeFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that is known about an instance that failed. Gathered by the supervisor, read by {@link Diagnosis}.
 *
 * @param spec what was asked for
 * @param stage whether it had ever been healthy
 * @param exit how it ended; empty while it lives
 * @param killedByUs true if the supervisor ended it, so that its signal explains nothing
 * @param log the end of its log in the order of writing, at best from its start on; only the last
 *     {@link Diagnosis#MOST_LINES} lines are read; need not be scrubbed
 * @param probe the last failed probe; empty if none failed
 * @param portHolder who holds the gRPC port, as people read it, such as {@code java (pid 4711)}; empty if nobody is known to
 * @param logFile where the whole log lies
 * @param secrets values that must not be shown beyond those of the spec, such as the server's token
 */
public record Evidence(
        ServerSpec spec,
        Stage stage,
        Optional<ExitStatus> exit,
        boolean killedByUs,
        List<String> log,
        Optional<ProbeFailure> probe,
        Optional<String> portHolder,
        Optional<Path> logFile,
        List<String> secrets) {

    /** How far the instance had come. */
    public enum Stage {
        /** It was never proven usable: whatever failed, failed at its start. */
        STARTING,
        /** It had been healthy: complaints of its start, and errors of its users' queries, explain nothing. */
        RUNNING
    }

    public Evidence {
        log = List.copyOf(log);
        secrets = List.copyOf(secrets);
    }

    /** Without the spec, the log and the secrets: they may hold what must not be shown. */
    @Override
    public String toString() {
        return "Evidence[" + spec.name() + ", " + stage + ", exit=" + exit + ", killedByUs=" + killedByUs + ", "
                + log.size() + " log lines]";
    }
}
