package io.connectctl.manager.lease;

import java.time.Duration;

/**
 * One moment on the boot clock, which neither a jump of the wall clock nor a restart of the daemon moves.
 *
 * @param boot the kernel's boot id: moments of two boots can't be compared, what was before another boot is over
 * @param at time since the boot, suspended time included
 */
public record Moment(String boot, Duration at) {
    /** This moment later. */
    public Moment plus(Duration time) {
        return new Moment(boot, at.plus(time));
    }

    /** True at {@code now} and after it, and in every later boot. */
    public boolean reached(Moment now) {
        return !boot.equals(now.boot) || at.compareTo(now.at) <= 0;
    }

    /** From {@code now} until this moment; zero where it is over. */
    public Duration left(Moment now) {
        return reached(now) ? Duration.ZERO : at.minus(now.at);
    }

    /** From this moment until {@code now}; very long where the machine was restarted in between. */
    public Duration age(Moment now) {
        return boot.equals(now.boot) ? now.at.minus(at) : Duration.ofDays(36_500);
    }
}
