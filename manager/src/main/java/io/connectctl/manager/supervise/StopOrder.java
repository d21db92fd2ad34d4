package io.connectctl.manager.supervise;

import io.connectctl.manager.lifecycle.Input;
import java.time.Duration;
import java.util.Optional;

/**
 * How a running server is to be ended.
 *
 * @param force without drain and grace
 * @param unlessBusy refuse while operations of clients run and nothing is said, nor declared, of what becomes of them
 * @param drain how long running operations may finish first; empty for what is declared ({@code stop.drain})
 * @param why who or what ends it, as events tell it
 */
public record StopOrder(boolean force, boolean unlessBusy, Optional<Duration> drain, String why) {
    /** Politely, whatever runs. */
    public static final StopOrder PLAIN = new StopOrder(false, false, Optional.empty());

    /** A kill. */
    public static final StopOrder KILL = new StopOrder(true, false, Optional.empty());

    /** By hand. */
    public StopOrder(boolean force, boolean unlessBusy, Optional<Duration> drain) {
        this(force, unlessBusy, drain, Input.Stop.BY_HAND);
    }

    public StopOrder {
        if (drain.filter(Duration::isNegative).isPresent()) {
            throw new IllegalArgumentException("a drain can't last " + drain.get());
        }
    }
}
