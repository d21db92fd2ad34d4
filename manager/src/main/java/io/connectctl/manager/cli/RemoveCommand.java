package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl remove}. */
@Command(
        name = "remove",
        description = {
            "Forget stopped servers and remove their folders.",
            "Refuses a running server, and one whose warehouse holds data unless --purge is given (exit 8); the others are removed.",
            "An adopted server is only forgotten: its container stays as it is, running or not, with all its data, --purge or not."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl remove sales", "  connectctl remove sales hr --purge"})
final class RemoveCommand extends ServerCommand {
    @Parameters(index = "1..*", paramLabel = "NAME", description = "More servers.")
    List<String> more = new ArrayList<>();

    @Option(names = "--purge", description = "Remove its warehouse too, data included.")
    boolean purge;

    RemoveCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        ApiClient client = upToDate();
        FirstFailure failures = new FirstFailure(this);
        for (String server : serverNames(client, more)) {
            failures.goOn(() -> {
                client.remove(server, purge);
                say(server + ": removed");
            });
        }
        failures.rethrow();
        return ExitCode.OK;
    }
}
