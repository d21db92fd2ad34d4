package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.DaemonSettings;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.compose.spec.lint.Linter;
import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.ChangeView;
import io.connectctl.manager.api.v1.DeclareResponse;
import io.connectctl.manager.api.v1.PlanView;
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
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the commands share that declare servers, or tell what a declaration would do. */
abstract class DeclaringCommand extends ServerCommand {
    /** What was warned of already. */
    private final Set<String> told = new HashSet<>();

    DeclaringCommand(CliContext context) {
        super(context);
    }

    /** A file with a {@code daemon:} part says what the daemon serves; one without leaves it as it is. */
    static void settle(ApiClient client, Project project) throws IOException {
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

    /** Where it is to run, or runs already, and stays; null where that is to be decided. */
    static @Nullable String runtime(Declaration declaration, Optional<ServerView> before) {
        // One that is taken back is a null, which as text is a word.
        String asked = declaration.tree().path("runtime").isTextual()
                ? declaration.tree().path("runtime").asText()
                : "";
        return asked.isEmpty() || asked.equals("auto")
                ? before.map(ServerView::runtime).orElse(null)
                : asked;
    }

    static Optional<Declaration> declaredIn(Project project, String server) {
        return project.file().flatMap(file -> file.servers().entrySet().stream()
                .filter(entry -> entry.getKey().value().equals(server))
                .map(Map.Entry::getValue)
                .findFirst());
    }

    /**
     * Every problem at once, with the places that only this side knows.
     *
     * @return whether Spark would surely refuse some of it
     */
    boolean check(Project project, String server, Declaration declared, Declaration flags) throws CliFailure {
        SpecReader.Reading reading = Linter.read(
                serverName(server),
                // Nothing is left here of what takes something back.
                Declaration.empty()
                        .patchedBy(DeclarationOptions.withCallersHadoop(context, flags, declared))
                        .patchedBy(declared));
        if (Problems.anyError(reading.problems())) {
            // Errors of other servers keep none from starting, but whoever opens the file now can mend them, too.
            List<Problem> all = new ArrayList<>(reading.problems());
            project
                    .file()
                    .map(file -> Linter.lint(DeclarationOptions.withCallersHadoop(context, file)))
                    .orElse(List.of())
                    .stream()
                    .filter(problem -> !(problem.key() + ".").startsWith("servers." + server + "."))
                    .forEach(all::add);
            Problems.refuseErrors(all, "the declaration of '" + server + "' isn't valid");
        }
        warn(reading.problems());
        reading.problems().forEach(problem -> told.add(problem.key() + ": " + problem.message()));
        overruled("", flags.tree(), declared.tree(), flags, declared);
        return reading.problems().stream().anyMatch(Problem::endsStart);
    }

    static ServerName serverName(String server) throws CliFailure {
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

    static Optional<ServerView> find(ApiClient client, String server) throws IOException {
        try {
            return Optional.of(client.server(server));
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_SERVER")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Stores it.
     *
     * @param launch whether a start or restart follows at once: what would refuse that refuses this
     */
    void declare(
            ApiClient client,
            Project project,
            String server,
            Optional<Declaration> declared,
            Declaration given,
            boolean launch)
            throws IOException {
        Declaration flags = callers(declared, given);
        Declaration declaration = declared.map(flags::patchedBy).orElse(flags);
        Optional<Path> file = project.file().map(ProjectFile::path);
        DeclareResponse response;
        try {
            // Both as they are: what flags say holds after the next start without them, too.
            response = declared.isPresent() && file.isPresent()
                    ? client.declare(server, declared.get().tree(), file, flags.tree(), launch)
                    : client.declare(
                            server,
                            flags.tree(),
                            Optional.empty(),
                            Declaration.empty().tree(),
                            launch);
        } catch (ApiException e) {
            throw explained(e, server, declaration);
        }
        warnOfNew(response.warnings(), declaration);
    }

    /** Of a file most were told before the daemon was asked; some only the daemon knows. */
    void warnOfNew(List<ProblemView> warnings, Declaration declaration) {
        warnings.stream()
                .filter(view -> told.add(view.key() + ": " + view.message()))
                .forEach(view -> warn(Problems.line(view, key -> place(declaration, key))));
    }

    /** The flags as they count for this caller; flags without a file had that when they were read. */
    private Declaration callers(Optional<Declaration> declared, Declaration flags) {
        return declared.map(file -> DeclarationOptions.withCallersHadoop(context, flags, file))
                .orElse(flags);
    }

    /** What the same declaration would change. */
    PlanView plan(ApiClient client, Project project, String server, Optional<Declaration> declared, Declaration given)
            throws IOException {
        Declaration flags = callers(declared, given);
        try {
            return declared.isPresent()
                    ? client.plan(server, declared.get().tree(), project.file().map(ProjectFile::path), flags.tree())
                    : client.plan(
                            server,
                            flags.tree(),
                            Optional.empty(),
                            Declaration.empty().tree());
        } catch (ApiException e) {
            throw explained(e, server, declared.map(flags::patchedBy).orElse(flags));
        }
    }

    /**
     * Refuses to end an instance, where one runs, for a change that Spark would surely refuse at the start after it. Of what it runs with already that can't
     * be said: it started with it.
     */
    static void worthEnding(PlanView plan, Declaration declaration) throws CliFailure {
        List<String> lines = new ArrayList<>();
        for (ProblemView view : plan.running() ? plan.warnings() : List.<ProblemView>of()) {
            if (Boolean.TRUE.equals(view.endsStart())
                    && plan.changes().stream().anyMatch(change -> concerns(view, change))) {
                lines.add(Problems.line(view, key -> place(declaration, key)));
            }
        }
        if (lines.isEmpty()) {
            return;
        }
        String server = plan.server();
        throw new CliFailure(
                ExitCode.INVALID,
                "server '" + server + "' runs, and with this declaration it surely wouldn't start again:\n  "
                        + String.join("\n  ", lines),
                "nothing was changed; if you know better: connectctl stop " + server + ", then connectctl start "
                        + server);
    }

    /** Two keys that contradict each other are told at one of them, and either may be the new one. */
    private static boolean concerns(ProblemView view, ChangeView change) {
        return view.key().endsWith("." + change.key())
                || (Rule.CONFLICTING_KEYS.id().equals(view.rule())
                        && change.key().startsWith("conf."));
    }

    /** A refusal with the places of its problems, which only this side knows. */
    private static IOException explained(ApiException refused, String server, Declaration declaration) {
        ApiProblem problem = refused.problem();
        if (!problem.code().equals("INVALID") || problem.problems().isEmpty()) {
            return refused;
        }
        List<String> lines = new ArrayList<>();
        for (ProblemView view : problem.problems()) {
            if (!view.severity().toUpperCase(Locale.ROOT).equals("WARNING")) {
                lines.add(Problems.line(view, key -> place(declaration, key)));
            }
        }
        return Problems.invalid("the declaration of '" + server + "' isn't valid", lines);
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

    /** Follows a launch to the proof that the server is usable, and tells it. */
    ServerView follow(
            ApiClient client,
            String server,
            ReceiptView receipt,
            Optional<ServerView> before,
            Optional<Duration> patience)
            throws IOException {
        int last = before.map(ServerView::incarnation).orElse(0);
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
        } catch (CliFailure e) {
            throw before.isEmpty() ? e : withWayBack(client, server, e);
        } finally {
            watch.over();
        }
        proven(proven, receipt.changed() ? Optional.of(elapsed) : Optional.empty());
        return proven;
    }

    /** What fails with a new declaration can go back to the one before. */
    private static CliFailure withWayBack(ApiClient client, String server, CliFailure failure) {
        try {
            if (!client.server(server).canRollBack()) {
                return failure;
            }
        } catch (IOException e) {
            // The way back can't be told; what failed is the news.
            failure.addSuppressed(e);
            return failure;
        }
        return new CliFailure(
                failure.exit(),
                failure.getMessage() + "\n  it has a new declaration, which never was HEALTHY",
                failure.remedy().map(remedy -> remedy + "\n  ").orElse("")
                        + "or go back to the last declaration that was HEALTHY: connectctl restart " + server
                        + " --rollback");
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
}
