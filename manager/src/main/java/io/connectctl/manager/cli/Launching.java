package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** What start and restart share: declare, command, follow to the proof, tell the URL. */
abstract class Launching extends DeclaringCommand {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Mixin
    final UnsetOption unset = new UnsetOption();

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
        // Refused before anything is done.
        waiting.patience();
        if (name != null) {
            serverName(name);
        }
        Declaration given = unset.with(declarations.declaration(context));
        // An earlier declaration is taken where the current one is in the way: whatever is wrong with that one.
        Project project = declares() ? Project.find(context, file()) : Project.asItIs(context, file());
        warn(project.warnings());
        Optional<String> known = project.nameToldHere(name);
        // What can be checked here is refused before a daemon is even started.
        Optional<Declaration> declared = known.flatMap(server -> declaredIn(project, server));
        Declaration flags = declared.map(file -> DeclarationOptions.withCallersHadoop(context, given, file))
                .orElse(given);
        if (declares() && known.isPresent() && declared.isPresent()) {
            check(project, known.get(), declared.get(), flags);
        }
        ApiClient client = connect();
        String server = known.isPresent() ? known.get() : project.serverName(null, client);
        Optional<ServerView> before = find(client, server);
        if (before.isEmpty()
                && declared.isEmpty()
                && flags.isEmpty()
                && (!project.names().isEmpty() || (name != null && !mayBeNew()))) {
            // Where a file says which servers there are, a name alone is a slip and no declaration.
            throw project.noSuchServer(server, names(client), verb());
        }
        // Read before somebody is asked: who agreed isn't refused for a mistake after that.
        Project source = declared.isEmpty() && declares() ? source(project, before) : project;
        Optional<Declaration> wanted = declared.isPresent() ? declared : declaredIn(source, server);
        if (declares() && declared.isEmpty() && wanted.isPresent()) {
            check(source, server, wanted.get(), flags);
        }
        sameEngine(runtime(flags.patchedBy(wanted.orElseGet(Declaration::empty)), before), verb() + " " + server);
        refuse(flags);
        if (declares()
                && endsWhatRuns()
                && before.filter(view -> view.desired().equals("UP")).isPresent()) {
            worthEnding(
                    plan(client, source, server, wanted, flags),
                    wanted.map(flags::patchedBy).orElse(flags));
        }
        agree(client, before);
        if (declares()) {
            settle(client, project);
            declare(client, source, server, wanted, flags, true);
        }
        ReceiptView receipt = command(client, server);
        if (waiting.noWait) {
            say(server + ": " + receipt.message());
            printIfAsked(client.server(server));
            return ExitCode.OK;
        }
        if (!receipt.changed() || tellsItsReceipt()) {
            say(server + ": " + receipt.message());
        }
        ServerView proven = follow(client, server, receipt, before, waiting.startPatience());
        for (String exposure : proven.exposures()) {
            warn("EXPOSED: " + exposure);
        }
        if (!printIfAsked(proven)) {
            out().println(proven.url());
        }
        done(before, proven);
        return ExitCode.OK;
    }

    /** Whether a name that nobody ever declared is a new server. */
    boolean mayBeNew() {
        return true;
    }

    /** Refuses options that don't go together, and what nothing has to be asked for. */
    void refuse(Declaration flags) throws CliFailure {}

    /** Asks whoever has to agree, before anything is changed and after everything else that may refuse. */
    void agree(ApiClient client, Optional<ServerView> before) throws IOException {}

    /** The file that is read where the one here doesn't declare the server. */
    Project source(Project here, Optional<ServerView> before) throws CliFailure {
        return here;
    }

    /** Whether what the file and the flags say is stored first. */
    boolean declares() {
        return true;
    }

    /** Whether an instance that runs is replaced. */
    boolean endsWhatRuns() {
        return false;
    }

    /** Whether the answer to the command says something that whoever gave it can't know. */
    boolean tellsItsReceipt() {
        return false;
    }

    /** A last word. */
    void done(Optional<ServerView> before, ServerView proven) {}

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
                                context.terminal().outColumns())
                        .forEach(out()::println);
            case NAME -> out().println(server.name());
            case JSON, YAML -> format.print(out(), OutputFormat.list(List.of(server)));
        }
        return true;
    }
}
