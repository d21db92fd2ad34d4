package io.connectctl.manager.cli;

import picocli.CommandLine.Command;

/** {@code connectctl export}. */
@Command(
        name = "export",
        description = "Write servers as files for other tools: compose.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl export compose", "  connectctl export compose --help"})
final class ExportCommand extends CliCommand {
    ExportCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws CliFailure {
        throw CliFailure.usage("export: say as what", "compose; see: connectctl export --help");
    }
}
