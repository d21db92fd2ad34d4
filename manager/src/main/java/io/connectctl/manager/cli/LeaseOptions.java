package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.api.v1.LeaseRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is leased, and for how long. */
final class LeaseOptions {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

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

    @Option(names = "--pool", paramLabel = "NAME", description = "Claim a server of this pool instead of starting one.")
    @Nullable
    String pool;

    @Option(
            names = "--ttl",
            paramLabel = "TIME",
            description = "The server is removed so long after the last renewal, whoever died (default: 30m).")
    String ttl = "30m";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "How long to wait, counted from the launch, not from a build or download (default: 3m).")
    String timeout = "3m";

    /** How long a lease lives. */
    Duration ttl() throws CliFailure {
        return Durations.parse("--ttl", ttl);
    }

    /** How long a start may take. */
    Duration timeout() throws CliFailure {
        return Durations.parse("--timeout", timeout);
    }

    /** Asks for it. */
    LeaseRequest request(CliContext context, @Nullable String owner, @Nullable Long ownerPid) throws CliFailure {
        Declaration flags = declarations.declaration(context);
        if (pool == null) {
            return new LeaseRequest(
                    declaration(context, from, server, flags).tree(), ttl().toMillis(), null, owner, ownerPid);
        }
        if (from != null || !flags.tree().isEmpty()) {
            throw CliFailure.usage(
                    "--pool " + pool + " can't go with options that declare a server: the pool declares it",
                    "leave them out, or declare another pool: connectctl pool create");
        }
        return new LeaseRequest(null, ttl().toMillis(), pool, owner, ownerPid);
    }

    /** The server that is wanted: the file's declaration without its ports, the flags over it. */
    static Declaration declaration(CliContext context, @Nullable Path from, @Nullable String server, Declaration flags)
            throws CliFailure {
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
        return new Declaration(tree, Map.of()).patchedBy(flags);
    }
}
