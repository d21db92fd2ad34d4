package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.LineStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl logs}. */
@Command(
        name = "logs",
        description = "Print a server's log.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl logs -f",
            "  connectctl logs sales --tail 100",
            "  connectctl logs sales --since 10m",
            "  connectctl logs sales --previous"
        })
final class LogsCommand extends NamedCommand {
    private static final Duration TICK = Duration.ofSeconds(30);

    @Option(names = "--file", paramLabel = "FILE", description = "The connectctl.yaml to use.")
    @Nullable
    Path file;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what is written from now on, until interrupted.")
    boolean follow;

    @Option(names = "--tail", paramLabel = "N", description = "Only the last N lines.")
    @Nullable
    Integer tail;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Only what was written since: 10m (ago) or an instant such as 2026-11-22T16:00:00Z.")
    @Nullable
    String since;

    @Option(names = "--previous", description = "Of the incarnation before the current one.")
    boolean previous;

    LogsCommand(CliContext context) {
        super(context);
    }

    @Override
    @Nullable
    Path file() {
        return file;
    }

    @Override
    ExitCode execute() throws IOException {
        if (tail != null && tail < 0) {
            throw CliFailure.usage("--tail " + tail + " is no number of lines", "write 0 or more");
        }
        Optional<Instant> from = since == null
                ? Optional.empty()
                : Optional.of(Durations.since("--since", since, context.clock().instant()));
        ApiClient client = client();
        String server = serverName(client);
        OptionalInt lines = tail == null ? OptionalInt.empty() : OptionalInt.of(tail);
        try (LineStream stream = client.logs(server, lines, from, previous, follow)) {
            while (!stream.ended()) {
                stream.next(TICK).ifPresent(out()::println);
                // Whoever read our output may have gone: a pipe that is closed ends the command.
                if (out().checkError()) {
                    return ExitCode.OK;
                }
            }
        }
        return ExitCode.OK;
    }
}
