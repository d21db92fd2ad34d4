package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.manager.api.v1.LeaseRequest;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is leased, and for how long. */
final class LeaseOptions {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Mixin
    final FromOptions file = new FromOptions();

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
            description =
                    "How long to wait, counted from the launch, not from a build or download (default: the server's startTimeout and 2m).")
    @Nullable
    String timeout;

    /** How long a lease lives. */
    Duration ttl() throws CliFailure {
        return Durations.parse("--ttl", ttl);
    }

    /** How long a start may take; empty where nobody says, and it depends on the server. */
    Optional<Duration> patience() throws CliFailure {
        return timeout == null ? Optional.empty() : Optional.of(Durations.parse("--timeout", timeout));
    }

    /** Asks for it. */
    LeaseRequest request(CliContext context, @Nullable String owner, @Nullable Long ownerPid) throws CliFailure {
        Declaration flags = declarations.declaration(context);
        // Told before anything is granted.
        patience();
        if (pool == null) {
            return new LeaseRequest(file.declaration(context, flags).tree(), ttl().toMillis(), null, owner, ownerPid);
        }
        if (file.from != null || file.server != null || !flags.tree().isEmpty()) {
            throw CliFailure.usage(
                    "--pool " + pool + " can't go with options that declare a server: the pool declares it",
                    "leave them out, or declare another pool: connectctl pool create");
        }
        return new LeaseRequest(null, ttl().toMillis(), pool, owner, ownerPid);
    }
}
