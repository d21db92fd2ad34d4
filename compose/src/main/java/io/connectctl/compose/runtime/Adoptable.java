package io.connectctl.compose.runtime;

import io.connectctl.compose.spec.Declaration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A server that runs and somebody else started, as a runtime found it.
 *
 * @param id what it is there: a container's id
 * @param label what people call it: a container's name
 * @param name a server's name that fits it
 * @param declaration what can be declared of it from what was found
 * @param grpcPort where its gRPC service listens, inside
 * @param uiPort where its UI listens, inside; empty where it is off or can't be reached
 * @param endpoint where both are reached from here
 * @param open which of its ports are reached from other machines too: inside, to {@code ADDRESS:PORT} outside
 * @param marker its spark.connectctl.instance; empty text where it has none
 * @param token its token, where it wants one and it was found
 */
public record Adoptable(
        String id,
        String label,
        String name,
        Declaration declaration,
        int grpcPort,
        OptionalInt uiPort,
        Endpoint endpoint,
        Map<Integer, String> open,
        String marker,
        Optional<String> token) {
    public Adoptable {
        open = Map.copyOf(open);
    }

    /** Without the token. */
    @Override
    public String toString() {
        return label + " (" + id + ") as " + name;
    }
}
