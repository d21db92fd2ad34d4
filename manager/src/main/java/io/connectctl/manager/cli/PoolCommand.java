package io.connectctl.manager.cli;

import picocli.CommandLine.Command;

/** {@code connectctl pool}. */
@Command(
        name = "pool",
        description = {
            "Warm pools: spare servers that a query ran on, each handed out once: create, list, delete.",
            "A spare that nobody claimed ends by itself ten minutes after the daemon that keeps it died."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl pool create ci --size 3 --driver-memory 1g",
            "  connectctl pool list",
            "  connectctl pool delete ci"
        })
final class PoolCommand extends CliCommand {
    PoolCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws CliFailure {
        throw CliFailure.usage("pool: say what to do", "create, list or delete; see: connectctl pool --help");
    }
}
