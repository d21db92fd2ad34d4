package io.connectctl.manager.cli;

import io.connectctl.compose.render.Composer;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl render}. */
@Command(
        name = "render",
        description = {
            "Print or write the files a server would be started with.",
            "They come from its connectctl.yaml and flags; without either, from what a running daemon has stored. Needs no daemon, no engine and no Spark.",
            "Secrets are redacted unless --with-secrets is given; files are written for their owner only."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl render",
            "  connectctl render sales --driver-memory 4g",
            "  connectctl render sales --to conf --with-secrets"
        })
final class RenderCommand extends ServerCommand {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Option(
            names = {"-o", "--to"},
            paramLabel = "DIR",
            description = "Write the files into this folder instead of printing them.")
    @Nullable
    Path to;

    @Option(names = "--with-secrets", description = "With the secret values, for files that are to be used.")
    boolean withSecrets;

    RenderCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ServerSpec spec = spec();
        Composer composer = new Composer(Optional.of(context.folders().config().resolve("templates")));
        Rendering rendering;
        try {
            rendering = withSecrets ? composer.render(spec, site(spec)) : composer.preview(spec, site(spec));
        } catch (RenderException e) {
            throw new CliFailure(
                    ExitCode.INVALID, String.valueOf(e.getMessage()), "correct the template, or leave it out");
        }
        if (to == null) {
            print(rendering);
        } else {
            write(rendering, context.workingFolder().resolve(to).normalize());
        }
        return ExitCode.OK;
    }

    private ServerSpec spec() throws IOException {
        Declaration flags = declarations.declaration(context);
        Project project = Project.find(context, file());
        String server = server(project);
        ServerName serverName;
        try {
            serverName = new ServerName(server);
        } catch (IllegalArgumentException e) {
            throw new CliFailure(ExitCode.INVALID, String.valueOf(e.getMessage()), "");
        }
        Optional<Declaration> declared = project.file()
                .flatMap(file -> Optional.ofNullable(file.servers().get(serverName)));
        Optional<Declaration> stored =
                Stored.of(client(), context, server, declared.isEmpty() && name != null && flags.isEmpty());
        if (declared.isEmpty() && stored.isEmpty() && name != null && flags.isEmpty()) {
            throw project.noSuchServer(server, known(), "render");
        }
        Declaration declaration = declared.isPresent()
                ? DeclarationOptions.withCallersHadoop(context, flags.patchedBy(declared.get()))
                : stored.map(known -> known.patchedBy(flags)).orElse(flags);
        SpecReader.Reading reading =
                withSecrets ? SpecReader.read(serverName, declaration) : SpecReader.preview(serverName, declaration);
        Problems.refuseErrors(reading.problems(), "the declaration of '" + server + "' isn't valid");
        warn(reading.problems());
        return placed(
                reading.spec()
                        .orElseThrow(() -> new CliFailure(
                                ExitCode.FAILURE, "'" + server + "' has neither a spec nor a problem", "")),
                stored);
    }

    private String server(Project project) throws IOException {
        Optional<String> told = project.nameToldHere(name);
        if (told.isPresent()) {
            return told.get();
        }
        try {
            return project.serverName(null, looking());
        } catch (DaemonUnreachableException e) {
            return Project.DEFAULT_NAME;
        }
    }

    /** In the runtime where the server lives; before its first start nothing but the engine could tell which. */
    private ServerSpec placed(ServerSpec spec, Optional<Declaration> stored) {
        if (!spec.runtime().equals(ServerSpec.AUTO)) {
            return spec;
        }
        Optional<String> chosen = stored.map(
                        known -> known.tree().path("runtime").asText(ServerSpec.AUTO))
                .filter(runtime -> !runtime.equals(ServerSpec.AUTO));
        if (chosen.isEmpty()) {
            say("connectctl: 'runtime: auto' is decided at the first start; this is how it would be as a process"
                    + " (in a container: --runtime docker)");
        }
        return spec.in(chosen.orElse("process"));
    }

    private List<String> known() throws IOException {
        try {
            return Launching.names(client());
        } catch (DaemonUnreachableException e) {
            return List.of();
        }
    }

    /** Where things will lie: as the runtime itself plans it, which touches nothing. */
    private Site site(ServerSpec spec) {
        return Runtimes.create(spec.runtime(), context.folders(), context.environment())
                .plannedSite(spec);
    }

    private void print(Rendering rendering) {
        for (RenderedFile file : rendering.files()) {
            out().println("# ---- " + file.name());
            out().print(file.text().endsWith("\n") ? file.text() : file.text() + "\n");
        }
    }

    private void write(Rendering rendering, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (RenderedFile file : rendering.files()) {
            Path target = folder.resolve(file.name());
            Path temporary = folder.resolve("." + file.name() + ".new");
            Files.deleteIfExists(temporary);
            Files.createFile(
                    temporary,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString(file.executable() ? "rwx------" : "rw-------")));
            Files.writeString(temporary, file.text());
            Files.move(
                    temporary,
                    target,
                    java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            say(target.toString());
        }
        if (!withSecrets) {
            say("secrets are redacted; with them: --with-secrets");
        }
    }
}
