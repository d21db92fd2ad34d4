package io.connectctl.manager.pool;

import java.time.Duration;
import java.util.Optional;

/**
 * A warm pool: spare servers of one declaration, each handed out once.
 *
 * @param name what claimers call it; plain as a server's name
 * @param size how many spares are wanted
 * @param declaration the declaration of each, as JSON of connectctl.yaml's keys without secret values
 * @param revision rises with each change of the declaration: spares of an older one are replaced
 * @param maxAge a spare older than this is replaced
 * @param memberBytes what one spare may take of the machine's memory
 * @param budgetBytes what all its spares together may take: fewer than {@code size} are kept where they would take more; 0 where it
 *     has no budget of its own, but its part of what is there for all such pools (see {@link Shares})
 * @param claims how many servers were handed out, ready or not
 * @param misses how many claims found no ready spare
 * @param failures spares that failed one after another; each makes the next wait longer
 * @param pause no spare is begun before this time since the boot; empty where nothing failed
 * @param trouble why the last spare failed; empty once one got ready again
 */
public record Pool(
        String name,
        int size,
        String declaration,
        int revision,
        Duration maxAge,
        long memberBytes,
        long budgetBytes,
        long claims,
        long misses,
        int failures,
        Optional<Duration> pause,
        Optional<String> trouble) {
    /** A spare holds memory for nothing: after an hour it is worth a fresh start, which also drops what leaked. */
    public static final Duration MAX_AGE = Duration.ofHours(1);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    /** Kills come from outside and end: whoever claims shall not wait for minutes after the last one. */
    private static final Duration LONGEST_PAUSE_AFTER_FAULTS = Duration.ofMinutes(1);

    public Pool {
        if (size < 0 || memberBytes <= 0 || budgetBytes < 0 || maxAge.isZero() || maxAge.isNegative()) {
            throw new IllegalArgumentException("pool " + name + " of " + size + " spares with " + memberBytes
                    + " bytes each of at most " + budgetBytes + ", renewed after " + maxAge + ", makes no sense");
        }
    }

    /** A pool that nothing was claimed from yet. */
    public static Pool of(
            String name, int size, String declaration, Duration maxAge, long memberBytes, long budgetBytes) {
        return new Pool(
                name,
                size,
                declaration,
                1,
                maxAge,
                memberBytes,
                budgetBytes,
                0,
                0,
                0,
                Optional.empty(),
                Optional.empty());
    }

    /** This pool declared anew as {@code other}: its counts go on, its spares are replaced if their declaration differs. */
    public Pool redeclared(Pool other) {
        return new Pool(
                name,
                other.size,
                other.declaration,
                other.declaration.equals(declaration) ? revision : revision + 1,
                other.maxAge,
                other.memberBytes,
                other.budgetBytes,
                claims,
                misses,
                0,
                Optional.empty(),
                Optional.empty());
    }

    /** True where its memory budget is its own. */
    public boolean hasBudget() {
        return budgetBytes > 0;
    }

    /** One was handed out. */
    public Pool claimed(boolean missed) {
        return counting(claims + 1, misses + (missed ? 1 : 0), failures, pause, trouble);
    }

    /**
     * A spare failed at {@code now} since the boot: the next one waits, twice as long each time.
     *
     * @param retryable whether the very same declaration may work the next time: then the wait is bounded by a minute
     */
    public Pool failed(Duration now, String why, boolean retryable) {
        Duration wait = FIRST_PAUSE.multipliedBy(1L << Math.min(failures, 10));
        Duration longest = retryable ? LONGEST_PAUSE_AFTER_FAULTS : LONGEST_PAUSE;
        return counting(
                claims,
                misses,
                failures + 1,
                Optional.of(now.plus(wait.compareTo(longest) > 0 ? longest : wait)),
                Optional.of(why));
    }

    /** A spare got ready. */
    public Pool recovered() {
        return failures == 0 && trouble.isEmpty()
                ? this
                : counting(claims, misses, 0, Optional.empty(), Optional.empty());
    }

    private Pool counting(long claims, long misses, int failures, Optional<Duration> pause, Optional<String> trouble) {
        return new Pool(
                name,
                size,
                declaration,
                revision,
                maxAge,
                memberBytes,
                budgetBytes,
                claims,
                misses,
                failures,
                pause,
                trouble);
    }
}
