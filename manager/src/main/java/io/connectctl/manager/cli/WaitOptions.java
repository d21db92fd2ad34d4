package io.connectctl.manager.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** Options of commands that store an intent and then wait until it is so. */
final class WaitOptions {
    @Option(names = "--no-wait", description = "Return as soon as the intent is stored.")
    boolean noWait;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "3m",
            description = "How long to wait; a build or a download isn't counted (default: 3m).")
    private String timeout = "3m";

    /** How long to wait. */
    Duration patience() throws CliFailure {
        return Durations.parse("--timeout", timeout);
    }
}
