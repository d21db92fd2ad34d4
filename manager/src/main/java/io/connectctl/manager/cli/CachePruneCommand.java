package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.CacheView;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl cache prune}. */
@Command(
        name = "prune",
        description = {
            "Remove from the cache what nothing uses.",
            "What a running process has open stays, whoever started it. A later start fetches or trains again what it needs."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl cache prune",
            "  connectctl cache prune --older-than 7d",
            "  connectctl cache prune --all"
        })
final class CachePruneCommand extends CliCommand {
    @Option(
            names = "--older-than",
            paramLabel = "TIME",
            description = "What no server was started with for so long (default: 30d).")
    @Nullable
    String olderThan;

    @Option(names = "--all", description = "Everything that isn't in use.")
    boolean all;

    @Mixin
    final OutputOption output = new OutputOption();

    CachePruneCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        if (all && olderThan != null) {
            throw CliFailure.usage("--all and --older-than contradict each other", "give one of them");
        }
        Duration unused = Durations.parse("--older-than", olderThan == null ? "30d" : olderThan);
        CacheView removed = connect().prune(all || unused.isZero() ? Optional.empty() : Optional.of(unused));
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), removed);
            case NAME -> removed.entries().forEach(entry -> out().println(entry.name()));
            case TABLE -> {
                removed.entries().forEach(entry -> out().println("removed " + entry.kind() + " " + entry.name() + ", "
                        + CacheCommand.size(entry.bytes()) + ": " + entry.about()));
                say("freed "
                        + CacheCommand.size(removed.entries().stream()
                                .mapToLong(CacheView.Entry::bytes)
                                .sum()));
            }
        }
        return ExitCode.OK;
    }
}
