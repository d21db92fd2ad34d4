package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.DaemonSettings;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.compose.spec.lint.Linter;
import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.DeclareResponse;
import io.connectctl.manager.api.v1.ProblemView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.api.v1.SettingsView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** What start and restart share: declare, command, follow to the proof, tell the URL. */
abstract class Launching extends ServerCommand {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Mixin
    final OutputOption output = new OutputOption();

    @Mixin
    final WaitOptions waiting = new WaitOptions();

    Launching(CliContext context) {
        super(context);
    }

    /** Gives the command. */
    abstract ReceiptView command(ApiClient client, String server) throws IOException;

    /** What the user typed to give it. */
    abstract String verb();

    @Override
    final ExitCode execute() throws IOException, InterruptedException {
        Duration patience = waiting.patience();
        if (name != null) {
            serverName(name);
        }
        Declaration flags = declarations.declaration(context);
        Project project = Project.find(context, file());
        warn(project.warnings());
        Optional<String> known = project.nameToldHere(name);
        // What can be checked here is refused before a daemon is even started.
        Optional<Declaration> declared = known.flatMap(server -> declaredIn(project, server));
        if (known.isPresent() && declared.isPresent()) {
            check(project, known.get(), declared.get(), flags);
        }
        ApiClient client = connect();
        String server = known.isPresent() ? known.get() : project.serverName(null, client);
        Optional<ServerView> before = find(client, server);
        if (before.isEmpty()
                && declared.isEmpty()
                && flags.isEmpty()
                && !project.names().isEmpty()) {
            // Where a file says which servers there are, a name alone is a slip and no declaration.
            throw project.noSuchServer(server, names(client), verb());
        }
        sameEngine(runtime(flags.patchedBy(declared.orElseGet(Declaration::empty)), before), verb() + " " + server);
        settle(client, project);
        declare(client, project, server, declared, flags);
        ReceiptView receipt = command(client, server);
        if (waiting.noWait) {
            say(server + ": " + receipt.message());
            printIfAsked(client.server(server));
            return ExitCode.OK;
        }
        return follow(client, server, receipt, before, patience);
    }

    /** Where it is to run, or runs already, and stays; null where that is to be decided. */
    private static @Nullable String runtime(Declaration declaration, Optional<ServerView> before) {
        String asked = declaration.tree().path("runtime").asText("");
        return asked.isEmpty() || asked.equals("auto")
                ? before.map(ServerView::runtime).orElse(null)
                : asked;
    }

    /** A file with a {@code daemon:} part says what the daemon serves; one without leaves it as it is. */
    private static void settle(ApiClient client, Project project) throws IOException {
        Optional<DaemonSettings> wanted = project.file()
                .map(ProjectFile::daemon)
                .filter(settings -> settings.place().isPresent());
        if (wanted.isPresent()) {
            client.settings(new SettingsView(
                    boxed(wanted.get().tcpPort()), boxed(wanted.get().healthPort())));
        }
    }

    private static @Nullable Integer boxed(OptionalInt port) {
        return port.isPresent() ? (Integer) port.getAsInt() : null;
    }

    private static Optional<Declaration> declaredIn(Project project, String server) {
        return project.file().flatMap(file -> file.servers().entrySet().stream()
                .filter(entry -> entry.getKey().value().equals(server))
                .map(Map.Entry::getValue)
                .findFirst());
    }

    /** Every problem at once, with the places that only this side knows. */
    private void check(Project project, String server, Declaration declared, Declaration flags) throws CliFailure {
        SpecReader.Reading reading = Linter.read(serverName(server), flags.patchedBy(declared));
        if (Problems.anyError(reading.problems())) {
            // Errors of other servers keep none from starting, but whoever opens the file now can mend them, too.
            List<Problem> all = new ArrayList<>(reading.problems());
            project.file().map(Linter::lint).orElse(List.of()).stream()
                    .filter(problem -> !(problem.key() + ".").startsWith("servers." + server + "."))
                    .forEach(all::add);
            Problems.refuseErrors(all, "the declaration of '" + server + "' isn't valid");
        }
        warn(reading.problems());
        overruled("", flags.tree(), declared.tree(), flags, declared);
    }

    private static ServerName serverName(String server) throws CliFailure {
        try {
            return new ServerName(server);
        } catch (IllegalArgumentException e) {
            throw new CliFailure(ExitCode.INVALID, String.valueOf(e.getMessage()), "nothing was changed");
        }
    }

    /** The file wins for what it declares; a flag that loses is told, or its user would look for the reason for long. */
    private void overruled(
            String pointer, ObjectNode flags, ObjectNode file, Declaration flagged, Declaration declared) {
        for (Map.Entry<String, JsonNode> entry : flags.properties()) {
            String at = pointer + "/" + entry.getKey().replace("~", "~0").replace("/", "~1");
            JsonNode theirs = file.get(entry.getKey());
            if (theirs instanceof ObjectNode below && entry.getValue() instanceof ObjectNode object) {
                overruled(at, object, below, flagged, declared);
            } else if (theirs != null && !theirs.equals(entry.getValue())) {
                warn(flagged.place(at).map(Location::source).orElse(entry.getKey()) + " is not used: "
                        + declared.place(at).map(Location::toString).orElse(ProjectFile.NAME) + " declares "
                        + entry.getKey() + ", and the file wins; change it there");
            }
        }
    }

    static List<String> names(ApiClient client) throws IOException {
        return client.servers().servers().stream().map(ServerView::name).toList();
    }

    private static Optional<ServerView> find(ApiClient client, String server) throws IOException {
        try {
            return Optional.of(client.server(server));
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_SERVER")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void declare(
            ApiClient client, Project project, String server, Optional<Declaration> declared, Declaration flags)
            throws IOException {
        Declaration declaration = declared.map(flags::patchedBy).orElse(flags);
        Optional<Path> file = project.file().map(ProjectFile::path);
        DeclareResponse response;
        try {
            // Both as they are: what flags say holds after the next start without them, too.
            response = declared.isPresent() && file.isPresent()
                    ? client.declare(server, declared.get().tree(), file.get(), flags.tree())
                    : client.declare(server, flags.tree());
        } catch (ApiException e) {
            ApiProblem problem = e.problem();
            if (!problem.code().equals("INVALID") || problem.problems().isEmpty()) {
                throw e;
            }
            List<String> lines = new ArrayList<>();
            for (ProblemView view : problem.problems()) {
                if (!view.severity().toUpperCase(Locale.ROOT).equals("WARNING")) {
                    lines.add(Problems.line(view, key -> place(declaration, key)));
                }
            }
            throw Problems.invalid("the declaration of '" + server + "' isn't valid", lines);
        }
        if (declared.isEmpty()) {
            response.warnings().forEach(view -> warn(Problems.line(view, key -> place(declaration, key))));
        }
    }

    /** The flag or place that gave a key such as {@code servers.sales.port} or {@code port} its value. */
    private static String place(Declaration declaration, String key) {
        String rest =
                key.startsWith("servers.") && key.indexOf('.', 8) > 0 ? key.substring(key.indexOf('.', 8) + 1) : key;
        for (String pointer : List.of("/" + rest, "/" + rest.replaceFirst("\\.", "/"))) {
            Optional<Location> place = declaration.place(pointer);
            if (place.isPresent()) {
                return place.get().toString();
            }
        }
        return "";
    }

    private ExitCode follow(
            ApiClient client, String server, ReceiptView receipt, Optional<ServerView> before, Duration patience)
            throws IOException {
        int last = before.map(ServerView::incarnation).orElse(0);
        if (!receipt.changed()) {
            say(server + ": " + receipt.message());
        }
        Interrupts.Watch watch = context.interrupts().onSignal(() -> context.err()
                .println("\nconnectctl: interrupted; the start of '" + server
                        + "' goes on in the background: connectctl status " + server
                        + ", or end it: connectctl stop " + server));
        ServerView proven;
        Duration elapsed;
        try (ProgressLine progress = new ProgressLine(context, global.quiet, server)) {
            proven = new StartWatch(client, server, progress, patience)
                    .untilProven(receipt, receipt.changed() ? last + 1 : last);
            elapsed = progress.elapsedTime();
        } finally {
            watch.over();
        }
        tell(proven, receipt.changed() ? Optional.of(elapsed) : Optional.empty());
        return ExitCode.OK;
    }

    private void tell(ServerView server, Optional<Duration> elapsed) throws IOException {
        proven(server, elapsed);
        for (String exposure : server.exposures()) {
            warn("EXPOSED: " + exposure);
        }
        if (!printIfAsked(server)) {
            out().println(server.url());
        }
    }

    private void proven(ServerView server, Optional<Duration> elapsed) {
        List<String> words = new ArrayList<>();
        words.add(server.name());
        words.add(Style.of(context, context.terminal().err(), global.noColor).phase(server.phase(), server.phase()));
        words.add("rung=" + server.rung().toLowerCase(Locale.ROOT));
        words.add("spark=" + server.sparkVersion());
        words.add(server.master());
        if (server.containerId() != null) {
            words.add(server.runtime());
        }
        Optional.ofNullable(server.startSeconds())
                .or(() -> elapsed.map(time -> time.toMillis() / 1000.0))
                .ifPresent(seconds -> words.add(String.format(Locale.ROOT, "%.1f s", seconds)));
        words.add(String.valueOf(server.url()));
        say(String.join("  ", words));
    }

    /** True if a document was asked for instead of the bare URL. */
    private boolean printIfAsked(ServerView server) throws IOException {
        @Nullable OutputFormat format = output.format;
        if (format == null) {
            return false;
        }
        switch (format) {
            case TABLE ->
                ServerTable.lines(
                                List.of(server),
                                context.clock().instant(),
                                context.terminal().columns())
                        .forEach(out()::println);
            case NAME -> out().println(server.name());
            case JSON, YAML -> format.print(out(), OutputFormat.list(List.of(server)));
        }
        return true;
    }
}
