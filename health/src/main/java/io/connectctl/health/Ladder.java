package io.connectctl.health;

import java.time.Duration;

/**
 * The rungs of readiness of one instance. Remembers what it learnt of that instance (which RPC its Spark version answers
 * without a trace, where its UI is), so later climbs are cheap. Confined to one caller at a time; blocking.
 */
public interface Ladder extends AutoCloseable {
    /**
     * Climbs from the bottom until {@code until} is proven or a rung fails. Never throws for what the server does, never
     * blocks noticeably longer than {@code timeout} for each rung, and leaves no session, log line or tombstone behind
     * below {@link Rung#QUERY} (with the UI off, {@link Rung#SESSION} needs a session: see docs/probing.md).
     *
     * @param until the rung to prove, at least {@link Rung#PORT}
     * @param timeout deadline of each rung; the first call of an instance is given more, since the server loads classes
     */
    Climb climb(Rung until, Duration timeout) throws InterruptedException;

    /** Closes the connection. Never fails. */
    @Override
    void close();
}
