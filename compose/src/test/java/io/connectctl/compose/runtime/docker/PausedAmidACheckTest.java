package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.runtime.RuntimeUnavailableException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that answers no question about one container (bench/chaos, seed 3, action 137: Docker 20.10). */
@Timeout(120)
class PausedAmidACheckTest {
    private static final String ONE = "/containers/sales/json";

    @Test
    void aContainerThatIsListedAsPausedIsKnownAsSuch() throws Exception {
        try (ScriptedEngine scripted = new ScriptedEngine("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}")) {
            Engine engine = new Engine(Map.of("DOCKER_HOST", scripted.host()));
            scripted.answer(
                    ONE,
                    "{\"Id\":\"0a1b\",\"Name\":\"/sales\",\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":7}}");
            assertThat(engine.container("sales").orElseThrow().status()).isEqualTo("running");

            scripted.hang(ONE);
            scripted.answer("/containers/json", "[{\"Id\":\"0a1b\",\"State\":\"paused\"}]");
            Container paused = engine.container("sales").orElseThrow();

            assertThat(paused.status()).isEqualTo("paused");
            assertThat(paused.live()).isTrue();
            assertThat(paused.pid()).isEqualTo(7);
            scripted.answer("/containers/json", "[{\"Id\":\"0a1b\",\"State\":\"running\"}]");
            assertThatThrownBy(() -> engine.container("sales")).isInstanceOf(RuntimeUnavailableException.class);
        }
    }

    @Test
    void oneThatWasNeverSeenBeforeIsToldWithItsRemedy() throws Exception {
        try (ScriptedEngine scripted = new ScriptedEngine("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}")) {
            Engine engine = new Engine(Map.of("DOCKER_HOST", scripted.host()));
            scripted.hang(ONE);
            scripted.answer(
                    "/containers/json",
                    "[{\"Id\":\"1\",\"Names\":[\"/sales2\"],\"State\":\"running\"},"
                            + "{\"Id\":\"0a1b\",\"Names\":[\"/sales\"],\"State\":\"paused\"}]");

            assertThatThrownBy(() -> engine.container("sales"))
                    .isInstanceOf(RuntimeUnavailableException.class)
                    .hasMessageContaining("it is paused")
                    .hasMessageContaining("docker unpause sales");
        }
    }
}
