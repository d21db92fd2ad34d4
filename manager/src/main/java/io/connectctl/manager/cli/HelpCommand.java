package io.connectctl.manager.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code connectctl help}. */
@Command(name = "help", description = "Show help, also of one command: connectctl help start.")
final class HelpCommand extends CliCommand {
    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, such as start or daemon run.")
    List<String> path = new ArrayList<>();

    HelpCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        CommandLine line = Cli.commandLine(context);
        for (String word : path) {
            CommandLine below = line.getSubcommands().get(word);
            if (below == null) {
                throw CliFailure.usage(
                        "there is no command '" + word + "'",
                        "there are: "
                                + line.getSubcommands().entrySet().stream()
                                        .filter(each -> !each.getValue()
                                                .getCommandSpec()
                                                .usageMessage()
                                                .hidden())
                                        .map(Map.Entry::getKey)
                                        .collect(Collectors.joining(", ")));
            }
            line = below;
        }
        line.usage(out());
        return ExitCode.OK;
    }
}
