package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Problem;
import java.util.List;

/**
 * What a declaration changed.
 *
 * @param created true if the server was unknown before
 * @param changed true if anything differs from what was stored
 * @param warnings what was accepted but deserves a word
 */
public record Declared(boolean created, boolean changed, List<Problem> warnings) {
    public Declared {
        warnings = List.copyOf(warnings);
    }
}
