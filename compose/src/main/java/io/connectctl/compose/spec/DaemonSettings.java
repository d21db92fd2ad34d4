package io.connectctl.compose.spec;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * The {@code daemon:} part of connectctl.yaml.
 *
 * @param healthPort where the daemon serves grpc.health.v1 on loopback; empty for not at all
 * @param tcpPort where the local API listens on loopback beside its socket, with a bearer token; empty for not at all
 * @param place where the settings were written
 */
public record DaemonSettings(OptionalInt healthPort, OptionalInt tcpPort, Optional<Location> place) {
    /** Neither. */
    public static final DaemonSettings DEFAULT =
            new DaemonSettings(OptionalInt.empty(), OptionalInt.empty(), Optional.empty());
}
