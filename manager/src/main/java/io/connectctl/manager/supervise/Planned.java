package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Problem;
import java.util.List;

/**
 * What a declaration would change; nothing is changed yet.
 *
 * @param known whether there is a server of that name
 * @param running whether an instance of it runs, which the changes are counted from; else they are counted from its last run, or
 *     from the defaults
 * @param changes each key that would be otherwise
 * @param warnings what would be accepted but deserves a word
 */
public record Planned(boolean known, boolean running, List<Change> changes, List<Problem> warnings) {
    public Planned {
        changes = List.copyOf(changes);
        warnings = List.copyOf(warnings);
    }
}
