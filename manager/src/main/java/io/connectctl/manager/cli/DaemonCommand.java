package io.connectctl.manager.cli;

import picocli.CommandLine.Command;

/** {@code connectctl daemon}. */
@Command(
        name = "daemon",
        description = "The daemon that keeps servers as they should be: run, start, stop, status.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl daemon status", "  connectctl daemon run     (in the foreground, for systemd)"})
final class DaemonCommand extends CliCommand {
    DaemonCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws CliFailure {
        throw CliFailure.usage("daemon: say what to do", "run, start, stop or status; see: connectctl daemon --help");
    }
}
