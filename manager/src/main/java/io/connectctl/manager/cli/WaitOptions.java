package io.connectctl.manager.cli;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that store an intent and then wait until it is so. */
final class WaitOptions {
    @Option(names = "--no-wait", description = "Return as soon as the intent is stored.")
    boolean noWait;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description =
                    "How long to wait; a build or a download isn't counted (default: 3m, for a start its startTimeout and 2m).")
    private @Nullable String timeout;

    /** How long to wait. */
    Duration patience() throws CliFailure {
        return timeout == null ? Patience.STANDARD : Durations.parse("--timeout", timeout);
    }

    /** How long to wait for a start; empty where nobody says, and it depends on the server. */
    Optional<Duration> startPatience() throws CliFailure {
        return timeout == null ? Optional.empty() : Optional.of(patience());
    }
}
