package io.connectctl.compose.spec;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * How executors find their way back to the driver: they open the connections, so a driver that they can't reach gets no work done.
 *
 * @param host the name or address that they are told; empty for the one by which this machine reaches the master
 * @param port of the driver's RPC; empty for any that is free
 * @param blockManagerPort where the driver serves broadcast data; empty for any that is free
 */
public record DriverNetwork(Optional<String> host, OptionalInt port, OptionalInt blockManagerPort) {
    /** Nothing declared. */
    public static final DriverNetwork UNDECLARED =
            new DriverNetwork(Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
}
