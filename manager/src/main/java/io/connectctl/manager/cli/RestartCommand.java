package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl restart}. */
@Command(
        name = "restart",
        description = {
            "Replace the running instance by one of the current declaration; starts a server that is down, and none that nobody declared.",
            "Sessions, temporary views and cached data of its clients are lost. While operations run it asks first, or refuses with"
                    + " exit code 9 where there is no terminal."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl restart sales",
            "  connectctl restart sales --driver-memory 4g",
            "  connectctl restart sales --drain 5m",
            "  connectctl restart sales --rollback     (the new declaration serves nobody)"
        })
final class RestartCommand extends Launching {
    @Option(
            names = "--same",
            description =
                    "By the declaration of the last run, whatever was declared since; takes no flags of a declaration.")
    boolean same;

    @Option(
            names = "--rollback",
            description = "By the last declaration that ran a query; where none ever did, that got HEALTHY.")
    boolean rollback;

    @Option(names = "--force", description = "Whatever operations run.")
    boolean force;

    @Mixin
    final PartingOptions parting = new PartingOptions();

    /** The server before, with what its clients did; not asked for where that doesn't matter. */
    private Optional<ServerView> active = Optional.empty();

    private boolean agreed;

    RestartCommand(CliContext context) {
        super(context);
    }

    @Override
    String verb() {
        return "restart";
    }

    @Override
    boolean mayBeNew() {
        // Whoever mistypes a name would get another server, and believe that the one meant was restarted.
        return false;
    }

    @Override
    void refuse(Declaration flags) throws CliFailure {
        parting.drain();
        if (same && rollback) {
            throw CliFailure.usage("--same and --rollback contradict each other", "leave one of them out");
        }
        if (!declares() && !flags.isEmpty()) {
            throw CliFailure.usage(
                    (same ? "--same" : "--rollback") + " takes an earlier declaration, so no flag can change it",
                    "leave the flags out, or leave out " + (same ? "--same" : "--rollback"));
        }
    }

    @Override
    void agree(ApiClient client, Optional<ServerView> before) throws IOException {
        Optional<Duration> drain = parting.drain();
        if (before.isPresent() && !force) {
            // Before the declaration is stored: whoever is refused has changed nothing.
            active = Optional.of(client.active(before.get().name()));
            agreed = Parting.agreed(context, active.get(), "restart", drain.isPresent());
            if (!agreed && drain.isEmpty()) {
                Parting.refuse(active.get());
            }
        }
    }

    /**
     * Whoever restarts it from another folder means what its own file says by now, too; but didn't name that file, which may be half
     * written: mistakes in it keep no server from being restarted.
     */
    @Override
    Project source(Project here, Optional<ServerView> before) throws CliFailure {
        Optional<Path> path =
                before.flatMap(view -> Optional.ofNullable(view.declaredIn())).map(Path::of);
        if (path.isEmpty()) {
            return here;
        }
        String server = before.orElseThrow().name();
        Project own = new Project(Optional.of(ProjectFile.load(path.get())));
        Optional<Problem> error = firstError(own, server);
        if (error.isEmpty()) {
            return own;
        }
        warn("server '" + server + "' is restarted by its stored declaration, as " + path.get() + " can't be used: "
                + error.get());
        return here;
    }

    private static Optional<Problem> firstError(Project own, String server) throws CliFailure {
        List<Problem> problems = new ArrayList<>(own.file().orElseThrow().problems());
        Optional<Declaration> declared = declaredIn(own, server);
        if (declared.isPresent()) {
            problems.addAll(SpecReader.read(serverName(server), declared.get()).problems());
        }
        return problems.stream()
                .filter(problem -> problem.severity() == Problem.Severity.ERROR)
                .findFirst();
    }

    @Override
    boolean declares() {
        return !same && !rollback;
    }

    @Override
    boolean endsWhatRuns() {
        return true;
    }

    @Override
    boolean tellsItsReceipt() {
        return true;
    }

    @Override
    ReceiptView command(ApiClient client, String server) throws IOException {
        // A restart by force ends them politely all the same: it only doesn't wait for them.
        Optional<Duration> drain = force || agreed ? Optional.of(Duration.ZERO) : parting.drain();
        return client.restart(server, same ? "same" : rollback ? "rollback" : "current", drain);
    }

    @Override
    void done(Optional<ServerView> before, ServerView proven) {
        active.flatMap(Parting::lostSessions).ifPresent(this::say);
    }
}
