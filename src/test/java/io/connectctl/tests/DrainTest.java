package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Clients whose queries run aren't parted from their server without a word, and are told what they then see. */
class DrainTest {
    @Test
    void aStopIsRefusedADrainWaitsAndWhatRemainsIsInterrupted() throws IOException {
        try (Installation installation = new Installation()) {
            installation.start("sales", "4.0.1", "--port", "" + Spark.freePort(), "--ui-port", "auto");
            String url = installation.ok("url", "sales").out().strip() + "/;user_id=etl";
            Process patient = Spark.client(url, "sleep:8000");
            awaitOperations(installation, 1);

            Outcome refused = installation.run("stop", "sales");
            assertThat(refused.exit()).as(refused::toString).isEqualTo(9);
            assertThat(refused.err()).contains("1 operation of user etl is running; use --drain 5m or --force");
            assertThat(installation.ok("status", "sales").out())
                    .contains("session", "1 operation of user etl is running");

            // The query is waited for, its open session isn't.
            Outcome restarted = installation.ok("restart", "sales", "--drain", "2m");
            assertThat(restarted.err())
                    .contains("draining: 1 operation of user etl is running")
                    .contains("drained: every operation finished")
                    .contains("INVALID_HANDLE.SESSION_CHANGED", "getOrCreate()");
            assertThat(installation.status("sales").path("incarnation").asInt()).isEqualTo(2);

            patient.getOutputStream().write("go on\n".getBytes(StandardCharsets.UTF_8));
            patient.getOutputStream().flush();
            Outcome lost = Installation.finish(patient, Installation.PATIENCE);
            assertThat(lost.out()).as("its query had ended well").isEqualTo("0\n");
            assertThat(lost.err()).contains("SESSION_CHANGED");

            Process endless = Spark.client(url, "sleep:600000");
            awaitOperations(installation, 1);
            Outcome stopped = installation.ok("stop", "sales", "--drain", "1s");
            assertThat(stopped.err()).contains("1 operation of user etl is running after 1 s: interrupted");
            Outcome interrupted = Installation.finish(endless, Installation.PATIENCE);
            assertThat(interrupted.err()).contains("OPERATION_CANCELED");
            assertThat(installation.status("sales").path("phase").asText()).isEqualTo("STOPPED");
        }
    }

    private static void awaitOperations(Installation installation, int operations) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode activity = installation.look("sales?activity=true").path("activity");
            return activity.path("operations").asInt() == operations
                    && activity.path("users").toString().equals("[\"etl\"]");
        });
    }
}
