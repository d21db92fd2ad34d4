package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.AdoptedView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code connectctl adopt}. */
@Command(
        name = "adopt",
        description = {
            "Take over a running Spark Connect container that somebody else started, without restarting it.",
            "From then on connectctl probes it, says why when it isn't usable, and starts, stops and restarts that very container;"
                    + " it never makes it anew and never removes it: connectctl remove only forgets it, and leaves it running.",
            "It must answer as a Spark Connect server does, on a published port. What docker compose made of connectctl export compose"
                    + " is adopted the same way."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl adopt spark-connect",
            "  connectctl adopt spark-connect sales",
            "  connectctl adopt \"$(docker compose ps -q connect)\""
        })
final class AdoptCommand extends CliCommand {
    @Parameters(index = "0", paramLabel = "CONTAINER", description = "The container's name or id.")
    String container = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "SERVER",
            description = "What to call the server; the compose service's or the container's name unless said.")
    @Nullable
    String name;

    @Mixin
    final WaitOptions waiting = new WaitOptions();

    AdoptCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Duration patience = waiting.patience();
        ApiClient client = connect();
        sameEngine("docker", "adopt " + container);
        AdoptedView adopted = client.adopt(container, name);
        say("adopted container " + adopted.container() + " as server '" + adopted.name() + "'");
        if (waiting.noWait) {
            return ExitCode.OK;
        }
        Interrupts.Watch watch = context.interrupts().onSignal(() -> context.err()
                .println("\nconnectctl: interrupted; the server stays adopted: connectctl status " + adopted.name()));
        try (ProgressLine progress = new ProgressLine(context, global.quiet, adopted.name())) {
            ServerView proven = new StartWatch(client, adopted.name(), progress, Optional.of(patience))
                    .untilProven(adopted.receipt(), 1);
            progress.clear();
            say(proven.name() + "  " + proven.phase() + "  rung="
                    + proven.rung().toLowerCase(java.util.Locale.ROOT) + "  spark=" + proven.sparkVersion());
            out().println(proven.url());
        } finally {
            watch.over();
        }
        return ExitCode.OK;
    }
}
