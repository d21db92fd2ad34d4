package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.CacheView;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl cache}. */
@Command(
        name = "cache",
        description = {
            "Show what lies in the cache: Spark runtimes and class data archives, their sizes and last use.",
            "A class data archive makes the start of a server take about half the time. It is trained in the background after a first start,"
                    + " by a server of its own; of archives at most 1 GiB are kept, the least recently used ones go first.",
            "Nothing in it is needed to keep: what is missing is fetched or trained again."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl cache",
            "  connectctl cache train sales           (now, and wait for it)",
            "  connectctl cache prune --older-than 7d",
            "  connectctl cache prune --all"
        })
final class CacheCommand extends CliCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    CacheCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        CacheView cache = connect().cache();
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), cache);
            case NAME -> cache.entries().forEach(entry -> out().println(entry.name()));
            case TABLE -> table(cache);
        }
        return ExitCode.OK;
    }

    private void table(CacheView cache) {
        TextTable table = new TextTable(
                new TextTable.Column("KIND", 0),
                new TextTable.Column("SIZE", 0),
                new TextTable.Column("USED", 3),
                new TextTable.Column("STATE", 2),
                new TextTable.Column("ABOUT", 0),
                new TextTable.Column("NAME", 1));
        Instant now = context.clock().instant();
        long archives = 0;
        for (CacheView.Entry entry : cache.entries()) {
            Optional<Instant> used = Durations.instant(entry.lastUsed());
            table.row(
                    entry.kind(),
                    size(entry.bytes()),
                    used.map(at -> Durations.age(Duration.between(at, now)) + " ago")
                            .orElse("-"),
                    entry.inUse() ? "in use" : "-",
                    entry.about(),
                    entry.name());
            archives += entry.kind().equals("archive") ? entry.bytes() : 0;
        }
        table.lines(context.terminal().outColumns()).forEach(out()::println);
        Long limit = cache.archiveLimitBytes();
        if (limit != null) {
            say("archives take " + size(archives) + " of at most " + size(limit));
        }
    }

    /** A size as people read it: {@code 88.2 MiB}. */
    static String size(long bytes) {
        if (bytes < 1 << 20) {
            return Durations.tenths(bytes / 1024.0) + " KiB";
        }
        return bytes < 1 << 30
                ? Durations.tenths(bytes / 1048576.0) + " MiB"
                : Durations.tenths(bytes / 1073741824.0) + " GiB";
    }
}
