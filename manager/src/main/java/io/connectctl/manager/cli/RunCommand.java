package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl run}. */
@Command(
        name = "run",
        customSynopsis = "connectctl run [OPTIONS] -- COMMAND [ARG...]",
        description = {
            "Run a command against a fresh server, and remove the server afterwards, whoever dies.",
            "The command finds SPARK_REMOTE, SPARK_CONNECT_AUTHENTICATE_TOKEN (Spark 4 and later: a fresh token each; 3.x has none),"
                    + " SPARK_CONNECT_RELEASE_SESSION_ON_EXIT and CONNECTCTL_SERVER in its environment. It starts once a query ran.",
            "Signals are forwarded, and the exit code is the command's."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl run -- pytest tests",
            "  connectctl run --spark 3.5.0 --driver-memory 2g -- ./integration-tests",
            "  connectctl run --from connectctl.yaml --logs-on-failure -- mvn verify",
            "  connectctl run --pool ci -- pytest tests"
        })
final class RunCommand extends CliCommand {
    /** Everything that isn't the command's own end. As in a shell's and env's world: above what commands use, below the signals. */
    static final int OURS = 125;

    private static final int SIGNALLED = 128;

    /** What the launcher takes away from this JVM, which is not meant for it but for the command. */
    private static final String KEPT = "_CONNECTCTL_KEPT_";

    @Mixin
    final LeaseOptions options = new LeaseOptions();

    @Option(
            names = "--keep-on-failure",
            description = "If the start or the command fails, the server stays until its lease expires.")
    boolean keepOnFailure;

    @Option(
            names = "--logs-on-failure",
            description = "If the start or the command fails, write the server's log to stderr.")
    boolean logsOnFailure;

    @Option(
            names = "--no-daemon",
            description = "Without the daemon: a supervisor for this command alone, which ends with it.")
    boolean noDaemon;

    /** What follows {@code --}. */
    List<String> command = List.of();

    private OptionalInt exit = OptionalInt.empty();
    private final Thread main = Thread.currentThread();
    private volatile @Nullable Process child;
    private volatile @Nullable String signal;
    private volatile boolean over;

    RunCommand(CliContext context) {
        super(context);
    }

    /** As {@code --help} lists them. */
    static Map<String, String> exits() {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("*", "the command's own");
        lines.put("125", "connectctl failed: usage, no server, no daemon; stderr says why");
        lines.put("126", "the command can't be executed");
        lines.put("127", "the command was not found");
        lines.put("128+N", "signal N ended the command, or connectctl before it ran");
        return lines;
    }

    /**
     * The exit code of the process.
     *
     * @param code what the command line as a whole came to
     */
    int exit(int code) {
        return exit.orElse(code == 0 ? 0 : OURS);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        if (command.isEmpty()) {
            throw CliFailure.usage("there is no command to run", "write it behind --: connectctl run -- pytest tests");
        }
        if (keepOnFailure && noDaemon) {
            throw CliFailure.usage(
                    "--keep-on-failure can't go with --no-daemon: nobody would be there to keep the server",
                    "leave one of them out");
        }
        if (noDaemon && options.pool != null) {
            throw CliFailure.usage(
                    "--pool " + options.pool + " can't go with --no-daemon: a pool's servers wait in the daemon",
                    "leave one of them out");
        }
        Optional<Integer> obstacle =
                Executable.obstacle(command.get(0), context.workingFolder(), context.environment());
        if (obstacle.isPresent()) {
            exit = OptionalInt.of(obstacle.get());
            throw new CliFailure(
                    ExitCode.FAILURE,
                    command.get(0) + ": "
                            + (obstacle.get() == Executable.NOT_FOUND ? "command not found" : "can't be executed"),
                    "nothing was started for it");
        }
        for (String name : List.of("TERM", "INT", "HUP")) {
            Signals.take(name, this::signalled);
        }
        try {
            return lease();
        } catch (IOException | InterruptedException e) {
            String by = signal;
            if (by == null || exit.isPresent()) {
                throw e;
            }
            // Whatever it was, the signal is why.
            exit = OptionalInt.of(SIGNALLED + Signals.number(by));
            say("connectctl: ended by SIG" + by + " before the command ran");
            return ExitCode.OK;
        }
    }

    private ExitCode lease() throws IOException, InterruptedException {
        if (!noDaemon) {
            return lease(connect(), Optional.empty());
        }
        try (OwnDaemon own =
                OwnDaemon.start(context, () -> say("connectctl: starting a supervisor for this command"))) {
            return lease(own.client(), Optional.of(own));
        }
    }

    private ExitCode lease(ApiClient client, Optional<OwnDaemon> own) throws IOException, InterruptedException {
        LeaseRequest request =
                options.request(context, null, ProcessHandle.current().pid());
        sameEngine(request.declaration(), "run");
        Leased leased = Leased.of(client, request, context);
        boolean failed = true;
        Renewal renewal = Renewal.of(
                client,
                leased,
                options.ttl(),
                own.isPresent() ? Optional.empty() : Optional.of(context.starter()),
                this::warn);
        try {
            try (ProgressLine progress = new ProgressLine(context, global.quiet, leased.server())) {
                leased.untilProven(progress, options.patience(), "connectctl run", keepOnFailure);
                progress.clear();
            }
            if (signal == null) {
                int code = run(leased);
                exit = OptionalInt.of(code);
                failed = code != 0;
            }
        } catch (IOException e) {
            if (signal == null) {
                throw e instanceof CliFailure late && late.exit() == ExitCode.TIMEOUT
                        ? new CliFailure(late.exit(), String.valueOf(e.getMessage()), "wait longer with --timeout")
                        : e;
            }
            // Whatever it was, the signal is why.
            say("connectctl: ended by SIG" + signal + " before the command ran");
        } finally {
            over = true;
            renewal.close();
            // A signal may have interrupted the wait; what is left to do must be done all the same.
            boolean interrupted = Thread.interrupted();
            String by = signal;
            if (by != null && exit.isEmpty()) {
                exit = OptionalInt.of(SIGNALLED + Signals.number(by));
            }
            end(client, leased, failed, interrupted, renewal.tellsItsEnd());
        }
        return ExitCode.OK;
    }

    private void end(ApiClient client, Leased leased, boolean failed, boolean interrupted, boolean toldOfItsEnd) {
        if (failed && logsOnFailure && !interrupted) {
            leased.logs(
                    context.err(),
                    !context.environment().getOrDefault("GITHUB_ACTIONS", "").isEmpty());
        }
        try {
            if (failed && keepOnFailure && !interrupted) {
                String until = client.renew(leased.id(), Optional.empty(), true).expiresAt();
                warn("server " + leased.server() + " is kept until " + until + ": connectctl logs " + leased.server()
                        + "; end it: connectctl release " + leased.id());
            } else if (!leased.release()) {
                warn("server " + leased.server() + " isn't gone yet; the daemon goes on removing it");
            }
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_LEASE")) {
                // There is nothing left to end; but whoever wonders why the command failed must hear of it.
                if (!toldOfItsEnd) {
                    warn("server " + leased.server()
                            + " was taken away before the command ended: its lease was released,"
                            + " removed or ran out; when and by whom: connectctl events " + leased.server());
                }
            } else {
                warn("lease " + leased.id() + " can't be ended now: " + e.getMessage() + "; it expires by itself");
            }
        } catch (IOException e) {
            warn("lease " + leased.id() + " can't be ended now: " + e.getMessage() + "; it expires by itself");
        }
    }

    // ------------------------------------------------------------------ the command

    private int run(Leased leased) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(context.workingFolder().toFile())
                .inheritIO();
        Map<String, String> environment = builder.environment();
        for (String name : List.copyOf(environment.keySet())) {
            if (name.startsWith(KEPT)) {
                String own = environment.remove(name);
                String of = name.substring(KEPT.length());
                if (own.isEmpty()) {
                    environment.remove(of);
                } else {
                    environment.put(of, own);
                }
            }
        }
        environment.remove("SPARK_CONNECT_AUTHENTICATE_TOKEN");
        environment.putAll(leased.variables());
        say(leased.server() + "  " + leased.url());
        context.err().flush();
        Process started;
        try {
            started = builder.start();
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            context.err().println("connectctl: " + command.get(0) + " can't be executed: " + why);
            return why.contains("error=2,") ? Executable.NOT_FOUND : Executable.NOT_EXECUTABLE;
        }
        child = started;
        String early = signal;
        if (early != null) {
            forward(started, early);
        }
        // A signal that came just before the command may have interrupted us; it was forwarded.
        while (true) {
            try {
                return started.waitFor();
            } catch (InterruptedException e) {
                // Its server isn't taken away from a command that runs: the signal was, or is, forwarded.
            }
        }
    }

    private void signalled(String name) {
        signal = name;
        Process running = child;
        if (running == null) {
            if (!over) {
                main.interrupt();
            }
        } else if (running.isAlive()) {
            forward(running, name);
        }
    }

    /** What a terminal sends reaches the command by itself: it is in the terminal's foreground, as we are. */
    private static void forward(Process running, String name) {
        if (name.equals("TERM") || !inForeground()) {
            try {
                new ProcessBuilder("/bin/sh", "-c", "kill -\"$1\" \"$2\"", "sh", name, Long.toString(running.pid()))
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor(5, TimeUnit.SECONDS);
            } catch (IOException e) {
                // Politely at least.
                running.destroy();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** True where this process' group is the foreground of its terminal: fields 5 and 8 of its stat. */
    private static boolean inForeground() {
        try {
            String stat = Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return !fields[5].equals("-1") && fields[2].equals(fields[5]);
        } catch (IOException e) {
            return false;
        }
    }
}
