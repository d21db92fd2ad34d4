package io.connectctl.compose.runtime;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which part of a log.
 *
 * @param tail only the last lines; empty for all
 * @param since only lines written at or after this instant
 * @param previous the incarnation before the current one
 * @param follow go on with what is written from now on
 */
public record LogRequest(OptionalInt tail, Optional<Instant> since, boolean previous, boolean follow) {
    /** The last lines of the current incarnation. */
    public static LogRequest tail(int lines) {
        return new LogRequest(OptionalInt.of(lines), Optional.empty(), false, false);
    }
}
