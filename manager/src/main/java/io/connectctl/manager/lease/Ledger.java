package io.connectctl.manager.lease;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.pool.Pool;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Every lease and every pool, as one value.
 *
 * @param leases by id
 * @param pools by name
 * @param number the next lease's
 * @param seed makes ids differ from those of other daemons
 */
public record Ledger(SortedMap<String, Lease> leases, SortedMap<String, Pool> pools, long number, long seed) {
    /** Held leases first: somebody waits for them. */
    private static final Comparator<Lease> ORDER =
            Comparator.comparing(Lease::held).reversed().thenComparing(Lease::number);

    public Ledger {
        leases = Collections.unmodifiableSortedMap(new TreeMap<>(leases));
        pools = Collections.unmodifiableSortedMap(new TreeMap<>(pools));
    }

    /** No lease, no pool. */
    public static Ledger empty(long seed) {
        return new Ledger(new TreeMap<>(), new TreeMap<>(), 1, seed);
    }

    /** The lease of a server. */
    public Optional<Lease> of(ServerName server) {
        return leases.values().stream()
                .filter(lease -> lease.server().equals(server))
                .findFirst();
    }

    /** Those whose turn to start is still to come, in order. */
    public List<Lease> waiting() {
        return leases.values().stream()
                .filter(lease -> lease.state() == LeaseState.WAITING)
                .sorted(ORDER)
                .toList();
    }

    /** How many are being started. */
    public int starting() {
        return (int) leases.values().stream()
                .filter(lease -> lease.state() == LeaseState.STARTING)
                .count();
    }

    /** The spares of a pool, oldest first. */
    public List<Lease> spares(String pool) {
        return leases.values().stream()
                .filter(Lease::spare)
                .filter(lease -> lease.pool().filter(pool::equals).isPresent())
                .sorted(Comparator.comparing(Lease::number))
                .toList();
    }

    /** An id that no lease has. */
    public String freshId() {
        long next = number;
        while (true) {
            String id = id(next++);
            if (!leases.containsKey(id)) {
                return id;
            }
        }
    }

    /** SplitMix64's finish: neighbours look nothing alike, and nothing rests on them being hard to guess. */
    private String id(long count) {
        long mixed = seed + count * 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return String.format(Locale.ROOT, "%08x", (int) (mixed ^ (mixed >>> 31)));
    }

    /** The same with this one in it. */
    public Ledger with(Lease lease) {
        TreeMap<String, Lease> changed = new TreeMap<>(leases);
        changed.put(lease.id(), lease);
        return new Ledger(changed, pools, Math.max(number, lease.number() + 1), seed);
    }

    Ledger without(String lease) {
        TreeMap<String, Lease> changed = new TreeMap<>(leases);
        changed.remove(lease);
        return new Ledger(changed, pools, number, seed);
    }

    /** The same with this one in it. */
    public Ledger with(Pool pool) {
        TreeMap<String, Pool> changed = new TreeMap<>(pools);
        changed.put(pool.name(), pool);
        return new Ledger(leases, changed, number, seed);
    }

    Ledger withoutPool(String pool) {
        TreeMap<String, Pool> changed = new TreeMap<>(pools);
        changed.remove(pool);
        return new Ledger(leases, changed, number, seed);
    }
}
