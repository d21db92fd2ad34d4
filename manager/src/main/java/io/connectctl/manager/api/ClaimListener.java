package io.connectctl.manager.api;

import java.time.Duration;

/** Hears of every claim from a pool. */
@FunctionalInterface
interface ClaimListener {
    /**
     * One claim.
     *
     * @param pool of which
     * @param ready whether a ready spare was handed out
     * @param took from the request to the stored claim
     */
    void claimed(String pool, boolean ready, Duration took);
}
