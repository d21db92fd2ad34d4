package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;

/**
 * What a rule found.
 *
 * @param at where in the log, counted in entries: the earliest finding is the cause, later ones are its consequences
 * @param cause the cause, not yet scrubbed
 */
record Finding(int at, Cause cause) {
    /** For findings that rest on no log line. */
    static final int NOWHERE = Integer.MAX_VALUE;
}
