package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.DaemonView;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code connectctl daemon start}. */
@Command(name = "start", description = "Start the daemon in the background; one that runs already is a success.")
final class DaemonStartCommand extends CliCommand {
    DaemonStartCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        DaemonView daemon = connect().daemon();
        say("connectctl: the daemon runs: " + daemon.version() + " (" + daemon.build() + "), pid " + daemon.pid() + ", "
                + daemon.socket());
        return ExitCode.OK;
    }
}
