package io.connectctl.health;

/**
 * Folds the results of one instance's probes into a verdict, so that one lost answer isn't an outage: pure, one new value
 * for each result. The first pass counts at once (a server that has just started is wanted now); later it takes
 * {@code successesNeeded} in a row to become healthy and {@code failuresNeeded} in a row to become unhealthy.
 *
 * @param failuresNeeded consecutive failures that make it unhealthy, at least 1
 * @param successesNeeded consecutive passes that make it healthy again, at least 1
 * @param verdict what the results so far amount to
 * @param failures failures since the last pass
 * @param successes passes since the last failure
 */
public record HealthTracker(int failuresNeeded, int successesNeeded, Verdict verdict, int failures, int successes) {
    /** What the probes amount to. */
    public enum Verdict {
        /** It neither passed yet nor failed often enough. */
        UNKNOWN,
        /** It is usable. */
        HEALTHY,
        /** It is not usable. */
        UNHEALTHY
    }

    public HealthTracker {
        if (failuresNeeded < 1 || successesNeeded < 1) {
            throw new IllegalArgumentException(
                    "thresholds must be at least 1, not failures=" + failuresNeeded + " successes=" + successesNeeded);
        }
    }

    /** A tracker that has seen nothing. */
    public static HealthTracker of(int failuresNeeded, int successesNeeded) {
        return new HealthTracker(failuresNeeded, successesNeeded, Verdict.UNKNOWN, 0, 0);
    }

    /** The tracker after one more climb. */
    public HealthTracker after(Climb climb) {
        return climb.passed() ? afterPass() : afterFailure();
    }

    /** The tracker after one more pass. */
    public HealthTracker afterPass() {
        int passes = increment(successes);
        Verdict next = verdict == Verdict.UNKNOWN || passes >= successesNeeded ? Verdict.HEALTHY : verdict;
        return new HealthTracker(failuresNeeded, successesNeeded, next, 0, passes);
    }

    /** The tracker after one more failure. */
    public HealthTracker afterFailure() {
        int fails = increment(failures);
        Verdict next = fails >= failuresNeeded ? Verdict.UNHEALTHY : verdict;
        return new HealthTracker(failuresNeeded, successesNeeded, next, fails, 0);
    }

    /** A server may pass for years: the count stops instead of turning negative. */
    private static int increment(int count) {
        return count == Integer.MAX_VALUE ? count : count + 1;
    }
}
