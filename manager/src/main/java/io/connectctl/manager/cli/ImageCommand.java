package io.connectctl.manager.cli;

import picocli.CommandLine.Command;

/** {@code connectctl image}. */
@Command(
        name = "image",
        description = "Images of Spark Connect for the runtime docker: build.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl image build", "  connectctl image build --help"})
final class ImageCommand extends CliCommand {
    ImageCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws CliFailure {
        throw CliFailure.usage("image: say what to do", "build; see: connectctl image --help");
    }
}
