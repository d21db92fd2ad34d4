package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class DifferencesTest {
    @Test
    void everyKeyThatDiffersIsToldWithBothValues() {
        assertThat(told(
                        spec("{\"port\":15020,\"conf\":{\"spark.a\":\"1\"},\"packages\":[\"g:a:1\"]}"),
                        spec("{\"port\":15021,\"conf\":{\"spark.b\":\"2\"},\"health\":{\"interval\":\"30s\"}}")))
                .containsExactly(
                        "conf.spark.a: 1 -> (none)",
                        "conf.spark.b: (none) -> 2",
                        "health.interval: 10s -> 30s",
                        "packages: g:a:1 -> (none)",
                        "port: 15020 -> 15021");
    }

    @Test
    void noSecretIsShownNorAnyVariable() {
        assertThat(told(
                        spec("{\"env\":{\"A\":\"hunter2\"},\"conf\":{\"spark.my.password\":\"hunter2\"}}"),
                        spec("{\"env\":{\"A\":\"hunter3\"},\"conf\":{\"spark.my.password\":\"hunter3\"}}")))
                .containsExactly(
                        "conf.spark.my.password: *********(redacted) -> *********(redacted)",
                        "env.A: *********(redacted) -> *********(redacted)");
    }

    @Test
    void whatMeansTheSameIsNoDifference() {
        assertThat(told(spec("{\"port\":15002}"), spec("{\"driverMemory\":\"1g\"}")))
                .isEmpty();
    }

    private static List<String> told(ServerSpec old, ServerSpec next) {
        return Differences.between(old, next).stream().map(Change::text).toList();
    }

    private static ServerSpec spec(String json) {
        return SpecReader.read(new ServerName("sales"), Declaration.ofJson(json))
                .spec()
                .orElseThrow();
    }
}
