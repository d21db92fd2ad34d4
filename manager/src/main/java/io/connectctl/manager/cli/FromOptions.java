package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The file that declares a server which is leased, or kept in a pool. */
final class FromOptions {
    @Option(
            names = "--from",
            paramLabel = "FILE",
            description = "A connectctl.yaml that declares the server; flags win over it, and its ports aren't used.")
    @Nullable
    Path from;

    @Option(
            names = "--server",
            paramLabel = "NAME",
            description = "Which of the servers that FILE declares, if there are several.")
    @Nullable
    String server;

    /** The server that is wanted: the file's declaration without its ports, the flags over it. */
    Declaration declaration(CliContext context, Declaration flags) throws CliFailure {
        if (from == null) {
            if (server != null) {
                throw CliFailure.usage(
                        "--server " + server + " names a server of a file", "name the file: --from FILE");
            }
            return flags;
        }
        Project project = Project.find(context, from);
        ProjectFile file = project.file().orElseThrow();
        String name = project.nameToldHere(server).orElse(Project.DEFAULT_NAME);
        Optional<Declaration> declared = file.servers().entrySet().stream()
                .filter(entry -> entry.getKey().value().equals(name))
                .map(Map.Entry<ServerName, Declaration>::getValue)
                .findFirst();
        if (declared.isEmpty()) {
            throw new CliFailure(
                    ExitCode.INVALID,
                    file.path() + " declares no server '" + name + "'",
                    "it declares: "
                            + String.join(
                                    ", ",
                                    file.servers().keySet().stream()
                                            .map(ServerName::value)
                                            .toList()));
        }
        ObjectNode tree = declared.get().tree();
        // Two leases of one file must not meet on a port.
        tree.remove("port");
        tree.remove("uiPort");
        return DeclarationOptions.withCallersHadoop(context, new Declaration(tree, Map.of()).patchedBy(flags));
    }
}
