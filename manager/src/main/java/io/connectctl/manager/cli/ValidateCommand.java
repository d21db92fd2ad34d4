package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code connectctl validate}. */
@Command(
        name = "validate",
        description = "Check a connectctl.yaml and print every problem at once; needs no daemon.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl validate", "  connectctl validate deploy/connectctl.yaml -o json"})
final class ValidateCommand extends CliCommand {
    @Parameters(arity = "0..1", paramLabel = "FILE", description = "The same as -f FILE.")
    @Nullable
    Path named;

    @Mixin
    final FileOption file = new FileOption();

    @Mixin
    final OutputOption output = new OutputOption();

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
        List<Problem> problems = read.allProblems();
        boolean valid = !Problems.anyError(problems);
        print(read, problems, valid);
        return valid ? ExitCode.OK : ExitCode.INVALID;
    }

    private void print(ProjectFile read, List<Problem> problems, boolean valid) throws IOException {
        switch (output.orTable()) {
            case JSON, YAML ->
                output.orTable()
                        .print(
                                out(),
                                Map.of(
                                        "apiVersion",
                                        "connectctl/v1",
                                        "kind",
                                        "ProblemList",
                                        "problems",
                                        problems.stream().map(Problems::view).toList()));
            case NAME -> read.servers().keySet().forEach(name -> out().println(name));
            case TABLE -> {
                problems.forEach(problem -> out().println(
                                (problem.severity() == Problem.Severity.WARNING ? "warning: " : "error: ") + problem));
                if (valid) {
                    int count = read.servers().size();
                    out().println(read.path() + ": valid, " + count + (count == 1 ? " server" : " servers"));
                } else {
                    say("connectctl: " + read.path() + " isn't valid");
                }
            }
        }
    }
}
