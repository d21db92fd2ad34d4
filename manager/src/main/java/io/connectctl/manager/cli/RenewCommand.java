package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeaseView;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl renew}. */
@Command(
        name = "renew",
        description = "Let a lease live on, counted from now; prints when it expires.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl renew 4f1c09ab", "  connectctl renew 4f1c09ab --ttl 1h"})
final class RenewCommand extends CliCommand {
    @Parameters(index = "0", paramLabel = "LEASE", description = "The lease's id.")
    String lease = "";

    @Option(names = "--ttl", paramLabel = "TIME", description = "From now; else as long as it was given before.")
    @Nullable
    String ttl;

    RenewCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Optional<Duration> time = ttl == null ? Optional.empty() : Optional.of(Durations.parse("--ttl", ttl));
        LeaseView renewed = connect().renew(lease, time, false);
        out().println(renewed.expiresAt());
        return ExitCode.OK;
    }
}
