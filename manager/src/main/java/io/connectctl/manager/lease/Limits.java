package io.connectctl.manager.lease;

import java.time.Duration;

/**
 * What leasing keeps to.
 *
 * @param starting so many servers are being started at once, at most; further ones wait in order
 * @param spareTtl how long a pool's spare outlives a daemon that died
 */
public record Limits(int starting, Duration spareTtl) {
    public Limits {
        if (starting < 1) {
            throw new IllegalArgumentException("at least one server must be allowed to start, not " + starting);
        }
    }

    /** As many as there are cores: a start keeps one busy for seconds. */
    public static Limits ofCores(int cores) {
        return new Limits(Math.max(1, cores), Duration.ofMinutes(10));
    }
}
