package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl stop}. */
@Command(
        name = "stop",
        description = {
            "Stop a server and wait until it is gone. Stopping a stopped server is a success.",
            "While operations run it asks first, or refuses with exit code 9 where there is no terminal.",
            "A stop that lets them finish goes on after Ctrl-C. A second stop waits for it; with --drain it gives it that time from now"
                    + " on, with --drain 0s none (what runs is interrupted), and --force kills."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl stop",
            "  connectctl stop sales --drain 5m",
            "  connectctl stop sales --drain 0s     (interrupt what runs; also while it is drained)",
            "  connectctl stop sales --force",
            "  connectctl stop sales hr",
            "  connectctl stop --all"
        })
final class StopCommand extends ServerCommand {
    private static final Duration TICK = Duration.ofMillis(500);

    @Parameters(index = "1..*", paramLabel = "NAME", description = "More servers; they stop side by side.")
    List<String> more = new ArrayList<>();

    @Option(names = "--force", description = "Kill it at once, without drain and grace, whatever operations run.")
    boolean force;

    @Option(names = "--all", description = "Stop every declared server; leased ones and the spares of pools go on.")
    boolean all;

    @Mixin
    final PartingOptions parting = new PartingOptions();

    @Mixin
    final WaitOptions waiting = new WaitOptions();

    StopCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Optional<Duration> drain = parting.drain();
        Duration patience = waiting.patience();
        if (all && name != null) {
            throw CliFailure.usage("--all and '" + name + "' contradict each other", "leave one of them out");
        }
        ApiClient client = upToDate();
        List<String> servers = all ? declared(client) : serverNames(client, more);
        boolean alone = !all && servers.size() == 1;
        if (servers.isEmpty()) {
            say("connectctl: no server is declared");
        }
        FirstFailure failures = new FirstFailure(this);
        Map<String, ServerView> before = new LinkedHashMap<>();
        Map<String, Optional<Duration>> drains = new LinkedHashMap<>();
        for (String server : servers) {
            if (force) {
                // A server that hangs would take its time to tell what it does, and is killed whatever that is.
                drains.put(server, drain);
            } else {
                failures.goOn(() -> before.put(server, client.active(server)));
            }
        }
        for (ServerView active : before.values()) {
            boolean agreed = Parting.agreed(context, active, "stop", drain.isPresent());
            drains.put(active.name(), agreed ? Optional.of(Duration.ZERO) : drain);
            if (!alone && !agreed && drain.isEmpty()) {
                // Of many either all are told to stop or none.
                Parting.refuse(active);
            }
        }
        // Every one is told before the first is waited for: they stop side by side.
        Map<String, ReceiptView> receipts = new LinkedHashMap<>();
        for (Map.Entry<String, Optional<Duration>> each : drains.entrySet()) {
            failures.goOn(() -> {
                String server = each.getKey();
                ReceiptView receipt = client.stop(server, force, each.getValue());
                receipts.put(server, receipt);
                if (!receipt.changed() || waiting.noWait) {
                    say(server + ": " + receipt.message());
                }
            });
        }
        if (!waiting.noWait && !receipts.isEmpty()) {
            Interrupts.Watch watch = context.interrupts().onSignal(() -> context.err()
                    .println("\nconnectctl: interrupted; the stop of '" + String.join("', '", receipts.keySet())
                            + "' goes on in the background; a drain of it is ended by: connectctl stop "
                            + (all ? "--all" : String.join(" ", receipts.keySet()))
                            + " --drain 0s"));
            long deadline = System.nanoTime() + patience.toNanos();
            try {
                for (Map.Entry<String, ReceiptView> each : receipts.entrySet()) {
                    failures.goOn(() -> {
                        awaitStopped(this, client, each.getKey(), each.getValue(), patience, deadline, alone);
                        if (each.getValue().changed()) {
                            Optional.ofNullable(before.get(each.getKey()))
                                    .flatMap(Parting::stoppedSessions)
                                    .ifPresent(this::say);
                        }
                    });
                }
            } finally {
                watch.over();
            }
        }
        failures.rethrow();
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

    /** Waits until a server that was told to stop is gone. */
    static void awaitStopped(
            CliCommand command, ApiClient client, String server, ReceiptView receipt, Duration patience)
            throws IOException {
        awaitStopped(command, client, server, receipt, patience, System.nanoTime() + patience.toNanos(), true);
    }

    private static void awaitStopped(
            CliCommand command,
            ApiClient client,
            String server,
            ReceiptView receipt,
            Duration patience,
            long deadline,
            boolean alone)
            throws IOException {
        long end = deadline;
        try (ProgressLine progress = new ProgressLine(command.context, command.global.quiet, server);
                Following events = new Following(client, server, OptionalLong.of(receipt.sequence()))) {
            while (true) {
                ServerView view = events.server();
                if (view.phase().equals("STOPPED")) {
                    if (receipt.changed()) {
                        progress.clear();
                        // Side by side they are waited for in turn: only of one alone the time is its own.
                        command.say(server + "  STOPPED"
                                + (!alone ? "" : "  " + Durations.precise(progress.elapsedTime())));
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
                if (System.nanoTime() > end) {
                    throw new CliFailure(
                            ExitCode.TIMEOUT,
                            "server '" + server + "' isn't gone after " + Durations.precise(patience) + ": phase "
                                    + view.phase(),
                            "it goes on stopping; kill it: connectctl stop " + server + " --force");
                }
                Optional<EventView> event = events.next(TICK);
                if (event.filter(StopCommand::drains).isPresent()) {
                    // As long as it says so, nothing is late.
                    end = System.nanoTime() + patience.toNanos();
                }
                event.filter(each -> !each.type().equals("command")).ifPresent(each -> progress.step(each.message()));
                progress.tick();
            }
        }
    }

    private static boolean drains(EventView event) {
        return event.type().equals("progress") && event.message().startsWith("draining");
    }
}
