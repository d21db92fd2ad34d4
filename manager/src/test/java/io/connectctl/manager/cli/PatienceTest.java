package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.FakeDaemon;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PatienceTest {
    @Test
    void aStartHasTheTimeThatItsServerDeclares(@TempDir Path folder) throws Exception {
        try (FakeDaemon daemon = new FakeDaemon(folder)) {
            ApiClient client = new ApiClient(daemon.socket());

            describes(daemon, "10m");
            describes(daemon, "1h");

            assertThat(Patience.startTimeout(client, "a")).isEqualTo(Duration.ofMinutes(10));
            assertThat(Patience.startTimeout(client, "a")).isEqualTo(Duration.ofHours(1));
        }
    }

    private static void describes(FakeDaemon daemon, String startTimeout) {
        daemon.on(
                "GET /v1/servers/a/describe",
                200,
                "{\"server\":" + Servers.json(Servers.server("a", "STARTING"))
                        + ",\"declaration\":{\"health\":{\"startTimeout\":\"" + startTimeout
                        + "\"}},\"folders\":{},\"notes\":[]}");
    }
}
