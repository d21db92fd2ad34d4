package io.connectctl.manager.cli;

import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.LineStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl logs}. */
@Command(
        name = "logs",
        description = {
            "Print a server's log.",
            "Where no daemon runs, a process' log is read from its file, which is named on stderr."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl logs -f",
            "  connectctl logs sales --tail 100",
            "  connectctl logs sales --since 10m",
            "  connectctl logs sales --previous"
        })
final class LogsCommand extends NamedCommand {
    private static final Duration TICK = Duration.ofSeconds(30);

    @Option(names = "--file", paramLabel = "FILE", description = "The connectctl.yaml to use.")
    @Nullable
    Path file;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what is written from now on, until interrupted.")
    boolean follow;

    @Option(names = "--tail", paramLabel = "N", description = "Only the last N lines.")
    @Nullable
    Integer tail;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Only what was written since: 10m (ago) or an instant such as 2026-11-22T16:00:00Z.")
    @Nullable
    String since;

    @Option(names = "--previous", description = "Of the incarnation before the current one.")
    boolean previous;

    LogsCommand(CliContext context) {
        super(context);
    }

    @Override
    @Nullable
    Path file() {
        return file;
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        if (tail != null && tail < 0) {
            throw CliFailure.usage("--tail " + tail + " is no number of lines", "write 0 or more");
        }
        Optional<Instant> from = since == null
                ? Optional.empty()
                : Optional.of(Durations.since("--since", since, context.clock().instant()));
        OptionalInt lines = tail == null ? OptionalInt.empty() : OptionalInt.of(tail);
        try {
            return fromDaemon(lines, from);
        } catch (DaemonUnreachableException e) {
            if (e.reason() != DaemonUnreachableException.Reason.NOT_RUNNING
                    && e.reason() != DaemonUnreachableException.Reason.NOT_STARTED) {
                throw e;
            }
            return fromFiles(new LogRequest(lines, from, previous, follow), e);
        }
    }

    private ExitCode fromDaemon(OptionalInt lines, Optional<Instant> from) throws IOException {
        ApiClient client = looking();
        String server = serverName(client);
        try (LineStream stream = client.logs(server, lines, from, previous, follow)) {
            boolean any = false;
            while (!stream.ended()) {
                Optional<String> line = stream.next(TICK);
                any |= line.isPresent();
                line.ifPresent(out()::println);
                // Whoever read our output may have gone: a pipe that is closed ends the command.
                if (out().checkError()) {
                    return ExitCode.OK;
                }
            }
            if (!any) {
                say("connectctl: no such line in the log of '" + server + "': "
                        + (previous ? "there may be no run before the last one" : "it may never have run")
                        + "; see: connectctl events " + server);
            }
        }
        return ExitCode.OK;
    }

    /** A process writes its log itself, also while no daemon looks after it; a container's is the engine's. */
    private ExitCode fromFiles(LogRequest request, DaemonUnreachableException unreachable)
            throws IOException, InterruptedException {
        Path servers = context.folders().servers();
        Optional<String> told = Project.find(context, file()).nameToldHere(name).or(() -> onlyOne(servers));
        if (told.isEmpty()) {
            throw unreachable;
        }
        ServerName server = new ServerName(told.get());
        List<Integer> runs = runs(servers.resolve(server.value()).resolve("run"));
        int wanted = request.previous() ? 1 : 0;
        if (runs.size() <= wanted) {
            throw unreachable;
        }
        say("connectctl: the daemon isn't running; this is "
                + servers.resolve(server.value()).resolve("run/" + runs.get(wanted) + "/server.log"));
        try {
            Runtimes.create("process", context.folders(), context.environment()).logs(server, request, line -> {
                out().println(line);
                return !out().checkError();
            });
        } catch (RuntimeUnavailableException e) {
            throw new IOException(e.getMessage(), e);
        }
        return ExitCode.OK;
    }

    /** The numbers of a server's runs that have a log, the newest first; none if it never ran as a process. */
    private static List<Integer> runs(Path folder) throws IOException {
        try (Stream<Path> runs = Files.list(folder)) {
            return runs.filter(run -> Files.exists(run.resolve("server.log")))
                    .map(run -> run.getFileName().toString())
                    .filter(run -> run.matches("\\d{1,9}"))
                    .map(Integer::valueOf)
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static Optional<String> onlyOne(Path servers) {
        try (Stream<Path> folders = Files.list(servers)) {
            List<String> names = folders.map(each -> each.getFileName().toString())
                    .filter(each -> ServerName.PLAIN.matcher(each).matches())
                    .limit(2)
                    .toList();
            return names.size() == 1 ? Optional.of(names.get(0)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
