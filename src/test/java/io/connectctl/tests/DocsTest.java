package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the documents tell people to type and to write is taken by the real command line. */
@Timeout(600)
class DocsTest {
    private static final Path ROOT =
            Path.of(System.getProperty("connectctl.root")).toAbsolutePath();

    /** A declaration; other YAML is fenced as yml. */
    private static final Pattern YAML = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL);

    /** Fenced and indented blocks, and code within a line. */
    private static final Pattern CODE =
            Pattern.compile("```\\w*\\n(.*?)```|^ {4}(\\S.*)$|`([^`\\n]+)`", Pattern.DOTALL | Pattern.MULTILINE);

    /** A command line up to whatever ends it in a shell: a comment, a pipe, a closing bracket. */
    private static final Pattern COMMAND = Pattern.compile(
            "(?<![\\w/.-])(?:bin/)?connectctl((?:[ ]+(?:'[^'\\n]*'|\"[^\"\\n]*\"|[\\w./:=,@%+*$-]+))+)");

    @Test
    void everyDeclarationInTheDocumentsIsValid() throws IOException {
        int examples = 0;
        try (Installation installation = new Installation()) {
            for (Path document : documents()) {
                Matcher matcher = YAML.matcher(Files.readString(document));
                while (matcher.find()) {
                    Path file = installation.project().resolve("example-" + examples++ + ".yaml");
                    Files.writeString(file, matcher.group(1));

                    Outcome outcome = installation.run("validate", "-f", file.toString());

                    assertThat(outcome.exit())
                            .as(() -> ROOT.relativize(document) + ": " + outcome)
                            .isZero();
                }
            }
        }
        assertThat(examples).isGreaterThanOrEqualTo(2);
    }

    @Test
    void everyCommandLineInTheDocumentsIsUnderstood() throws IOException {
        TreeSet<String> lines = new TreeSet<>();
        for (Path document : documents()) {
            lines.addAll(commandLines(Files.readString(document)));
        }
        assertThat(lines)
                .contains("status", "start sales --spark 4.0.1 --master 'local[4]' --port 15020 --driver-memory 2g");

        List<String> wrong = new ArrayList<>();
        try (Installation installation = new Installation()) {
            assertThat(installation
                            .run("start", "sales", "--prot", "1", "--parse-only")
                            .exit())
                    .isEqualTo(2);
            for (String line : lines) {
                List<String> words = words(line);
                // What follows -- is somebody else's command line.
                int end = words.indexOf("--");
                words.add(end < 0 ? words.size() : end, "--parse-only");
                Outcome outcome = installation.run(words.toArray(String[]::new));
                if (outcome.exit() != 0) {
                    wrong.add("connectctl " + line + ": " + outcome.err());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md")));
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        return documents;
    }

    private static List<String> commandLines(String document) {
        List<String> lines = new ArrayList<>();
        Matcher code = CODE.matcher(document);
        while (code.find()) {
            Matcher command = COMMAND.matcher(code.group());
            while (command.find()) {
                lines.add(command.group(1).strip());
            }
        }
        return lines;
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)").matcher(line);
        while (word.find()) {
            words.add(Stream.of(1, 2, 3)
                    .map(word::group)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow());
        }
        return words;
    }
}
