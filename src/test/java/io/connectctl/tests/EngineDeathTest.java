package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that is stopped, or killed, is no reason to declare anything dead; once it is back, all is as it was wanted. */
@Timeout(1200)
@Order(Integer.MAX_VALUE)
class EngineDeathTest {
    private static final Duration SOON = Installation.PATIENCE;
    private static OwnEngine engine;
    private static Installation installation;

    @BeforeAll
    static void start() throws IOException {
        Docker.require();
        engine = new OwnEngine();
        engine.start("--live-restore");
        installation = Installation.with(engine.prefix(), Optional.empty());
        String image = Docker.image(installation, "4.0.1");
        engine.take(image);
        installation.environment().put("DOCKER_HOST", engine.host());
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                """
                servers:
                  sales:
                    %s
                    port: 15002
                    uiPort: auto
                    driverMemory: 512m
                    health: {interval: 1s, timeout: 5s, failures: 2}
                    restart: {backoff: 100ms}
                """
                        .formatted(Where.DOCKER.lines(installation, "4.0.1")));
        installation.ok("start", "sales");
    }

    @AfterAll
    static void stop() {
        if (installation != null) {
            installation.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    @Test
    void aServerThatOutlivesItsKilledEngineIsAdopted() {
        int incarnation = status().path("incarnation").asInt();
        String container = status().path("containerId").asText();

        engine.kill();
        assertUnknown();
        engine.start("--live-restore");

        await().atMost(SOON).until(() -> status().path("phase").asText().equals("HEALTHY"));
        assertThat(status().path("incarnation").asInt()).isEqualTo(incarnation);
        assertThat(status().path("containerId").asText()).isEqualTo(container);
        assertThat(status().path("cause").isNull()).isTrue();
        assertThat(engine.containers("sales")).containsExactly(container);
    }

    @Test
    void aServerThatWentWithItsEngineIsStartedAgainAndStillWanted() {
        // Without live-restore from here on: an engine that stops takes its containers along, and one that was killed
        // is
        // followed by one that ends them.
        engine.stop();
        engine.start();
        installation.ok("start", "sales");

        for (Runnable end : List.<Runnable>of(engine::stop, engine::kill)) {
            await().atMost(SOON).until(() -> status().path("phase").asText().equals("HEALTHY"));
            int incarnation = status().path("incarnation").asInt();

            end.run();
            assertUnknown();
            assertThat(status().path("desired").asText()).isEqualTo("UP");
            engine.start();

            await().atMost(SOON)
                    .until(() -> status().path("phase").asText().equals("HEALTHY")
                            && status().path("incarnation").asInt() > incarnation);
            assertThat(engine.containers("sales"))
                    .containsExactly(status().path("containerId").asText());
            assertThat(installation.get("/v1/events?limit=10000&server=sales")).contains("ENGINE_RESTARTED");
        }
        engine.stop();
        engine.start("--live-restore");
        await().atMost(SOON).until(() -> status().path("phase").asText().equals("HEALTHY"));
    }

    private static void assertUnknown() {
        await().atMost(SOON).until(() -> status().path("phase").asText().equals("UNKNOWN"));
        JsonNode cause = status().path("cause");
        assertThat(cause.path("code").asText()).isEqualTo("ENGINE_UNREACHABLE");
        assertThat(cause.path("summary").asText()).contains("docker.sock");
        assertThat(cause.path("remedy").asText()).isNotEmpty();
    }

    private static JsonNode status() {
        return installation.look("sales");
    }
}
