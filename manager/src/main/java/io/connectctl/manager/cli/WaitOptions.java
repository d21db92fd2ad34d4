package io.connectctl.manager.cli;

import java.time.Duration;
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
                    "How long to wait; a build or a download isn't counted (default: 3m, for a start on a cluster 10m).")
    private @Nullable String timeout;

    /** How long to wait. */
    Duration patience() throws CliFailure {
        return patience(false);
    }

    /** How long to wait, where a cluster's queue may have to be waited for as well. */
    Duration patience(boolean cluster) throws CliFailure {
        return Durations.parse("--timeout", timeout != null ? timeout : cluster ? "10m" : "3m");
    }
}
