package io.connectctl.compose.spec;

import java.time.Duration;

/**
 * How a server's health is judged.
 *
 * @param until the rung each periodic probe must prove
 * @param interval time between probes
 * @param timeout deadline of each rung of a probe
 * @param startTimeout from the launch to the first pass
 * @param failures consecutive failures that make it UNHEALTHY
 * @param successes consecutive passes that make it HEALTHY again
 * @param minExecutors fewer executors than these are a failed probe; 0 with a local master, which has none
 */
public record HealthSpec(
        Readiness until,
        Duration interval,
        Duration timeout,
        Duration startTimeout,
        int failures,
        int successes,
        int minExecutors) {
    /** Of a server that needs no executors. */
    public HealthSpec(
            Readiness until, Duration interval, Duration timeout, Duration startTimeout, int failures, int successes) {
        this(until, interval, timeout, startTimeout, failures, successes, 0);
    }
}
