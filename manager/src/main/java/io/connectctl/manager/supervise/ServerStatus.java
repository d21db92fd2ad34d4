package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.manager.cluster.YarnApplication;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Phase;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * All that is known of one server at one moment. Its spec's secret values are replaced by {@code Secrets.REDACTED}.
 *
 * @param spec the declaration in force: the running one while it runs, else the stored one
 * @param changed true if the stored declaration differs from the running one
 * @param origin who declared it
 * @param desired what is wanted
 * @param phase where it is
 * @param rung highest rung proven in this incarnation
 * @param incarnation number of the current or last run
 * @param instance the current or last run
 * @param host name that clients use
 * @param grpcPort the port in use, or the declared one; empty for auto before it is known
 * @param observed what the running instance told of itself; nothing where none runs
 * @param restarts restarts for faults since the last start by hand
 * @param startedAt launch of the running instance
 * @param healthySince since when it is HEALTHY
 * @param phaseSince since when it is in this phase
 * @param cause why it is where it is, for every phase that has a cause
 * @param logFile the current log
 * @param tokenFile the 0600 token file, where the server has a token
 * @param exposures what deserves the word EXPOSED, in words
 * @param runtimeWhy why it runs where it runs, where connectctl chose ({@code runtime: auto})
 * @param canRollBack whether its declaration in force was never HEALTHY and an earlier one was
 * @param application its application on YARN, as it was seen last; empty elsewhere
 * @param silence why its cluster's scheduler can't be reached; empty where it can, or where there is none
 */
public record ServerStatus(
        ServerSpec spec,
        boolean changed,
        Origin origin,
        Desired desired,
        Phase phase,
        Rung rung,
        int incarnation,
        Optional<Instance> instance,
        String host,
        OptionalInt grpcPort,
        Observed observed,
        int restarts,
        Optional<Instant> startedAt,
        Optional<Instant> healthySince,
        Instant phaseSince,
        Optional<Cause> cause,
        Optional<Path> logFile,
        Optional<Path> tokenFile,
        List<String> exposures,
        Optional<String> runtimeWhy,
        boolean canRollBack,
        Optional<YarnApplication> application,
        Optional<String> silence) {
    public ServerStatus {
        exposures = List.copyOf(exposures);
    }
}
