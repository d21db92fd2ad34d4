package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** A command about one server. */
abstract class NamedCommand extends CliCommand {
    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "The server; else the only declared one, else 'connect'.")
    @Nullable
    String name;

    NamedCommand(CliContext context) {
        super(context);
    }

    /** The servers that are meant by the names after the first, too; each once. */
    List<String> serverNames(ApiClient client, List<String> more) throws IOException {
        List<String> names = new ArrayList<>(List.of(serverName(client)));
        names.addAll(more);
        return names.stream().distinct().toList();
    }

    /** The connectctl.yaml named on the command line. */
    abstract @Nullable Path file();

    /** The server that is meant. */
    String serverName(ApiClient client) throws IOException {
        return name != null ? name : Project.find(context, file()).serverName(null, client);
    }
}
