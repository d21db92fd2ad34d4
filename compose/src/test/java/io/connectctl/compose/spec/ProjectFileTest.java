package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProjectFileTest {
    private static final ServerName SALES = new ServerName("sales");

    @TempDir
    Path folder = Path.of("");

    @Test
    void nastyFileIsAnsweredWithEveryProblemAtOnceInItsOrder() throws IOException {
        ProjectFile file = load(resource("nasty.yaml"));

        String told = told(file.allProblems());

        assertThat(told).isEqualTo(resource("nasty.problems.txt"));
        assertThat(told).doesNotContain("hunter2").doesNotContain("/usr/lib/jvm/17");
    }

    @Test
    void exampleOfTheConfigurationReferenceIsRight() throws IOException {
        String root = Objects.requireNonNull(System.getProperty("connectctl.root"));
        String page = Files.readString(Path.of(root, "docs", "configuration.md"));
        String example = page.substring(page.indexOf("```yaml\n") + 8);

        ProjectFile file = load(example.substring(0, example.indexOf("```")));

        assertThat(file.allProblems()).isEmpty();
        assertThat(file.servers()).containsOnlyKeys(SALES, new ServerName("reports"), new ServerName("old"));
        assertThat(file.daemon().healthPort()).isEqualTo(OptionalInt.of(15100));
    }

    @Test
    void scalarsStayAsWritten() throws IOException {
        ProjectFile file = load(
                """
                servers:
                  sales:
                    uiPort: off
                    conf: {spark.a: true, spark.b: 1.50, spark.c: 015, spark.d: "", spark.e: 1e3, spark.f: yes, spark.g: 0x1F}
                """);

        ServerSpec spec = SpecReader.read(SALES, declaration(file)).spec().orElseThrow();

        assertThat(spec.conf().values()).containsExactly("true", "1.50", "015", "", "1e3", "yes", "0x1F");
        assertThat(spec.uiPort()).isEqualTo(new PortChoice.Off());
    }

    @Test
    void everyKeyAndValueHasItsPlace() throws IOException {
        Declaration sales = declaration(
                load(
                        """
                servers:
                  sales:
                    port: 15003
                    conf:
                      spark.a/b~c: x
                    packages:
                    - a:b:1
                """));

        assertThat(sales.place("/port").map(Location::line)).contains(3);
        assertThat(sales.place("/port").map(Location::column)).contains(11);
        assertThat(sales.keyPlace("/port").map(Location::column)).contains(5);
        assertThat(sales.place("/conf/spark.a~1b~0c").map(Location::line)).contains(5);
        assertThat(sales.place("/packages/0").map(Location::column)).contains(7);
    }

    @Test
    void anchorsAndMergeKeysShareAPart() throws IOException {
        ProjectFile file = load(
                """
                x-common: &common
                  driverMemory: 2g
                  port: 15003
                servers:
                  sales:
                    <<: *common
                    port: 15004
                """);

        assertThat(file.allProblems()).isEmpty();
        ServerSpec spec = SpecReader.read(SALES, declaration(file)).spec().orElseThrow();
        assertThat(spec.driverMemory().text()).isEqualTo("2g");
        assertThat(spec.port()).hasToString("15004");
    }

    @Test
    void bombOfAliasesEnds() throws IOException {
        StringBuilder text = new StringBuilder("x-0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++) {
            String below = "*a" + (i - 1);
            text.append("x-" + i + ": &a" + i + " [" + String.join(", ", List.of(below, below, below, below, below)))
                    .append("]\n");
        }
        text.append("servers: {sales: {packages: *a11}}\n");

        assertThat(told(load(text.toString()).problems())).contains("too many values");
    }

    @Test
    void deepNestingEnds() throws IOException {
        assertThat(told(load("servers: " + "[".repeat(5000)).problems())).contains("nested more than");
    }

    @Test
    void tabIsNamedWithItsPlace() throws IOException {
        assertThat(told(load("servers:\n\tsales: {}\n").problems()))
                .isEqualTo(
                        "ERROR connectctl.yaml:2:1: connectctl.yaml: a tab stands here: YAML is indented by blanks only\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "# nothing\n", "---\n", "~"})
    void emptyFileIsSaidToBeEmpty(String text) throws IOException {
        assertThat(told(load(text).problems())).contains("connectctl.yaml: the file is empty");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "- sales\n",
                "sales",
                "servers: [sales]",
                "servers: {sales: 3}",
                "servers: {sales: {port: [}}",
                "servers: {sales: *nobody}",
                "servers: {sales: !ruby/object x}",
                "a: 1\n---\nb: 2\n",
                "? [a]\n: b\n",
                "servers: {sales: {conf: {a: b, a: c}}}",
                "servers: \"unclosed",
                "servers: {sales: {<<: 3}}",
                "daemon: {healthPort: 15100, tcpPort: 15100}",
                "\u0001"
            })
    void wrongFileIsAnsweredWithAPlacedError(String text) throws IOException {
        List<Problem> problems = load(text).problems();

        assertThat(problems).isNotEmpty().allMatch(problem -> problem.severity() == Problem.Severity.ERROR);
        assertThat(problems).allMatch(problem -> problem.where().isPresent());
    }

    @Test
    void byteOrderMarkIsAWarningOnly() throws IOException {
        ProjectFile file = load("\ufeffservers: {sales: {}}\n");

        assertThat(told(file.problems()))
                .startsWith("WARNING connectctl.yaml:1:1")
                .contains("byte order mark");
        assertThat(file.servers()).containsOnlyKeys(SALES);
    }

    @Test
    void bytesThatAreNotUtf8AreNamedWithTheirPlace() throws IOException {
        Path file = folder.resolve(ProjectFile.NAME);
        Files.write(file, "servers:\n  # caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(told(ProjectFile.load(file).problems()))
                .contains("connectctl.yaml:2:8")
                .contains("0xe9 isn't UTF-8");

        Files.write(file, "\ufeffservers: {}".getBytes(StandardCharsets.UTF_16LE));
        assertThat(told(ProjectFile.load(file).problems())).contains("UTF-16");
    }

    @Test
    void missingFileAndFolderAreProblemsToo() {
        assertThat(told(ProjectFile.load(folder.resolve("none.yaml")).problems()))
                .contains("doesn't exist");
        assertThat(told(ProjectFile.load(folder).problems())).contains("is no regular file");
    }

    @Test
    void relativePathsAreTakenFromTheFilesFolder() throws IOException {
        Declaration sales = declaration(load("servers: {sales: {sparkHome: ./spark, templates: ~/x, javaHome: /j}}"));

        assertThat(sales.tree().get("sparkHome").asText())
                .isEqualTo(folder.resolve("spark").toString());
        assertThat(sales.tree().get("templates").asText()).isEqualTo("~/x");
        assertThat(sales.tree().get("javaHome").asText()).isEqualTo("/j");
    }

    @Test
    void twoServersOnOnePortAreWarnedOf() throws IOException {
        assertThat(told(load("servers:\n  a: {}\n  b: {}\n").allProblems()))
                .isEqualTo(
                        "WARNING connectctl.yaml:3:3: servers.b.port: server a has port 15002 too, so only one of them"
                                + " can run at a time; give one another port, or 'port: auto'\n");
    }

    @Test
    void searchGoesUpward() throws IOException {
        Path below = Files.createDirectories(folder.resolve("a/b"));
        assertThat(ProjectFile.search(below).filter(found -> found.startsWith(folder)))
                .isEmpty();

        Path file = Files.createFile(folder.resolve(ProjectFile.NAME));

        assertThat(ProjectFile.search(below)).isEqualTo(Optional.of(file.toAbsolutePath()));
    }

    private ProjectFile load(String text) throws IOException {
        return ProjectFile.load(Files.writeString(folder.resolve(ProjectFile.NAME), text));
    }

    private static Declaration declaration(ProjectFile file) {
        return Objects.requireNonNull(file.servers().get(SALES), () -> "no sales: " + file.problems());
    }

    private String told(List<Problem> problems) {
        return problems.stream()
                .map(problem -> problem.severity() + " " + problem.toString().replace(folder + "/", "") + "\n")
                .collect(Collectors.joining());
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(ProjectFileTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void whatIsDeclaredBelowABadNameIsCheckedAtOnce() throws IOException {
        List<Problem> problems =
                load("servers:\n  Sales_EU:\n    prot: 15020\n    spark: 4\n").problems();

        assertThat(problems)
                .extracting(Problem::toString)
                .satisfiesExactly(
                        name -> assertThat(name).contains(":2:3: servers.Sales_EU: did you mean 'sales-eu'? the name"),
                        key -> assertThat(key)
                                .contains(":3:5: servers.Sales_EU.prot: did you mean 'port'? unknown key"),
                        value -> assertThat(value).contains(":4:12: servers.Sales_EU.spark: '4' is no full Spark"));
    }
}
