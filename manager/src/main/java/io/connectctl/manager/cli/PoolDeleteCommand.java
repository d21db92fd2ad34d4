package io.connectctl.manager.cli;

import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code connectctl pool delete}. */
@Command(
        name = "delete",
        description = "Forget a pool: its spares are removed, what was claimed from it stays until its lease ends.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl pool delete ci"})
final class PoolDeleteCommand extends CliCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "The pool.")
    String name = "";

    PoolDeleteCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        connect().deletePool(name);
        return ExitCode.OK;
    }
}
