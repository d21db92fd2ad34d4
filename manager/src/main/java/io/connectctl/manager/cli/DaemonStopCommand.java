package io.connectctl.manager.cli;

import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;

/** {@code connectctl daemon stop}. */
@Command(name = "stop", description = "Stop the daemon; servers stay. Stopping one that doesn't run is a success.")
final class DaemonStopCommand extends CliCommand {
    DaemonStopCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        try {
            stopDaemon(client(), Duration.ofSeconds(30));
        } catch (DaemonUnreachableException e) {
            if (e.reason() != DaemonUnreachableException.Reason.NOT_RUNNING) {
                throw e;
            }
            say("connectctl: no daemon runs");
            return ExitCode.OK;
        }
        say("connectctl: the daemon stopped; servers that ran still run, unwatched");
        return ExitCode.OK;
    }
}
