package io.connectctl.manager.supervise;

import java.time.Duration;
import java.util.Optional;

/**
 * How a running server is to be ended.
 *
 * @param force without drain and grace
 * @param unlessBusy refuse while operations of clients run and nothing is said, nor declared, of what becomes of them
 * @param drain how long running operations may finish first; empty for what is declared ({@code stop.drain})
 */
public record StopOrder(boolean force, boolean unlessBusy, Optional<Duration> drain) {
    /** Politely, whatever runs. */
    public static final StopOrder PLAIN = new StopOrder(false, false, Optional.empty());

    /** A kill. */
    public static final StopOrder KILL = new StopOrder(true, false, Optional.empty());

    public StopOrder {
        if (drain.filter(Duration::isNegative).isPresent()) {
            throw new IllegalArgumentException("a drain can't last " + drain.get());
        }
    }
}
