package io.connectctl.manager.lifecycle;

import io.connectctl.compose.spec.ServerName;
import java.time.Instant;
import java.util.Optional;

/**
 * One piece of news about a server. Journal, log line, API and metrics all come from it.
 *
 * @param sequence its number in the journal, ascending without reuse; 0 before it is stored
 * @param at when
 * @param server whose
 * @param incarnation which run; 0 before the first
 * @param type what kind: {@code phase}, {@code rung}, {@code command}, {@code declared}, {@code exit}, {@code probe}, {@code progress}, {@code removed}
 * @param phase the phase after it
 * @param message one line for people; never a secret
 * @param cause why, where there is a cause
 */
public record ServerEvent(
        long sequence,
        Instant at,
        ServerName server,
        int incarnation,
        String type,
        Phase phase,
        String message,
        Optional<Cause> cause) {
    /** The same event under its number in the journal. */
    public ServerEvent numbered(long number) {
        return new ServerEvent(number, at, server, incarnation, type, phase, message, cause);
    }
}
