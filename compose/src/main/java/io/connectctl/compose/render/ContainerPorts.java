package io.connectctl.compose.render;

import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import java.util.OptionalInt;

/**
 * Which ports a server binds inside its container. They must be known before it starts, or they couldn't be published: what
 * the declaration leaves open gets Spark's own default there, and the engine chooses the port of its machine.
 */
public final class ContainerPorts {
    private static final int GRPC = 15002;
    private static final int UI = 4040;

    private ContainerPorts() {}

    /** Where the gRPC service listens. */
    public static int grpc(ServerSpec spec) {
        if (spec.port() instanceof PortChoice.Fixed fixed) {
            return fixed.port();
        }
        return spec.uiPort() instanceof PortChoice.Fixed ui && ui.port() == GRPC ? GRPC + 1 : GRPC;
    }

    /** Where the UI listens; empty where it is off. */
    public static OptionalInt ui(ServerSpec spec) {
        if (spec.uiPort() instanceof PortChoice.Off) {
            return OptionalInt.empty();
        }
        if (spec.uiPort() instanceof PortChoice.Fixed fixed) {
            return OptionalInt.of(fixed.port());
        }
        return OptionalInt.of(grpc(spec) == UI ? UI + 1 : UI);
    }
}
