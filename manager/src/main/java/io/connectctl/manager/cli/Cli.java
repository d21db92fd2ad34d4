package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line as a whole: its commands, and how every failure becomes a message and an exit code. */
final class Cli {
    /** What users type. */
    static final String NAME = "connectctl";

    /** Every command, in the order of the help. */
    private static final List<String> SUBCOMMANDS = List.of(
            "start",
            "stop",
            "restart",
            "plan",
            "apply",
            "diff",
            "run",
            "lease",
            "renew",
            "release",
            "leases",
            "pool",
            "gc",
            "doctor",
            "status",
            "top",
            "logs",
            "events",
            "wait",
            "url",
            "env",
            "describe",
            "timeline",
            "bundle",
            "render",
            "validate",
            "remove",
            "cache",
            "adopt",
            "image",
            "export",
            "daemon",
            "version",
            "completion",
            "help",
            TrainCommand.NAME,
            TrainDaemonCommand.NAME);

    /** The commands below {@code daemon}. */
    private static final List<String> BELOW_DAEMON = List.of("run", "start", "stop", "status");

    /** Of help: longer lines are hard to read. */
    private static final int WIDEST = 100;

    /** In fewer columns no room is left beside the names of options. */
    private static final int NARROWEST = 64;

    /** So wide that picocli breaks no line. */
    private static final int UNBROKEN = 2_000;

    /** The commands below {@code cache}. */
    private static final List<String> BELOW_CACHE = List.of("prune", "train");

    /** The commands below {@code pool}. */
    private static final List<String> BELOW_POOL = List.of("create", "list", "delete");

    /** A switch and no map of constructors: each of those would be linked at the start of every command. */
    private static CliCommand command(CliContext context, String name) {
        return switch (name) {
            case "start" -> new StartCommand(context);
            case "stop" -> new StopCommand(context);
            case "restart" -> new RestartCommand(context);
            case "plan" -> new PlanCommand(context);
            case "apply" -> new ApplyCommand(context);
            case "diff" -> new DiffCommand(context);
            case "run" -> new RunCommand(context);
            case "lease" -> new LeaseCommand(context);
            case "renew" -> new RenewCommand(context);
            case "release" -> new ReleaseCommand(context);
            case "leases" -> new LeasesCommand(context);
            case "pool" -> new PoolCommand(context);
            case "gc" -> new GcCommand(context);
            case "doctor" -> new DoctorCommand(context);
            case "status" -> new StatusCommand(context);
            case "top" -> new TopCommand(context);
            case "logs" -> new LogsCommand(context);
            case "events" -> new EventsCommand(context);
            case "wait" -> new WaitCommand(context);
            case "url" -> new UrlCommand(context);
            case "env" -> new EnvCommand(context);
            case "describe" -> new DescribeCommand(context);
            case "timeline" -> new TimelineCommand(context);
            case "bundle" -> new BundleCommand(context);
            case "render" -> new RenderCommand(context);
            case "validate" -> new ValidateCommand(context);
            case "remove" -> new RemoveCommand(context);
            case "cache" -> new CacheCommand(context);
            case "adopt" -> new AdoptCommand(context);
            case "image" -> new ImageCommand(context);
            case "export" -> new ExportCommand(context);
            case "daemon" -> new DaemonCommand(context);
            case "version" -> new VersionCommand(context);
            case "completion" -> new CompletionCommand(context);
            case "help" -> new HelpCommand(context);
            case TrainCommand.NAME -> new TrainCommand(context);
            case TrainDaemonCommand.NAME -> new TrainDaemonCommand(context);
            default -> throw new IllegalArgumentException("there is no command '" + name + "'");
        };
    }

    private static CliCommand commandBelowDaemon(CliContext context, String name) {
        return switch (name) {
            case "run" -> new DaemonRunCommand(context);
            case "start" -> new DaemonStartCommand(context);
            case "stop" -> new DaemonStopCommand(context);
            case "status" -> new DaemonStatusCommand(context);
            default -> throw new IllegalArgumentException("there is no command 'daemon " + name + "'");
        };
    }

    private static CliCommand commandBelowCache(CliContext context, String name) {
        return switch (name) {
            case "prune" -> new CachePruneCommand(context);
            case "train" -> new CacheTrainCommand(context);
            default -> throw new IllegalArgumentException("there is no command 'cache " + name + "'");
        };
    }

    private static CliCommand commandBelowPool(CliContext context, String name) {
        return switch (name) {
            case "create" -> new PoolCreateCommand(context);
            case "list" -> new PoolListCommand(context);
            case "delete" -> new PoolDeleteCommand(context);
            default -> throw new IllegalArgumentException("there is no command 'pool " + name + "'");
        };
    }

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
        String[] ordered = Arguments.commandFirst(arguments, SUBCOMMANDS);
        Optional<CliCommand> plain = plain(context, ordered);
        if (plain.isPresent()) {
            try {
                return plain.get().call();
            } catch (IOException | InterruptedException | RuntimeException e) {
                return failed(context, e, NAME + " " + ordered[0], false);
            }
        }
        if (ordered.length > 0 && ordered[0].equals("run")) {
            return runCommand(context, ordered);
        }
        return commandLine(context, wanted(ordered)).execute(ordered);
    }

    /** What follows {@code --} is somebody else's command line: nothing in it is looked at. */
    private static int runCommand(CliContext context, String[] arguments) {
        List<String> all = List.of(arguments);
        int end = all.indexOf("--");
        List<String> own = end < 0 ? all : all.subList(0, end);
        CommandLine line = commandLine(context, List.of("run"));
        RunCommand run = Objects.requireNonNull(line.getSubcommands().get("run"), "it was just added")
                .getCommand();
        run.command = end < 0 ? List.of() : all.subList(end + 1, all.size());
        return run.exit(line.execute(own.toArray(String[]::new)));
    }

    /**
     * The commands that prompts and scripts run all day, called with nothing but a name, and claims of a pool: there is little to
     * parse, and to load picocli for it takes longer than to ask the daemon.
     */
    private static Optional<CliCommand> plain(CliContext context, String[] arguments) {
        if (arguments.length > 2 && arguments[0].equals("lease")) {
            return LeaseCommand.claim(context, arguments);
        }
        if (arguments.length == 0
                || arguments.length > 2
                || (arguments.length == 2 && (arguments[1].isEmpty() || "-@".indexOf(arguments[1].charAt(0)) >= 0))) {
            return Optional.empty();
        }
        @Nullable String name = arguments.length == 2 ? arguments[1] : null;
        switch (arguments[0]) {
            case "status" -> {
                StatusCommand status = new StatusCommand(context);
                status.name = name;
                return Optional.of(status);
            }
            case "stop" -> {
                StopCommand stop = new StopCommand(context);
                stop.name = name;
                return Optional.of(stop);
            }
            case "url" -> {
                UrlCommand url = new UrlCommand(context);
                url.name = name;
                return Optional.of(url);
            }
            default -> {
                return Optional.empty();
            }
        }
    }

    private static List<String> wanted(String[] arguments) {
        // Reading the annotations of all commands takes longer than asking the daemon: only the one that is meant is
        // built.
        return arguments.length > 0 && SUBCOMMANDS.contains(arguments[0]) ? List.of(arguments[0]) : SUBCOMMANDS;
    }

    /** With every command. */
    static CommandLine commandLine(CliContext context) {
        return commandLine(context, SUBCOMMANDS);
    }

    private static CommandLine commandLine(CliContext context, List<String> names) {
        CommandLine root = new CommandLine(new Root(context));
        for (String name : names) {
            CommandLine command = new CommandLine(command(context, name));
            switch (name) {
                case "daemon" ->
                    BELOW_DAEMON.forEach(
                            below -> command.addSubcommand(new CommandLine(commandBelowDaemon(context, below))));
                case "cache" ->
                    BELOW_CACHE.forEach(
                            below -> command.addSubcommand(new CommandLine(commandBelowCache(context, below))));
                case "pool" ->
                    BELOW_POOL.forEach(
                            below -> command.addSubcommand(new CommandLine(commandBelowPool(context, below))));
                case "image" -> command.addSubcommand(new CommandLine(new ImageBuildCommand(context)));
                case "export" -> command.addSubcommand(new CommandLine(new ExportComposeCommand(context)));
                default -> {}
            }
            root.addSubcommand(name, command);
        }
        prepare(root.getCommandSpec());
        CommandLine run = root.getSubcommands().get("run");
        if (run != null) {
            run.getCommandSpec().usageMessage().exitCodeList(RunCommand.exits());
        }
        CommandLine doctor = root.getSubcommands().get("doctor");
        if (doctor != null) {
            doctor.getCommandSpec().usageMessage().exitCodeList(DoctorCommand.exits());
        }
        root.setCaseInsensitiveEnumValuesAllowed(true);
        root.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        // Asked for help only: to ask a terminal for its size takes a process.
        root.setHelpFactory((spec, colors) -> {
            int columns = context.terminal().columns();
            spec.usageMessage().width(columns < NARROWEST ? UNBROKEN : Math.min(columns, WIDEST));
            if (columns < NARROWEST) {
                Map<String, IHelpSectionRenderer> sections =
                        new HashMap<>(spec.usageMessage().sectionMap());
                sections.replaceAll((name, section) -> help -> Prose.stacked(section.render(help), columns));
                spec.usageMessage().sectionMap(sections);
            }
            return new CommandLine.Help(spec, colors);
        });
        root.setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8));
        root.setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8));
        root.setParameterExceptionHandler((failure, rest) -> misused(context, failure));
        root.setExecutionExceptionHandler((failure, line, parsed) -> failed(
                context,
                failure,
                line.getCommandSpec().qualifiedName(),
                line.getCommand() instanceof CliCommand command && command.global.verbose));
        return root;
    }

    private static void prepare(CommandSpec spec) {
        spec.usageMessage()
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(ExitCode.help())
                .abbreviateSynopsis(true)
                .sortOptions(false)
                .width(WIDEST);
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
                        .filter(name -> !name.equals(TrainCommand.NAME) && !name.equals(TrainDaemonCommand.NAME))
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

    private static int failed(CliContext context, Exception failure, String command, boolean verbose) {
        context.out().flush();
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
                    command + " failed: " + message,
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
        CliCommand.tell(context, NAME + ": " + printable(message));
        // As it is: it holds commands to be copied.
        remedy.ifPresent(text -> context.err().println("  " + printable(text)));
    }

    /** Without what would steer a terminal: a message quotes what somebody typed, or what a log held. */
    static String printable(String message) {
        for (int i = 0; i < message.length(); i++) {
            if (steers(message.charAt(i))) {
                StringBuilder text = new StringBuilder(message.substring(0, i));
                message.substring(i).chars().forEach(each -> {
                    if (steers((char) each)) {
                        text.append(String.format(Locale.ROOT, "\\u%04x", each));
                    } else {
                        text.append((char) each);
                    }
                });
                return text.toString();
            }
        }
        return message;
    }

    private static boolean steers(char character) {
        return Character.isISOControl(character) && character != '\n' && character != '\t';
    }
}
