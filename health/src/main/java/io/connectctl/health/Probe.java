package io.connectctl.health;

import io.grpc.Deadline;

/**
 * One way to ask one instance for the proof of one rung. Blocking, bounded by its deadline, confined to one caller at a
 * time. Adding one: a class here, a line in {@link Probes}, and a subclass of {@code ProbeContract}.
 */
interface Probe {
    /**
     * Asks once. What the server does is never an exception.
     *
     * @param deadline when an answer must be there; never overrun noticeably
     * @throws InterruptedException if the caller was interrupted while waiting
     */
    ProbeResult probe(Deadline deadline) throws InterruptedException;
}
