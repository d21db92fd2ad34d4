package io.connectctl.manager.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.StopSpec;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.EndedBy;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerState;
import io.connectctl.manager.lifecycle.Terms;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class StateCodecTest {
    private static final ServerName NAME = new ServerName("sales");
    private static final Terms TERMS = new Terms(
            new HealthSpec(
                    Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
            new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
            new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
            false);

    private static ServerState full() {
        return new ServerState(
                NAME,
                Phase.BACKING_OFF,
                Desired.UP,
                4,
                5,
                EndedBy.FAULT,
                Optional.of(new Cause(
                        "KILLED",
                        "killed",
                        "look",
                        List.of("a", "b"),
                        false,
                        Optional.of(Path.of("/run/4/server.log")))),
                Rung.SESSION,
                true,
                true,
                true,
                2,
                3,
                0,
                0,
                Optional.empty(),
                Optional.of(Duration.ofMillis(123_456)),
                Optional.empty(),
                Optional.empty(),
                Instant.parse("2026-11-22T10:00:00.5Z"),
                Optional.of(Instant.parse("2026-11-22T09:00:00Z")),
                Optional.of(new Instance(
                        NAME,
                        4,
                        "sales/4/abc",
                        OptionalLong.of(77),
                        Optional.of("c0ffee"),
                        Instant.parse("2026-11-22T08:00:00Z"),
                        Optional.of(new ExitStatus(
                                OptionalInt.of(137),
                                Instant.parse("2026-11-22T10:00:00Z"),
                                Optional.of("by the kernel"),
                                true)))),
                OptionalInt.of(15002),
                -42,
                TERMS);
    }

    @Test
    void whatIsStoredComesBack() {
        assertThat(StateCodec.decode(NAME, StateCodec.encode(full()), TERMS)).isEqualTo(full());
        ServerState first = ServerState.initial(NAME, TERMS, 9, Instant.parse("2026-11-22T10:00:00Z"));
        assertThat(StateCodec.decode(NAME, StateCodec.encode(first), TERMS)).isEqualTo(first);
    }

    @Test
    void unknownFieldsAreTolerated() {
        String text = StateCodec.encode(full()).replaceFirst("\\{", "{\"future\":{\"x\":[1]},");

        assertThat(StateCodec.decode(NAME, text, TERMS)).isEqualTo(full());
    }

    @Test
    void everyFieldHasItsFixedName() {
        assertThat(StateCodec.encode(full()))
                .isEqualTo(
                        "{\"phase\":\"BACKING_OFF\",\"desired\":\"UP\",\"incarnation\":4,\"wanted\":5,"
                                + "\"endedBy\":\"FAULT\",\"cause\":{\"code\":\"KILLED\",\"summary\":\"killed\",\"remedy\":\"look\","
                                + "\"evidence\":[\"a\",\"b\"],\"retryable\":false,\"log\":\"/run/4/server.log\"},\"rung\":\"SESSION\",\"proven\":true,\"queried\":true,\"forced\":true,\"faults\":2,\"restarts\":3,"
                                + "\"deadlineMillis\":123456,\"phaseSince\":\"2026-11-22T10:00:00.500Z\","
                                + "\"healthySince\":\"2026-11-22T09:00:00Z\",\"instance\":{\"incarnation\":4,\"marker\":\"sales/4/abc\","
                                + "\"pid\":77,\"containerId\":\"c0ffee\",\"launchedAt\":\"2026-11-22T08:00:00Z\",\"exit\":{\"code\":137,"
                                + "\"at\":\"2026-11-22T10:00:00Z\",\"note\":\"by the kernel\",\"outside\":true}},\"port\":15002,\"seed\":-42}");
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> StateCodec.decode(NAME, "[]", TERMS)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> StateCodec.decode(NAME, "{\"phase\":\"NOWHERE\"}", TERMS))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
