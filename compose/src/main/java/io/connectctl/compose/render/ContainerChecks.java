package io.connectctl.compose.render;

import io.connectctl.compose.spec.HealthSpec;
import java.time.Duration;

/**
 * The times of a container's own health check, made from those of connectctl's probes. The engine kills a check that takes longer
 * than it was told, and counts that as a failure: so it is told more than the check may wait for its answers.
 */
public final class ContainerChecks {
    /** A check costs some 40 ms of CPU, most of it the engine's own: below this it would be felt. */
    private static final Duration LEAST_INTERVAL = Duration.ofSeconds(5);

    /** What {@code docker ps} says is "starting" until the first check, and an engine without a start interval waits that long for it. */
    private static final Duration LONGEST_WITHOUT_START_INTERVAL = Duration.ofSeconds(30);

    /** To start bash on a machine that is busy, and to read what there is in /proc. */
    private static final Duration BESIDES = Duration.ofSeconds(2);

    private static final int ANSWERS = 2;

    private ContainerChecks() {}

    /** How long the check waits for each of its answers, in whole seconds: {@code health.timeout}, a part of one being one. */
    public static int answerSeconds(HealthSpec health) {
        return (int) Math.max(
                1,
                Math.min(
                        Integer.MAX_VALUE / 4,
                        health.timeout().plusNanos(999_999_999).toSeconds()));
    }

    /** How long the engine is to wait for a check: for all its answers. */
    public static Duration timeout(HealthSpec health) {
        return Duration.ofSeconds(answerSeconds(health)).multipliedBy(ANSWERS).plus(BESIDES);
    }

    /**
     * How often the engine is to check: {@code health.interval}, within bounds.
     *
     * @param startInterval whether it checks more often until the first success
     */
    public static Duration interval(HealthSpec health, boolean startInterval) {
        Duration interval = health.interval();
        if (interval.compareTo(LEAST_INTERVAL) < 0) {
            return LEAST_INTERVAL;
        }
        return !startInterval && interval.compareTo(LONGEST_WITHOUT_START_INTERVAL) > 0
                ? LONGEST_WITHOUT_START_INTERVAL
                : interval;
    }
}
