package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Probes;
import io.connectctl.health.Rung;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Probing for a long time leaves nothing behind on a real server. */
class TracelessProbeTest {
    private static final String MAINTENANCE = "periodic run of SparkConnectExecutionManager maintenance.";

    private static final int PROBES = Integer.getInteger("connectctl.counts.probes", 60);

    @ParameterizedTest
    @ValueSource(strings = {"4.0.1", "3.5.0"})
    void manyProbesOfEveryDefaultRungLeaveNoTrace(String version) throws IOException, InterruptedException {
        try (Installation installation = new Installation()) {
            // The supervisor's own probes stay out of the way, so that each line of the log is ours; nor does Spark
            // tell, whenever it collects garbage, that it dropped what the queries before left.
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"),
                    "servers: {connect: {spark: " + version + ", port: auto, uiPort: auto, health: {interval: 1h},"
                            + " conf: {spark.cleaner.referenceTracking: 'false'}}}\n");
            installation.ok("start");
            JsonNode status = installation.status("connect");
            String ui = status.path("uiUrl").asText();
            Path log = Path.of(status.path("logFile").asText());

            Process holder = Spark.client(status.path("url").asText(), "hold");
            try (BufferedReader answers =
                            new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8));
                    PrintWriter questions = new PrintWriter(holder.getOutputStream(), true, StandardCharsets.UTF_8);
                    Ladder ladder = Probes.ladder(target(status))) {
                assertThat(answers.readLine()).isEqualTo("ready");
                assertThat(climb(ladder).passed()).isTrue();
                int sessions = Spark.sessionsOnline(ui);
                long length = Files.size(log);
                long begin = System.nanoTime();

                for (int probe = 0; probe < PROBES; probe++) {
                    Climb climb = climb(ladder);
                    assertThat(climb.failure()).isEmpty();
                    assertThat(climb.reached()).isEqualTo(Rung.SESSION);
                }

                List<String> logged =
                        Files.readString(log).substring((int) length).lines().toList();
                // Spark 3 tells twice a minute, by the clock, that it looks after users' queries such as the holder's.
                List<String> byTheClock = version.startsWith("3")
                        ? logged.stream()
                                .filter(line -> line.endsWith(MAINTENANCE))
                                .toList()
                        : List.of();
                assertThat(logged)
                        .as("what the server logged meanwhile")
                        .containsExactlyElementsOf(byTheClock)
                        .hasSizeLessThanOrEqualTo(2
                                * (1
                                        + (int) (Duration.ofNanos(System.nanoTime() - begin)
                                                        .toSeconds()
                                                / 30)));
                assertThat(Spark.sessionsOnline(ui))
                        .isBetween(sessions, version.startsWith("3") ? sessions + 1 : sessions);
                questions.println("again");
                assertThat(answers.readLine()).as("the other user's session").isEqualTo("42");
                questions.println("stop");
            }
        }
    }

    private static Climb climb(Ladder ladder) throws InterruptedException {
        return ladder.climb(Rung.SESSION, Duration.ofSeconds(10));
    }

    private static ProbeTarget target(JsonNode status) {
        String ui = status.path("uiUrl").asText();
        String id = Spark.get(ui + "/api/v1/applications").path(0).path("id").asText();
        String marker = "";
        for (JsonNode pair :
                Spark.get(ui + "/api/v1/applications/" + id + "/environment").path("sparkProperties")) {
            if (pair.path(0).asText().equals("spark.connectctl.instance")) {
                marker = pair.path(1).asText();
            }
        }
        return new ProbeTarget(
                "localhost",
                status.path("port").asInt(),
                Optional.empty(),
                "localhost",
                List.of(URI.create(ui).getPort()),
                marker,
                UUID.randomUUID());
    }
}
