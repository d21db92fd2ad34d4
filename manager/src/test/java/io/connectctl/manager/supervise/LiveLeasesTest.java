package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.DeadlineWatch;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Trace;
import io.connectctl.compose.runtime.testing.FakeRuntime;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.lease.Lease;
import io.connectctl.manager.lease.LeaseState;
import io.connectctl.manager.lease.Limits;
import io.connectctl.manager.lease.OwnerProcess;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.pool.Pool;
import io.connectctl.manager.store.MemoryStore;
import io.connectctl.manager.store.testing.FailingStore;
import io.connectctl.manager.supervise.testing.FakeWorkload;
import io.connectctl.manager.supervise.testing.ManualTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Leases over a fleet: what is leased is proven, kept, and surely removed, also by the next daemon. */
class LiveLeasesTest {
    private static final Duration BLINK = Duration.ofMillis(50);
    private static final Duration TTL = Duration.ofMinutes(20);
    private static final Limits LIMITS = new Limits(2, Duration.ofMinutes(10), 1L << 40);

    private final Path folder;
    private final ManualTime time = new ManualTime();
    private final FakeRuntime runtime = new FakeRuntime();
    private final FailingStore store = new FailingStore(new MemoryStore());
    private final Set<Long> processes = ConcurrentHashMap.newKeySet();
    private volatile Observed seen = Observed.NOTHING;
    private LiveFleet fleet;
    private LiveLeases leases;

    LiveLeasesTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        this.fleet = openFleet();
        this.leases = openLeases();
    }

    @AfterEach
    void close() {
        leases.close();
        fleet.close();
    }

    private Surroundings surroundings() {
        return new Surroundings(
                new Folders(folder, folder, folder, folder),
                store,
                Map.of("fake", runtime),
                (spec, site, ticket) ->
                        new LaunchPlan(spec, site, ticket, new Rendering(List.of(), "x"), List.of("run"), Map.of()),
                target -> new Proving(),
                new FakeWorkload(),
                evidence -> new Cause("EXITED", "it ended", "look", List.of(), true),
                spec -> List.of(),
                ProbeListener.SILENT,
                time,
                Clusters.NONE);
    }

    private LiveFleet openFleet() throws Exception {
        return LiveFleet.open(surroundings(), new SimpleSpecs());
    }

    private LiveLeases openLeases() throws Exception {
        return LiveLeases.open(surroundings(), fleet, new SimpleSpecs(), new FakeOwners(), LIMITS, DeadlineWatch.NONE);
    }

    /** A daemon dies and another one takes over. */
    private void reopen() throws Exception {
        leases.close();
        fleet.close();
        fleet = openFleet();
        leases = openLeases();
    }

    private final class Proving implements Ladder {
        @Override
        public Climb climb(Rung until, Duration timeout) {
            return new Climb(until, Optional.empty(), Map.of(), seen);
        }

        @Override
        public void close() {}
    }

    private final class FakeOwners implements Owners {
        @Override
        public String boot() {
            return "boot";
        }

        @Override
        public Optional<OwnerProcess> identify(long pid) {
            return processes.contains(pid) ? Optional.of(new OwnerProcess(pid, pid, "boot")) : Optional.empty();
        }

        @Override
        public boolean alive(OwnerProcess owner) {
            return processes.contains(owner.pid());
        }
    }

    /** Lets time go by until something holds. */
    private void until(Duration step, BooleanSupplier holds) {
        await().atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(4))
                .until(() -> {
                    if (!holds.getAsBoolean()) {
                        time.advance(step);
                    }
                    return holds.getAsBoolean();
                });
    }

    private static LeaseOrder order(String json) {
        return new LeaseOrder(Declaration.ofJson(json), Optional.empty(), Optional.empty(), OptionalLong.empty(), TTL);
    }

    private LeaseOrder claim(String pool) {
        return new LeaseOrder(Declaration.empty(), Optional.of(pool), Optional.empty(), OptionalLong.empty(), TTL);
    }

    private boolean ready(String id) {
        return leases.lease(id)
                .filter(status -> status.lease().state() == LeaseState.READY)
                .isPresent();
    }

    private Lease leaseReady(LeaseOrder order) throws RefusedException {
        String id = leases.lease(order).lease().id();
        until(BLINK, () -> ready(id));
        return leases.lease(id).orElseThrow().lease();
    }

    private boolean nothingIsLeftOf(Lease lease) {
        return leases.lease(lease.id()).isEmpty()
                && fleet.server(lease.server()).isEmpty()
                && Files.notExists(
                        folder.resolve("servers").resolve(lease.server().value()));
    }

    @Test
    void aLeaseIsProvenThenRemovedWithItsServerAtItsRelease() throws Exception {
        Lease lease = leaseReady(order("{}"));

        assertThat(fleet.server(lease.server()).orElseThrow().rung()).isEqualTo(Rung.QUERY);
        assertThat(Deadline.file(new Folders(folder, folder, folder, folder), lease.server()))
                .exists();

        leases.release(lease.id());
        until(BLINK, () -> nothingIsLeftOf(lease));
        assertThatThrownBy(() -> leases.release(lease.id()))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("there is no lease");
        assertThat(runtime.launches(lease.server())).isZero();
    }

    @Test
    void theSwitchIsThereBeforeTheServerIs() throws Exception {
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.LAUNCH);
        Lease lease = leases.lease(order("{}")).lease();
        await().until(hold::reached);

        assertThat(Files.readString(Deadline.file(new Folders(folder, folder, folder, folder), lease.server())))
                // Three seconds after the lease: the daemon's own timer comes first.
                .isEqualTo("boot " + (3600 + TTL.toSeconds() + 3) + " " + (TTL.toSeconds() + 3) + "\n");
        hold.release();
        until(BLINK, () -> ready(lease.id()));
    }

    @Test
    void anExpiredLeaseIsRemovedAndARenewedOneIsNot() throws Exception {
        Lease first = leaseReady(order("{}"));
        Lease second = leaseReady(order("{}"));

        time.advance(TTL.minusMinutes(1));
        leases.renew(second.id(), Optional.empty(), false);
        until(Duration.ofSeconds(1), () -> nothingIsLeftOf(first));

        assertThat(ready(second.id())).isTrue();
        until(Duration.ofMinutes(1), () -> nothingIsLeftOf(second));
        assertThatThrownBy(() -> leases.renew(second.id(), Optional.empty(), false))
                .isInstanceOf(RefusedException.class);
    }

    @Test
    void theWallClockMovesNoLease() throws Exception {
        Lease lease = leaseReady(order("{}"));

        time.setWallClock(Duration.ofDays(400));
        until(BLINK, () -> leases.lease(lease.id())
                .orElseThrow()
                .expiresAt()
                .isAfter(time.now().wall()));
        time.advance(TTL.dividedBy(2));
        assertThat(ready(lease.id())).isTrue();

        time.setWallClock(Duration.ofDays(-800));
        until(Duration.ofSeconds(10), () -> nothingIsLeftOf(lease));
    }

    @Test
    void aLeaseEndsWithItsOwner() throws Exception {
        processes.add(4711L);
        Lease lease = leaseReady(
                new LeaseOrder(Declaration.empty(), Optional.empty(), Optional.empty(), OptionalLong.of(4711), TTL));

        processes.remove(4711L);
        until(BLINK, () -> nothingIsLeftOf(lease));

        assertThatThrownBy(() -> leases.lease(new LeaseOrder(
                        Declaration.empty(), Optional.empty(), Optional.empty(), OptionalLong.of(4711), TTL)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("no process 4711 runs");
    }

    @Test
    void theNextDaemonKeepsWhatIsHeldAndEndsWhatIsOver() throws Exception {
        processes.add(4711L);
        Lease owned = leaseReady(
                new LeaseOrder(Declaration.empty(), Optional.empty(), Optional.empty(), OptionalLong.of(4711), TTL));
        Lease held = leaseReady(order("{}"));
        int incarnation = fleet.server(held.server()).orElseThrow().incarnation();

        processes.remove(4711L);
        reopen();
        until(BLINK, () -> nothingIsLeftOf(owned));

        until(BLINK, () -> ready(held.id()));
        assertThat(fleet.server(held.server()).orElseThrow().incarnation()).isEqualTo(incarnation);
        assertThat(runtime.launches(held.server())).isEqualTo(1);

        time.advance(TTL);
        reopen();
        until(BLINK, () -> nothingIsLeftOf(held));
    }

    @Test
    void whatWasDeclaredForALeaseThatWasNeverStoredIsRemovedByTheNextDaemon() throws Exception {
        ServerName orphan = new ServerName("lease-0123abcd");
        ServerName ones = new ServerName("lease-deadbeef");
        fleet.declare(orphan, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        fleet.declare(ones, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        fleet.start(ones);
        until(BLINK, () -> fleet.server(ones).orElseThrow().rung() == Rung.QUERY);

        reopen();

        until(BLINK, () -> fleet.server(orphan).isEmpty());
        assertThat(fleet.server(ones))
                .as("somebody's own server, whatever it is called")
                .isPresent();
    }

    @Test
    void aStartThatFailsIsTheLeasesFailureAndIsRemovedAtItsEnd() throws Exception {
        runtime.failNext(
                FakeRuntime.Operation.LAUNCH, new LaunchException("BAD_MASTER", "it is bad", "mend it", false));
        Lease lease = leases.lease(order("{}")).lease();

        until(BLINK, () -> leases.lease(lease.id()).orElseThrow().lease().state() == LeaseState.FAILED);
        assertThat(leases.lease(lease.id())
                        .orElseThrow()
                        .lease()
                        .cause()
                        .orElseThrow()
                        .code())
                .isEqualTo("BAD_MASTER");

        leases.release(lease.id());
        until(BLINK, () -> nothingIsLeftOf(lease));
    }

    @Test
    void whatAFailedStartLeftStaysAsLongAsItsLeaseIsRenewed() throws Exception {
        runtime.failNext(
                FakeRuntime.Operation.LAUNCH, new LaunchException("BAD_MASTER", "it is bad", "mend it", false));
        Lease lease = leases.lease(order("{}")).lease();
        until(BLINK, () -> leases.lease(lease.id()).orElseThrow().lease().state() == LeaseState.FAILED);
        Path deadline = Deadline.file(new Folders(folder, folder, folder, folder), lease.server());
        String before = Files.readString(deadline);

        time.advance(TTL.dividedBy(2));
        leases.renew(lease.id(), Optional.of(TTL.multipliedBy(3)), false);

        await().untilAsserted(() -> assertThat(Files.readString(deadline))
                .as("the dead man's switch, which removes its logs")
                .isNotEqualTo(before));
        String renewed = Files.readString(deadline);
        Files.delete(deadline);
        reopen();
        await().untilAsserted(() -> assertThat(deadline)
                .as("written by the next daemon, too")
                .content()
                .startsWith(renewed.substring(0, 9)));
        time.advance(TTL.multipliedBy(3));
        until(BLINK, () -> nothingIsLeftOf(lease));
    }

    @Test
    void whatCannotBeStoredIsRefusedAndLeavesNothing() {
        store.full(true);

        assertThatThrownBy(() -> leases.lease(order("{}")))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("the disk is full");

        store.full(false);
        assertThat(fleet.servers()).isEmpty();
        assertThat(leases.leases()).isEmpty();
    }

    @Test
    void aBadDeclarationIsRefusedWithItsProblems() {
        assertThatThrownBy(() -> leases.lease(order("{\"master\":\"bad\"}")))
                .isInstanceOf(RefusedException.class)
                .satisfies(e -> assertThat(((RefusedException) e).problems()).hasSize(1));
        assertThat(leases.leases()).isEmpty();
    }

    @Test
    void anOwnersNameThatWouldSteerATerminalIsRefused() {
        assertThatThrownBy(() -> leases.lease(new LeaseOrder(
                        Declaration.empty(),
                        Optional.empty(),
                        Optional.of("job\u001b[31m"),
                        OptionalLong.empty(),
                        TTL)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("control characters");
        assertThat(fleet.servers()).isEmpty();
    }

    @Test
    void aPoolThatCannotKeepAServerIsRefusedWithTheReason() {
        assertThatThrownBy(() -> leases.declare(
                        new PoolOrder("ci", 101, Declaration.empty(), Optional.empty(), OptionalLong.empty())))
                .hasMessageContaining("can't keep 101 servers");
        assertThatThrownBy(() -> leases.declare(
                        new PoolOrder("ci", 1, Declaration.empty(), Optional.empty(), OptionalLong.of(1 << 20))))
                .hasMessageContaining("not one server of pool ci fits its memory budget of 1 MiB");
        assertThat(leases.pools()).isEmpty();
    }

    @Test
    void noMoreServersStartAtOnceThanAreAllowed() throws Exception {
        FakeRuntime.Hold first = runtime.holdNext(FakeRuntime.Operation.LAUNCH);
        FakeRuntime.Hold second = runtime.holdNext(FakeRuntime.Operation.LAUNCH);
        for (int i = 0; i < 5; i++) {
            leases.lease(order("{}"));
        }
        await().until(() -> first.reached() && second.reached());

        assertThat(leases.leases())
                .extracting(status -> status.lease().state())
                .containsExactly(
                        LeaseState.STARTING,
                        LeaseState.STARTING,
                        LeaseState.WAITING,
                        LeaseState.WAITING,
                        LeaseState.WAITING);
        assertThat(runtime.calls(FakeRuntime.Operation.LAUNCH)).isEqualTo(2);

        first.release();
        second.release();
        until(BLINK, () -> leases.leases().stream()
                .allMatch(status -> status.lease().state() == LeaseState.READY));
    }

    private PoolStatus pool() {
        return leases.pools().stream().findFirst().orElseThrow();
    }

    private void declarePool(int size) throws RefusedException {
        leases.declare(new PoolOrder("ci", size, Declaration.empty(), Optional.empty(), OptionalLong.of(100L << 30)));
        until(BLINK, () -> pool().ready() == size);
    }

    @Test
    void noServerOfAPoolIsHandedOutTwiceAcrossDaemonsAndThePoolRefills() throws Exception {
        declarePool(3);
        Set<ServerName> handedOut = new HashSet<>();
        for (int i = 0; i < 2; i++) {
            Lease claimed = leases.lease(claim("ci")).lease();
            assertThat(claimed.state()).as("a ready one").isEqualTo(LeaseState.READY);
            assertThat(handedOut.add(claimed.server())).isTrue();
        }

        reopen();
        assertThat(pool().claimed()).isEqualTo(2);
        for (int i = 0; i < 4; i++) {
            Lease claimed = leases.lease(claim("ci")).lease();
            assertThat(handedOut.add(claimed.server())).isTrue();
            until(BLINK, () -> ready(claimed.id()));
        }
        until(BLINK, () -> pool().ready() == 3);
        assertThat(pool().claimed()).isEqualTo(6);
        assertThat(pool().pool().claims()).isEqualTo(6);

        for (LeaseStatus status : leases.leases()) {
            if (status.lease().held()) {
                leases.release(status.lease().id());
                until(BLINK, () -> nothingIsLeftOf(status.lease()));
            }
        }
        assertThat(pool().ready()).isEqualTo(3);
        leases.deletePool("ci");
        until(BLINK, () -> fleet.servers().isEmpty());
    }

    @Test
    void aSpareThatDiesIsReplacedByAnotherServer() throws Exception {
        declarePool(1);
        ServerName before = leases.leases().get(0).lease().server();

        runtime.exit(before, 137);

        until(
                BLINK,
                () -> pool().ready() == 1
                        && fleet.server(before).isEmpty()
                        && !leases.leases().get(0).lease().server().equals(before));
    }

    @Test
    void aSpareIsRenewedByItsAgeAndAClaimedOneIsNot() throws Exception {
        declarePool(1);
        Lease claimed = leases.lease(new LeaseOrder(
                        Declaration.empty(),
                        Optional.of("ci"),
                        Optional.empty(),
                        OptionalLong.empty(),
                        Duration.ofDays(1)))
                .lease();
        until(BLINK, () -> pool().ready() == 1);
        Lease old = spareLease();
        ServerName spare = old.server();

        // Neither a wall clock nor another daemon makes it older, or young again.
        time.setWallClock(Duration.ofDays(400));
        reopen();
        until(BLINK, () -> pool().ready() == 1);
        assertThat(spareLease().since()).isEqualTo(old.since());
        // In steps that the threads which renew it keep up with, also on a machine with other work: else it expires.
        until(Duration.ofSeconds(5), () -> fleet.server(spare).isEmpty());
        assertThat(time.now().boot().minus(old.since().at())).isGreaterThanOrEqualTo(Pool.MAX_AGE);
        until(BLINK, () -> pool().ready() == 1);

        assertThat(spare()).isNotEqualTo(spare);
        assertThat(ready(claimed.id())).isTrue();
    }

    private ServerName spare() {
        return spareLease().server();
    }

    private Lease spareLease() {
        return leases.leases().stream()
                .map(LeaseStatus::lease)
                .filter(Lease::spare)
                .findFirst()
                .orElseThrow();
    }

    // ------------------------------------------------------------------ what is left

    private static Trace trace(String server, boolean leased, boolean running) {
        return new Trace(new ServerName(server), leased, running, List.of("folder of " + server));
    }

    private List<String> left() throws Exception {
        return runtime.traces().stream().map(trace -> trace.server().value()).toList();
    }

    private Leftovers leftovers() {
        return new Leftovers(fleet, leases, List.of(runtime), List::of);
    }

    @Test
    void gcRemovesWhatNobodyKnowsAndNothingElse() throws Exception {
        Lease known = leaseReady(order("{}"));
        runtime.left(trace(known.server().value(), true, true));
        runtime.left(trace("lease-0badcafe", true, true));
        runtime.left(trace("forgotten", false, false));
        runtime.left(trace("lives", false, true));

        assertThat(leftovers().collect(true))
                .extracting(Leftover::server)
                .containsExactly("forgotten", "lease-0badcafe", "lives");
        assertThat(left()).as("only looked").hasSize(4);

        assertThat(leftovers().collect(false))
                .filteredOn(left -> left.kept().isPresent())
                .extracting(Leftover::server)
                .as("a server that was not leased and runs may be adopted")
                .containsExactly("lives");
        assertThat(left()).containsExactly(known.server().value(), "lives");
        assertThat(ready(known.id())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gcTellsThatAWarehouseWithDataStays(boolean dryRun) throws Exception {
        ServerName forgotten = new ServerName("forgotten");
        runtime.left(new Trace(forgotten, false, false, List.of("container x", "folder /srv/forgotten")));
        runtime.warehouse(forgotten, true);

        List<Leftover> told = leftovers().collect(dryRun);

        assertThat(told)
                .filteredOn(left -> left.kept().isPresent())
                .singleElement()
                .satisfies(left -> {
                    assertThat(left.what()).isEqualTo("folder /srv/forgotten");
                    assertThat(left.kept().orElseThrow()).contains("its warehouse holds data");
                });
    }

    @Test
    void gcTriesAgainWhereAnEndTakesItsTime() throws Exception {
        runtime.left(trace("lease-0badcafe", true, true));
        runtime.refuseNext(FakeRuntime.Operation.HALT, "it survived SIGKILL for 3 s");

        assertThat(leftovers().collect(false)).singleElement().satisfies(left -> assertThat(left.kept())
                .isEmpty());
        assertThat(left()).isEmpty();
    }

    @Test
    void gcTellsWhatStaysAndWhy() throws Exception {
        runtime.left(trace("lease-0badcafe", true, true));
        for (int tries = 0; tries < 10; tries++) {
            runtime.refuseNext(FakeRuntime.Operation.HALT, "it survived SIGKILL for 3 s");
        }

        assertThat(leftovers().collect(false)).singleElement().satisfies(left -> assertThat(left.kept())
                .contains("it survived SIGKILL for 3 s"));
        assertThat(left()).containsExactly("lease-0badcafe");
    }

    @Test
    void aNameUnderWhichSomethingIsRemovedCannotBeDeclaredMeanwhile() throws Exception {
        ServerName name = new ServerName("forgotten");
        runtime.left(trace(name.value(), false, false));
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.DISCARD);
        Leftovers leftovers = leftovers();
        CompletableFuture<Void> collected = CompletableFuture.runAsync(() -> {
            try {
                leftovers.collect(false);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        await().until(hold::reached);

        assertThatThrownBy(() -> fleet.declare(name, Declaration.ofJson("{}"), Origin.FLAGS))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("being removed");

        hold.release();
        collected.get(30, TimeUnit.SECONDS);
        fleet.declare(name, Declaration.ofJson("{}"), Origin.FLAGS);
        assertThat(leftovers.collect(true)).isEmpty();
    }

    @Test
    void gcEndsWhatADeadSupervisorLeftOnItsClusterAndKeepsItsMarkWhileThatCannotBeAsked() throws Exception {
        Path dead = Files.createDirectories(folder.resolve("runs/0badcafe"));
        LeftOnCluster cluster = new LeftOnCluster(new ServerName("lease-0badcafe"), "application_1_0001");
        cluster.silent(true);
        Leftovers leftovers = new Leftovers(
                fleet,
                leases,
                List.of(runtime),
                () -> List.of(new Leftovers.DeadState(dead, List.of(), () -> {}, cluster)));

        assertThat(leftovers.collect(false)).hasSize(2).allSatisfy(left -> assertThat(left.kept())
                .isPresent());
        assertThat(dead).isDirectory();

        cluster.silent(false);
        assertThat(leftovers.collect(false))
                .anySatisfy(left -> assertThat(left.what()).contains("application_1_0001"))
                .allSatisfy(left -> assertThat(left.kept()).isEmpty());
        assertThat(cluster.left()).isEmpty();
        assertThat(dead).doesNotExist();
    }

    private Leftovers leftovers(LeftOnCluster cluster) {
        return new Leftovers(fleet, leases, List.of(runtime), List::of, cluster);
    }

    @Test
    void gcKeepsTheApplicationOfAServerThatLivesWhateverItsTagsSay() throws Exception {
        Lease lease = leaseReady(order("{}"));
        // As after a restart of its container, whose tags are of the incarnation that it was made for.
        LeftOnCluster cluster =
                new LeftOnCluster(lease.server(), "application_1_0002", "connectctl:0badcafe:" + lease.server() + ":7");

        assertThat(leftovers(cluster).collect(false)).isEmpty();
        assertThat(cluster.left()).hasSize(1);
    }

    @Test
    void gcEndsAnEarlierApplicationOfAServerWhoseOwnOneIsKnown() throws Exception {
        seen = new Observed(
                Optional.empty(),
                Optional.empty(),
                Optional.of("application_1_0002"),
                OptionalLong.empty(),
                OptionalInt.empty());
        Lease lease = leaseReady(order("{}"));
        String tag = "connectctl:0badcafe:" + lease.server() + ":7";
        LeftOnCluster own = new LeftOnCluster(lease.server(), "application_1_0002", tag);
        LeftOnCluster earlier = new LeftOnCluster(lease.server(), "application_1_0001", tag);
        until(BLINK, () -> fleet.server(lease.server())
                .flatMap(status -> status.observed().applicationId())
                .isPresent());

        assertThat(leftovers(own).collect(false)).isEmpty();
        assertThat(leftovers(earlier).collect(false)).singleElement().satisfies(left -> assertThat(left.what())
                .contains("application_1_0001"));
    }

    @Test
    void gcKeepsTheApplicationOfWhatMayBeAdopted() throws Exception {
        runtime.left(trace("lives", false, true));
        LeftOnCluster cluster = new LeftOnCluster(new ServerName("lives"), "application_1_0001");

        assertThat(leftovers(cluster).collect(false)).singleElement().satisfies(left -> assertThat(left.kept())
                .isPresent());
        assertThat(cluster.left()).hasSize(1);

        runtime.unavailable(true);
        assertThat(leftovers(cluster).collect(false)).hasSize(1);
        assertThat(cluster.left()).as("nobody can say whether it runs").hasSize(1);
    }

    @Test
    void gcKeepsTheApplicationOfWhatADeadSupervisorsServerNeeds() throws Exception {
        Path dead = Files.createDirectories(folder.resolve("runs/0badcafe"));
        FakeRuntime its = new FakeRuntime();
        its.left(trace("lives", false, true));
        LeftOnCluster cluster = new LeftOnCluster(new ServerName("lives"), "application_1_0001");
        Leftovers leftovers = new Leftovers(
                fleet,
                leases,
                List.of(runtime),
                () -> List.of(new Leftovers.DeadState(dead, List.of(its), () -> {}, cluster)));

        assertThat(leftovers.collect(false)).hasSize(2);
        assertThat(cluster.left()).hasSize(1);
        assertThat(dead).isDirectory();
    }

    @Test
    void gcTellsWhomItCannotAskAndKeepsTheirMark() throws Exception {
        Path dead = Files.createDirectories(folder.resolve("runs/0badcafe"));
        FakeRuntime its = new FakeRuntime();
        its.left(trace("lease-0badcafe", true, true));
        its.unavailable(true);
        Leftovers leftovers = new Leftovers(
                fleet, leases, List.of(runtime), () -> List.of(new Leftovers.DeadState(dead, List.of(its), () -> {})));

        assertThat(leftovers.collect(false)).hasSize(2).allSatisfy(left -> assertThat(left.kept())
                .isPresent());
        assertThat(dead).isDirectory();

        its.unavailable(false);
        assertThat(leftovers.collect(false)).hasSize(2).allSatisfy(left -> assertThat(left.kept())
                .isEmpty());
        assertThat(dead).doesNotExist();
        assertThat(its.traces()).isEmpty();
    }
}
