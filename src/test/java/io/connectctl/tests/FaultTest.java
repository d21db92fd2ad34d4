package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What breaks is noticed, explained and mended. */
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
    @ValueSource(strings = {"4.0.1", "3.5.0"})
    void killedServerIsRestartedAndTheEventSaysWhy(String version) throws IOException {
        try (Installation installation = new Installation()) {
            installation.ok("start", "--spark", version, "--port", "" + Spark.freePort(), "--ui-port", "auto");
            JsonNode before = installation.status("connect");

            signal("KILL", before.path("pid").asLong());

            awaitIncarnation(installation, 2);
            JsonNode after = installation.status("connect");
            assertThat(after.path("restarts").asInt()).isEqualTo(1);
            assertThat(after.path("url").asText()).isEqualTo(before.path("url").asText());
            String events = installation.ok("events", "connect").out();
            assertThat(events).contains("137").containsAnyOf("KILLED", "signal 9", "SIGKILL");
        }
    }

    @Test
    void frozenServerBecomesUnhealthyAndIsReplaced() throws IOException {
        try (Installation installation = new Installation()) {
            declare(
                    installation,
                    "health: {interval: 1s, timeout: 1s, failures: 2}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto");
            installation.ok("start");
            long pid = installation.status("connect").path("pid").asLong();

            signal("STOP", pid);

            await().atMost(Installation.PATIENCE)
                    .until(() -> installation
                                    .status("connect")
                                    .path("phase")
                                    .asText()
                                    .equals("UNHEALTHY")
                            || installation
                                            .status("connect")
                                            .path("incarnation")
                                            .asInt()
                                    == 2);
            awaitIncarnation(installation, 2);
            assertThat(installation.ok("events", "connect").out()).contains("UNHEALTHY");
            assertThat(ProcessHandle.of(pid)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.0.1", "3.5.0"})
    void zombieIsUnhealthy(String version, @TempDir Path folder) throws IOException {
        try (Installation installation = new Installation()) {
            compile(folder, ZOMBIE, installation.jars(version));
            Path trigger = folder.resolve("trigger");
            declare(
                    installation,
                    "spark: " + version,
                    "health: {interval: 1s, timeout: 2s, failures: 2}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto",
                    "conf: {spark.plugins: Zombie, spark.driver.extraClassPath: '" + folder + "', spark.test.zombie: '"
                            + trigger + "'}");
            installation.ok("start", "connect");

            Files.createFile(trigger);

            await().atMost(Installation.PATIENCE)
                    .until(() -> installation.ok("events", "connect").out().contains("UNHEALTHY"));
            assertThat(installation.ok("events", "connect", "-o", "json").out()).contains("ZOMBIE");
        }
    }

    private static void awaitIncarnation(Installation installation, int incarnation) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode status = installation.status("connect");
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

    static void signal(String name, long pid) throws IOException {
        Outcome outcome = Installation.finish(
                new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).start(), Installation.PATIENCE);
        assertThat(outcome.exit()).as(outcome::toString).isZero();
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
