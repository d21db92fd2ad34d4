package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short run of what {@code bench/chaos} does for minutes. */
@Timeout(1800)
@Order(Integer.MAX_VALUE - 1)
class ChaosTest {
    private static final int ACTIONS = Integer.getInteger("connectctl.counts.chaos", 7);

    @Test
    void anInstallationMendsItself() {
        long seed = Long.getLong("connectctl.seed", 20261129L);

        assertNoViolation(new ChaosPlan(
                seed,
                Duration.ofMinutes(20),
                Optional.of(ACTIONS),
                ChaosPlan.Runtimes.PROCESS,
                2,
                false,
                Installation.PATIENCE,
                List.of()));
    }

    @Test
    void serversInContainersMendThemselves() {
        Docker.require();

        assertNoViolation(new ChaosPlan(
                Long.getLong("connectctl.seed", 20261129L),
                Duration.ofMinutes(20),
                Optional.of(3),
                ChaosPlan.Runtimes.DOCKER,
                1,
                false,
                Installation.PATIENCE,
                List.of("container.kill", "container.remove", "daemon.kill", "database.damage")));
    }

    private static void assertNoViolation(ChaosPlan plan) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);

        Chaos.Result result = new Chaos(plan, out).run();

        assertThat(result.violation())
                .as(() -> said.toString(StandardCharsets.UTF_8))
                .isEmpty();
    }
}
