package io.connectctl.manager.cli;

import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.DeliberateStop;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;

/** {@code connectctl daemon stop}. */
@Command(
        name = "stop",
        description = {
            "Stop the daemon; servers stay. Stopping one that doesn't run is a success.",
            "It stays stopped until a server is started, stopped, restarted or removed, or daemon start is called:"
                    + " commands that only look don't start it again."
        })
final class DaemonStopCommand extends CliCommand {
    /** Phases in which nothing of a server runs. */
    private static final Set<String> RESTING = Set.of("STOPPED", "FAILED", "BACKING_OFF");

    DaemonStopCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Path state = context.folders().state();
        // First: whatever looks for the daemon as it ends shall not start it again.
        DeliberateStop.note(state);
        boolean gone = false;
        Optional<Long> running = running();
        try {
            stopDaemon(client(), Duration.ofSeconds(30));
            gone = true;
        } catch (DaemonUnreachableException e) {
            if (e.reason() != DaemonUnreachableException.Reason.NOT_RUNNING) {
                throw e;
            }
            gone = true;
            say("connectctl: no daemon runs");
            return ExitCode.OK;
        } finally {
            if (!gone) {
                DeliberateStop.forget(state);
            }
        }
        say("connectctl: the daemon stopped"
                + running.map(count -> count == 0
                                ? "; no server runs"
                                : count == 1
                                        ? "; its server still runs, unwatched"
                                        : "; its " + count + " servers still run, unwatched")
                        .orElse("; servers that ran still run, unwatched"));
        return ExitCode.OK;
    }

    /** How many servers are left alone; empty where the daemon doesn't tell any more. */
    private Optional<Long> running() {
        try {
            return Optional.of(client().servers().servers().stream()
                    .filter(server -> !RESTING.contains(server.phase()))
                    .count());
        } catch (IOException e) {
            // To stop it matters more than to count.
            return Optional.empty();
        }
    }
}
