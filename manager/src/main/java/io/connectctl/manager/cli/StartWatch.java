package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.ReadyView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Follows a server from the receipt of its start to the proof that it is usable: a query that ran. Driven by events; the
 * server itself is asked after each of them, and once a tick in case one was lost.
 */
final class StartWatch {
    private static final Duration TICK = Duration.ofMillis(500);

    /** The supervisor climbs to a query by itself right after HEALTHY; if it says nothing for so long, it is asked. */
    private static final Duration CLIMB = Duration.ofSeconds(20);

    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(15);

    private final ApiClient client;
    private final String name;
    private final ProgressLine progress;
    private Duration timeout;
    /** Whether nobody said how long to wait: then it is the server's own patience that counts. */
    private final boolean fitting;

    private final Beside beside;
    private final Set<String> phasesSeen = new HashSet<>();
    private final StartTime time = new StartTime();
    private boolean outlivesItsKill;
    private long healthyAt;
    private boolean healthy;
    private boolean climbFailed;

    /** Something else than the server itself that may end the waiting. */
    @FunctionalInterface
    interface Beside {
        /**
         * Looks.
         *
         * @throws CliFailure if there is nothing to wait for any more
         */
        void look() throws IOException;
    }

    /**
     * @param patience counted from the launch: neither a build nor a download is the server's fault; empty for what fits the server
     */
    StartWatch(ApiClient client, String name, ProgressLine progress, Optional<Duration> patience) {
        this(client, name, progress, patience, () -> {});
    }

    /**
     * The same, with something beside the server that may end the waiting.
     *
     * @param beside looked at as long as nothing happens
     */
    StartWatch(ApiClient client, String name, ProgressLine progress, Optional<Duration> patience, Beside beside) {
        this.beside = beside;
        this.client = client;
        this.name = name;
        this.progress = progress;
        this.timeout = patience.orElse(Patience.STANDARD);
        this.fitting = patience.isEmpty();
    }

    /**
     * Waits.
     *
     * @param receipt of the start
     * @param incarnation the first one that counts: what is said of an earlier one is old news
     * @return the server, proven
     * @throws CliFailure NOT_HEALTHY if it FAILED, or if nobody said how long to wait, its startTimeout is over and the last try's cause is known;
     *     CONFLICT if a held port is why; TIMEOUT if it takes too long; the server goes on
     */
    ServerView untilProven(ReceiptView receipt, int incarnation) throws IOException {
        try (Following events = new Following(client, name, OptionalLong.of(receipt.sequence()))) {
            Optional<ServerView> proven = judge(events.server(), incarnation);
            while (proven.isEmpty()) {
                Optional<EventView> event = events.next(TICK);
                event.ifPresent(this::show);
                progress.tick();
                if (event.isPresent() && event.get().type().equals("progress")) {
                    continue;
                }
                if (event.isEmpty()) {
                    beside.look();
                }
                proven = judge(events.server(), incarnation);
            }
            return proven.get();
        }
    }

    private void show(EventView event) {
        if (event.cause() != null) {
            outlivesItsKill |= event.cause().code().equals("STOP_TIMEOUT");
        }
        switch (event.type()) {
            case "phase" -> {
                phasesSeen.add(event.phase());
                switch (event.phase()) {
                    case "STARTING" -> progress.step("starting");
                    // The last line says it, with all that was proven.
                    case "HEALTHY" -> progress.passing("HEALTHY");
                    default -> progress.step(event.message());
                }
                if (event.phase().equals("BACKING_OFF") && event.cause() != null) {
                    progress.note(name + ": " + event.cause().code() + ": "
                            + event.cause().summary());
                }
            }
            case "probe" -> {
                climbFailed |= healthy;
                progress.step(event.message());
            }
            case "rung" -> {
                String rung = event.message().toLowerCase(Locale.ROOT);
                if (rung.endsWith("session") || rung.endsWith("query")) {
                    progress.step(rung);
                } else {
                    progress.passing(rung);
                }
            }
            // It decides where data will lie: whoever started it must be able to read it afterwards.
            case "runtime" -> progress.remark(name + ": " + event.message());
            case "progress", "exit" -> progress.step(event.message());
            case "archive", "drain" -> progress.remark(name + ": " + event.message());
            // What was asked for is known to whoever asked.
            default -> {}
        }
    }

    private Optional<ServerView> judge(ServerView server, int incarnation) throws IOException {
        boolean current = server.incarnation() >= incarnation || phasesSeen.contains(server.phase());
        if (current) {
            switch (server.phase()) {
                case "HEALTHY" -> {
                    if (server.rung().equals("QUERY")) {
                        return Optional.of(server);
                    }
                    if (!healthy) {
                        healthy = true;
                        healthyAt = System.nanoTime();
                    }
                    if (climbFailed
                            || server.cause() != null
                            || StartTime.since(healthyAt).compareTo(CLIMB) > 0) {
                        return Optional.of(provenByHand(server));
                    }
                }
                case "FAILED" -> {
                    throw CliCommand.failedStart(server, "server '" + name + "' FAILED");
                }
                case "STOPPED" -> {
                    if (server.desired().equals("DOWN") && phasesSeen.contains("STOPPED")) {
                        throw new CliFailure(
                                ExitCode.NOT_HEALTHY,
                                "server '" + name + "' was stopped by somebody else while it started",
                                "start it again: connectctl start " + name);
                    }
                }
                default -> healthy = false;
            }
        }
        if (time.look(server, current)
                && server.phase().equals("STARTING")
                && (server.containerId() != null || server.pid() != null)) {
            progress.step(
                    server.containerId() != null
                            ? "launched, container " + ServerPage.shortId(server.containerId())
                            : "launched, pid " + server.pid());
            progress.passing("waiting for an answer");
        }
        if (fitting && server.startTimeoutSeconds() > 0) {
            giveUp(server, Duration.ofMillis(Math.round(server.startTimeoutSeconds() * 1000)));
        }
        Duration waited = time.launched() ? time.sinceLaunch() : time.stuckFor(server, outlivesItsKill);
        if (waited.compareTo(timeout) > 0) {
            throw tooLong(server);
        }
        return Optional.empty();
    }

    /** Whoever waits has waited for as long as a start may take, and the reason is known. The tries go on. */
    private void giveUp(ServerView server, Duration startTimeout) throws CliFailure {
        timeout = startTimeout.plus(Patience.VERDICT);
        if (server.phase().equals("BACKING_OFF")
                && server.cause() != null
                && time.sinceLaunch().compareTo(startTimeout) > 0) {
            CliFailure told = CliCommand.failedStart(
                    server,
                    "server '" + name + "' isn't usable within " + Durations.precise(startTimeout)
                            + " (health.startTimeout)");
            throw new CliFailure(
                    told.exit(),
                    String.valueOf(told.getMessage()),
                    told.remedy().orElse("") + "; it is tried again until: connectctl stop " + name);
        }
    }

    private ServerView provenByHand(ServerView server) throws IOException {
        Duration rest = timeout.minus(time.sinceLaunch());
        ReadyView ready;
        try {
            ready = client.probe(name, "query", QUERY_TIMEOUT, rest.isNegative() ? Duration.ZERO : rest);
        } catch (DaemonUnreachableException e) {
            if (e.reason() == DaemonUnreachableException.Reason.NO_ANSWER) {
                throw tooLong(server);
            }
            throw e;
        } catch (ApiException e) {
            throw noQuery(String.valueOf(e.getMessage()));
        }
        if (!ready.ready()) {
            throw noQuery(ready.reason());
        }
        return client.server(name);
    }

    private CliFailure noQuery(String reason) throws IOException {
        String what = "server '" + name + "' is HEALTHY up to its session, but a tiny query did not run";
        ServerView now = client.server(name);
        if (now.cause() != null) {
            CliFailure told = CliCommand.failedStart(now, what);
            return new CliFailure(
                    told.exit(),
                    String.valueOf(told.getMessage()),
                    "it was kept; " + told.remedy().orElse(""));
        }
        return new CliFailure(
                ExitCode.NOT_HEALTHY,
                what + ": " + reason,
                "it was kept; see: connectctl logs " + name
                        + " (usual reasons: a spark.sql key with a value that Spark refuses; on a cluster no executors, or too"
                        + " little memory)");
    }

    private CliFailure tooLong(ServerView server) {
        String cause = server.cause() == null
                ? ""
                : "\n  " + server.cause().code() + ": " + server.cause().summary();
        String log = server.logFile() == null ? "" : "\n  log: " + server.logFile();
        return new CliFailure(
                ExitCode.TIMEOUT,
                "server '" + name + "' isn't usable " + Durations.precise(timeout)
                        + (time.launched() ? " after its launch" : " after that was asked for") + ": phase "
                        + server.phase() + ", rung " + ServerPage.rung(server)
                        + progress.latest().map(step -> ", last step: " + step).orElse("") + cause + log,
                "it was kept and goes on; wait longer: connectctl wait " + name
                        + " --timeout 10m, or end it: connectctl stop " + name);
    }
}
