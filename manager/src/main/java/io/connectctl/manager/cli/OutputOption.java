package io.connectctl.manager.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How data is printed. */
final class OutputOption {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "table, json, yaml or name (one bare name a line).")
    @Nullable
    OutputFormat format;

    /** What was asked for, else a table. */
    OutputFormat orTable() {
        return format == null ? OutputFormat.TABLE : format;
    }
}
