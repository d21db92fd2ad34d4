package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A state file that is damaged is set aside, and costs nothing that its servers' folders or their runtime know. */
@Order(6)
class LostStateTest {
    @ParameterizedTest
    @EnumSource
    void serversAreFoundAgainAndAdoptedAsTheyRun(Where where) throws IOException {
        try (Installation installation = where.install()) {
            installation.start(
                    "runs",
                    "4.0.1",
                    "--port",
                    "auto",
                    "--ui-port",
                    "auto",
                    "--driver-memory",
                    "600m",
                    "--auth",
                    "token");
            installation.start("rests", "4.0.1", "--port", "auto", "--ui-port", "auto", "--driver-memory", "512m");
            installation.ok("stop", "rests");
            JsonNode before = installation.status("runs");
            Path file = installation.state().resolve("connectctl.db");

            byte[] damage = damage(installation, file, "no database, whatever it was before\n".repeat(500));
            installation.ok("daemon", "start");

            await().atMost(Installation.PATIENCE)
                    .until(() ->
                            installation.look("runs").path("phase").asText().equals("HEALTHY"));
            JsonNode after = installation.status("runs");
            for (String key : List.of("pid", "containerId", "incarnation", "port", "url", "runtime", "sparkVersion")) {
                assertThat(after.path(key)).as(key).isEqualTo(before.path(key));
            }
            assertThat(after.path("desired").asText()).isEqualTo("UP");
            assertThat(after.path("memory").path("driverBytes").asLong()).isEqualTo(600L << 20);
            assertThat(installation.status("rests").path("phase").asText()).isEqualTo("STOPPED");
            assertThat(installation.status("rests").path("desired").asText()).isEqualTo("DOWN");
            Path aside = aside(installation).get(0);
            assertThat(Files.readAllBytes(aside)).isEqualTo(damage);
            assertThat(installation.ok("daemon", "status").out())
                    .contains("Notice", "was damaged", "is set aside, unchanged, as " + aside);
            assertThat(installation.ok("events", "runs").out())
                    .contains("recovered", aside.toString(), "declared again from its folder");
            assertThat(installation.ok("start", "runs", "--no-wait").err()).contains("already running");

            // Once more, and without what the folders know: what runs is all that is left.
            damage(installation, file, "damaged again\n".repeat(500));
            Files.delete(installation.serverFolder("runs").resolve("transcript.json"));
            Files.delete(installation.serverFolder("rests").resolve("transcript.json"));
            Path token = installation.serverFolder("runs").resolve("token");
            String secret = Files.readString(token);
            Files.delete(token);
            installation.ok("daemon", "start");

            await().atMost(Installation.PATIENCE)
                    .until(() ->
                            installation.look("runs").path("phase").asText().equals("HEALTHY"));
            JsonNode found = installation.status("runs");
            for (String key : List.of("pid", "containerId", "incarnation", "port", "runtime", "sparkVersion")) {
                assertThat(found.path(key)).as(key).isEqualTo(before.path(key));
            }
            assertThat(installation.ok("events", "runs").out())
                    .contains("declare it again", ", spark", ", auth")
                    .doesNotContain(secret);
            assertThat(token).content().isEqualToIgnoringWhitespace(secret);
            assertThat(installation.run("status", "rests").exit()).isEqualTo(5);
            assertThat(aside(installation)).hasSize(2);
            installation.ok("stop", "runs");
        }
    }

    /** Kills the daemon, and overwrites its state file and the log beside it. */
    private static byte[] damage(Installation installation, Path file, String text) throws IOException {
        ProcessHandle daemon = installation.daemon();
        daemon.destroyForcibly();
        daemon.onExit().join();
        byte[] damage = text.getBytes(StandardCharsets.UTF_8);
        Files.write(file, damage);
        Files.write(file.resolveSibling("connectctl.db-wal"), damage);
        return damage;
    }

    private static List<Path> aside(Installation installation) throws IOException {
        try (Stream<Path> files = Files.list(installation.state())) {
            return files.filter(
                            file -> file.getFileName().toString().matches("connectctl\\.db\\.damaged-\\d{8}T\\d{6}Z"))
                    .sorted()
                    .toList();
        }
    }
}
