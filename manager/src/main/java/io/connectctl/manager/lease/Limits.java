package io.connectctl.manager.lease;

import java.time.Duration;

/**
 * What leasing keeps to.
 *
 * @param starting so many servers are being started at once, at most; further ones wait in order
 * @param spareTtl how long a pool's spare outlives a daemon that died
 * @param spareBytes what the spares of all pools together may take of the machine's memory, as far as no pool has a budget of its own
 */
public record Limits(int starting, Duration spareTtl, long spareBytes) {
    public Limits {
        if (starting < 1) {
            throw new IllegalArgumentException("at least one server must be allowed to start, not " + starting);
        }
    }

    /**
     * As many starts as there are cores, since each keeps one busy for seconds; half of the memory for spares.
     *
     * @param memoryBytes the machine's
     */
    public static Limits of(int cores, long memoryBytes) {
        return new Limits(Math.max(1, cores), Duration.ofMinutes(10), memoryBytes / 2);
    }
}
