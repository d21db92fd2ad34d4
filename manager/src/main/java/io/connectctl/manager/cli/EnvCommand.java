package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl env}. */
@Command(
        name = "env",
        description = {
            "Print what a client needs in its environment.",
            "That is SPARK_REMOTE, and SPARK_CONNECT_AUTHENTICATE_TOKEN where the server has a token. The token comes from its 0600 file, never from the daemon.",
            "github: ::add-mask:: comes first; the variables go into the file that GITHUB_ENV names, else to stdout."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  eval \"$(connectctl env)\"",
            "  connectctl env sales -o fish | source",
            "  connectctl env -o dotenv > .env",
            "  connectctl env -o github"
        })
final class EnvCommand extends ServerCommand {
    /** What is to read the variables. */
    enum Dialect {
        SH,
        FISH,
        DOTENV,
        GITHUB
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "sh, fish, dotenv or github (default: sh).")
    Dialect dialect = Dialect.SH;

    EnvCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        ServerView server = client.server(serverName(client));
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("SPARK_REMOTE", Reachable.url(server));
        String token = token(server);
        if (token != null) {
            variables.put("SPARK_CONNECT_AUTHENTICATE_TOKEN", token);
        }
        switch (dialect) {
            case SH ->
                variables.forEach(
                        (key, value) -> out().println("export " + key + "='" + value.replace("'", "'\\''") + "'"));
            case FISH ->
                variables.forEach((key, value) -> out().println("set -gx " + key + " '"
                        + value.replace("\\", "\\\\").replace("'", "\\'") + "';"));
            case DOTENV -> variables.forEach((key, value) -> out().println(key + "='" + value + "'"));
            case GITHUB -> github(variables, token);
        }
        return ExitCode.OK;
    }

    private @Nullable String token(ServerView server) throws CliFailure {
        if (server.tokenFile() == null) {
            return null;
        }
        Path file = Path.of(server.tokenFile());
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new CliFailure(
                    ExitCode.FAILURE,
                    "the token of '" + server.name() + "' can't be read: " + e,
                    "only the user who started the server may read " + file);
        }
    }

    /** A runner masks from the moment it reads the mask on, so that comes before anything else. */
    private void github(Map<String, String> variables, @Nullable String token) throws IOException {
        if (token != null) {
            out().println("::add-mask::" + token);
            out().flush();
        }
        StringBuilder lines = new StringBuilder();
        variables.forEach(
                (key, value) -> lines.append(key).append('=').append(value).append('\n'));
        String file = context.environment().getOrDefault("GITHUB_ENV", "");
        if (file.isEmpty()) {
            out().print(lines);
        } else {
            Files.writeString(
                    Path.of(file), lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
