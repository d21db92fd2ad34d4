package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl cache train}. */
@Command(
        name = "train",
        description = {
            "Train the class data archive for a server's Spark, jars and JVM, and wait for it.",
            "A server of its own runs for it at the lowest priority; the one that is named isn't touched, whether it runs or not."
                    + " Its next start uses the archive."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl cache train", "  connectctl cache train sales --timeout 5m"})
final class CacheTrainCommand extends ServerCommand {
    private static final Duration TICK = Duration.ofMillis(500);

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30m",
            description = "How long to wait (default: 30m).")
    String timeout = "30m";

    CacheTrainCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Duration patience = Durations.parse("--timeout", timeout);
        ApiClient client = connect();
        String server = serverName(client);
        ReceiptView receipt = client.train(server);
        long end = System.nanoTime() + patience.toNanos();
        try (ProgressLine progress = new ProgressLine(context, global.quiet, server);
                Following events = new Following(client, server, OptionalLong.of(receipt.sequence()))) {
            progress.step(receipt.message());
            while (System.nanoTime() < end) {
                Optional<EventView> event = events.next(TICK);
                progress.tick();
                if (event.isEmpty()) {
                    continue;
                }
                String message = event.get().message();
                switch (event.get().type()) {
                    case "archive" -> progress.step(message);
                    case "archive-trained" -> {
                        progress.clear();
                        say(server + ": " + message);
                        return ExitCode.OK;
                    }
                    case "archive-failed" ->
                        throw new CliFailure(
                                ExitCode.FAILURE,
                                "server '" + server + "': " + message,
                                "servers start without one as before");
                    default -> {}
                }
            }
        }
        throw new CliFailure(
                ExitCode.TIMEOUT,
                "the class data archive for '" + server + "' isn't done after " + Durations.precise(patience),
                "the training goes on in the background: connectctl events " + server);
    }
}
