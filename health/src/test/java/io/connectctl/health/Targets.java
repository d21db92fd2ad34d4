package io.connectctl.health;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Targets on loopback for tests. */
final class Targets {
    static final String MARKER = "connect/1/0a1b2c3d";
    static final UUID SESSION = UUID.fromString("6f0d1d2e-0000-4000-8000-000000000001");

    private Targets() {}

    static ProbeTarget of(int port, Integer... uiPorts) {
        return withToken(port, null, uiPorts);
    }

    static ProbeTarget onCluster(int port, int minExecutors, Integer... uiPorts) {
        return new ProbeTarget(
                "127.0.0.1",
                port,
                Optional.empty(),
                "127.0.0.1",
                List.of(uiPorts),
                MARKER,
                SESSION,
                OptionalInt.of(minExecutors),
                false);
    }

    static ProbeTarget withToken(int port, @Nullable String token, Integer... uiPorts) {
        return new ProbeTarget(
                "127.0.0.1", port, Optional.ofNullable(token), "127.0.0.1", List.of(uiPorts), MARKER, SESSION);
    }
}
