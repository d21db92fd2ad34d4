package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.junit5.ConnectServer;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** The JUnit extension in JVMs of its own, on the oldest JUnit that it promises and on the newest, with real servers. */
@Timeout(600)
class JUnitTest {
    private static final Path ROOT = Path.of(System.getProperty("connectctl.root"));
    private static final Path EXAMPLE = ROOT.resolve("docs/examples/junit");
    private static final Duration SOON = Duration.ofSeconds(20);

    /** Beside the example, for what a user's project has no use for: a server of its own, held until its JVM is killed. */
    private static final String HOLDING =
            """
            package com.example.orders;

            import io.connectctl.junit5.ConnectServer;
            import io.connectctl.junit5.ConnectServerHandle;
            import java.nio.file.Files;
            import java.nio.file.Path;
            import java.util.concurrent.CountDownLatch;
            import org.junit.jupiter.api.Test;

            @ConnectServer(spark = "4.0.1", master = "local[1]", driverMemory = "512m")
            class HoldingTest {
                @Test
                void holds(ConnectServerHandle server) throws Exception {
                    Files.writeString(Path.of("holding.new"), server.name());
                    Files.move(Path.of("holding.new"), Path.of("holding"));
                    new CountDownLatch(1).await();
                }
            }
            """;

    /** And one that restarts the server that all share. */
    private static final String RESTARTING =
            """
            package com.example.orders;

            import static org.junit.jupiter.api.Assertions.assertEquals;
            import static org.junit.jupiter.api.Assertions.assertTrue;

            import io.connectctl.junit5.ConnectServerHandle;
            import org.apache.spark.sql.connect.SparkSession;
            import org.junit.jupiter.api.Test;

            @SmallSpark
            class RestartingTest {
                @Test
                void restarts(ConnectServerHandle server) {
                    assertTrue(server.logs().contains("SparkContext"), server.logs());
                    server.restart();
                    SparkSession spark = SparkSession.builder().remote(server.urlWithToken()).create();
                    assertEquals(3, spark.range(3).count());
                    spark.stop();
                }
            }
            """;

    /** And one whose server can't be had. */
    private static final String REFUSED =
            """
            package com.example.orders;

            import io.connectctl.junit5.ConnectServer;
            import org.junit.jupiter.api.Test;

            @ConnectServer(master = "local[x]")
            class RefusedTest {
                @Test
                void neverRuns() {}
            }
            """;

    private static Path classes = Path.of("");

    @BeforeAll
    static void compile(@TempDir Path folder) throws IOException {
        Path own = Files.createDirectory(folder.resolve("sources"));
        List<Path> sources = new ArrayList<>(List.of(
                Files.writeString(own.resolve("HoldingTest.java"), HOLDING),
                Files.writeString(own.resolve("RestartingTest.java"), RESTARTING),
                Files.writeString(own.resolve("RefusedTest.java"), REFUSED)));
        try (Stream<Path> files = Files.walk(EXAMPLE.resolve("src"))) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
        }
        classes = Files.createDirectory(folder.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            // Scala's class files carry annotations that javac can't find.
            List<String> options = List.of(
                    "--release",
                    "17",
                    "-Xlint:all,-classfile",
                    "-proc:none",
                    "-Werror",
                    "-d",
                    classes.toString(),
                    "-cp",
                    classPath("oldest"));
            assertThat(compiler.getTask(said, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                            .call())
                    .as(said::toString)
                    .isTrue();
        }
    }

    private static String classPath(String junit) throws IOException {
        // By name: the compiler's API expands no *.
        try (Stream<Path> client = Files.list(Spark.CLIENT)) {
            Path extension = Path.of(ConnectServer.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return String.join(
                    ":",
                    ROOT.resolve("target/tests/junits/junit-" + junit + ".jar").toString(),
                    extension.toString(),
                    classes.toString(),
                    client.map(Path::toString).collect(Collectors.joining(":")));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A JVM in which JUnit runs these test classes; what it writes goes to a file of the project. */
    private static Process junit(Installation installation, String junit, List<String> options, String... tests)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                classPath(junit),
                "org.junit.platform.console.ConsoleLauncher",
                "execute",
                "--disable-banner",
                "--disable-ansi-colors",
                "--details=testfeed"));
        command.addAll(options);
        for (String test : tests) {
            command.addAll(List.of("-c", "com.example.orders." + test));
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(installation.project().toFile())
                .redirectErrorStream(true)
                .redirectOutput(output(installation).toFile());
        builder.environment().clear();
        builder.environment().putAll(installation.environment());
        return builder.start();
    }

    private static Path output(Installation installation) {
        return installation.project().resolve("output");
    }

    private static String said(Installation installation) throws IOException {
        return Files.readString(output(installation));
    }

    @Test
    void theExampleRunsOnTheOldestJUnitAndLeavesNothing() throws Exception {
        try (Installation installation = new Installation()) {
            installation.environment().put("CONNECTCTL", installation.launcher().toString());

            Process junit = junit(
                    installation, "oldest", List.of(), "AccessTest", "OrdersTest", "RefusedTest", "RestartingTest");

            Outcome outcome = Installation.finish(junit, Installation.PATIENCE);
            String said = said(installation);
            assertThat(outcome.exit()).as(said).isEqualTo(1);
            assertThat(said)
                    .contains("4 tests successful", "1 containers failed")
                    .contains("'local[x]' is no master that Spark can parse");
            assertThat(RunTest.left(Where.PROCESS, installation)).isEmpty();
            assertThat(leases(installation)).isEmpty();
        }
    }

    @Test
    void onTheNewestJUnitClassesShareWhatTheyDeclareAndAKilledJvmCostsItAll() throws Exception {
        try (Installation installation = new Installation()) {
            installation
                    .environment()
                    .merge("PATH", installation.launcher().resolveSibling("") + ":", (path, ours) -> ours + path);
            List<String> parallel = List.of(
                    "--config=junit.jupiter.execution.parallel.enabled=true",
                    "--config=junit.jupiter.execution.parallel.mode.classes.default=concurrent",
                    "--config=junit.jupiter.execution.parallel.config.strategy=fixed",
                    "--config=junit.jupiter.execution.parallel.config.fixed.parallelism=3");

            Process junit = junit(installation, "newest", parallel, "AccessTest", "OrdersTest", "HoldingTest");
            await().atMost(Installation.PATIENCE).untilAsserted(() -> {
                String said = said(installation);
                assertThat(installation.project().resolve("holding")).as(said).exists();
                assertThat(said.lines().filter(line -> line.endsWith(":: SUCCESSFUL")))
                        .as(said)
                        .hasSize(3);
            });

            List<JsonNode> held = leases(installation);
            assertThat(held).hasSize(2).allSatisfy(lease -> assertThat(
                            lease.path("ownerPid").asLong())
                    .isEqualTo(junit.pid()));
            assertThat(held)
                    .extracting(lease -> lease.path("server").asText())
                    .doesNotHaveDuplicates()
                    .contains(Files.readString(installation.project().resolve("holding")));
            junit.destroyForcibly();
            RunTest.nothingLeft(Where.PROCESS, installation, SOON);
            await().atMost(SOON).until(() -> leases(installation).isEmpty());
        }
    }

    private static List<JsonNode> leases(Installation installation) {
        List<JsonNode> leases = new ArrayList<>();
        Installation.json(installation.ok("leases", "-o", "json").out())
                .path("leases")
                .forEach(leases::add);
        return leases;
    }

    /** What its sources are compiled and run with here. */
    @Test
    void theExamplesPomNamesTheVersionsThatTheTestsRun() throws Exception {
        Document example = pom(EXAMPLE.resolve("pom.xml"));
        Document house = pom(ROOT.resolve("pom.xml"));
        Document client = pom(ROOT.resolve("src/test/client/pom.xml"));
        String version = "/project/dependencies/dependency[artifactId='%s']/version";

        assertThat(text(example, version.formatted("connectctl-junit5"))).isEqualTo(text(house, "/project/version"));
        assertThat(text(example, version.formatted("spark-connect-client-jvm_2.13")))
                .isEqualTo(text(client, version.formatted("spark-connect-client-jvm_2.13")));
        assertThat(text(example, "/project/properties/junit.version"))
                .isEqualTo(text(house, "/project/properties/junit.newest.version"));
        assertThat(Files.readString(EXAMPLE.resolve("README.md")))
                .contains("-Djunit.version=" + text(house, "/project/properties/junit.oldest.version"));
    }

    /** Whoever takes it into a project gets it alone. */
    @Test
    void theArtifactBringsNoOtherToItsUsers() throws Exception {
        Document pom = pom(ROOT.resolve("junit/pom.xml"));

        assertThat(text(pom, "count(/project/dependencies/dependency[not(scope='provided' or scope='test')])"))
                .isEqualTo("0");
        // What all modules inherit: for the compiler, or for tests.
        assertThat(text(
                        pom(ROOT.resolve("pom.xml")),
                        "count(/project/dependencies/dependency[not(scope='test' or artifactId='jspecify')])"))
                .isEqualTo("0");
    }

    private static Document pom(Path file) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().parse(file.toFile());
    }

    private static String text(Document document, String path) throws Exception {
        XPath xpath = XPathFactory.newDefaultInstance().newXPath();
        return xpath.evaluate(path, document);
    }
}
