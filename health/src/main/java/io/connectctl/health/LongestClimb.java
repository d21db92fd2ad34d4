package io.connectctl.health;

import java.time.Duration;
import java.util.Map;

/** How long a climb may take at most: whoever bounds one from outside must not cut off a cold server's first. */
public final class LongestClimb {
    /**
     * The least time for a rung that was never proven: the server loads classes. On an idle machine that is 2.4 s for the
     * first call and 2.9 s for the first query; on one whose cores were taken ten times over, 7 s for the first call, 10 s
     * for the UI's first answers and 20 s for the first query were seen.
     */
    static final Map<Rung, Duration> FIRST_CALL = Map.of(
            Rung.RPC, Duration.ofSeconds(20),
            Rung.SESSION, Duration.ofSeconds(30),
            Rung.QUERY, Duration.ofSeconds(60));

    private LongestClimb() {}

    /**
     * The sum of the deadlines of a ladder's first climb.
     *
     * @param until the rung to prove
     * @param timeout of each rung, once it was proven
     */
    public static Duration of(Rung until, Duration timeout) {
        Duration sum = Duration.ZERO;
        for (Rung rung : Rung.values()) {
            if (rung.atLeast(Rung.PORT) && until.atLeast(rung)) {
                Duration first = FIRST_CALL.getOrDefault(rung, Duration.ZERO);
                sum = sum.plus(first.compareTo(timeout) < 0 ? timeout : first);
            }
        }
        return sum;
    }
}
