package io.connectctl.health;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * One instance of a server as probes see it.
 *
 * @param host name or address at which gRPC is reached
 * @param port gRPC port, 1-65535
 * @param token bearer token of the server (Spark 4.0+), empty where it has none; never printed
 * @param uiHost name or address at which the UI is reached
 * @param uiPorts ports where this instance's UI may be, best first: Spark silently moves it upward when its port is taken
 *     (spark.port.maxRetries); empty where the UI is off
 * @param marker value of {@code spark.connectctl.instance} in this instance's configuration: tells its UI from another Spark's
 * @param sessionId the one session id that probes of this instance use where a session can't be avoided
 * @param minExecutors with a cluster, how many executors must be there; empty with a local master
 * @param provenBefore whether they were there once, by another ladder: then some may be missing for a while
 */
public record ProbeTarget(
        String host,
        int port,
        Optional<String> token,
        String uiHost,
        List<Integer> uiPorts,
        String marker,
        UUID sessionId,
        OptionalInt minExecutors,
        boolean provenBefore) {
    public ProbeTarget {
        Objects.requireNonNull(host, "host");
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is outside 1-65535");
        }
        uiPorts = List.copyOf(uiPorts);
    }

    /** With a local master. */
    public ProbeTarget(
            String host,
            int port,
            Optional<String> token,
            String uiHost,
            List<Integer> uiPorts,
            String marker,
            UUID sessionId) {
        this(host, port, token, uiHost, uiPorts, marker, sessionId, OptionalInt.empty(), false);
    }

    /** The same instance, whose executors were proven before. */
    public ProbeTarget asProvenBefore() {
        return new ProbeTarget(host, port, token, uiHost, uiPorts, marker, sessionId, minExecutors, true);
    }

    /** Without the token. */
    @Override
    public String toString() {
        return host + ":" + port + (token.isPresent() ? " (token)" : "") + " ui=" + uiHost + uiPorts + " " + marker;
    }
}
