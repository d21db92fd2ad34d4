package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;

/** {@code connectctl start}. */
@Command(
        name = "start",
        description = {
            "Start a server and wait until a query ran on it; prints its URL.",
            "HEALTHY means the rung that health.until declares (--until, default: session); one query is run beyond it.",
            "Flags patch what is stored of the server; what a connectctl.yaml declares wins over both.",
            "Where a connectctl.yaml declares servers, a name that nobody knows needs a flag to be taken for a new one."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl start",
            "  connectctl start sales --master 'local[4]' --driver-memory 1512m --port 15020",
            "  export SPARK_REMOTE=$(connectctl start)",
            "  connectctl start sales --env DB_PASSWORD     (its value from your own environment)"
        })
final class StartCommand extends Launching {
    StartCommand(CliContext context) {
        super(context);
    }

    @Override
    String verb() {
        return "start";
    }

    @Override
    ReceiptView command(ApiClient client, String server) throws IOException {
        return client.start(server);
    }
}
