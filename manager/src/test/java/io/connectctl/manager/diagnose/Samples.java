package io.connectctl.manager.diagnose;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Evidence for tests. */
final class Samples {
    private Samples() {}

    static ServerSpec spec(String spark, String master, Map<String, String> conf, Map<String, String> env) {
        return new ServerSpec(
                new ServerName("sales"),
                "process",
                SparkVersion.parse(spark),
                master,
                new PortChoice.Fixed(15_002),
                new PortChoice.Fixed(4_040),
                MemorySize.parse("512m"),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                new TreeMap<>(conf),
                new TreeMap<>(env),
                new HealthSpec(
                        Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
                new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
                Auth.NONE,
                Expose.LOOPBACK,
                "default",
                Optional.empty());
    }

    static ServerSpec spec() {
        return spec("4.0.1", "local[*]", Map.of(), Map.of());
    }

    static Optional<ExitStatus> exit(int code) {
        return Optional.of(new ExitStatus(OptionalInt.of(code), Instant.EPOCH, Optional.empty()));
    }

    /** A server that never came up. */
    static Evidence failedStart(ServerSpec spec, int exit, List<String> log) {
        return new Evidence(
                spec,
                Evidence.Stage.STARTING,
                exit(exit),
                false,
                log,
                Optional.empty(),
                Optional.empty(),
                Optional.of(Path.of("/srv/connectctl/servers/sales/run/1/server.log")),
                List.of());
    }
}
