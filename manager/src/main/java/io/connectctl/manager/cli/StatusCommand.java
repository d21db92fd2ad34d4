package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.EventStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl status}. */
@Command(
        name = "status",
        description = {
            "Show every server as a table, or one as a page.",
            "Exits with 0 if HEALTHY, 3 if STOPPED, else 4; of many servers the worst counts, where 4 is worse than 3."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl status",
            "  connectctl status sales -o json",
            "  connectctl status --watch",
            "  connectctl status -o name"
        })
final class StatusCommand extends CliCommand {
    /** How often a watched page is looked at anew without any event: ages grow. */
    private static final Duration REFRESH = Duration.ofSeconds(5);

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only this server; else all of them.")
    @Nullable
    String name;

    @Mixin
    final FileOption file = new FileOption();

    @Mixin
    final OutputOption output = new OutputOption();

    @Option(
            names = {"-w", "--watch"},
            description = "Show it again with every change, until interrupted.")
    boolean watch;

    StatusCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        List<ServerView> servers;
        try {
            servers = servers(client);
        } catch (DaemonUnreachableException e) {
            return unreachable(e);
        }
        show(servers);
        if (watch) {
            watch(client, servers);
        }
        return worst(servers);
    }

    /** A daemon that never was isn't missed: nothing was ever declared. */
    private ExitCode unreachable(DaemonUnreachableException failure) throws DaemonUnreachableException {
        if (name != null || failure.reason() != DaemonUnreachableException.Reason.NOT_RUNNING || everDeclared()) {
            throw failure;
        }
        context.err()
                .println("connectctl: no daemon runs, and no server was ever declared here"
                        + "\n  declare and start one: connectctl start");
        return ExitCode.UNREACHABLE;
    }

    private List<ServerView> servers(ApiClient client) throws IOException {
        return name != null
                ? List.of(client.active(name))
                : client.activeServers().servers();
    }

    static ExitCode worst(List<ServerView> servers) {
        ExitCode worst = ExitCode.OK;
        for (ServerView server : servers) {
            ExitCode exit = ExitCode.ofPhase(server.phase());
            worst = exit.code() > worst.code() ? exit : worst;
        }
        return worst;
    }

    private void show(List<ServerView> servers) throws IOException {
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), OutputFormat.list(servers));
            case NAME -> {
                for (ServerView server : servers) {
                    out().println(server.name());
                }
            }
            case TABLE -> {
                if (servers.isEmpty()) {
                    context.err()
                            .println("connectctl: no server is declared\n  declare and start one: connectctl start");
                } else if (servers.size() == 1) {
                    for (String line : ServerPage.lines(
                            servers.get(0), style(), context.clock().instant())) {
                        print(line);
                    }
                } else {
                    table(servers);
                }
            }
        }
        out().flush();
    }

    private void table(List<ServerView> servers) {
        List<String> lines = ServerTable.lines(
                servers, context.clock().instant(), context.terminal().outColumns());
        out().println(lines.get(0));
        for (int i = 0; i < servers.size(); i++) {
            String phase = servers.get(i).phase();
            // The phase is the second column: the first such word after the name.
            int at = lines.get(i + 1).indexOf(" " + phase, servers.get(i).name().length());
            String line = lines.get(i + 1);
            out().println(line.substring(0, at + 1)
                    + style().phase(phase, phase)
                    + line.substring(at + 1 + phase.length()));
        }
        for (ServerView server : servers) {
            if (server.cause() != null) {
                tell(
                        context,
                        server.name() + ": " + server.cause().code() + ": "
                                + server.cause().summary());
            }
            if (!server.drift().isEmpty()) {
                tell(context, server.name() + ": " + Changes.drift(server));
            }
            for (String exposure : ServerPage.exposures(server)) {
                tell(context, server.name() + ": EXPOSED: " + exposure);
            }
        }
    }

    private void watch(ApiClient client, List<ServerView> first) throws IOException {
        List<ServerView> shown = first;
        boolean clear = context.terminal().out() && !Style.dumb(context) && output.orTable() == OutputFormat.TABLE;
        try (EventStream events =
                client.events(OptionalLong.empty(), Optional.ofNullable(name), OptionalInt.empty(), true)) {
            while (!events.ended()) {
                boolean news = events.next(REFRESH)
                        .filter(event -> !event.type().equals("progress"))
                        .isPresent();
                List<ServerView> now = servers(client);
                if (clear) {
                    out().print("\u001b[H\u001b[2J");
                    show(now);
                } else if (news && !now.equals(shown)) {
                    out().println();
                    show(now);
                }
                shown = now;
            }
        }
    }
}
