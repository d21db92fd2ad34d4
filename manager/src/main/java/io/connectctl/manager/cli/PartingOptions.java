package io.connectctl.manager.cli;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that end a running instance: what becomes of the operations that its clients run. */
final class PartingOptions {
    /** The daemon takes no more. */
    private static final Duration LONGEST = Duration.ofDays(1);

    @Option(
            names = "--drain",
            paramLabel = "TIME",
            description =
                    "Wait so long for running operations to finish, then interrupt what remains; open sessions aren't"
                            + " waited for. Default: the declaration's stop.drain.")
    private @Nullable String drain;

    /** How long running operations may finish; empty for what is declared. */
    Optional<Duration> drain() throws CliFailure {
        return drain == null ? Optional.empty() : Optional.of(Durations.parse("--drain", drain, LONGEST));
    }
}
