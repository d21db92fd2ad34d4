package io.connectctl.health;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What one climb of the ladder proved.
 *
 * @param reached the highest rung proven by this climb ({@link Rung#CONTAINER} if not even the port answered)
 * @param failure why it went no further; empty when it got as far as asked
 * @param timings how long each rung took that was tried
 * @param observed what the server told on the way
 */
public record Climb(Rung reached, Optional<ProbeFailure> failure, Map<Rung, Duration> timings, Observed observed) {
    public Climb {
        timings = Map.copyOf(timings);
    }

    /** True if nothing failed. */
    public boolean passed() {
        return failure.isEmpty();
    }
}
