package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl remove}. */
@Command(
        name = "remove",
        description = {
            "Forget a stopped server and remove its folders.",
            "Refuses a running server, and one whose warehouse holds data unless --purge is given (exit 8).",
            "An adopted server is only forgotten: its container stays as it is, running or not, with all its data, --purge or not."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl remove sales", "  connectctl remove sales --purge"})
final class RemoveCommand extends ServerCommand {
    @Option(names = "--purge", description = "Remove its warehouse too, data included.")
    boolean purge;

    RemoveCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        ApiClient client = upToDate();
        String server = serverName(client);
        client.remove(server, purge);
        say(server + ": removed");
        return ExitCode.OK;
    }
}
