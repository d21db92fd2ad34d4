package io.connectctl.manager.lease;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.pool.Pool;
import io.connectctl.manager.pool.Refill;
import io.connectctl.manager.pool.Shares;
import io.connectctl.manager.pool.Spare;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decides about leases and pools: from the ledger, an input and the moment to the next ledger and what is to be done. Pure; called by
 * one thread at a time, and its ledger is stored before anything is done, so that a claim is one committed step and no server is ever
 * handed out twice.
 */
public final class Leasing {
    private final Limits limits;
    private final Moment now;
    private final Map<String, LeaseEffect> effects = new LinkedHashMap<>();
    private Ledger ledger;
    private Optional<String> about = Optional.empty();

    private Leasing(Ledger ledger, Moment now, Limits limits) {
        this.ledger = ledger;
        this.now = now;
        this.limits = limits;
    }

    /** One step. */
    public static LeaseStep step(Ledger ledger, LeaseInput input, Moment now, Limits limits) {
        Leasing step = new Leasing(ledger, now, limits);
        // What is over is over, whatever comes now: a renewal that comes too late finds nothing to renew.
        step.expire();
        step.take(input);
        step.keepPools();
        step.begin();
        return new LeaseStep(step.ledger, List.copyOf(step.effects.values()), step.about.map(id -> step.ledger
                .leases()
                .get(id)));
    }

    /** What a daemon has to do that finds this ledger: it can't know what the one before it got done. */
    public static List<LeaseEffect> recover(Ledger ledger) {
        List<LeaseEffect> effects = new ArrayList<>();
        for (Lease lease : ledger.leases().values()) {
            switch (lease.state()) {
                case STARTING -> effects.add(new LeaseEffect.Begin(lease.id()));
                case READY, FAILED -> effects.add(new LeaseEffect.Arm(lease.id()));
                case ENDING -> effects.add(new LeaseEffect.End(lease.id()));
                case WAITING -> {}
            }
        }
        return effects;
    }

    private void take(LeaseInput input) {
        if (input instanceof LeaseInput.Granted granted) {
            add(granted.id(), true, granted.owner(), Optional.empty(), granted.ttl());
            about = Optional.of(granted.id());
        } else if (input instanceof LeaseInput.Claimed claimed) {
            claim(claimed);
        } else if (input instanceof LeaseInput.Renewed renewed) {
            // One that FAILED too: whoever keeps it wants to look at what is left.
            Optional.ofNullable(ledger.leases().get(renewed.id()))
                    .filter(lease -> lease.held() && lease.state() != LeaseState.ENDING)
                    .ifPresent(lease -> renew(lease, renewed));
        } else if (input instanceof LeaseInput.Released released) {
            Optional<Lease> lease =
                    Optional.ofNullable(ledger.leases().get(released.id())).filter(Lease::held);
            lease.ifPresent(known -> end(known, Ending.RELEASED));
            about = lease.map(Lease::id);
        } else if (input instanceof LeaseInput.OwnerGone gone) {
            Optional.ofNullable(ledger.leases().get(gone.id())).ifPresent(lease -> end(lease, Ending.OWNER_GONE));
        } else if (input instanceof LeaseInput.Proven proven) {
            live(proven.id())
                    .filter(lease -> lease.state() == LeaseState.STARTING)
                    .ifPresent(this::ready);
        } else if (input instanceof LeaseInput.Faulted faulted) {
            live(faulted.id())
                    .filter(lease -> lease.spare() && lease.state() == LeaseState.READY)
                    .ifPresent(lease -> end(lease, Ending.FAULTED));
        } else if (input instanceof LeaseInput.Failed failed) {
            live(failed.id()).ifPresent(lease -> fail(lease, failed));
        } else if (input instanceof LeaseInput.Stopped stopped) {
            live(stopped.id())
                    .filter(lease -> lease.state() != LeaseState.WAITING)
                    .ifPresent(lease -> end(lease, Ending.STOPPED));
        } else if (input instanceof LeaseInput.Gone gone) {
            Lease lease = ledger.leases().get(gone.id());
            if (lease != null && lease.state() == LeaseState.ENDING) {
                ledger = ledger.without(gone.id());
                effects.remove(gone.id());
            }
        } else if (input instanceof LeaseInput.PoolMade made) {
            Pool known = ledger.pools().get(made.pool().name());
            ledger = ledger.with(known == null ? made.pool() : known.redeclared(made.pool()));
        } else if (input instanceof LeaseInput.PoolDeleted deleted) {
            ledger = ledger.withoutPool(deleted.pool());
        } else if (!(input instanceof LeaseInput.Passed)) {
            throw new IllegalArgumentException("no way to take " + input);
        }
    }

    private Optional<Lease> live(String id) {
        return Optional.ofNullable(ledger.leases().get(id)).filter(Lease::live);
    }

    private void put(Lease lease) {
        ledger = ledger.with(lease);
    }

    private void add(String id, boolean held, Optional<Owner> owner, Optional<Pool> pool, Duration ttl) {
        ServerName server = Lease.serverOf(id);
        put(new Lease(
                id,
                server,
                ledger.number(),
                LeaseState.WAITING,
                held,
                owner,
                pool.map(Pool::name),
                pool.map(Pool::revision).orElse(0),
                now,
                ttl,
                now.plus(ttl),
                Optional.empty(),
                Optional.empty()));
    }

    // ------------------------------------------------------------------ time

    private void expire() {
        for (Lease lease : ledger.leases().values()) {
            if (lease.state() != LeaseState.ENDING && lease.expiry().reached(now)) {
                end(lease, Ending.EXPIRED);
            }
        }
    }

    private void renew(Lease lease, LeaseInput.Renewed renewed) {
        Duration ttl = renewed.ttl().orElse(lease.ttl());
        Lease later = lease.until(now.plus(ttl), ttl);
        put(renewed.disown() ? later.ownedBy(Optional.empty()) : later);
        effects.putIfAbsent(lease.id(), new LeaseEffect.Arm(lease.id()));
        about = Optional.of(lease.id());
    }

    private void end(Lease lease, Ending why) {
        if (lease.state() != LeaseState.ENDING) {
            put(lease.ending(why));
            effects.put(lease.id(), new LeaseEffect.End(lease.id()));
        }
    }

    // ------------------------------------------------------------------ servers

    private void ready(Lease lease) {
        put(lease.in(LeaseState.READY));
        if (lease.spare()) {
            pool(lease).ifPresent(pool -> ledger = ledger.with(pool.recovered()));
        }
    }

    private void fail(Lease lease, LeaseInput.Failed failed) {
        if (lease.held()) {
            put(lease.failed(failed.cause()));
            return;
        }
        end(lease, Ending.FAULTED);
        pool(lease)
                .ifPresent(pool -> ledger = ledger.with(pool.failed(
                        now.at(),
                        failed.cause().code() + ": " + failed.cause().summary(),
                        failed.cause().retryable())));
    }

    private Optional<Pool> pool(Lease lease) {
        return lease.pool().map(name -> ledger.pools().get(name));
    }

    /** Those that somebody waits for come first; each takes a slot until a query ran, or it failed or ended. */
    private void begin() {
        int free = limits.starting() - ledger.starting();
        for (Lease lease : ledger.waiting()) {
            if (free-- <= 0) {
                return;
            }
            put(lease.in(LeaseState.STARTING));
            effects.put(lease.id(), new LeaseEffect.Begin(lease.id()));
        }
    }

    // ------------------------------------------------------------------ pools

    /** A ready spare, the oldest; else the one that will be ready first; else a fresh one. */
    private void claim(LeaseInput.Claimed claimed) {
        Pool pool = ledger.pools().get(claimed.pool());
        if (pool == null) {
            return;
        }
        Optional<Lease> spare = ledger.spares(pool.name()).stream()
                .filter(lease -> lease.revision() == pool.revision())
                .min(Comparator.comparing(Lease::state, Comparator.reverseOrder())
                        .thenComparing(Lease::number));
        ledger = ledger.with(pool.claimed(
                spare.filter(lease -> lease.state() == LeaseState.READY).isEmpty()));
        if (spare.isPresent()) {
            put(spare.get().claimed(claimed.owner(), claimed.ttl(), now));
            effects.put(spare.get().id(), new LeaseEffect.Arm(spare.get().id()));
            about = Optional.of(spare.get().id());
        } else {
            add(claimed.fresh(), true, claimed.owner(), Optional.of(pool), claimed.ttl());
            about = Optional.of(claimed.fresh());
        }
    }

    /** What the spares of pools without a budget of their own take now, those too that are on their way out. */
    private long common() {
        // Whose pool was deleted, its size with it, counts as the largest.
        long largest = ledger.pools().values().stream()
                .mapToLong(Pool::memberBytes)
                .max()
                .orElse(0);
        return ledger.leases().values().stream()
                .filter(lease -> !lease.held())
                .mapToLong(lease -> pool(lease)
                        .map(pool -> pool.hasBudget() ? 0 : pool.memberBytes())
                        .orElse(largest))
                .sum();
    }

    private void keepPools() {
        for (Lease lease : ledger.leases().values()) {
            if (lease.spare() && pool(lease).isEmpty()) {
                end(lease, Ending.RETIRED);
            } else if (lease.spare()
                    && lease.expiry()
                                    .left(now)
                                    .compareTo(limits.spareTtl().multipliedBy(2).dividedBy(3))
                            < 0) {
                put(lease.until(now.plus(limits.spareTtl()), limits.spareTtl()));
                effects.putIfAbsent(lease.id(), new LeaseEffect.Arm(lease.id()));
            }
        }
        Shares shares = Shares.of(ledger.pools().values(), limits.spareBytes());
        for (Pool pool : ledger.pools().values()) {
            List<Spare> spares = ledger.spares(pool.name()).stream()
                    .map(lease -> new Spare(
                            lease.id(),
                            lease.revision(),
                            lease.state() == LeaseState.READY,
                            lease.since().age(now)))
                    .toList();
            int leaving = (int) ledger.leases().values().stream()
                    .filter(lease -> lease.state() == LeaseState.ENDING && !lease.held())
                    .filter(lease -> lease.pool().filter(pool.name()::equals).isPresent())
                    .count();
            Refill refill = Refill.of(pool, shares.target(pool), spares, leaving, now.at());
            refill.retire().forEach(id -> live(id).ifPresent(lease -> end(lease, Ending.RETIRED)));
            long room = pool.hasBudget() ? refill.add() : (shares.commonBytes() - common()) / pool.memberBytes();
            for (int i = 0; i < Math.min(refill.add(), room); i++) {
                add(ledger.freshId(), false, Optional.empty(), Optional.of(pool), limits.spareTtl());
            }
        }
    }
}
