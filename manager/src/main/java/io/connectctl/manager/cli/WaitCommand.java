package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl wait}. */
@Command(
        name = "wait",
        description = {
            "Wait until a server is as asked, and say nothing else.",
            "Answers 3 at once where nobody wants the server up, 4 at once where it FAILED."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl wait sales",
            "  connectctl wait sales --for rung=query --timeout 5m",
            "  connectctl wait sales --for stopped"
        })
final class WaitCommand extends ServerCommand {
    private static final List<String> RUNGS = List.of("NONE", "CONTAINER", "PORT", "RPC", "SESSION", "QUERY");

    /** Between looks without an event. */
    private static final Duration TICK = Duration.ofSeconds(1);

    /** Between the first two probes by hand; doubled for each further one. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(5);

    @Option(
            names = "--for",
            paramLabel = "STATE",
            defaultValue = "healthy",
            description = "healthy (the rung that health.until declares: session unless said), stopped, or"
                    + " rung=port|rpc|session|query (default: healthy).")
    String state = "healthy";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "3m",
            description = "How long to wait (default: 3m).")
    String timeout = "3m";

    WaitCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        Duration patience = Durations.parse("--timeout", timeout);
        String wanted = wanted();
        ApiClient client = looking();
        String server = serverName(client);
        long deadline = System.nanoTime() + patience.toNanos();
        ServerView view = client.server(server);
        if (decided(view, wanted)) {
            return ExitCode.OK;
        }
        try (ProgressLine progress = new ProgressLine(context, global.quiet, server);
                Following events = new Following(client, server, OptionalLong.empty())) {
            // Between the first look and the stream something may have happened: look again before waiting.
            view = events.server();
            progress.passing(view.phase());
            Duration pause = FIRST_PAUSE;
            long nextProbe = System.nanoTime();
            while (!decided(view, wanted)) {
                long rest = deadline - System.nanoTime();
                if (rest <= 0) {
                    throw tooLong(view, patience);
                }
                if (RUNGS.contains(wanted) && view.phase().equals("HEALTHY") && System.nanoTime() >= nextProbe) {
                    if (probed(client, server, wanted, Duration.ofNanos(rest))) {
                        return ExitCode.OK;
                    }
                    nextProbe = System.nanoTime() + pause.toNanos();
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                    rest = Math.max(0, deadline - System.nanoTime());
                }
                events.next(rest < TICK.toNanos() ? Duration.ofNanos(rest) : TICK)
                        .filter(event -> !event.type().equals("command"))
                        .ifPresent(event -> progress.step(event.message()));
                progress.tick();
                view = events.server();
            }
        }
        return ExitCode.OK;
    }

    private CliFailure tooLong(ServerView view, Duration patience) {
        return new CliFailure(
                ExitCode.TIMEOUT,
                "server '" + view.name() + "' isn't " + state + " after " + Durations.precise(patience) + ": phase "
                        + view.phase() + ", rung " + ServerPage.rung(view),
                "it goes on; see: connectctl status " + view.name());
    }

    /** HEALTHY, STOPPED, or a rung. */
    private String wanted() throws CliFailure {
        String text = state.strip().toUpperCase(Locale.ROOT);
        if (text.equals("HEALTHY") || text.equals("STOPPED")) {
            return text;
        }
        String rung = text.startsWith("RUNG=") ? text.substring(5) : "";
        if (!RUNGS.contains(rung)) {
            throw CliFailure.usage(
                    "--for '" + state + "' is nothing one can wait for",
                    "write healthy, stopped, or rung=port, rung=rpc, rung=session, rung=query");
        }
        return rung;
    }

    /** True if it is as wanted; throws where it never will be by itself. */
    private boolean decided(ServerView view, String wanted) throws CliFailure {
        boolean gone = view.phase().equals("STOPPED");
        if (wanted.equals("STOPPED")) {
            if (view.phase().equals("FAILED")) {
                throw notHealthy(view, "server '" + view.name() + "' FAILED, so nothing of it runs");
            }
            return gone;
        }
        if (view.phase().equals("FAILED")) {
            throw notHealthy(view, "server '" + view.name() + "' FAILED");
        }
        if (gone || view.desired().equals("DOWN")) {
            throw new CliFailure(
                    ExitCode.NOT_RUNNING,
                    "server '" + view.name() + "' is " + view.phase() + " and nobody wants it up",
                    stoppedNote(view.name()));
        }
        if (wanted.equals("HEALTHY")) {
            return view.phase().equals("HEALTHY");
        }
        return RUNGS.indexOf(view.rung()) >= RUNGS.indexOf(wanted)
                && (view.phase().equals("HEALTHY") || view.phase().equals("STARTING"));
    }

    /**
     * A rung above what periodic probes prove is never reached by waiting: ask for it. Waits for the answer as long as there
     * is time: a probe that is given up goes on in the server, and each would leave a job behind.
     */
    private static boolean probed(ApiClient client, String server, String rung, Duration rest) throws IOException {
        try {
            return client.probe(server, rung, PROBE_TIMEOUT, rest).ready();
        } catch (DaemonUnreachableException e) {
            // The time is up, or the daemon is being replaced: whoever waits sees which.
            return false;
        } catch (ApiException e) {
            if (e.code().equals("NOT_RUNNING") || e.problem().status() == 503) {
                return false;
            }
            throw e;
        }
    }
}
