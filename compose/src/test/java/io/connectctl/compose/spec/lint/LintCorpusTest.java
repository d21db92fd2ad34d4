package io.connectctl.compose.spec.lint;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.Rule;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Seeded mistakes are found at their place, and files without any are left in peace. */
class LintCorpusTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void seededMistakesAreFoundAndCleanFilesAreLeftInPeace() throws IOException {
        List<String> missed = new ArrayList<>();
        String[] mistakes = resource("mistakes.txt").split("(?m)^=== ", -1);
        int seeded = mistakes.length - 1;
        for (String mistake : Arrays.asList(mistakes).subList(1, mistakes.length)) {
            String rule = mistake.substring(0, mistake.indexOf('\n'));
            String text = mistake.substring(mistake.indexOf('\n') + 1);
            List<Problem> problems = lint(text);
            if (problems.stream().noneMatch(problem -> isSeeded(problem, rule, text))) {
                missed.add(rule + " in\n" + text + "found: " + problems);
            }
        }
        List<String> alarms = new ArrayList<>();
        String[] clean = resource("clean.txt").split("(?m)^===\n", -1);
        int right = 0;
        for (String text : clean) {
            List<Problem> problems = lint(text);
            right += problems.isEmpty() ? 1 : 0;
            problems.forEach(problem -> alarms.add(problem + " in\n" + text));
        }
        double recall = (double) (seeded - missed.size()) / seeded;
        System.out.printf(
                "lint corpus: %d seeded mistakes, recall %.3f; %d clean files, precision %.3f%n",
                seeded, recall, clean.length, (double) right / clean.length);

        assertThat(alarms).isEmpty();
        assertThat(missed).isEmpty();
        assertThat(recall).isGreaterThanOrEqualTo(0.95);
        assertThat(seeded).isGreaterThanOrEqualTo(60);
        assertThat(clean).hasSizeGreaterThanOrEqualTo(20);
    }

    @Test
    void everyRuleThatCanBeBrokenInAFileIsInTheCorpus() throws IOException {
        Set<Rule> absent = EnumSet.allOf(Rule.class);
        for (String mistake : resource("mistakes.txt").split("(?m)^=== ", -1)) {
            Rule.of(mistake.lines().findFirst().orElse("")).ifPresent(absent::remove);
        }

        assertThat(absent).containsExactly(Rule.NO_CATALOGUE);
    }

    /** What is told of one thing is told once. */
    @Test
    void noMistakeIsToldTwice() throws IOException {
        for (String mistake : resource("mistakes.txt").split("(?m)^=== ", -1)) {
            assertThat(lint(mistake.substring(mistake.indexOf('\n') + 1)).stream()
                            .filter(problem -> problem.severity() == Problem.Severity.ERROR)
                            .map(Problem::key))
                    .as(mistake)
                    .doesNotHaveDuplicates();
        }
    }

    private static boolean isSeeded(Problem problem, String rule, String text) {
        List<String> lines = text.lines().toList();
        return problem.rule().id().equals(rule)
                && problem.where()
                        .map(place -> lines.get(place.line() - 1).endsWith("# <-"))
                        .orElse(false);
    }

    private List<Problem> lint(String text) throws IOException {
        Path file = folder.resolve(ProjectFile.NAME);
        Files.writeString(file, text);
        return Linter.lint(ProjectFile.load(file));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(LintCorpusTest.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
