package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.lint.Linter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl validate}. */
@Command(
        name = "validate",
        description = {
            "Check a connectctl.yaml and print every problem at once; needs no daemon and starts nothing.",
            "It knows the keys of each Spark from 3.4 to 4.2. An error refuses the file (exit code 6), a warning does so with"
                    + " --strict, a note never does. Every rule is explained in docs/rules.md."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl validate",
            "  connectctl validate --strict deploy/connectctl.yaml",
            "  connectctl validate -o sarif > connectctl.sarif"
        })
final class ValidateCommand extends CliCommand {
    /** Its own: only problems have a form for code hosts. */
    enum Format {
        TABLE,
        JSON,
        YAML,
        SARIF,
        NAME
    }

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "The same as -f FILE.")
    @Nullable
    Path named;

    @Mixin
    final FileOption file = new FileOption();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "table, json, yaml, sarif or name (one bare name a line).")
    Format format = Format.TABLE;

    @Option(names = "--strict", description = "Refuse warnings, too.")
    boolean strict;

    ValidateCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        if (named != null && file.file != null) {
            throw CliFailure.usage("two files are named: " + named + " and " + file.file, "name one of them");
        }
        Path path = Optional.ofNullable(named == null ? file.file : named)
                .map(given -> context.workingFolder().resolve(given).normalize())
                .or(() -> ProjectFile.search(context.workingFolder()))
                .orElseThrow(() -> new CliFailure(
                        ExitCode.USAGE,
                        "there is no " + ProjectFile.NAME + " in " + context.workingFolder() + " or above it",
                        "name one: connectctl validate FILE"));
        ProjectFile read = ProjectFile.load(path);
        List<Problem> problems = Linter.lint(DeclarationOptions.withCallersHadoop(context, read));
        boolean valid = problems.stream().noneMatch(this::refuses);
        print(read, problems, valid);
        return valid ? ExitCode.OK : ExitCode.INVALID;
    }

    private boolean refuses(Problem problem) {
        return switch (problem.severity()) {
            case ERROR -> true;
            case WARNING -> strict;
            case NOTE -> false;
        };
    }

    private void print(ProjectFile read, List<Problem> problems, boolean valid) throws IOException {
        switch (format) {
            case JSON -> OutputFormat.JSON.print(out(), document(problems));
            case YAML -> OutputFormat.YAML.print(out(), document(problems));
            case SARIF ->
                OutputFormat.JSON.print(
                        out(), Sarif.log(problems, context.version().text()));
            case NAME -> read.servers().keySet().forEach(name -> out().println(name));
            case TABLE -> table(read, problems, valid);
        }
    }

    private void table(ProjectFile read, List<Problem> problems, boolean valid) {
        problems.forEach(problem -> out().println(problem.severity().name().toLowerCase(Locale.ROOT) + ": "
                + problem.where().map(place -> place + ": ").orElse("") + text(problem) + " ["
                + problem.rule().id() + "]"));
        if (valid) {
            int count = read.servers().size();
            out().println(read.path() + ": valid, " + count + (count == 1 ? " server" : " servers"));
        } else {
            say("connectctl: " + read.path() + " isn't valid" + (Problems.anyError(problems) ? "" : " (--strict)"));
        }
    }

    /** A problem without its place, as {@link Problem#toString} tells it with one. */
    static String text(Problem problem) {
        return new Problem(
                        problem.severity(),
                        problem.rule(),
                        Optional.empty(),
                        problem.key(),
                        problem.message(),
                        problem.suggestion(),
                        problem.remedy())
                .toString();
    }

    private static Map<String, Object> document(List<Problem> problems) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("apiVersion", "connectctl/v1");
        document.put("kind", "ProblemList");
        document.put("problems", problems.stream().map(ValidateCommand::view).toList());
        return document;
    }

    /** As {@link Problems#view}, with the parts of the place; a remedy is always there, if only the rule's. */
    private static Map<String, Object> view(Problem problem) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("severity", problem.severity().name());
        view.put("rule", problem.rule().id());
        problem.where().map(Location::toString).ifPresent(where -> view.put("where", where));
        problem.where().ifPresent(place -> {
            view.put("file", place.source());
            view.put("line", place.line());
            view.put("column", place.column());
        });
        view.put("key", problem.key());
        view.put("message", problem.message());
        problem.suggestion().ifPresent(suggestion -> view.put("suggestion", suggestion));
        view.put("remedy", problem.remedy().orElse(problem.rule().remedy()));
        return view;
    }
}
