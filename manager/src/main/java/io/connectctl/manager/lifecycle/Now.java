package io.connectctl.manager.lifecycle;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * One moment, told to the lifecycle by whoever owns time.
 *
 * @param boot time since the machine's boot, suspended time included: every deadline and age counts on it
 * @param wall the wall clock, for display only: it may jump. Cut to milliseconds here, so that every instant that is stored or
 *     told looks alike; nobody reads nanoseconds
 */
public record Now(Duration boot, Instant wall) {
    public Now {
        wall = wall.truncatedTo(ChronoUnit.MILLIS);
    }
}
