package io.connectctl.manager.pool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a pool lacks and what it has too much of, at one moment.
 *
 * @param add so many spares are to be begun
 * @param retire the leases of spares that are to go
 */
public record Refill(int add, List<String> retire) {
    /** Nothing to do. */
    public static final Refill NONE = new Refill(0, List.of());

    public Refill {
        retire = List.copyOf(retire);
    }

    /**
     * Looks at one pool.
     *
     * <p>A spare that is too old goes only while none is on its way, so that a pool is renewed one by one and never empty for
     * its age alone. What is too many goes first where it isn't ready, as that costs nobody anything.
     *
     * @param target how many spares it may have now
     * @param spares of this pool, those that end left out
     * @param leaving how many spares are on their way out: they hold memory until they are gone
     * @param now time since the boot
     */
    public static Refill of(Pool pool, int target, List<Spare> spares, int leaving, Duration now) {
        List<Spare> kept = new ArrayList<>();
        List<String> retire = new ArrayList<>();
        for (Spare spare : spares) {
            if (spare.revision() == pool.revision()) {
                kept.add(spare);
            } else {
                retire.add(spare.lease());
            }
        }
        kept.sort(Comparator.comparing(Spare::ready).thenComparing(Spare::age));
        while (kept.size() > target) {
            retire.add(kept.remove(0).lease());
        }
        boolean underWay = kept.size() < target || kept.stream().anyMatch(spare -> !spare.ready());
        if (!underWay && !kept.isEmpty()) {
            Spare oldest = kept.get(kept.size() - 1);
            if (oldest.age().compareTo(pool.maxAge()) > 0) {
                retire.add(oldest.lease());
            }
        }
        boolean paused = pool.pause().filter(until -> now.compareTo(until) < 0).isPresent();
        long most = pool.hasBudget() ? pool.budgetBytes() / pool.memberBytes() : target;
        long room = most - kept.size() - leaving - retire.size();
        return new Refill(paused ? 0 : (int) Math.max(0, Math.min(room, target - kept.size())), retire);
    }
}
