package io.connectctl.manager.lifecycle;

import io.connectctl.compose.spec.RestartSpec;
import java.time.Duration;

/** How long a faulty server waits before its next launch, and when it is given up. */
public final class RestartPolicy {
    /** The part of a wait that chance decides, so that servers felled together don't return together. */
    private static final double JITTER = 0.25;

    private RestartPolicy() {}

    /**
     * The wait before the next launch: {@code backoff} doubled with each further fault up to {@code maxBackoff}, less up to
     * a quarter by chance.
     *
     * @param faults faults in a row, the newest included; at least 1
     * @param seed the server's own number: same seed and faults, same wait
     */
    public static Duration delay(RestartSpec spec, int faults, long seed) {
        long most = Math.max(0, spec.maxBackoff().toMillis());
        long wait = Math.min(Math.max(0, spec.backoff().toMillis()), most);
        for (int i = 1; i < faults && wait < most && wait > 0; i++) {
            wait = wait > most / 2 ? most : wait * 2;
        }
        return Duration.ofMillis(Math.round(wait * (1 - JITTER * chance(seed + faults))));
    }

    /** True if {@code faults} faults in a row, the newest included, are more than may be answered with a restart. */
    public static boolean spent(RestartSpec spec, int faults) {
        return faults > spec.budget();
    }

    /** A number in [0, 1) that looks random: the mixing step of SplitMix64. */
    private static double chance(long seed) {
        long mixed = seed * 0x9E3779B97F4A7C15L + 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        mixed ^= mixed >>> 31;
        return (mixed >>> 11) * 0x1.0p-53;
    }
}
