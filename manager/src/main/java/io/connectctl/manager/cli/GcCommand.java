package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeftoverList;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl gc}. */
@Command(
        name = "gc",
        description = {
            "Remove what is this installation's and belongs to no server that is known: containers, volumes, processes, folders. One line each.",
            "Nothing of anybody else's is looked at. A server that wasn't leased and runs stays, and so does a warehouse that holds data."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl gc --dry-run", "  connectctl gc"})
final class GcCommand extends CliCommand {
    @Option(names = "--dry-run", description = "Only show it.")
    boolean dryRun;

    GcCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        LeftoverList found = connect().collect(dryRun);
        for (LeftoverList.Entry entry : found.leftovers()) {
            out().println((entry.kept() != null ? "kept" : dryRun ? "would remove" : "removed") + "  "
                    + (entry.server().isEmpty() ? "" : entry.server() + "  ") + entry.what()
                    + (entry.kept() == null ? "" : ": " + entry.kept()));
        }
        if (found.leftovers().isEmpty()) {
            say("nothing is left over");
        }
        return ExitCode.OK;
    }
}
