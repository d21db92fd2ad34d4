package io.connectctl.manager.lifecycle;

import java.time.Duration;
import java.time.Instant;

/**
 * One moment, told to the lifecycle by whoever owns time.
 *
 * @param boot time since the machine's boot, suspended time included: every deadline and age counts on it
 * @param wall the wall clock, for display only: it may jump
 */
public record Now(Duration boot, Instant wall) {}
