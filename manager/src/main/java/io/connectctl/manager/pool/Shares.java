package io.connectctl.manager.pool;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many spares each pool may have: as wanted, as far as memory goes.
 *
 * @param targets spares by the pool's name
 * @param commonBytes what all pools without a budget of their own may take together
 */
public record Shares(Map<String, Integer> targets, long commonBytes) {
    public Shares {
        targets = Map.copyOf(targets);
    }

    /**
     * Those with a budget of their own keep to that. The others share what it leaves of {@code spareBytes}: in turn each gets one more
     * spare, in the order of their names, as long as one fits.
     *
     * @param spareBytes what spares may take of this machine where nothing else was said
     */
    public static Shares of(Collection<Pool> pools, long spareBytes) {
        Map<String, Integer> targets = new TreeMap<>();
        Map<String, Pool> sharing = new TreeMap<>();
        long left = spareBytes;
        for (Pool pool : pools) {
            if (pool.hasBudget()) {
                targets.put(pool.name(), (int) Math.min(pool.size(), pool.budgetBytes() / pool.memberBytes()));
                left -= pool.budgetBytes();
            } else {
                targets.put(pool.name(), 0);
                sharing.put(pool.name(), pool);
            }
        }
        long common = Math.max(0, left);
        left = common;
        boolean more = true;
        while (more) {
            more = false;
            for (Pool pool : sharing.values()) {
                int target = targets.getOrDefault(pool.name(), 0);
                if (target < pool.size() && pool.memberBytes() <= left) {
                    targets.put(pool.name(), target + 1);
                    left -= pool.memberBytes();
                    more = true;
                }
            }
        }
        return new Shares(targets, common);
    }

    /** How many spares this pool may have. */
    public int target(Pool pool) {
        return targets.getOrDefault(pool.name(), 0);
    }

    /** What the spares of this pool may take. */
    public long bytes(Pool pool) {
        return pool.hasBudget() ? pool.budgetBytes() : target(pool) * pool.memberBytes();
    }
}
