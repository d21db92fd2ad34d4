package io.connectctl.manager.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.pool.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LeasingTest {
    private static final Limits LIMITS = new Limits(2, Duration.ofMinutes(10), 1L << 40);
    private static final Duration TTL = Duration.ofMinutes(20);
    private static final Owner OWNER = new Owner("pid 7", Optional.of(new OwnerProcess(7, 70, "boot")));
    private static final Cause CAUSE = new Cause("EXITED", "it ended", "look", List.of(), false);

    private Ledger ledger = Ledger.empty(1);
    private Moment now = new Moment("boot", Duration.ofHours(1));
    private List<LeaseEffect> effects = List.of();

    private Optional<Lease> take(LeaseInput input) {
        return take(input, LIMITS);
    }

    private Optional<Lease> take(LeaseInput input, Limits limits) {
        LeaseStep step = Leasing.step(ledger, input, now, limits);
        ledger = step.ledger();
        effects = step.effects();
        return step.lease();
    }

    private Lease grant(String id) {
        return take(new LeaseInput.Granted(id, Optional.of(OWNER), TTL)).orElseThrow();
    }

    private void pass(Duration time) {
        now = now.plus(time);
        take(new LeaseInput.Passed());
    }

    private LeaseState state(String id) {
        return lease(id).state();
    }

    private Lease lease(String id) {
        return Objects.requireNonNull(ledger.leases().get(id), id);
    }

    private Pool pool() {
        return Objects.requireNonNull(ledger.pools().get("ci"));
    }

    private static Pool pool(int size) {
        return Pool.of("ci", size, "{}", Duration.ofHours(1), 100, 1_000);
    }

    private Optional<Lease> claim(String fresh) {
        return take(new LeaseInput.Claimed("ci", fresh, Optional.of(OWNER), TTL));
    }

    @Test
    void aGrantedLeaseIsStartedProvenReleasedAndDropped() {
        assertThat(grant("a").state()).isEqualTo(LeaseState.STARTING);
        assertThat(effects).containsExactly(new LeaseEffect.Begin("a"));
        take(new LeaseInput.Proven("a"));
        assertThat(state("a")).isEqualTo(LeaseState.READY);
        assertThat(take(new LeaseInput.Released("a")).orElseThrow().ending()).contains(Ending.RELEASED);
        assertThat(effects).containsExactly(new LeaseEffect.End("a"));
        take(new LeaseInput.Gone("a"));
        assertThat(ledger.leases()).isEmpty();
    }

    @Test
    void furtherLeasesWaitForAFreePlaceInTheirOrder() {
        grant("a");
        grant("b");
        grant("d");
        grant("c");
        assertThat(state("d")).isEqualTo(LeaseState.WAITING);
        assertThat(ledger.waiting()).extracting(Lease::id).containsExactly("d", "c");
        take(new LeaseInput.Failed("a", CAUSE));
        assertThat(state("d")).isEqualTo(LeaseState.STARTING);
        assertThat(state("c")).isEqualTo(LeaseState.WAITING);
        take(new LeaseInput.Released("b"));
        assertThat(state("c")).isEqualTo(LeaseState.STARTING);
    }

    @Test
    void aLeaseEndsAtItsExpiryAndARenewalMovesThat() {
        grant("a");
        pass(TTL.minusSeconds(1));
        assertThat(take(new LeaseInput.Renewed("a", Optional.of(Duration.ofMinutes(1)), false)))
                .isPresent();
        assertThat(effects).containsExactly(new LeaseEffect.Arm("a"));
        pass(Duration.ofSeconds(59));
        assertThat(state("a")).isEqualTo(LeaseState.STARTING);
        pass(Duration.ofSeconds(1));
        assertThat(lease("a").ending()).contains(Ending.EXPIRED);
        assertThat(take(new LeaseInput.Renewed("a", Optional.empty(), false)))
                .as("too late")
                .isEmpty();
    }

    @Test
    void anotherBootEndsEveryLease() {
        grant("a");
        now = new Moment("later boot", Duration.ofSeconds(5));
        take(new LeaseInput.Passed());
        assertThat(lease("a").ending()).contains(Ending.EXPIRED);
    }

    @Test
    void aDisownedLeaseOutlivesItsOwnerUntilItExpires() {
        grant("a");
        take(new LeaseInput.Renewed("a", Optional.empty(), true));
        assertThat(lease("a").owner()).isEmpty();
        pass(TTL);
        assertThat(state("a")).isEqualTo(LeaseState.ENDING);
    }

    @Test
    void aFailedServerStaysForItsHolderUntilTheLeaseEnds() {
        grant("a");
        take(new LeaseInput.Failed("a", CAUSE));
        assertThat(lease("a").cause()).contains(CAUSE);
        assertThat(effects).isEmpty();
        assertThat(take(new LeaseInput.Renewed("a", Optional.empty(), false)))
                .as("whoever keeps it wants to look at it")
                .isPresent();
        take(new LeaseInput.OwnerGone("a"));
        assertThat(effects).containsExactly(new LeaseEffect.End("a"));
    }

    @Test
    void aPoolFillsUpTwoAtATimeAndAClaimIsRefilled() {
        take(new LeaseInput.PoolMade(pool(3)));
        assertThat(ledger.starting()).isEqualTo(2);
        ledger.spares("ci").stream()
                .filter(lease -> lease.state() == LeaseState.STARTING)
                .forEach(lease -> take(new LeaseInput.Proven(lease.id())));
        assertThat(ledger.starting()).isEqualTo(1);
        String oldest = ledger.spares("ci").get(0).id();
        Lease claimed = claim("fresh").orElseThrow();
        assertThat(claimed.id()).isEqualTo(oldest);
        assertThat(claimed.state()).isEqualTo(LeaseState.READY);
        assertThat(claimed.held()).isTrue();
        assertThat(claimed.owner()).contains(OWNER);
        assertThat(ledger.spares("ci")).hasSize(3).extracting(Lease::id).doesNotContain(oldest);
        assertThat(pool().misses()).isZero();
        take(new LeaseInput.Released(oldest));
        assertThat(state(oldest)).as("never used again").isEqualTo(LeaseState.ENDING);
    }

    @Test
    void aClaimOfAnEmptyPoolTakesTheSpareThatIsOnItsWayElseAFreshOne() {
        take(new LeaseInput.PoolMade(pool(1)));
        String onItsWay = ledger.spares("ci").get(0).id();
        assertThat(claim("x").orElseThrow().id()).isEqualTo(onItsWay);
        take(new LeaseInput.PoolMade(pool(0)));
        assertThat(claim("fresh").orElseThrow().id()).isEqualTo("fresh");
        assertThat(pool().misses()).isEqualTo(2);
        assertThat(take(new LeaseInput.Claimed("none", "y", Optional.empty(), TTL)))
                .isEmpty();
    }

    @Test
    void claimsComeBeforeSparesInTheQueue() {
        take(new LeaseInput.PoolMade(pool(4)));
        grant("a");
        assertThat(ledger.waiting().get(0).id()).isEqualTo("a");
    }

    @Test
    void aPoolKeepsToItsMemory() {
        take(new LeaseInput.PoolMade(Pool.of("ci", 5, "{}", Duration.ofHours(1), 100, 250)));
        assertThat(ledger.spares("ci")).hasSize(2);
        String first = ledger.spares("ci").get(0).id();
        take(new LeaseInput.Proven(first));
        take(new LeaseInput.Faulted(first));
        assertThat(ledger.spares("ci")).as("the faulted one still holds memory").hasSize(1);
        take(new LeaseInput.Gone(first));
        assertThat(ledger.spares("ci")).hasSize(2);
    }

    @Test
    void poolsWithoutABudgetOfTheirOwnShareOne() {
        Limits tight = new Limits(9, Duration.ofMinutes(10), 500);
        take(new LeaseInput.PoolMade(Pool.of("own", 2, "{}", Duration.ofHours(1), 100, 200)), tight);
        take(new LeaseInput.PoolMade(Pool.of("big", 5, "{}", Duration.ofHours(1), 100, 0)), tight);
        assertThat(ledger.spares("big")).as("what the other one leaves").hasSize(3);

        take(new LeaseInput.PoolMade(Pool.of("late", 5, "{}", Duration.ofHours(1), 100, 0)), tight);
        assertThat(ledger.spares("big")).hasSize(2);
        assertThat(ledger.spares("late")).as("the place isn't free yet").isEmpty();

        ledger.leases().values().stream()
                .filter(lease -> lease.state() == LeaseState.ENDING)
                .forEach(lease -> take(new LeaseInput.Gone(lease.id()), tight));
        assertThat(ledger.spares("late")).hasSize(1);
        assertThat(ledger.spares("own")).hasSize(2);
    }

    @Test
    void anOldSpareIsRenewedAndASpareOfAnotherDeclarationReplaced() {
        take(new LeaseInput.PoolMade(pool(1)));
        String first = ledger.spares("ci").get(0).id();
        take(new LeaseInput.Proven(first));
        for (int i = 0; i < 61; i++) {
            pass(Duration.ofMinutes(1));
        }
        assertThat(lease(first).ending()).contains(Ending.RETIRED);
        take(new LeaseInput.Gone(first));
        String second = ledger.spares("ci").get(0).id();
        take(new LeaseInput.PoolMade(Pool.of("ci", 1, "{\"spark\":\"3.5.0\"}", Duration.ofHours(1), 100, 1_000)));
        assertThat(lease(second).ending()).contains(Ending.RETIRED);
    }

    @Test
    void aDeletedPoolKeepsWhatWasClaimed() {
        take(new LeaseInput.PoolMade(pool(2)));
        Lease claimed = claim("x").orElseThrow();
        take(new LeaseInput.PoolDeleted("ci"));
        assertThat(state(claimed.id())).isEqualTo(LeaseState.STARTING);
        assertThat(ledger.spares("ci")).isEmpty();
    }

    @Test
    void sparesThatFailAreTriedAgainLessAndLessOften() {
        take(new LeaseInput.PoolMade(pool(1)));
        String first = ledger.spares("ci").get(0).id();
        take(new LeaseInput.Failed(first, CAUSE));
        take(new LeaseInput.Gone(first));
        assertThat(ledger.leases()).isEmpty();
        assertThat(pool().trouble()).contains("EXITED: it ended");
        pass(Duration.ofSeconds(2));
        String second = ledger.spares("ci").get(0).id();
        take(new LeaseInput.Failed(second, CAUSE));
        take(new LeaseInput.Gone(second));
        pass(Duration.ofSeconds(3));
        assertThat(ledger.leases()).isEmpty();
        pass(Duration.ofSeconds(1));
        take(new LeaseInput.Proven(ledger.spares("ci").get(0).id()));
        assertThat(pool().trouble()).isEmpty();
    }

    @Test
    void afterAnyNumberOfKillsThePoolWaitsForAMinuteAtMost() {
        Cause killed = new Cause("KILLED", "somebody killed it", "look", List.of(), true);
        take(new LeaseInput.PoolMade(pool(1)));
        for (int kill = 0; kill < 12; kill++) {
            String spare = ledger.spares("ci").get(0).id();
            take(new LeaseInput.Failed(spare, killed));
            take(new LeaseInput.Gone(spare));
            pass(Duration.ofMinutes(1));
        }
        assertThat(ledger.spares("ci")).hasSize(1);
    }

    @Test
    void aRestartedDaemonDoesAgainWhatMayNotHaveBeenDone() {
        grant("a");
        grant("b");
        take(new LeaseInput.Proven("b"));
        grant("c");
        take(new LeaseInput.Released("c"));
        assertThat(Leasing.recover(ledger))
                .containsExactly(new LeaseEffect.Begin("a"), new LeaseEffect.Arm("b"), new LeaseEffect.End("c"));
    }
}
