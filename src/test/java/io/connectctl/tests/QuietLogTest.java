package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A server whose log names no port, as it is above INFO. */
class QuietLogTest {
    @Test
    void thePortOfAServerThatLogsWarningsOnlyIsFoundAndKept() throws IOException {
        try (Installation installation = new Installation()) {
            installation.ok("start", "quiet", "--port", "auto", "--ui-port", "auto", "--conf", "spark.log.level=WARN");

            JsonNode first = installation.status("quiet");
            int port = first.path("port").asInt();
            assertThat(first.path("phase").asText()).isEqualTo("HEALTHY");
            assertThat(URI.create(first.path("uiUrl").asText()).getPort())
                    .isPositive()
                    .isNotEqualTo(port);
            assertThat(installation.ok("url", "quiet").out().strip()).endsWith(":" + port);
            String log = Files.readString(Path.of(first.path("logFile").asText()));
            assertThat(log).doesNotContain("Successfully started service");
            assertThat(log).as("nothing was sent to the driver").doesNotContain("Exception in connection");

            installation.ok("restart", "quiet");

            assertThat(installation.status("quiet").path("port").asInt()).isEqualTo(port);
        }
    }
}
