package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MemoryModel;
import io.connectctl.compose.spec.MemorySize;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a declaration of probes makes of the container's own check, and what a full /tmp leaves of its memory. */
class ContainerChecksTest {
    private static HealthSpec health(Duration interval, Duration timeout) {
        HealthSpec plain = Defaults.HEALTH;
        return new HealthSpec(
                plain.until(), interval, timeout, plain.startTimeout(), plain.failures(), plain.successes());
    }

    @Test
    void theEngineWaitsForAllThatTheCheckWaitsFor() {
        for (Duration timeout : List.of(Duration.ofMillis(300), Duration.ofSeconds(5), Duration.ofMinutes(1))) {
            HealthSpec health = health(Duration.ofSeconds(10), timeout);

            assertThat(Duration.ofSeconds(ContainerChecks.answerSeconds(health)))
                    .isGreaterThanOrEqualTo(timeout)
                    .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(ContainerChecks.timeout(health))
                    .isGreaterThan(Duration.ofSeconds(ContainerChecks.answerSeconds(health))
                            .multipliedBy(2));
        }
    }

    @Test
    void aLongIntervalKeepsNoHealthyServerAtStarting() {
        HealthSpec rare = health(Duration.ofMinutes(10), Duration.ofSeconds(5));

        assertThat(ContainerChecks.interval(rare, true)).isEqualTo(Duration.ofMinutes(10));
        assertThat(ContainerChecks.interval(rare, false)).isEqualTo(Duration.ofSeconds(30));
        assertThat(ContainerChecks.interval(health(Duration.ofSeconds(10), Duration.ofSeconds(5)), false))
                .isEqualTo(Duration.ofSeconds(10));
        assertThat(ContainerChecks.interval(health(Duration.ofSeconds(1), Duration.ofSeconds(5)), true))
                .isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void aFullTmpBesideAFullHeapLeavesAJvmItsShare() {
        // Metaspace, code, threads, the collector's own and netty's buffers of a server that works.
        long needed = 300L << 20;
        for (long heap = MemoryModel.FLOOR_BYTES; heap < 64L << 30; heap += 512L << 20) {
            MemorySize size = new MemorySize(heap);
            assertThat(Defaults.CONTAINER.limitFor(size).bytes())
                    .isGreaterThanOrEqualTo(
                            heap + needed + Defaults.CONTAINER.tmpfs().bytes());
        }
    }
}
