package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.manager.api.v1.ProblemView;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Problems of a declaration, told all at once. */
final class Problems {
    private Problems() {}

    /**
     * Refuses if any is an error.
     *
     * @param what what isn't valid
     */
    static void refuseErrors(List<Problem> problems, String what) throws CliFailure {
        List<String> errors = new ArrayList<>();
        for (Problem problem : problems) {
            if (problem.severity() == Problem.Severity.ERROR) {
                errors.add(problem.toString());
            }
        }
        if (!errors.isEmpty()) {
            throw invalid(what, errors);
        }
    }

    /** True if any refuses the declaration. */
    static boolean anyError(List<Problem> problems) {
        return problems.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR);
    }

    /** INVALID, one problem a line. */
    static CliFailure invalid(String what, List<String> errors) {
        String count = errors.size() == 1 ? "1 problem" : errors.size() + " problems";
        return new CliFailure(
                ExitCode.INVALID, what + ": " + count + "\n  " + String.join("\n  ", errors), "nothing was changed");
    }

    /**
     * As a line for people.
     *
     * @param place the flag that gave a key its value, where the daemon can't know it; empty for none
     */
    static String line(ProblemView problem, Function<String, String> place) {
        String where = problem.where() != null ? problem.where() : place.apply(problem.key());
        return (where.isEmpty() ? "" : where + ": ") + problem.key() + ": "
                + (problem.suggestion() == null ? "" : "did you mean '" + problem.suggestion() + "'? ")
                + problem.message() + (problem.remedy() == null ? "" : "; " + problem.remedy());
    }

    /** As it travels. */
    static ProblemView view(Problem problem) {
        return new ProblemView(
                problem.severity().name(),
                problem.rule().id(),
                problem.where().map(Location::toString).orElse(null),
                problem.key(),
                problem.message(),
                problem.suggestion().orElse(null),
                problem.remedy().orElse(null),
                problem.endsStart() ? (Boolean) true : null);
    }
}
