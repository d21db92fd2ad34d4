package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line as a whole: its commands, and how every failure becomes a message and an exit code. */
final class Cli {
    /** What users type. */
    static final String NAME = "connectctl";

    /** Every command, in the order of the help. */
    private static final Map<String, Function<CliContext, CliCommand>> SUBCOMMANDS = subcommands();

    private static Map<String, Function<CliContext, CliCommand>> subcommands() {
        Map<String, Function<CliContext, CliCommand>> all = new LinkedHashMap<>();
        all.put("start", StartCommand::new);
        all.put("stop", StopCommand::new);
        all.put("restart", RestartCommand::new);
        all.put("status", StatusCommand::new);
        all.put("top", TopCommand::new);
        all.put("logs", LogsCommand::new);
        all.put("events", EventsCommand::new);
        all.put("wait", WaitCommand::new);
        all.put("url", UrlCommand::new);
        all.put("env", EnvCommand::new);
        all.put("describe", DescribeCommand::new);
        all.put("render", RenderCommand::new);
        all.put("validate", ValidateCommand::new);
        all.put("remove", RemoveCommand::new);
        all.put("daemon", DaemonCommand::new);
        all.put("version", VersionCommand::new);
        all.put("completion", CompletionCommand::new);
        all.put("help", HelpCommand::new);
        all.put(TrainCommand.NAME, TrainCommand::new);
        return all;
    }

    /** The commands below {@code daemon}. */
    private static final List<Function<CliContext, CliCommand>> DAEMON =
            List.of(DaemonRunCommand::new, DaemonStartCommand::new, DaemonStopCommand::new, DaemonStatusCommand::new);

    private Cli() {}

    /** What stands before any command. */
    @Command(
            name = NAME,
            description = "systemctl for Apache Spark Connect servers: one command gives one that is proven usable.",
            synopsisSubcommandLabel = "COMMAND",
            footerHeading = "%nExamples:%n",
            footer = {
                "  connectctl start                    start a server, print its URL",
                "  connectctl status                   how are they?",
                "  connectctl help start               help of one command"
            })
    private static final class Root extends CliCommand {
        @CommandLine.Option(names = "--version", description = "Print the version.")
        boolean version;

        Root(CliContext context) {
            super(context);
        }

        @Override
        ExitCode execute() throws CliFailure {
            if (version) {
                out().println(NAME + " " + context.version().text());
                return ExitCode.OK;
            }
            commandLine(context).usage(context.err());
            return ExitCode.USAGE;
        }
    }

    /** Runs one command and returns the exit code. */
    static int run(CliContext context, String... arguments) {
        String[] ordered = Arguments.commandFirst(arguments, SUBCOMMANDS.keySet());
        return commandLine(context, wanted(ordered)).execute(ordered);
    }

    private static Iterable<String> wanted(String[] arguments) {
        // Reading the annotations of all commands takes longer than asking the daemon: only the one that is meant is
        // built.
        return arguments.length > 0 && SUBCOMMANDS.containsKey(arguments[0])
                ? List.of(arguments[0])
                : SUBCOMMANDS.keySet();
    }

    /** With every command. */
    static CommandLine commandLine(CliContext context) {
        return commandLine(context, SUBCOMMANDS.keySet());
    }

    private static CommandLine commandLine(CliContext context, Iterable<String> names) {
        CommandLine root = new CommandLine(new Root(context));
        for (String name : names) {
            CommandLine command = new CommandLine(
                    SUBCOMMANDS.getOrDefault(name, HelpCommand::new).apply(context));
            if (name.equals("daemon")) {
                DAEMON.forEach(below -> command.addSubcommand(new CommandLine(below.apply(context))));
            }
            root.addSubcommand(name, command);
        }
        prepare(root.getCommandSpec());
        root.setCaseInsensitiveEnumValuesAllowed(true);
        root.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        root.setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8));
        root.setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8));
        root.setParameterExceptionHandler((failure, rest) -> misused(context, failure));
        root.setExecutionExceptionHandler((failure, line, parsed) -> failed(context, failure, line));
        return root;
    }

    private static void prepare(CommandSpec spec) {
        spec.usageMessage()
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(ExitCode.help())
                .abbreviateSynopsis(true)
                .sortOptions(false)
                .width(100);
        spec.subcommands().values().forEach(below -> prepare(below.getCommandSpec()));
    }

    private static int misused(CliContext context, ParameterException failure) {
        String message = String.valueOf(failure.getMessage());
        String help = "see: " + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help";
        if (failure instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().get(0);
            CommandLine line = failure.getCommandLine();
            List<String> known = new ArrayList<>();
            boolean option = word.startsWith("-");
            if (option) {
                line.getCommandSpec().options().forEach(spec -> known.addAll(List.of(spec.names())));
            } else {
                line.getSubcommands().keySet().stream()
                        .filter(name -> !name.equals(TrainCommand.NAME))
                        .forEach(known::add);
            }
            message = (option ? "unknown option '" : known.isEmpty() ? "unexpected argument '" : "unknown command '")
                    + word + "'" + (line.getParent() == null ? "" : " of " + line.getCommandName());
            Optional<String> near = Suggestion.of(word.split("=", 2)[0], known);
            if (near.isPresent()) {
                help = "did you mean '" + near.get() + "'? " + help;
            }
        }
        report(context, message, Optional.of(help));
        return ExitCode.USAGE.code();
    }

    private static int failed(CliContext context, Exception failure, CommandLine line) {
        context.out().flush();
        boolean verbose = line.getCommand() instanceof CliCommand command && command.global.verbose;
        ExitCode exit;
        if (failure instanceof CliFailure own) {
            exit = own.exit();
            report(context, String.valueOf(own.getMessage()), own.remedy());
        } else if (failure instanceof ApiException refused) {
            exit = refused(context, refused.problem());
        } else if (failure instanceof DaemonUnreachableException unreachable) {
            exit = ExitCode.UNREACHABLE;
            report(context, String.valueOf(unreachable.getMessage()), Optional.of(unreachable.remedy()));
        } else if (failure instanceof InterruptedException) {
            exit = ExitCode.INTERRUPTED;
            report(context, "interrupted", Optional.empty());
        } else {
            exit = ExitCode.FAILURE;
            String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
            report(
                    context,
                    line.getCommandSpec().qualifiedName() + " failed: " + message,
                    verbose ? Optional.empty() : Optional.of("more with --verbose"));
        }
        if (verbose) {
            failure.printStackTrace(context.err());
        }
        return exit.code();
    }

    private static ExitCode refused(CliContext context, ApiProblem problem) {
        StringBuilder message = new StringBuilder(problem.detail().isEmpty() ? problem.title() : problem.detail());
        if (problem.problems() != null) {
            problem.problems().forEach(view -> message.append("\n  ").append(Problems.line(view, key -> "")));
        }
        Optional<String> remedy = Optional.ofNullable(problem.remedy()).filter(text -> !text.isBlank());
        if (problem.code().equals("NO_SUCH_SERVER") && remedy.isEmpty()) {
            remedy = Optional.of("see what is declared: connectctl status; declare it: connectctl start NAME");
        }
        report(context, message.toString(), remedy);
        return ExitCode.of(problem.code());
    }

    private static void report(CliContext context, String message, Optional<String> remedy) {
        context.err().println(NAME + ": " + message);
        remedy.ifPresent(text -> context.err().println("  " + text));
    }
}
