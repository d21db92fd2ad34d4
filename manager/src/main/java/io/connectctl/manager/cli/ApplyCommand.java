package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.manager.api.v1.PlanView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl apply}. */
@Command(
        name = "apply",
        description = {
            "Make the servers what the connectctl.yaml declares: starts what is new, restarts what differs, leaves the rest alone.",
            "One server at a time, in the order of the file; stops at the first that doesn't become HEALTHY. A server that was stopped"
                    + " stays so: only its declaration is renewed. While operations run on a server that differs it refuses with exit"
                    + " code 9, unless --drain or --force says what becomes of them."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl plan && echo nothing to do",
            "  connectctl apply",
            "  connectctl apply -f deploy/connectctl.yaml --prune",
            "  connectctl apply sales --drain 5m"
        })
final class ApplyCommand extends DeclaringCommand {
    @Option(
            names = "--prune",
            description = "Stop and remove what the file declared once and no longer does, after naming it.")
    boolean prune;

    @Option(names = "--force", description = "Whatever operations run.")
    boolean force;

    @Mixin
    final PartingOptions parting = new PartingOptions();

    @Mixin
    final WaitOptions waiting = new WaitOptions();

    ApplyCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Duration patience = waiting.patience();
        Optional<Duration> drain = force ? Optional.of(Duration.ZERO) : parting.drain();
        Project project = Project.find(context, file());
        if (project.file().isEmpty()) {
            throw CliFailure.usage(
                    "there is no " + ProjectFile.NAME + " in " + context.workingFolder() + " or above it",
                    "name one: connectctl apply -f FILE");
        }
        if (name != null && !project.names().contains(name)) {
            throw project.noSuchServer(name, List.of(), "start");
        }
        if (name != null && prune) {
            throw CliFailure.usage(
                    "--prune removes what the file doesn't declare, and '" + name + "' names what it does",
                    "leave one of them out");
        }
        warn(project.warnings());
        List<String> servers = name == null ? project.names() : List.of(name);
        // Every mistake of the file is told before the first server is touched.
        List<String> doubtful = new ArrayList<>();
        for (String server : servers) {
            if (check(project, server, declaredIn(project, server).orElseThrow(), Declaration.empty())) {
                doubtful.add(server);
            }
        }
        ApiClient client = connect();
        for (String server : doubtful) {
            Optional<Declaration> declared = declaredIn(project, server);
            worthEnding(plan(client, project, server, declared, Declaration.empty()), declared.orElseThrow());
        }
        settle(client, project);
        for (String server : servers) {
            apply(client, project, server, drain);
        }
        List<String> gone = name == null ? undeclared(client, project) : List.of();
        FirstFailure failures = new FirstFailure(this);
        for (String server : gone) {
            if (prune) {
                failures.goOn(() -> remove(client, project, server, drain, patience));
            } else {
                say(server + ": no longer declared; to remove it: connectctl apply --prune");
            }
        }
        failures.rethrow();
        return ExitCode.OK;
    }

    private void apply(ApiClient client, Project project, String server, Optional<Duration> drain) throws IOException {
        Optional<Declaration> declared = declaredIn(project, server);
        PlanView plan = plan(client, project, server, declared, Declaration.empty());
        Optional<ServerView> before = find(client, server);
        boolean wanted = before.isEmpty()
                || before.get().desired().equals("UP")
                || before.get().incarnation() == 0;
        // One that just begins to start isn't running yet, but by the old declaration.
        boolean launched = plan.running()
                || before.filter(view -> view.phase().equals("STARTING")).isPresent();
        boolean restart = wanted && launched && !plan.changes().isEmpty();
        if (wanted) {
            sameEngine(runtime(declared.orElseGet(Declaration::empty), before), "apply");
        }
        if (restart) {
            Parting.refuse(drain.isPresent() ? before.orElseThrow() : client.active(server));
        }
        // Also where nothing differs: who declared it may.
        declare(client, project, server, declared, Declaration.empty(), wanted);
        if (!wanted) {
            say(server + ": stopped, and stays so" + (plan.changes().isEmpty() ? "" : "; its next start brings:"));
            Changes.lines(plan.changes()).forEach(line -> say("  " + line));
            return;
        }
        if (!restart && before.filter(view -> view.phase().equals("HEALTHY")).isPresent()) {
            say(server + ": no change");
            return;
        }
        say(server + ": " + (!plan.known() ? "new" : restart ? "restarting" : "starting"));
        Changes.lines(plan.changes()).forEach(line -> say("  " + line));
        ReceiptView receipt = restart ? client.restart(server, "current", drain) : client.start(server);
        if (waiting.noWait) {
            say(server + ": " + receipt.message());
            return;
        }
        out().println(follow(client, server, receipt, before, waiting.startPatience())
                .url());
    }

    private void remove(ApiClient client, Project project, String server, Optional<Duration> drain, Duration patience)
            throws IOException {
        say(server + ": " + project.file().map(ProjectFile::path).orElseThrow()
                + " no longer declares it: removing it");
        try {
            if (!removedAsItIs(client, server)) {
                ReceiptView receipt = client.stop(server, false, drain);
                StopCommand.awaitStopped(this, client, server, receipt, patience);
                client.remove(server, false);
            }
        } catch (ApiException e) {
            if (!e.code().equals("WAREHOUSE_NOT_EMPTY")) {
                throw e;
            }
            throw new CliFailure(
                    ExitCode.of(e.code()),
                    server + " is stopped, but not removed: " + e.getMessage(),
                    "or start it again: connectctl start " + server);
        }
        say(server + ": removed");
    }

    /** What was adopted is forgotten and goes on; the daemon refuses that of whatever else runs. */
    private static boolean removedAsItIs(ApiClient client, String server) throws IOException {
        try {
            client.remove(server, false);
            return true;
        } catch (ApiException e) {
            if (e.code().equals("RUNNING")) {
                return false;
            }
            throw e;
        }
    }

    /** What the daemon knows as declared by this file, and the file doesn't declare any more. */
    static List<String> undeclared(ApiClient client, Project project) throws IOException {
        Optional<Path> path = project.file().map(ProjectFile::path);
        if (path.isEmpty()) {
            return List.of();
        }
        List<String> gone = new ArrayList<>();
        for (ServerView server : client.servers().servers()) {
            if (path.get().toString().equals(server.declaredIn())
                    && !project.names().contains(server.name())) {
                gone.add(server.name());
            }
        }
        return gone;
    }
}
