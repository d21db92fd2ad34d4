package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which version of the API is spoken with engines that aren't at hand: the oldest that is promised, the newest, and one beyond. */
class NegotiationTest {
    @TempDir
    Path home = Path.of("set by JUnit");

    @ParameterizedTest(name = "{0} {1}..{2}: {3}")
    @CsvSource({
        // Debian's 20.10; 27, whose version is ours; 29 refuses clients below 1.44; one that has left ours behind.
        "Docker 20.10, 1.12, 1.41, 1.41",
        "Docker 27, 1.24, 1.47, 1.47",
        "Docker 29, 1.44, 1.52, 1.47",
        "A later one, 1.50, 1.60, 1.50",
        "Podman 4.3, 1.24, 1.41, 1.41"
    })
    void theNewestThatBothSpeakIsSpoken(String engine, String oldest, String newest, String spoken) throws Exception {
        try (ScriptedEngine scripted =
                        new ScriptedEngine("{\"ApiVersion\":\"" + newest + "\",\"MinAPIVersion\":\"" + oldest + "\"}");
                Engine asking = new Engine(Map.of("DOCKER_HOST", scripted.host(), "HOME", home.toString()))) {
            scripted.answer("/info", "{\"NCPU\":2}");

            assertThat(asking.version().toString()).as(engine).isEqualTo(spoken);
            assertThat(asking.get("asking what it is", Engine.PATIENCE, "/info")
                            .path("NCPU")
                            .asInt())
                    .isEqualTo(2);
            assertThat(asking.container("nobody")).isEmpty();

            assertThat(scripted.asked())
                    .containsExactly("/version", "/v" + spoken + "/info", "/v" + spoken + "/containers/nobody/json");
        }
    }

    @ParameterizedTest
    @CsvSource({"1.43, false", "1.44, true", "1.52, true"})
    void aStartIntervalIsAskedForWhereTheApiHasOne(String newest, boolean has) throws Exception {
        try (ScriptedEngine scripted =
                        new ScriptedEngine("{\"ApiVersion\":\"" + newest + "\",\"MinAPIVersion\":\"1.24\"}");
                Engine asking = new Engine(Map.of("DOCKER_HOST", scripted.host(), "HOME", home.toString()))) {
            assertThat(asking.version().atLeast(1, 44)).isEqualTo(has);
        }
    }
}
