package io.connectctl.manager.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;

/** {@code connectctl completion}. */
@Command(
        name = "completion",
        description = "Print a completion script for bash, zsh or fish.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  source <(connectctl completion bash)",
            "  source <(connectctl completion zsh)",
            "  connectctl completion fish > ~/.config/fish/completions/connectctl.fish"
        })
final class CompletionCommand extends CliCommand {
    /** Whose completion. */
    enum Shell {
        BASH,
        ZSH,
        FISH
    }

    @Parameters(arity = "0..1", paramLabel = "SHELL", description = "bash, zsh or fish.")
    @Nullable
    Shell shell;

    CompletionCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws CliFailure {
        if (shell == null) {
            throw CliFailure.usage("completion: say for which shell", "bash, zsh or fish");
        }
        CommandLine all = Cli.commandLine(context);
        switch (shell) {
            // Picocli's script turns on bashcompinit by itself where it finds a zsh.
            case BASH, ZSH -> out().print(AutoComplete.bash(Cli.NAME, all));
            case FISH -> out().print(fish(all));
        }
        return ExitCode.OK;
    }

    private static String fish(CommandLine all) {
        StringBuilder script = new StringBuilder("# fish completion for connectctl\ncomplete -c connectctl -f\n");
        all.getSubcommands().forEach((name, command) -> {
            CommandSpec spec = command.getCommandSpec();
            if (spec.usageMessage().hidden()) {
                return;
            }
            script.append("complete -c connectctl -n __fish_use_subcommand -a ")
                    .append(name)
                    .append(" -d ")
                    .append(quoted(first(spec.usageMessage().description())))
                    .append('\n');
            String under = "'__fish_seen_subcommand_from " + name + "'";
            spec.subcommands().forEach((below, line) -> script.append("complete -c connectctl -n ")
                    .append(under)
                    .append(" -a ")
                    .append(below)
                    .append('\n'));
            for (OptionSpec option : spec.options()) {
                script.append("complete -c connectctl -n ").append(under);
                for (String flag : option.names()) {
                    script.append(flag.startsWith("--") ? " -l " + flag.substring(2) : " -s " + flag.substring(1));
                }
                if (option.arity().max() > 0) {
                    script.append(" -r");
                    if (option.type().isEnum()) {
                        script.append(" -a ").append(quoted(values(option.type())));
                    } else if (option.paramLabel().equals("DIR")
                            || option.paramLabel().equals("FILE")) {
                        script.append(" -F");
                    }
                }
                script.append(" -d ")
                        .append(quoted(first(option.description())))
                        .append('\n');
            }
            if (spec.args().stream().anyMatch(argument -> argument.paramLabel().equals("NAME"))) {
                script.append("complete -c connectctl -n ")
                        .append(under)
                        .append(" -a '(connectctl status -o name 2>/dev/null)'\n");
            }
        });
        return script.toString();
    }

    private static String values(Class<?> type) {
        StringBuilder values = new StringBuilder();
        for (Object constant : type.getEnumConstants()) {
            values.append(values.isEmpty() ? "" : " ")
                    .append(constant.toString().toLowerCase(Locale.ROOT));
        }
        return values.toString();
    }

    private static String first(String[] lines) {
        return lines.length == 0 ? "" : lines[0];
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
