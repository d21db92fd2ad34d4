package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.lint.Linter;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The connectctl.yaml that a command goes by, if there is one.
 *
 * @param file what it declares, free of errors unless it was taken {@link #asItIs}
 */
record Project(Optional<ProjectFile> file) {
    /** The server's name where neither the command line nor a declaration tells one. */
    static final String DEFAULT_NAME = "connect";

    /**
     * Finds and reads it.
     *
     * @param given as named on the command line; absent for the nearest one
     * @throws CliFailure INVALID with every problem of the file as a whole
     */
    static Project find(CliContext context, @Nullable Path given) throws CliFailure {
        Project project = asItIs(context, given);
        if (project.file().isPresent()) {
            ProjectFile file = project.file().get();
            if (Problems.anyError(file.problems())) {
                // Those of its servers, too: whoever mends the file mends it once.
                Problems.refuseErrors(
                        Linter.lint(DeclarationOptions.withCallersHadoop(context, file)), file.path() + " isn't valid");
            }
        }
        return project;
    }

    /** The same with all its errors, for its names alone: nothing that it declares may be taken from it. */
    static Project asItIs(CliContext context, @Nullable Path given) {
        Optional<Path> path = given == null
                ? ProjectFile.search(context.workingFolder())
                : Optional.of(context.workingFolder().resolve(given).normalize());
        return new Project(path.map(ProjectFile::load));
    }

    /** Warnings of the file as a whole. */
    List<Problem> warnings() {
        return file.map(ProjectFile::problems).orElse(List.of());
    }

    /**
     * The server that is meant: the one named, else the only one that the file declares, else the only one that the daemon
     * knows, else {@code connect}.
     *
     * @throws CliFailure USAGE if the file declares several and none is called connect
     */
    String serverName(@Nullable String given, ApiClient client) throws IOException {
        Optional<String> told = nameToldHere(given);
        if (told.isPresent()) {
            return told.get();
        }
        List<ServerView> known = client.servers().servers();
        return known.size() == 1 ? known.get(0).name() : DEFAULT_NAME;
    }

    /** The names that the file declares, in its order; none without a file. */
    List<String> names() {
        return file.map(read ->
                        read.servers().keySet().stream().map(ServerName::value).toList())
                .orElse(List.of());
    }

    /**
     * A name that neither the file nor the daemon knows.
     *
     * @param stored every name that the daemon knows
     * @param command what was to be done, for the way to declare it nevertheless
     */
    CliFailure noSuchServer(String given, List<String> stored, String command) {
        List<String> known = new ArrayList<>(names());
        List<String> besides =
                stored.stream().filter(each -> !known.contains(each)).toList();
        List<String> told = new ArrayList<>();
        if (!known.isEmpty()) {
            told.add(file.map(ProjectFile::path).map(Path::toString).orElse(ProjectFile.NAME) + " declares "
                    + String.join(", ", known));
        }
        if (!besides.isEmpty()) {
            told.add((known.isEmpty() ? "" : "besides, ") + "the daemon knows " + String.join(", ", besides));
        }
        known.addAll(besides);
        return new CliFailure(
                ExitCode.NO_SUCH_SERVER,
                "no such server: '" + given + "'"
                        + Suggestion.of(given, known)
                                .map(near -> "; did you mean '" + near + "'?")
                                .orElse("")
                        + (told.isEmpty() ? "" : "\n  " + String.join("; ", told)),
                "a new one is declared in " + ProjectFile.NAME + ", or by at least one flag: connectctl " + command
                        + " " + given + " --spark " + Defaults.SPARK);
    }

    /** The same without asking a daemon; empty where only a daemon can tell. */
    Optional<String> nameToldHere(@Nullable String given) throws CliFailure {
        if (given != null) {
            return Optional.of(given);
        }
        List<String> declared = names();
        if (declared.isEmpty()) {
            return Optional.empty();
        }
        if (declared.size() == 1) {
            return Optional.of(declared.get(0));
        }
        if (declared.contains(DEFAULT_NAME)) {
            return Optional.of(DEFAULT_NAME);
        }
        throw CliFailure.usage(
                file.map(ProjectFile::path).map(Path::toString).orElse(ProjectFile.NAME) + " declares "
                        + declared.size() + " servers: name one of them",
                String.join(", ", declared));
    }
}
