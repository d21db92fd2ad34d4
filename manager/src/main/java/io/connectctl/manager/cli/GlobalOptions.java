package io.connectctl.manager.cli;

import picocli.CommandLine.Option;

/** Options of every command. */
final class GlobalOptions {
    @Option(names = "--verbose", description = "More about errors: stack traces.")
    boolean verbose;

    @Option(names = "--no-color", description = "No colours (as NO_COLOR in the environment).")
    boolean noColor;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress on stderr; warnings and errors stay.")
    boolean quiet;

    @Option(names = "--parse-only", hidden = true, description = "Understand the command line and do nothing.")
    boolean parseOnly;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    boolean help;
}
