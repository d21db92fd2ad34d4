package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.spec.Problem;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.DeliberateStop;
import io.connectctl.manager.client.ToolVersion;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** What every command has: its context, the global options, and a way to the daemon. */
abstract class CliCommand implements Callable<Integer>, ApiClient.Listener {
    /** A server that answers is proven within a second; one that still starts, or hangs, isn't waited for. */
    private static final Duration ADOPTION = Duration.ofSeconds(10);

    /** A runtime that can be asked tells within moments what runs. */
    private static final Duration FINDING = Duration.ofSeconds(2);

    @Mixin
    final GlobalOptions global = new GlobalOptions();

    final CliContext context;

    /** The daemon that answered before this command did anything; absent where it was started, or replaced, by this command. */
    private @Nullable DaemonView answered;

    /** Once is enough, and where the daemon is replaced that is what is told. */
    private boolean toldOfVersions;

    CliCommand(CliContext context) {
        this.context = context;
    }

    /** Does it. */
    abstract ExitCode execute() throws IOException, InterruptedException;

    @Override
    public final Integer call() throws IOException, InterruptedException {
        return global.parseOnly ? ExitCode.OK.code() : execute().code();
    }

    PrintStream out() {
        return context.out();
    }

    Style style() {
        return Style.of(context, context.terminal().out(), global.noColor);
    }

    /** Prints sentences on stdout: broken between words where that is a terminal, else as they are. */
    void print(String text) {
        out().println(context.terminal().out() ? Prose.fitted(context.terminal(), text) : text);
    }

    /** Tells progress on stderr, unless asked to be quiet. */
    void say(String text) {
        if (!global.quiet) {
            tell(context, text);
        }
    }

    /** Warns on stderr. */
    void warn(String text) {
        tell(context, "connectctl: warning: " + Cli.printable(text));
    }

    /** Prints sentences on stderr, as {@link #print} does on stdout. */
    static void tell(CliContext context, String text) {
        context.err().println(context.terminal().err() ? Prose.fitted(context.terminal(), text) : text);
    }

    void warn(List<Problem> problems) {
        for (Problem problem : problems) {
            if (problem.severity() == Problem.Severity.WARNING) {
                warn(problem.toString());
            }
        }
    }

    /**
     * For commands that only look: where none listens although servers were declared here, the daemon died, and is started; where
     * somebody stopped it on purpose, that is said instead.
     */
    ApiClient looking() {
        return new ApiClient(context.socket(), new ApiClient.Listener() {
            @Override
            public void answeredBy(String version, String build, String startedAt) {
                CliCommand.this.answeredBy(version, build, startedAt);
            }

            @Override
            public boolean startsWhereNoneListens() throws IOException {
                return startAgain();
            }
        });
    }

    private boolean startAgain() throws IOException {
        if (!everDeclared()) {
            return false;
        }
        Optional<Instant> stopped = DeliberateStop.since(context.folders().state());
        if (stopped.isPresent()) {
            throw DaemonUnreachableException.stopped(context.socket().get(), stopped.get());
        }
        try {
            ApiClient client = client();
            if (start(client)) {
                untilAdopted(client);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * A daemon that has just started proves its servers anew, as nobody watched them meanwhile: whoever looks at once would be told
     * that a server isn't healthy that was so all the time. Within moments it is known; one whose engine can't be asked isn't waited
     * for that long, and one that is only launched now not at all.
     */
    private void untilAdopted(ApiClient client) throws IOException, InterruptedException {
        Instant begin = context.clock().instant();
        long now = System.nanoTime();
        long proven = now + ADOPTION.toNanos();
        long found = now + FINDING.toNanos();
        while (System.nanoTime() < proven) {
            boolean finding = System.nanoTime() < found;
            if (client.servers().servers().stream().noneMatch(server -> beingAdopted(server, begin, finding))) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private static boolean beingAdopted(ServerView server, Instant begin, boolean finding) {
        if (!server.desired().equals("UP")) {
            return false;
        }
        String launched = server.startedAt();
        return (finding && server.phase().equals("UNKNOWN"))
                || (server.phase().equals("STARTING")
                        && launched != null
                        && Instant.parse(launched).isBefore(begin));
    }

    /** Whether a daemon ever kept servers here: where the state file is gone, their transcripts bring them back. */
    boolean everDeclared() {
        if (Files.exists(context.folders().state().resolve("connectctl.db"))) {
            return true;
        }
        try (DirectoryStream<Path> servers =
                Files.newDirectoryStream(context.folders().servers())) {
            for (Path server : servers) {
                if (Files.exists(server.resolve("transcript.json"))) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return false; // none was ever there, or the daemon couldn't read them either
        }
        return false;
    }

    private boolean start(ApiClient client) throws IOException, InterruptedException {
        return context.starter().ensureRunning(client, () -> say("connectctl: starting the daemon"));
    }

    /** The daemon as it is: not started where none runs. */
    ApiClient client() {
        return new ApiClient(context.socket(), this);
    }

    @Override
    public final void answeredBy(String version, String build, String startedAt) {
        if (!toldOfVersions && context.version().replaces(version, build, Durations.instant(startedAt))) {
            toldOfVersions = true;
            say("connectctl: this is connectctl " + context.version().text() + ", the daemon is " + version + " ("
                    + build + "): the next start or stop of a server restarts the daemon, servers stay");
        }
    }

    /**
     * The daemon, replaced where it is older than this command line, started where none runs although servers were declared here:
     * for commands that change something of theirs.
     */
    ApiClient upToDate() throws IOException, InterruptedException {
        if (everDeclared()) {
            return connect();
        }
        toldOfVersions = true;
        ApiClient client = client();
        replaceOlder(client);
        return client;
    }

    /** The daemon, started where none runs, replaced where it is older than this command line. */
    ApiClient connect() throws IOException, InterruptedException {
        toldOfVersions = true;
        ApiClient client = client();
        if (!start(client)) {
            replaceOlder(client);
        }
        return client;
    }

    private void replaceOlder(ApiClient client) throws IOException, InterruptedException {
        DaemonView daemon = client.daemon();
        ToolVersion mine = context.version();
        boolean older = mine.replaces(daemon.version(), daemon.build(), Durations.instant(daemon.startedAt()));
        if (!older) {
            answered = daemon;
            return;
        }
        if (daemon.supervised()) {
            throw new CliFailure(
                    ExitCode.FAILURE,
                    "this is connectctl " + mine.text() + ", the daemon is " + daemon.version() + " (" + daemon.build()
                            + "), and systemd runs it: only systemd should restart it",
                    "restart it, servers stay: systemctl --user restart connectctl");
        }
        say("connectctl: this is connectctl " + mine.text() + ", the daemon is " + daemon.version() + " ("
                + daemon.build() + "): restarting the daemon, servers stay");
        stopDaemon(client, Duration.ofSeconds(20));
        context.starter().ensureRunning(client, () -> {});
    }

    /**
     * The daemon looks for the engine where its own environment says, which is that of whoever started it. Where this command's says
     * otherwise, what was asked for can't be had from this daemon: told where DOCKER_HOST or DOCKER_CONTEXT says so, as that was
     * set on purpose, by a refusal.
     *
     * @param runtime as asked for; absent for auto
     * @param again the command, as it is typed
     */
    void sameEngine(@Nullable String runtime, String again) throws CliFailure {
        DaemonView daemon = answered;
        if (daemon == null || daemon.engine() == null || "process".equals(runtime)) {
            return;
        }
        Optional<String> mine = Runtimes.create("docker", context.folders(), context.environment())
                .place();
        if (mine.isEmpty() || mine.get().equals(daemon.engine())) {
            return;
        }
        Optional<String> named = Stream.of("DOCKER_HOST", "DOCKER_CONTEXT")
                .filter(variable ->
                        !context.environment().getOrDefault(variable, "").isBlank())
                .findFirst();
        String difference = named.orElse("docker's current context") + " names the engine at " + mine.get()
                + ", the daemon uses the one at " + daemon.engine() + ", as it was started";
        String remedy = daemon.supervised()
                ? "set it in the daemon's unit (systemctl edit), and have systemd restart it"
                : "start the daemon anew from here: connectctl daemon stop; connectctl " + again
                        + " (servers stay; those in containers of the other engine are out of its sight)";
        if (named.isEmpty()) {
            warn(difference + "; for the former, " + remedy);
            return;
        }
        throw new CliFailure(ExitCode.CONFLICT, difference, remedy + "; or unset " + named.get());
    }

    /** The same for a server that is declared with this; one from a pool runs already. */
    void sameEngine(@Nullable JsonNode declaration, String again) throws CliFailure {
        if (declaration != null) {
            String runtime = declaration.path("runtime").asText("");
            sameEngine(runtime.isEmpty() ? (String) null : runtime, again);
        }
    }

    /** Ends the daemon and returns when it is gone. */
    static void stopDaemon(ApiClient client, Duration patience) throws IOException, InterruptedException {
        long pid = client.stopDaemon().pid();
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < deadline) {
            // Its socket goes first and its lock on the state folder last, so one that doesn't answer isn't gone yet.
            if (!answers(client) && !runs(pid)) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new CliFailure(
                ExitCode.TIMEOUT,
                "the daemon on " + client.socket() + " (pid " + pid + ") still runs " + patience.toSeconds()
                        + " s after it was asked to stop",
                "see daemon.log in " + client.socket().getParent());
    }

    /** Whether a daemon is there, be it slow. */
    static boolean answers(ApiClient client) throws IOException {
        try {
            client.ping(Duration.ofSeconds(1));
            return true;
        } catch (DaemonUnreachableException e) {
            return e.reason() != DaemonUnreachableException.Reason.NOT_RUNNING;
        }
    }

    /** A zombie has ended too, also where no parent ever asks for it, as in a container. */
    private static boolean runs(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            char state = stat.charAt(stat.lastIndexOf(')') + 2);
            return state != 'Z' && state != 'X';
        } catch (IOException e) {
            return false; // There is no such process.
        }
    }

    /** What somebody who connects to a stopped server should know; see {@code wait} and {@code status}. */
    static String stoppedNote(String name) {
        // PySpark and the Scala client retry UNAVAILABLE 15 times: 608 s in all before they say anything.
        return "a client that connects now hangs silently for about ten minutes before it fails; start it: connectctl start "
                + name;
    }

    /** Why a server is FAILED or worse, as a block of lines. */
    static CliFailure notHealthy(ServerView server, String headline) {
        return new CliFailure(ExitCode.NOT_HEALTHY, headline + causeLines(server), remedy(server));
    }

    /** Why a start FAILED, with the exit code of its cause. */
    static CliFailure failedStart(ServerView server, String headline) {
        ExitCode exit = server.cause() == null
                ? ExitCode.NOT_HEALTHY
                : ExitCode.ofCause(server.cause().code());
        return new CliFailure(exit, headline + causeLines(server), remedy(server));
    }

    private static String causeLines(ServerView server) {
        StringBuilder text = new StringBuilder();
        if (server.cause() != null) {
            text.append(": ").append(server.cause().code());
            text.append("\n  ").append(server.cause().summary());
            server.cause().evidence().forEach(line -> text.append("\n    | ").append(line));
        }
        // That of an earlier run would send its reader astray.
        String log = server.cause() == null ? server.logFile() : server.cause().logFile();
        if (log == null && server.containerId() != null) {
            // A container's log is the engine's.
            log = "connectctl logs " + server.name();
        }
        if (log == null && server.cause() != null && server.phase().equals("FAILED")) {
            return text + "\n  no log: nothing was launched; what led to it: connectctl events " + server.name();
        }
        return text + (log == null ? "" : "\n  log: " + log);
    }

    private static String remedy(ServerView server) {
        return server.cause() == null || server.cause().remedy().isEmpty()
                ? "see: connectctl logs " + server.name()
                : server.cause().remedy();
    }
}
