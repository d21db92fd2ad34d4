package io.connectctl.manager.lifecycle;

import java.time.Duration;
import java.util.Optional;

/**
 * When something must happen about probing.
 *
 * @param due moment on the boot clock: the next probe starts then, or the one under way counts as lost
 * @param asked since when one is under way; empty while none is
 */
public record ProbeClock(Duration due, Optional<Duration> asked) {
    /** The next probe starts at {@code due}. */
    static ProbeClock next(Duration due) {
        return new ProbeClock(due, Optional.empty());
    }

    /** A probe starts now and counts as lost at {@code due}. */
    static ProbeClock underWay(Duration now, Duration due) {
        return new ProbeClock(due, Optional.of(now));
    }
}
