package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl stop}. */
@Command(
        name = "stop",
        description = "Stop a server and wait until it is gone. Stopping a stopped server is a success.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl stop", "  connectctl stop sales --force", "  connectctl stop --all"})
final class StopCommand extends ServerCommand {
    private static final Duration TICK = Duration.ofMillis(500);

    @Option(names = "--force", description = "Kill it at once, without drain and grace.")
    boolean force;

    @Option(names = "--all", description = "Stop every declared server; leased ones and the spares of pools go on.")
    boolean all;

    @Mixin
    final WaitOptions waiting = new WaitOptions();

    StopCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Duration patience = waiting.patience();
        if (all && name != null) {
            throw CliFailure.usage("--all and '" + name + "' contradict each other", "leave one of them out");
        }
        ApiClient client = upToDate();
        List<String> servers = all ? declared(client) : List.of(serverName(client));
        if (servers.isEmpty()) {
            say("connectctl: no server is declared");
        }
        // Every one is told before the first is waited for: they stop side by side.
        Map<String, ReceiptView> receipts = new LinkedHashMap<>();
        for (String server : servers) {
            ReceiptView receipt = client.stop(server, force);
            receipts.put(server, receipt);
            if (!receipt.changed() || waiting.noWait) {
                say(server + ": " + receipt.message());
            }
        }
        if (!waiting.noWait && !servers.isEmpty()) {
            Interrupts.Watch watch = context.interrupts().onSignal(() -> context.err()
                    .println("\nconnectctl: interrupted; the stop of '" + String.join("', '", servers)
                            + "' goes on in the background"));
            long deadline = System.nanoTime() + patience.toNanos();
            try {
                for (Map.Entry<String, ReceiptView> each : receipts.entrySet()) {
                    awaitStopped(client, each.getKey(), each.getValue(), patience, deadline);
                }
            } finally {
                watch.over();
            }
        }
        return ExitCode.OK;
    }

    /** Leased servers belong to those who lease them, spares to their pools. */
    private List<String> declared(ApiClient client) throws IOException {
        List<ServerView> known = client.servers().servers();
        List<String> declared = known.stream()
                .filter(server -> server.lease() == null)
                .map(ServerView::name)
                .toList();
        if (declared.size() < known.size()) {
            say("connectctl: " + (known.size() - declared.size())
                    + " leased or spare servers are left alone; see: connectctl leases, connectctl pool list");
        }
        return declared;
    }

    private void awaitStopped(ApiClient client, String server, ReceiptView receipt, Duration patience, long deadline)
            throws IOException {
        try (ProgressLine progress = new ProgressLine(context, global.quiet, server);
                Following events = new Following(client, server, OptionalLong.of(receipt.sequence()))) {
            while (true) {
                ServerView view = events.server();
                if (view.phase().equals("STOPPED")) {
                    if (receipt.changed()) {
                        progress.clear();
                        // Side by side they are waited for in turn: only of one alone the time is its own.
                        say(server + "  STOPPED" + (all ? "" : "  " + Durations.precise(progress.elapsedTime())));
                    }
                    return;
                }
                if (view.desired().equals("UP")) {
                    throw new CliFailure(
                            ExitCode.FAILURE,
                            "server '" + server + "' was started by somebody else while it stopped: phase "
                                    + view.phase(),
                            "stop it again: connectctl stop " + server);
                }
                if (System.nanoTime() > deadline) {
                    throw new CliFailure(
                            ExitCode.TIMEOUT,
                            "server '" + server + "' isn't gone after " + Durations.precise(patience) + ": phase "
                                    + view.phase(),
                            "it goes on stopping; kill it: connectctl stop " + server + " --force");
                }
                events.next(TICK)
                        .filter(event -> !event.type().equals("command"))
                        .ifPresent(event -> progress.step(event.message()));
                progress.tick();
            }
        }
    }
}
