package io.connectctl.manager.cli;

import java.time.Duration;

/** How long is waited, where nobody says. */
final class Patience {
    /** For all but a start; for a start until its server's own is known. */
    static final Duration STANDARD = Duration.ofMinutes(3);

    /**
     * From the supervisor's own end of a start, after {@code health.startTimeout}, to what it found out of its reason, and told: who leaves
     * before it hears of a timeout, and not of the full queue behind it.
     */
    static final Duration VERDICT = Duration.ofMinutes(2);

    private Patience() {}
}
