package io.connectctl.manager.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.health.Rung;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a start on a cluster must prove, before it counts as done. */
class ClusterStartTest {
    @ParameterizedTest
    @CsvSource({
        "SESSION, true,  QUERY",
        "SESSION, false, SESSION",
        "PORT,    true,  PORT",
        "RPC,     true,  RPC",
        "QUERY,   true,  QUERY"
    })
    void aStartOnAClusterRunsAQueryUnlessLessIsAskedFor(Readiness until, boolean cluster, Rung first) {
        Terms terms = new Terms(
                new HealthSpec(until, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
                Moments.TERMS.restart(),
                Moments.TERMS.stop(),
                cluster,
                false);

        assertThat(terms.first()).isEqualTo(first);
    }

    @Test
    void afterTheStartTheDeclaredRungIsEnough() {
        Terms terms = new Terms(Moments.TERMS.health(), Moments.TERMS.restart(), Moments.TERMS.stop(), true, false);

        assertThat(terms.until()).isEqualTo(Moments.TERMS.until());
    }
}
