package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.api.v1.UsageView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl top}. */
@Command(
        name = "top",
        description = {
            "Show what running servers use: resident memory, CPU, threads, open files.",
            "On a terminal it goes on until interrupted; elsewhere it prints two samples' difference once."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl top", "  connectctl top sales -n 1 -o json"})
final class TopCommand extends CliCommand {
    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only this server; else all of them.")
    @Nullable
    String name;

    @Mixin
    final OutputOption output = new OutputOption();

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            description = "How often; else for ever on a terminal and once elsewhere.")
    @Nullable
    Integer count;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "2s",
            description = "Between samples (default: 2s).")
    String interval = "2s";

    private final Map<String, UsageView> before = new HashMap<>();
    private long beforeAt;

    TopCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Duration pause = Durations.parse("--interval", interval);
        ApiClient client = looking();
        if (output.orTable() != OutputFormat.TABLE) {
            print(usages(client));
            return ExitCode.OK;
        }
        // CPU in percent is a difference: without a first sample there is none.
        remember(usages(client));
        int rounds = count != null ? count : context.terminal().out() ? Integer.MAX_VALUE : 1;
        for (int i = 0; i < rounds; i++) {
            Thread.sleep(pause.toMillis());
            List<UsageView> now = usages(client);
            if (context.terminal().out() && !Style.dumb(context) && rounds > 1) {
                out().print("\u001b[H\u001b[2J");
            }
            table(client, now).forEach(out()::println);
            out().flush();
            remember(now);
        }
        return ExitCode.OK;
    }

    private List<UsageView> usages(ApiClient client) throws IOException {
        return name != null ? List.of(client.usage(name)) : client.usage();
    }

    private void print(List<UsageView> usages) throws IOException {
        if (output.orTable() == OutputFormat.NAME) {
            usages.forEach(usage -> out().println(usage.server()));
        } else {
            output.orTable().print(out(), Map.of("apiVersion", "connectctl/v1", "kind", "UsageList", "usages", usages));
        }
    }

    private void remember(List<UsageView> usages) {
        before.clear();
        usages.forEach(usage -> before.put(usage.server(), usage));
        beforeAt = System.nanoTime();
    }

    private List<String> table(ApiClient client, List<UsageView> usages) throws IOException {
        double seconds = Math.max(0.001, (System.nanoTime() - beforeAt) / 1e9);
        Map<String, String> phases = new HashMap<>();
        for (ServerView server : client.servers().servers()) {
            phases.put(server.name(), server.phase());
        }
        TextTable table = new TextTable(
                new TextTable.Column("NAME", 0),
                new TextTable.Column("PHASE", 4),
                new TextTable.Column("CPU", 0),
                new TextTable.Column("RESIDENT", 0),
                new TextTable.Column("THREADS", 2),
                new TextTable.Column("FILES", 1),
                new TextTable.Column("PID", 3));
        for (UsageView usage : new ArrayList<>(usages)) {
            UsageView last = before.get(usage.server());
            table.row(
                    usage.server(),
                    phases.getOrDefault(usage.server(), "-"),
                    last == null
                            ? "-"
                            : String.format(
                                    Locale.ROOT,
                                    "%.1f %%",
                                    Math.max(0, 100 * (usage.cpuSeconds() - last.cpuSeconds()) / seconds)),
                    usage.residentBytes() / (1L << 20) + " MiB",
                    Integer.toString(usage.threads()),
                    usage.openFiles() == 0 ? "-" : Integer.toString(usage.openFiles()),
                    usage.pid() == null ? "-" : usage.pid().toString());
        }
        return table.lines(context.terminal().outColumns());
    }
}
