package io.connectctl.compose.runtime;

import java.util.List;
import java.util.OptionalInt;

/**
 * Where an instance is reached.
 *
 * @param host name that clients use
 * @param grpcPort the port that this very instance listens on; empty while it doesn't
 * @param uiPorts ports where its UI may be, best first; empty while unknown or where the UI is off
 */
public record Endpoint(String host, OptionalInt grpcPort, List<Integer> uiPorts) {
    public Endpoint {
        uiPorts = List.copyOf(uiPorts);
    }
}
