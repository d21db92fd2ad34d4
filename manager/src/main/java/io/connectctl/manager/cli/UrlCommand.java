package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code connectctl url}. */
@Command(
        name = "url",
        description = "Print a healthy server's URL, such as sc://localhost:15002; nothing for one that isn't.",
        footerHeading = "%nExamples:%n",
        footer = {"  export SPARK_REMOTE=$(connectctl url)", "  connectctl url sales"})
final class UrlCommand extends ServerCommand {
    UrlCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        out().println(Reachable.url(client.server(serverName(client))));
        return ExitCode.OK;
    }
}
