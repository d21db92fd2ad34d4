package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What breaks is noticed, explained and mended. */
@Order(2)
class FaultTest {
    /** Stops the SparkContext under a running Spark Connect server when a file appears: what a lost master does. */
    private static final String ZOMBIE =
            """
            import java.nio.file.Files;
            import java.nio.file.Path;
            import java.util.Map;
            import org.apache.spark.SparkContext;
            import org.apache.spark.api.plugin.*;

            public class Zombie implements SparkPlugin {
                public DriverPlugin driverPlugin() {
                    return new DriverPlugin() {
                        public Map<String, String> init(SparkContext context, PluginContext plugins) {
                            Path trigger = Path.of(context.conf().get("spark.test.zombie"));
                            Thread thread = new Thread(() -> {
                                while (!Files.exists(trigger)) {
                                    java.util.concurrent.locks.LockSupport.parkNanos(50_000_000L);
                                }
                                context.stop();
                            });
                            thread.setDaemon(true);
                            thread.start();
                            return Map.of();
                        }
                    };
                }

                public ExecutorPlugin executorPlugin() {
                    return null;
                }
            }
            """;

    @ParameterizedTest
    @CsvSource({"PROCESS, 4.0.1", "PROCESS, 3.5.0", "DOCKER, 4.0.1"})
    void killedServerIsRestartedAndTheEventSaysWhy(Where where, String version) {
        try (Installation installation = where.install()) {
            installation.start("connect", version, "--port", "" + Spark.freePort(), "--ui-port", "auto");
            JsonNode before = installation.status("connect");

            where.signal(installation, "connect", "KILL");

            awaitIncarnation(installation, 2);
            JsonNode after = installation.status("connect");
            assertThat(after.path("restarts").asInt()).isEqualTo(1);
            assertThat(after.path("url").asText()).isEqualTo(before.path("url").asText());
            String events = installation.ok("events", "connect").out();
            assertThat(events).contains("137").containsAnyOf("KILLED", "signal 9", "SIGKILL");
        }
    }

    @ParameterizedTest
    @EnumSource
    void frozenServerBecomesUnhealthyAndIsReplaced(Where where) throws IOException {
        try (Installation installation = where.install()) {
            declare(
                    installation,
                    where.lines(installation, "4.0.1"),
                    "health: {interval: 1s, timeout: 1s, failures: 2}",
                    "stop: {grace: 2s}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto");
            installation.ok("start");
            JsonNode before = installation.status("connect");
            News news = new News(installation, "connect");

            where.signal(installation, "connect", "STOP");

            awaitIncarnation(installation, 2);
            assertThat(news.phases()).contains("UNHEALTHY");
            assertThat(news.summaries()).anyMatch(text -> text.contains("a signal (SIGSTOP) stopped its process"));
            if (where == Where.PROCESS) {
                assertThat(ProcessHandle.of(before.path("pid").asLong())).isEmpty();
            } else {
                assertThat(Docker.containers(installation.id().orElseThrow(), "connect"))
                        .containsExactly(installation.containerId("connect"));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"PROCESS, 4.0.1", "PROCESS, 3.5.0", "DOCKER, 4.0.1"})
    void zombieIsUnhealthy(Where where, String version, @TempDir Path folder) throws IOException {
        try (Installation installation = where.install()) {
            compile(folder, ZOMBIE, installation.jars(version));
            // A container's user is another one than this folder's.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path trigger = folder.resolve("trigger");
            String seen = where == Where.DOCKER ? "/zombie" : folder.toString();
            declare(
                    installation,
                    where.lines(
                            installation,
                            version,
                            "spark.plugins: Zombie",
                            "spark.driver.extraClassPath: '" + seen + "'",
                            "spark.test.zombie: '" + seen + "/trigger'"),
                    where == Where.DOCKER ? "container: {volumes: ['" + folder + ":/zombie:ro']}" : "",
                    "health: {interval: 1s, timeout: 2s, failures: 2}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto");
            installation.ok("start", "connect");
            News news = new News(installation, "connect");

            Files.createFile(trigger);

            await().atMost(Installation.PATIENCE).until(() -> news.phases().contains("UNHEALTHY"));
            assertThat(news.causes()).contains("ZOMBIE");
        }
    }

    private static void awaitIncarnation(Installation installation, int incarnation) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode status = installation.look("connect");
            return status.path("incarnation").asInt() == incarnation
                    && status.path("phase").asText().equals("HEALTHY")
                    && status.path("rung").asText().equals("QUERY");
        });
    }

    private static void declare(Installation installation, String... lines) throws IOException {
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                "servers:\n  connect:\n"
                        + Stream.of(lines).map(line -> "    " + line + "\n").collect(Collectors.joining()));
    }

    static void signal(String name, long pid) {
        try {
            Outcome outcome = Installation.finish(
                    new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).start(), Installation.PATIENCE);
            assertThat(outcome.exit()).as(outcome::toString).isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void compile(Path folder, String source, Path jars) throws IOException {
        Path file = folder.resolve("Zombie.java");
        Files.writeString(file, source);
        String classPath;
        try (Stream<Path> all = Files.list(jars)) {
            // The compiler's API, other than its launcher, knows no "*".
            classPath = all.map(Path::toString).collect(Collectors.joining(":"));
        }
        List<String> arguments = List.of("-nowarn", "-cp", classPath, "-d", folder.toString(), file.toString());
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0])))
                .isZero();
    }
}
