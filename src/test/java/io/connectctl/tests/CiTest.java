package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What docs/ci.md and action.yml tell machines to run is run, as those machines would. */
@Timeout(600)
class CiTest {
    private static final Path ROOT =
            Path.of(System.getProperty("connectctl.root")).toAbsolutePath();
    private static final YAMLMapper YAML = new YAMLMapper();

    private static final Pattern EXPRESSION = Pattern.compile("\\$\\{\\{ *([^}]*?) *}}");
    private static final Pattern EQUALITY = Pattern.compile("([\\w.-]+) == '([^']*)'");

    /**
     * connectctl without servers: the real one must understand each command line, and then the leased server is made up. What
     * came of leases is written down.
     */
    private static final String CANNED =
            """
            #!/bin/bash
            set -e
            words=() command=() rest=
            for word in "$@"; do
                if [ -n "$rest" ]; then command+=("$word"); elif [ "$word" = -- ]; then rest=yes; else words+=("$word"); fi
            done
            %1$s "${words[@]}" --parse-only ${rest:+-- "${command[@]}"}
            echo "${words[*]}" >>%2$s/calls
            variables="CONNECTCTL_SERVER='lease-1'
            SPARK_CONNECT_AUTHENTICATE_TOKEN='secret'
            SPARK_CONNECT_RELEASE_SESSION_ON_EXIT='1'
            SPARK_REMOTE='sc://localhost:15002'"
            case $1 in
                run) set -a; eval "$variables"; exec "${command[@]}" ;;
                lease) echo "$variables"; echo "CONNECTCTL_LEASE='1'" ;;
            esac
            """;

    /** Whatever runs the tests: writes down what it was told, by words and by variables. */
    private static final String TESTS =
            """
            #!/bin/bash
            echo "${0##*/} $* $SPARK_REMOTE ${SPARK_CONNECT_AUTHENTICATE_TOKEN:+with a token}" >>%1$s/tests
            """;

    // ------------------------------------------------------------------ reading

    private static String document() throws IOException {
        return Files.readString(ROOT.resolve("docs/ci.md"));
    }

    /** What stands below a heading. */
    private static String section(String heading) throws IOException {
        Matcher section =
                Pattern.compile("(?ms)^## " + heading + "$(.*?)(?=^## |\\z)").matcher(document());
        assertThat(section.find()).as(heading).isTrue();
        return section.group(1);
    }

    /** The fenced blocks of a language. */
    private static List<String> blocks(String text, String language) {
        List<String> blocks = new ArrayList<>();
        Matcher block = Pattern.compile("(?s)```" + language + "\\n(.*?)```").matcher(text);
        while (block.find()) {
            blocks.add(block.group(1));
        }
        assertThat(blocks).as(language).isNotEmpty();
        return blocks;
    }

    /** The lines that are indented as code. */
    private static List<String> commands(String text) {
        // Fenced blocks have indented lines of their own.
        return text.replaceAll("(?s)```.*?```", "")
                .lines()
                .filter(line -> line.startsWith("    "))
                .map(String::strip)
                .toList();
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(item -> texts.add(item.asText()));
        return texts;
    }

    // ------------------------------------------------------------------ running

    private static void program(Path file, String script) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A folder with programs that are put before all others. */
    private static Path programs(Installation installation, String... tests) throws IOException {
        Path folder = installation.home().resolve("programs");
        for (String test : tests) {
            program(folder.resolve(test), TESTS.formatted(installation.home()));
        }
        return folder;
    }

    private static Path canned(Installation installation, Path folder) throws IOException {
        Path file = folder.resolve("connectctl");
        program(file, CANNED.formatted(installation.launcher(), installation.home()));
        return file;
    }

    private static Outcome bash(Installation installation, Map<String, String> environment, String script) {
        ProcessBuilder builder = new ProcessBuilder("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
                .directory(installation.project().toFile());
        builder.environment().clear();
        builder.environment().putAll(installation.environment());
        builder.environment().putAll(environment);
        return Docker.finish(builder);
    }

    private static String path(Installation installation, Path... first) {
        return String.join(":", Stream.of(first).map(Path::toString).toList()) + ":"
                + installation.environment().get("PATH");
    }

    private static String written(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    // ------------------------------------------------------------------ GitHub

    /** What GitHub's runner does with the steps of a job, as far as ours need it. */
    private static final class Runner {
        private final Installation installation;
        private final Path folder;
        private final Map<String, String> expressions = new HashMap<>();
        private final Map<String, String> environment = new LinkedHashMap<>();
        private final StringBuilder log = new StringBuilder();
        private String path;

        Runner(Installation installation, Path programs) throws IOException {
            this.installation = installation;
            this.folder = Files.createDirectories(installation.home().resolve("runner"));
            this.path = path(installation, programs);
            environment.put("GITHUB_ACTIONS", "true");
            environment.put("GITHUB_RUN_ID", "77");
            environment.put("GITHUB_JOB", "test");
            expressions.put("runner.os", "Linux");
            expressions.put(
                    "github.action_path",
                    installation.launcher().resolve("../..").normalize().toString());
        }

        String value(String text) {
            return EXPRESSION.matcher(text).replaceAll(found -> {
                String known = expressions.get(found.group(1));
                assertThat(known).as("the expression " + found.group()).isNotNull();
                return Matcher.quoteReplacement(String.valueOf(known));
            });
        }

        private boolean due(JsonNode step) {
            Matcher condition = EQUALITY.matcher(step.path("if").asText(""));
            return !condition.find()
                    || String.valueOf(expressions.get(condition.group(1))).equals(condition.group(2));
        }

        /** Runs a step, if it is due, and takes what it leaves for the next ones. */
        void step(JsonNode step) throws IOException {
            if (!step.has("run") || !due(step)) {
                return;
            }
            Map<String, String> variables = new HashMap<>(environment);
            step.path("env")
                    .properties()
                    .forEach(entry ->
                            variables.put(entry.getKey(), value(entry.getValue().asText())));
            variables.put("PATH", path);
            for (String name : List.of("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")) {
                variables.put(name, Files.writeString(folder.resolve(name), "").toString());
            }
            Outcome outcome = bash(installation, variables, step.path("run").asText());
            log.append(outcome.out()).append(outcome.err());
            assertThat(outcome.exit()).as(() -> step + "\n" + outcome).isZero();
            lines("GITHUB_ENV").forEach(environment::put);
            lines("GITHUB_OUTPUT")
                    .forEach((name, value) ->
                            expressions.put("steps." + step.path("id").asText() + ".outputs." + name, value));
            for (String added : Files.readAllLines(folder.resolve("GITHUB_PATH"))) {
                path = added + ":" + path;
            }
        }

        private Map<String, String> lines(String name) throws IOException {
            Map<String, String> lines = new LinkedHashMap<>();
            for (String line : Files.readAllLines(folder.resolve(name))) {
                int equals = line.indexOf('=');
                assertThat(equals).as(name + " has NAME=VALUE only").isPositive();
                lines.put(line.substring(0, equals), line.substring(equals + 1));
            }
            return lines;
        }

        /** Runs a job; our action's steps in place of its use. */
        void job(JsonNode workflow) throws IOException {
            for (JsonNode step : workflow.path("jobs").path("test").path("steps")) {
                if (step.path("uses").asText("").startsWith("OWNER/connectctl@")) {
                    action(step.path("with"));
                } else {
                    step(step);
                }
            }
        }

        private void action(JsonNode with) throws IOException {
            JsonNode action = YAML.readTree(ROOT.resolve("action.yml").toFile());
            assertThat(action.path("runs").path("using").asText()).isEqualTo("composite");
            action.path("inputs")
                    .properties()
                    .forEach(input -> expressions.put(
                            "inputs." + input.getKey(),
                            input.getValue().path("default").asText()));
            with.properties().forEach(input -> {
                assertThat(action.path("inputs").has(input.getKey()))
                        .as(input.getKey())
                        .isTrue();
                expressions.put("inputs." + input.getKey(), input.getValue().asText());
            });
            for (JsonNode step : action.path("runs").path("steps")) {
                assertThat(step.has("uses") || step.path("shell").asText().equals("bash"))
                        .as("a composite action's step names its shell: " + step)
                        .isTrue();
                step(step);
            }
        }
    }

    @Test
    void gitHubsActionLeasesARealServerAndTheJobsLastStepGivesItBack() throws Exception {
        JsonNode workflow =
                YAML.readTree(blocks(section("GitHub Actions"), "yml").get(0));
        try (Installation installation = new Installation()) {
            Runner runner = new Runner(installation, programs(installation, "pytest"));

            runner.job(workflow);

            String url = runner.environment.get("SPARK_REMOTE");
            assertThat(url).startsWith("sc://localhost:");
            assertThat(runner.value("${{ steps.lease.outputs.url }}")).isEqualTo(url);
            assertThat(runner.value("${{ steps.lease.outputs.server }}"))
                    .isEqualTo(runner.environment.get("CONNECTCTL_SERVER"));
            assertThat(runner.value("${{ steps.lease.outputs.lease }}"))
                    .isEqualTo(runner.environment.get("CONNECTCTL_LEASE"));
            assertThat(written(installation.home().resolve("tests")))
                    .isEqualTo("pytest tests " + url + " with a token\n");
            assertThat(runner.log)
                    .contains("::add-mask::" + runner.environment.get("SPARK_CONNECT_AUTHENTICATE_TOKEN"))
                    // connectctl logs.
                    .contains("SparkContext: Running Spark version 4.0.1");
            assertThat(RunTest.left(Where.PROCESS, installation)).isEmpty();
        }
    }

    @Test
    void gitHubsActionWithoutALeaseOnlyPutsConnectctlOnThePath() throws Exception {
        JsonNode workflow =
                YAML.readTree(blocks(section("GitHub Actions"), "yml").get(1));
        try (Installation installation = new Installation()) {
            Path action = installation.home().resolve("action");
            canned(installation, action.resolve("bin"));
            Runner runner = new Runner(installation, programs(installation, "pytest"));
            runner.expressions.put("github.action_path", action.toString());

            runner.job(workflow);

            assertThat(written(installation.home().resolve("tests")))
                    .isEqualTo("pytest tests sc://localhost:15002 with a token\n");
            assertThat(written(installation.home().resolve("calls")))
                    .isEqualTo("version\nrun --spark 4.0.1 --logs-on-failure\n");
        }
    }

    @Test
    void theActionsInputsAreAllDescribedWithTheirDefaults() throws Exception {
        JsonNode action = YAML.readTree(ROOT.resolve("action.yml").toFile());
        String section = section("GitHub Actions");

        action.path("inputs").properties().forEach(input -> assertThat(section)
                .containsPattern("\\| `" + input.getKey() + "` \\| [^|]*"
                        + Pattern.quote(input.getValue().path("default").asText()) + "[^|]* \\|"));
        action.path("outputs").properties().forEach(output -> assertThat(section)
                .contains("`" + output.getKey() + "`"));
    }

    // ------------------------------------------------------------------ GitLab

    /** As GitLab does it: before_script and script are one shell, after_script is another. */
    private static void gitLab(Installation installation, JsonNode job, Map<String, String> environment) {
        List<String> script = texts(job.path("before_script"));
        script.addAll(texts(job.path("script")));
        for (List<String> part : List.of(script, texts(job.path("after_script")))) {
            Outcome outcome = bash(installation, environment, String.join("\n", part));
            assertThat(outcome.exit()).as(() -> part + "\n" + outcome).isZero();
        }
    }

    private static final String SEVERAL_COMMANDS =
            """
            pytest tests/unit sc://localhost:15002 with a token
            pytest tests/integration sc://localhost:15002 with a token
            """;

    private static final String SEVERAL_CALLS =
            """
            lease --ttl 1h --owner job 4711 -o dotenv
            logs lease-1 --tail 200
            release 1
            """;

    @Test
    void gitLabsJobsCloneConnectctlAndRunTheirTestsOnAServer() throws Exception {
        for (String recipe : blocks(section("GitLab CI"), "yml")) {
            try (Installation installation = new Installation()) {
                Path repository = Files.createDirectory(installation.home().resolve("repository"));
                canned(installation, repository.resolve("bin"));
                Map<String, String> environment = new HashMap<>(Map.of(
                        "CONNECTCTL_REPOSITORY",
                        "file://" + repository,
                        "CI_JOB_ID",
                        "4711",
                        "PATH",
                        path(installation, programs(installation, "pytest"))));
                Outcome commit = bash(
                        installation,
                        environment,
                        "cd ../repository && git init -q . && git add . && git -c user.name=test -c user.email=test@localhost"
                                + " commit -q -m connectctl");
                assertThat(commit.exit()).as(commit::toString).isZero();

                JsonNode job = YAML.readTree(recipe).path("test");
                gitLab(installation, job, environment);

                boolean leases = recipe.contains("lease");
                assertThat(written(installation.home().resolve("tests")))
                        .isEqualTo(leases ? SEVERAL_COMMANDS : "pytest tests sc://localhost:15002 with a token\n");
                assertThat(written(installation.home().resolve("calls")))
                        .isEqualTo(leases ? SEVERAL_CALLS : "run --spark 4.0.1 --logs-on-failure\n");
                if (leases) {
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                                    installation.project().resolve("spark.env"))))
                            .isEqualTo("rw-------");
                }
            }
        }
    }

    // ------------------------------------------------------------------ pytest

    /** PySpark's API as far as the recipe uses it, on the variables that PySpark reads. */
    private static final String PYSPARK =
            """
            import os

            class Row:
                word = "hello"

            class Frame:
                def first(self):
                    return Row()

            class Session:
                def sql(self, text):
                    assert text == "select 'hello' as word", text
                    return Frame()
                def stop(self):
                    print("stopped", file=open("stopped", "w"))

            class Builder:
                def remote(self, url):
                    assert url == os.environ["SPARK_REMOTE"] and os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"]
                    return self
                def getOrCreate(self):
                    return Session()

            class SparkSession:
                builder = Builder()
            """;

    /** Where there is no pytest: runs the one test with the one fixture as pytest would. */
    private static final String PYTEST =
            """
            import sys, types

            class Skipped(Exception):
                pass

            def skip(reason):
                raise Skipped(reason)

            sys.modules["pytest"] = types.SimpleNamespace(fixture=lambda scope: lambda function: function, skip=skip)
            sys.path[:0] = ["tests", "."]
            import conftest, test_greeting
            sessions = conftest.spark()
            try:
                test_greeting.test_greets(next(sessions))
                assert next(sessions, None) is None
                print("1 passed")
            except Skipped as skipped:
                print("1 skipped", skipped)
            """;

    @Test
    void pytestsFixtureTakesTheServerFromTheEnvironmentAndSkipsWithoutOne() throws Exception {
        try (Installation installation = new Installation()) {
            Assumptions.assumeTrue(
                    bash(installation, Map.of(), "python3 -c pass").exit() == 0, "skipped: there is no python3 here");
            List<String> python = blocks(section("pytest"), "python");
            Path project = installation.project();
            Path tests = Files.createDirectory(project.resolve("tests"));
            Files.writeString(tests.resolve("conftest.py"), python.get(0));
            Files.writeString(tests.resolve("test_greeting.py"), python.get(1));
            Files.createDirectory(project.resolve("pyspark"));
            Files.writeString(project.resolve("pyspark/__init__.py"), "");
            Files.writeString(project.resolve("pyspark/sql.py"), PYSPARK);
            Files.writeString(project.resolve("pytest_stand_in"), PYTEST);
            boolean real =
                    bash(installation, Map.of(), "python3 -m pytest --version").exit() == 0;
            Path folder = installation.home().resolve("programs");
            program(
                    folder.resolve("pytest"),
                    "#!/bin/sh\nexport PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1\nexec python3 "
                            + (real ? "-m pytest -rs -p no:cacheprovider \"$@\"\n" : "pytest_stand_in\n"));
            canned(installation, folder);
            Map<String, String> environment = Map.of("PATH", path(installation, folder));

            assertThat(commands(section("pytest"))).hasSize(1);
            Outcome with =
                    bash(installation, environment, commands(section("pytest")).get(0));
            Outcome without = bash(installation, environment, "pytest tests");

            assertThat(with.exit()).as(with::toString).isZero();
            assertThat(with.out()).contains("1 passed");
            assertThat(project.resolve("stopped")).exists();
            assertThat(without.exit()).as(without::toString).isZero();
            assertThat(without.out()).contains("1 skipped", "connectctl run -- pytest tests");
        }
    }

    // ------------------------------------------------------------------ build tools, JUnit

    @Test
    void buildToolsGetTheServerInTheirEnvironment() throws Exception {
        try (Installation installation = new Installation()) {
            Path folder = programs(installation, "mvn", "sbt");
            canned(installation, folder);
            program(installation.project().resolve("gradlew"), TESTS.formatted(installation.home()));

            for (String command : commands(section("Maven, Gradle, sbt"))) {
                Outcome outcome = bash(installation, Map.of("PATH", path(installation, folder)), command);
                assertThat(outcome.exit()).as(outcome::toString).isZero();
            }

            assertThat(written(installation.home().resolve("tests")))
                    .isEqualTo(
                            """
                            mvn -B verify sc://localhost:15002 with a token
                            gradlew test sc://localhost:15002 with a token
                            sbt test sc://localhost:15002 with a token
                            """);
        }
    }

    /** JUnitTest runs the example. */
    @Test
    void whatIsShownOfJUnitStandsInTheExample() throws Exception {
        StringBuilder example = new StringBuilder();
        try (Stream<Path> files = Files.walk(ROOT.resolve("docs/examples/junit"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                example.append(Files.readString(file)).append('\n');
            }
        }
        String section = section("JUnit");
        assertThat(blocks(section, "java"))
                .allSatisfy(block -> assertThat(example).contains(block));
        assertThat(blocks(section, "xml"))
                .allSatisfy(block -> assertThat(example).contains(block));
    }
}
