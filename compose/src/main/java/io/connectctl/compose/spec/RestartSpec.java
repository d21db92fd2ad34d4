package io.connectctl.compose.spec;

import java.time.Duration;

/**
 * What happens after a fault.
 *
 * @param onFault whether a faulty server is replaced at all
 * @param backoff wait before the first restart; doubles with each further one
 * @param maxBackoff the longest wait
 * @param budget restarts for faults before the server is FAILED
 * @param resetAfter stable time after which budget and backoff start anew
 */
public record RestartSpec(boolean onFault, Duration backoff, Duration maxBackoff, int budget, Duration resetAfter) {}
