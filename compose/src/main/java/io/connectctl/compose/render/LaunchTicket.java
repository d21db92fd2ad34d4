package io.connectctl.compose.render;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What differs between one incarnation and the next; never part of the rendered files.
 *
 * @param incarnation 1 for the first run of a server
 * @param marker told to Spark as {@code spark.connectctl.instance}, so that this instance's UI can be known
 * @param token the server's bearer token, handed over through the environment only
 * @param grpcPort the port to bind where the declaration says auto: the one it had before, or 0 for any
 */
public record LaunchTicket(int incarnation, String marker, Optional<String> token, OptionalInt grpcPort) {
    /** Without the token. */
    @Override
    public String toString() {
        return "incarnation " + incarnation + " " + marker;
    }
}
