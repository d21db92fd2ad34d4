package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.List;

/** The answer where no rule is sure: what is known, and where to look. */
final class Unknown {
    /** The code of this answer. */
    static final String CODE = "UNKNOWN";

    private Unknown() {}

    static Finding of(Clues clues) {
        List<String> lines = clues.firstComplaint()
                .map(entry -> entry.lines().stream().limit(3).toList())
                .orElseGet(() -> clues.lastLines(3));
        return new Finding(
                Finding.NOWHERE,
                new Cause(
                        CODE,
                        "the server failed, and connectctl doesn't know why: " + Ending.words(clues),
                        "look at the log: " + clues.readTheLog(),
                        lines,
                        true));
    }
}
