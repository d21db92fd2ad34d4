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
 */
public record HealthSpec(
        Readiness until, Duration interval, Duration timeout, Duration startTimeout, int failures, int successes) {}
