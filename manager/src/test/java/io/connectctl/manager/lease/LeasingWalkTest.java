package io.connectctl.manager.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.pool.Pool;
import io.connectctl.manager.pool.Shares;
import io.connectctl.manager.store.LeaseCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Walks leases and pools through a world where servers fail, owners die, time jumps, the machine and the daemon restart, and effects
 * are lost with them; then lets everybody go home, and expects that nothing is left.
 */
class LeasingWalkTest {
    private static final int STEPS = Integer.getInteger("connectctl.counts.walk", 20_000);
    private static final int EPISODE = 200;
    private static final int MOST_STARTING = 2;
    private static final Limits LIMITS = new Limits(MOST_STARTING, Duration.ofMinutes(10), 500);

    @Test
    void noWorldBreaksTheInvariants() {
        long seed = 20261122;
        for (int done = 0; done < STEPS; done += EPISODE) {
            new World(seed++).live();
        }
    }

    private static final class World {
        private final long seed;
        private final Random random;
        private Ledger ledger;
        private Moment now = new Moment("boot-0", Duration.ofMinutes(5));
        private int boots;
        private int fresh;
        /** Servers that there are, by lease. */
        private final Set<String> servers = new HashSet<>();

        private final Set<String> ended = new HashSet<>();
        private final Map<String, Integer> claims = new HashMap<>();
        private List<LeaseEffect> todo = new ArrayList<>();

        World(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            this.ledger = Ledger.empty(seed);
        }

        void live() {
            for (int i = 0; i < EPISODE; i++) {
                act();
            }
            goHome();
        }

        private void act() {
            switch (random.nextInt(14)) {
                case 0 -> take(new LeaseInput.Granted(freshId(), Optional.empty(), ttl()));
                case 1, 2 -> claim();
                case 3 -> any().ifPresent(id -> take(new LeaseInput.Released(id)));
                case 4 -> any().ifPresent(id -> take(new LeaseInput.OwnerGone(id)));
                case 5 ->
                    any().ifPresent(id -> take(new LeaseInput.Renewed(id, Optional.of(ttl()), random.nextBoolean())));
                case 6, 7 -> some(servers).ifPresent(id -> take(new LeaseInput.Proven(id)));
                case 8 -> some(servers).ifPresent(this::goWrong);
                case 9, 10 -> work();
                case 11 -> pass();
                case 12 -> pools();
                default -> restart();
            }
        }

        private Duration ttl() {
            return Duration.ofSeconds(1 + random.nextInt(900));
        }

        private String freshId() {
            return String.format(Locale.ROOT, "f%07d", fresh++);
        }

        private Optional<String> any() {
            return some(ledger.leases().keySet());
        }

        private Optional<String> some(Set<String> ids) {
            return ids.isEmpty()
                    ? Optional.empty()
                    : Optional.of(ids.stream().sorted().toList().get(random.nextInt(ids.size())));
        }

        private void claim() {
            String pool = random.nextBoolean() ? "one" : "two";
            Optional<Lease> claimed = take(new LeaseInput.Claimed(pool, freshId(), Optional.empty(), ttl()));
            claimed.ifPresent(lease -> assertThat(claims.merge(lease.id(), 1, Integer::sum))
                    .as("seed %s: %s claimed twice", seed, lease.id())
                    .isEqualTo(1));
        }

        private void goWrong(String id) {
            switch (random.nextInt(3)) {
                case 0 -> take(new LeaseInput.Faulted(id));
                case 1 -> take(new LeaseInput.Failed(id, new Cause("EXITED", "it ended", "look", List.of(), false)));
                default -> take(new LeaseInput.Stopped(id));
            }
        }

        /** One effect gets done, in any order with those of other leases. */
        private void work() {
            if (todo.isEmpty()) {
                return;
            }
            LeaseEffect effect = todo.remove(0);
            Lease lease = ledger.leases().get(effect.lease());
            if (effect instanceof LeaseEffect.Begin && lease != null && lease.state() == LeaseState.STARTING) {
                assertThat(ended).as("seed %s: started after its end", seed).doesNotContain(effect.lease());
                servers.add(effect.lease());
            } else if (effect instanceof LeaseEffect.End) {
                servers.remove(effect.lease());
                ended.add(effect.lease());
                take(new LeaseInput.Gone(effect.lease()));
            }
        }

        private void pass() {
            now = now.plus(Duration.ofSeconds(random.nextInt(10) == 0 ? 4_000 : random.nextInt(300)));
            take(new LeaseInput.Passed());
        }

        private void pools() {
            String name = random.nextBoolean() ? "one" : "two";
            take(
                    random.nextInt(4) == 0
                            ? new LeaseInput.PoolDeleted(name)
                            : new LeaseInput.PoolMade(Pool.of(
                                    name,
                                    random.nextInt(5),
                                    "{\"n\":" + random.nextInt(2) + "}",
                                    Duration.ofMinutes(30),
                                    100,
                                    random.nextBoolean() ? 0 : random.nextInt(600))));
        }

        /** Of the daemon, or of the whole machine: what it had in memory is lost, what was stored isn't. */
        private void restart() {
            if (random.nextInt(5) == 0) {
                now = new Moment("boot-" + ++boots, Duration.ofSeconds(random.nextInt(10_000)));
            }
            TreeMap<String, Lease> leases = new TreeMap<>();
            ledger.leases().forEach((id, lease) -> leases.put(id, LeaseCodec.lease(id, LeaseCodec.encode(lease))));
            TreeMap<String, Pool> pools = new TreeMap<>();
            ledger.pools().forEach((name, pool) -> pools.put(name, LeaseCodec.pool(name, LeaseCodec.encode(pool))));
            assertThat(leases).as("seed %s", seed).isEqualTo(ledger.leases());
            ledger = new Ledger(leases, pools, ledger.number(), random.nextLong());
            todo = new ArrayList<>(Leasing.recover(ledger));
            take(new LeaseInput.Passed());
        }

        private Optional<Lease> take(LeaseInput input) {
            LeaseStep step = Leasing.step(ledger, input, now, LIMITS);
            ledger = step.ledger();
            todo.addAll(step.effects());
            check(input);
            return step.lease();
        }

        private void check(LeaseInput input) {
            String what = "seed " + seed + " after " + input;
            assertThat(ledger.starting()).as(what).isLessThanOrEqualTo(MOST_STARTING);
            if (ledger.starting() < MOST_STARTING) {
                assertThat(ledger.waiting()).as(what + ": a free place").isEmpty();
            }
            Set<String> ending = new HashSet<>();
            todo.stream()
                    .filter(effect -> effect instanceof LeaseEffect.End)
                    .forEach(effect -> ending.add(effect.lease()));
            for (Lease lease : ledger.leases().values()) {
                if (lease.state() == LeaseState.ENDING) {
                    assertThat(ending).as(what + ": nobody ends it").contains(lease.id());
                } else {
                    assertThat(lease.expiry().reached(now)).as(what + ": over").isFalse();
                }
                if (lease.spare()) {
                    assertThat(claims).as(what + ": back in the pool").doesNotContainKey(lease.id());
                    assertThat(ledger.pools()).as(what).containsKey(lease.pool().orElseThrow());
                }
            }
            Shares shares = Shares.of(ledger.pools().values(), LIMITS.spareBytes());
            long common = 0;
            for (Pool pool : ledger.pools().values()) {
                List<Lease> spares = ledger.spares(pool.name());
                assertThat(spares.size()).as(what + ": size").isLessThanOrEqualTo(pool.size());
                assertThat(spares.size() * pool.memberBytes())
                        .as(what + ": memory")
                        .isLessThanOrEqualTo(shares.bytes(pool));
                common += pool.hasBudget() ? 0 : spares.size() * pool.memberBytes();
            }
            assertThat(common).as(what + ": memory of all").isLessThanOrEqualTo(shares.commonBytes());
        }

        private void goHome() {
            take(new LeaseInput.PoolDeleted("one"));
            take(new LeaseInput.PoolDeleted("two"));
            now = now.plus(Duration.ofHours(1));
            take(new LeaseInput.Passed());
            while (!todo.isEmpty()) {
                work();
            }
            assertThat(ledger.leases()).as("seed %s", seed).isEmpty();
            assertThat(servers).as("seed %s", seed).isEmpty();
        }
    }
}
