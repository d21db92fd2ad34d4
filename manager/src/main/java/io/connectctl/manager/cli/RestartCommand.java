package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code connectctl restart}. */
@Command(
        name = "restart",
        description = {
            "Replace the running instance by one of the current declaration; starts a server that is down.",
            "Sessions, temporary views and cached data of its clients are lost."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl restart sales", "  connectctl restart sales --driver-memory 4g"})
final class RestartCommand extends Launching {
    RestartCommand(CliContext context) {
        super(context);
    }

    @Override
    String verb() {
        return "restart";
    }

    @Override
    ReceiptView command(ApiClient client, String server) throws IOException {
        return client.restart(server);
    }
}
