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
            case BASH, ZSH -> out().print(AutoComplete.bash(Cli.NAME, all) + names(all));
            case FISH -> out().print(fish(all));
        }
        return ExitCode.OK;
    }

    /** Picocli can complete what it knows; which servers there are only the daemon does. */
    private static String names(CommandLine all) {
        StringBuilder commands = new StringBuilder();
        all.getSubcommands().forEach((name, command) -> {
            if (takesName(command.getCommandSpec())) {
                commands.append(commands.isEmpty() ? "" : "|").append(name);
            }
        });
        return """

                # The names of servers, which only the daemon knows.
                _connectctl_with_names() {
                  _complete_connectctl "$@"
                  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
                  if [ "$COMP_CWORD" -ge 2 ] && [ "${word#-}" = "$word" ] && [ "${before#-}" = "$before" ]; then
                    case ${COMP_WORDS[1]} in
                      COMMANDS) COMPREPLY+=($(compgen -W "$(connectctl status -o name 2>/dev/null)" -- "$word")) ;;
                    esac
                  fi
                }
                complete -F _connectctl_with_names -o default connectctl
                """
                .replace("COMMANDS", commands);
    }

    private static boolean takesName(CommandSpec spec) {
        return !spec.usageMessage().hidden()
                && spec.args().stream()
                        .anyMatch(argument ->
                                argument.isPositional() && argument.paramLabel().equals("NAME"));
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
                    boolean path = option.paramLabel().equals("DIR")
                            || option.paramLabel().equals("FILE");
                    // -x: a value, and no file's name.
                    script.append(path ? " -r -F" : " -x");
                    if (option.type().isEnum()) {
                        script.append(" -a ").append(quoted(values(option.type())));
                    }
                }
                script.append(" -d ")
                        .append(quoted(first(option.description())))
                        .append('\n');
            }
            if (takesName(spec)) {
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
