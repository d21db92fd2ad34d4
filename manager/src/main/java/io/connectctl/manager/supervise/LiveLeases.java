package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.DeadlineWatch;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.health.Rung;
import io.connectctl.manager.lease.Ending;
import io.connectctl.manager.lease.Lease;
import io.connectctl.manager.lease.LeaseEffect;
import io.connectctl.manager.lease.LeaseInput;
import io.connectctl.manager.lease.LeaseState;
import io.connectctl.manager.lease.LeaseStep;
import io.connectctl.manager.lease.Leasing;
import io.connectctl.manager.lease.Ledger;
import io.connectctl.manager.lease.Limits;
import io.connectctl.manager.lease.Moment;
import io.connectctl.manager.lease.Owner;
import io.connectctl.manager.lease.OwnerProcess;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Now;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.pool.Pool;
import io.connectctl.manager.pool.Shares;
import io.connectctl.manager.store.LeaseChanges;
import io.connectctl.manager.store.LeaseCodec;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredLeases;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every lease, kept: runs {@link Leasing} over the fleet. A leased server is an ordinary server of the fleet with a name of its own.
 *
 * <p>A step is stored before its effects begin, and each effect may be done again, so a daemon that dies at any instant is followed by
 * one that completes what was begun. Effects of one lease come one at a time. Once a second, while there is anything to keep, time is
 * told to the step, owners are looked for, and every leased server is looked at in case an event was lost.
 */
public final class LiveLeases implements Leases {
    private static final Logger LOG = LoggerFactory.getLogger(LiveLeases.class);
    private static final Duration TICK = Duration.ofSeconds(1);

    /** The daemon's own timer comes first; the dead man's switch is for when there is none. */
    private static final Duration SWITCH_LATER = Duration.ofSeconds(3);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    /** A week: whoever needs a server for longer declares one. */
    private static final Duration LONGEST = Duration.ofDays(7);

    /** The supervisor runs a query right after HEALTHY; where that failed, it is asked for again this often. */
    private static final Duration QUERY_AGAIN = Duration.ofSeconds(20);

    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(15);
    /** What failed, such as an end, is tried again this often. */
    private static final Duration TRY_AGAIN = Duration.ofSeconds(5);

    /** A spare that is HEALTHY for so long, and no query ran on it, never gets ready; it holds up those behind it. */
    private static final Duration LONGEST_UNASKED = Duration.ofMinutes(2);

    /** Each may wait for a registry, or for a million files to go. */
    private static final int MOST_WORKERS = 32;

    /** A spare that is replaced faster than it starts is never there. */
    private static final Duration LEAST_AGE = Duration.ofMinutes(1);

    private static final int MOST_SPARES = 100;

    private static final Pattern LEASED = Pattern.compile("lease-([0-9a-f]{8})");

    private final Surroundings around;
    private final Fleet fleet;
    private final SpecSource specs;
    private final Owners owners;
    private final Limits limits;
    private final DeadlineWatch watch;
    private final PoolDeclarations declarations;
    private final SecureRandom random = new SecureRandom();
    private final ThreadPoolExecutor workers;
    private final Map<String, Work> works = new ConcurrentHashMap<>();
    private volatile Ledger ledger;
    private volatile boolean closed;
    private @Nullable AutoCloseable events;
    private Time.@Nullable Timer timer;

    /** What this daemon does about one lease. */
    private static final class Work {
        private final Mailbox mailbox;
        /** Its start was asked for, by this daemon. */
        private volatile boolean begun;

        private volatile @Nullable Duration beginTried;
        private volatile @Nullable Duration endTried;
        private volatile @Nullable Duration collectTried;
        private volatile @Nullable Duration queried;
        /** Since when its server is HEALTHY without a query that ran. */
        private volatile @Nullable Duration unasked;
        /** The expiry that its running server was told; null where that must be told again. */
        private volatile @Nullable Moment armed;

        private volatile @Nullable Duration armTried;
        /** The watch over its deadline was started, or found running, since that was first written. */
        private volatile boolean watched;

        private Work(Mailbox mailbox) {
            this.mailbox = mailbox;
        }
    }

    private LiveLeases(
            Surroundings around,
            Fleet fleet,
            SpecSource specs,
            Owners owners,
            Limits limits,
            DeadlineWatch watch,
            Ledger ledger) {
        this.around = around;
        this.fleet = fleet;
        this.specs = specs;
        this.owners = owners;
        this.limits = limits;
        this.watch = watch;
        this.ledger = ledger;
        this.declarations = new PoolDeclarations(around.folders().state(), specs);
        AtomicInteger number = new AtomicInteger();
        this.workers = new ThreadPoolExecutor(
                MOST_WORKERS, MOST_WORKERS, 15, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lease-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        workers.allowCoreThreadTimeOut(true);
    }

    /**
     * Reads the store and takes up the leases: what was begun is completed, what is over is ended.
     *
     * @param fleet open already
     * @throws StoreException if the store can't be read
     */
    public static LiveLeases open(Surroundings around, Fleet fleet, Owners owners, Limits limits)
            throws StoreException {
        return open(around, fleet, SpecSource.REAL, owners, limits, DeadlineWatch.over(around.folders()));
    }

    static LiveLeases open(
            Surroundings around, Fleet fleet, SpecSource specs, Owners owners, Limits limits, DeadlineWatch watch)
            throws StoreException {
        Ledger ledger = read(around.store().leases(), new SecureRandom().nextLong());
        LiveLeases leases = new LiveLeases(around, fleet, specs, owners, limits, watch, ledger);
        leases.begin();
        return leases;
    }

    private static Ledger read(StoredLeases stored, long seed) {
        Ledger ledger = Ledger.empty(seed);
        for (Map.Entry<String, String> entry : stored.pools().entrySet()) {
            try {
                ledger = ledger.with(LeaseCodec.pool(entry.getKey(), entry.getValue()));
            } catch (IllegalArgumentException e) {
                LOG.error("pool {} is forgotten: {}", entry.getKey(), e.getMessage());
            }
        }
        for (Map.Entry<String, String> entry : stored.leases().entrySet()) {
            try {
                ledger = ledger.with(LeaseCodec.lease(entry.getKey(), entry.getValue()));
            } catch (IllegalArgumentException e) {
                // Its server is found below, as one that is leased by nobody.
                LOG.error("lease {} is forgotten: {}", entry.getKey(), e.getMessage());
            }
        }
        return ledger;
    }

    private void begin() throws StoreException {
        declarations.forgetAllBut(ledger.pools().keySet());
        adoptLost();
        for (LeaseEffect effect : Leasing.recover(ledger)) {
            run(effect);
        }
        events = fleet.follow(Optional.empty(), fleet.lastSequence(), this::hear);
        tick();
    }

    /** Servers that were made for a lease which was never stored, or can't be read any more: they are ended like expired ones. */
    private void adoptLost() throws StoreException {
        Ledger found = ledger;
        for (ServerStatus status : fleet.servers()) {
            ServerName server = status.spec().name();
            Matcher name = LEASED.matcher(server.value());
            if (name.matches()
                    && !found.leases().containsKey(name.group(1))
                    && (status.incarnation() == 0 || Files.exists(Deadline.file(around.folders(), server)))) {
                LOG.warn("{} was leased by nobody that is known any more: it is removed", server);
                Moment now = moment();
                found = found.with(new Lease(
                        name.group(1),
                        server,
                        found.number(),
                        LeaseState.ENDING,
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        0,
                        now,
                        SHORTEST,
                        now,
                        Optional.empty(),
                        Optional.of(Ending.EXPIRED)));
            }
        }
        store(ledger, found);
        ledger = found;
    }

    // ------------------------------------------------------------------ steps

    private Moment moment() {
        return new Moment(owners.boot(), around.time().now().boot());
    }

    private synchronized LeaseStep step(LeaseInput input) throws StoreException {
        if (closed) {
            throw new StoreException("the daemon stops; nothing was done");
        }
        Ledger before = ledger;
        LeaseStep step = Leasing.step(before, input, moment(), limits);
        store(before, step.ledger());
        ledger = step.ledger();
        tell(before, step.ledger());
        step.effects().forEach(this::run);
        tickSoon();
        return step;
    }

    private void store(Ledger before, Ledger after) throws StoreException {
        Map<String, String> leases = changed(before.leases(), after.leases(), LeaseCodec::encode);
        Map<String, String> pools = changed(before.pools(), after.pools(), LeaseCodec::encode);
        Set<String> dropped = new HashSet<>(before.leases().keySet());
        dropped.removeAll(after.leases().keySet());
        Set<String> deleted = new HashSet<>(before.pools().keySet());
        deleted.removeAll(after.pools().keySet());
        LeaseChanges changes = new LeaseChanges(leases, dropped, pools, deleted);
        if (!changes.isEmpty()) {
            around.store().commit(changes);
        }
    }

    private static <T> Map<String, String> changed(
            SortedMap<String, T> before, SortedMap<String, T> after, Function<T, String> text) {
        Map<String, String> changed = new HashMap<>();
        after.forEach((key, value) -> {
            T old = before.get(key);
            if (old == null || (old != value && !text.apply(old).equals(text.apply(value)))) {
                changed.put(key, text.apply(value));
            }
        });
        return changed;
    }

    /** The story of the leases, for the daemon's log. */
    private void tell(Ledger before, Ledger after) {
        after.leases().forEach((id, lease) -> {
            Lease old = before.leases().get(id);
            if (old == null) {
                LOG.info(
                        "lease {}: {}",
                        id,
                        lease.held()
                                ? "granted" + owner(lease)
                                : "a spare of pool " + lease.pool().orElse(""));
            } else if (lease.held() && !old.held()) {
                LOG.info("lease {}: claimed from pool {}{}", id, lease.pool().orElse(""), owner(lease));
            }
            if (old != null && old.state() != lease.state()) {
                LOG.info(
                        "lease {}: {}{}",
                        id,
                        lease.state(),
                        lease.ending().map(why -> ", " + why.words()).orElse(""));
            }
        });
        before.leases().keySet().stream()
                .filter(id -> !after.leases().containsKey(id))
                .forEach(id -> {
                    works.remove(id);
                    LOG.info("lease {}: over, nothing of it is left", id);
                });
    }

    private static String owner(Lease lease) {
        return lease.owner().map(owner -> " to " + owner.text()).orElse("");
    }

    /** Takes what happened; what can't be stored now is found out again by the next look. */
    private void post(LeaseInput input) {
        try {
            step(input);
        } catch (StoreException e) {
            if (!closed) {
                LOG.warn("{} ({} waits)", e.getMessage(), input.getClass().getSimpleName());
            }
        }
    }

    private LeaseStep command(LeaseInput input) throws RefusedException {
        try {
            return step(input);
        } catch (StoreException e) {
            throw new RefusedException(RefusedException.Code.STORE_FAILED, String.valueOf(e.getMessage()));
        }
    }

    // ------------------------------------------------------------------ time and news

    private synchronized void tickSoon() {
        if (timer == null
                && !closed
                && !(ledger.leases().isEmpty() && ledger.pools().isEmpty())) {
            timer = around.time().after(TICK, () -> {
                try {
                    workers.execute(this::tick);
                } catch (RejectedExecutionException e) {
                    LOG.debug("leases aren't looked at any more", e);
                }
            });
        }
    }

    private void tick() {
        synchronized (this) {
            timer = null;
        }
        try {
            for (Lease lease : ledger.leases().values()) {
                Optional<OwnerProcess> process = lease.owner().flatMap(Owner::process);
                if (lease.state() != LeaseState.ENDING && process.isPresent() && !owners.alive(process.get())) {
                    post(new LeaseInput.OwnerGone(lease.id()));
                }
            }
            post(new LeaseInput.Passed());
            ledger.leases().keySet().forEach(this::lookSoon);
        } catch (RuntimeException e) {
            LOG.error("leases could not be looked at", e);
        } finally {
            tickSoon();
        }
    }

    private void hear(ServerEvent event) {
        if (LEASED.matcher(event.server().value()).matches() && event.sequence() > 0) {
            ledger.of(event.server()).ifPresent(lease -> lookSoon(lease.id()));
        }
    }

    private Work work(String id) {
        return works.computeIfAbsent(id, key -> new Work(new Mailbox(workers)));
    }

    private void lookSoon(String id) {
        work(id).mailbox.execute(() -> look(id));
    }

    /** In the lease's mailbox: what its server says of it. */
    private void look(String id) {
        Lease lease = ledger.leases().get(id);
        if (lease == null || closed) {
            works.remove(id);
            return;
        }
        Work work = work(id);
        Optional<ServerStatus> status = fleet.server(lease.server());
        switch (lease.state()) {
            case STARTING, READY -> {
                if (work.begun || lease.state() == LeaseState.READY) {
                    if (!lease.expiry().equals(work.armed) && again(work.armTried)) {
                        arm(lease, work);
                    }
                    judge(lease, work, status);
                } else if (work.beginTried != null && again(work.beginTried)) {
                    // It could neither be started, nor could that be stored.
                    start(lease, work);
                }
            }
            case ENDING -> end(lease, work);
            case FAILED -> {
                // What is left of it is looked at until it expires: whoever renews it keeps its logs.
                if (!lease.expiry().equals(work.armed) && again(work.armTried)) {
                    arm(lease, work);
                }
            }
            case WAITING -> {}
        }
    }

    /** What failed at that time since the boot may be tried again now. */
    private boolean again(@Nullable Duration tried) {
        return tried == null || around.time().now().boot().minus(tried).compareTo(TRY_AGAIN) >= 0;
    }

    private void judge(Lease lease, Work work, Optional<ServerStatus> seen) {
        if (seen.isEmpty()) {
            post(new LeaseInput.Stopped(lease.id()));
            return;
        }
        ServerStatus status = seen.get();
        switch (status.phase()) {
            case HEALTHY -> {
                if (status.rung().atLeast(Rung.QUERY)) {
                    if (lease.state() != LeaseState.READY) {
                        post(new LeaseInput.Proven(lease.id()));
                    }
                } else {
                    queryAgain(lease, work);
                }
            }
            case FAILED -> post(new LeaseInput.Failed(lease.id(), cause(status)));
            case STOPPED -> {
                if (status.desired() == Desired.DOWN) {
                    post(new LeaseInput.Stopped(lease.id()));
                }
            }
            case BACKING_OFF -> {
                // Nobody waits for this very spare: another one is made.
                if (lease.held()) {
                    post(new LeaseInput.Faulted(lease.id()));
                } else {
                    post(new LeaseInput.Failed(lease.id(), cause(status)));
                }
            }
            case UNHEALTHY -> post(new LeaseInput.Faulted(lease.id()));
            case STARTING, STOPPING, UNKNOWN -> {}
        }
    }

    private static Cause cause(ServerStatus status) {
        return status.cause()
                .orElseGet(() -> new Cause(
                        "UNKNOWN", "its server is " + status.phase(), "see the daemon's log", List.of(), true));
    }

    private void queryAgain(Lease lease, Work work) {
        Duration now = around.time().now().boot();
        Duration since = work.unasked;
        if (since == null) {
            work.unasked = now;
        } else if (lease.spare() && now.minus(since).compareTo(LONGEST_UNASKED) > 0) {
            post(new LeaseInput.Failed(
                    lease.id(),
                    new Cause(
                            "QUERY_FAILED",
                            "no query ran on it in " + LONGEST_UNASKED.toSeconds() + " s, though it is HEALTHY",
                            "see whether its master has executors",
                            List.of(),
                            true)));
            return;
        }
        Duration last = work.queried;
        if (last == null) {
            work.queried = now;
        } else if (now.minus(last).compareTo(QUERY_AGAIN) >= 0) {
            work.queried = now;
            try {
                fleet.probe(lease.server(), Rung.QUERY, QUERY_TIMEOUT);
            } catch (RefusedException e) {
                LOG.debug("{} can't be asked: {}", lease.server(), e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // ------------------------------------------------------------------ effects

    private void run(LeaseEffect effect) {
        String id = effect.lease();
        work(id).mailbox.execute(() -> {
            Lease lease = ledger.leases().get(id);
            if (lease == null || closed) {
                return;
            }
            if (effect instanceof LeaseEffect.Begin && lease.state() == LeaseState.STARTING) {
                start(lease, work(id));
            } else if (effect instanceof LeaseEffect.Arm && lease.state() != LeaseState.ENDING) {
                arm(lease, work(id));
            } else if (effect instanceof LeaseEffect.End && lease.state() == LeaseState.ENDING) {
                end(lease, work(id));
            }
        });
    }

    private void start(Lease lease, Work work) {
        work.beginTried = around.time().now().boot();
        try {
            if (!arm(lease, work)) {
                throw new RefusedException(
                        RefusedException.Code.STORE_FAILED,
                        "its deadline can't be written, and nothing is started that nobody would end");
            }
            if (fleet.server(lease.server()).isEmpty()) {
                fleet.declare(lease.server(), pooled(lease), Origin.FLAGS);
            }
            fleet.start(lease.server());
            work.begun = true;
            look(lease.id());
        } catch (RefusedException e) {
            if (e.code() == RefusedException.Code.BUSY) {
                // Nothing was done; the next look tries again.
                LOG.warn("{} isn't started yet: {}", lease.server(), e.getMessage());
                return;
            }
            post(new LeaseInput.Failed(
                    lease.id(),
                    new Cause(
                            e.code().name(),
                            String.valueOf(e.getMessage()),
                            e.code() == RefusedException.Code.PORT_HELD
                                    ? "leave its port to connectctl: it takes a free one unless --port says otherwise"
                                    : "mend its declaration",
                            List.of(),
                            false)));
        } catch (RuntimeException e) {
            LOG.error("{} could not be started", lease.server(), e);
            post(new LeaseInput.Failed(
                    lease.id(),
                    new Cause("UNKNOWN", "it could not be started: " + e, "see the daemon's log", List.of(), true)));
        }
    }

    private Declaration pooled(Lease lease) throws RefusedException {
        Pool pool = lease.pool().map(name -> ledger.pools().get(name)).orElse(null);
        if (pool == null) {
            throw noSuchPool(lease.pool().orElse(""));
        }
        try {
            return declarations.read(pool.name(), pool.declaration());
        } catch (IOException e) {
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED,
                    "the declaration of pool " + pool.name() + " can't be read: " + e.getMessage());
        }
    }

    private static RefusedException noSuchPool(String pool) {
        return new RefusedException(
                RefusedException.Code.NO_SUCH_POOL,
                "there is no pool '" + pool + "'; connectctl pool list shows them all");
    }

    /** Writes the dead man's switch; false if it can't be written now. */
    private boolean arm(Lease lease, Work work) {
        Moment now = moment();
        work.armTried = now.at();
        Duration left = lease.expiry().left(now).plus(SWITCH_LATER);
        try {
            new Deadline(now.boot(), now.at().plus(left), left).write(around.folders(), lease.server());
        } catch (IOException e) {
            LOG.error("the deadline of {} can't be written: {}", lease.server(), e.toString());
            return false;
        }
        if (!work.watched) {
            watch.start();
            work.watched = true;
        }
        if (lease.state() == LeaseState.FAILED) {
            work.armed = lease.expiry(); // Nothing runs that could be told.
            return true;
        }
        Optional<ServerStatus> status = fleet.server(lease.server()).filter(known -> known.incarnation() > 0);
        ServerRuntime runtime = status.map(
                        known -> around.runtimes().get(known.spec().runtime()))
                .orElse(null);
        if (runtime != null) {
            try {
                runtime.rearm(lease.server());
                // A launch under way has read the file before it was written, maybe, and nothing runs that could be
                // told.
                boolean told = status.get().rung().atLeast(Rung.CONTAINER);
                work.armed = told ? lease.expiry() : null;
            } catch (RuntimeUnavailableException e) {
                LOG.warn("the deadline of {} can't be renewed now: {}", lease.server(), e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return true;
    }

    private void end(Lease lease, Work work) {
        try {
            Optional<ServerStatus> status = fleet.server(lease.server());
            if (status.isPresent() && !resting(status.get())) {
                if (again(work.endTried)) {
                    work.endTried = around.time().now().boot();
                    String why = lease.held() ? "its lease ended" : "its pool keeps it no longer";
                    fleet.stop(lease.server(), new StopOrder(true, false, Optional.empty(), why));
                    status = fleet.server(lease.server());
                }
            }
            if (status.isPresent() && !resting(status.get())) {
                return; // An event tells when it is down.
            }
            if (status.isPresent() && !remove(status.get(), work)) {
                return;
            }
            PrivateFiles.remove(
                    around.folders().servers().resolve(lease.server().value()));
            post(new LeaseInput.Gone(lease.id()));
        } catch (RefusedException e) {
            if (e.code() == RefusedException.Code.NO_SUCH_SERVER) {
                post(new LeaseInput.Gone(lease.id()));
            } else {
                LOG.warn("{} can't be removed yet: {}", lease.server(), e.getMessage());
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("{} could not be ended; it is tried again", lease.server(), e);
        }
    }

    /**
     * Removes all that there is of a server, whether it was ever seen running or not; false if that can't be done now. The fleet
     * forgets it only then: a FAILED start may have left a container that nobody else would ever remove.
     */
    private boolean remove(ServerStatus status, Work work) throws RefusedException {
        ServerName server = status.spec().name();
        ServerRuntime runtime = around.runtimes().get(status.spec().runtime());
        if (runtime != null && status.incarnation() > 0) {
            if (work.collectTried != null && !again(work.collectTried)) {
                return false;
            }
            try {
                runtime.collect(server, true);
            } catch (RuntimeUnavailableException e) {
                work.collectTried = around.time().now().boot();
                LOG.warn("{} can't be removed yet: {}", server, e.getMessage());
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        fleet.remove(server, true);
        return true;
    }

    private static boolean resting(ServerStatus status) {
        return status.phase() == Phase.FAILED || (status.phase() == Phase.STOPPED && status.desired() == Desired.DOWN);
    }

    // ------------------------------------------------------------------ commands

    @Override
    public LeaseStatus lease(LeaseOrder order) throws RefusedException {
        if (order.ttl().compareTo(SHORTEST) < 0 || order.ttl().compareTo(LONGEST) > 0) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "a lease lives from " + SHORTEST.toSeconds() + " s to " + LONGEST.toDays() + " days, not "
                            + order.ttl().toSeconds() + " s");
        }
        Optional<Owner> owner = owner(order);
        long sequence = fleet.lastSequence();
        if (order.pool().isPresent()) {
            return status(claim(order.pool().get(), owner, order.ttl()), sequence);
        }
        String id = declared(order);
        ServerName server = Lease.serverOf(id);
        Lease granted;
        try {
            granted = command(new LeaseInput.Granted(id, owner, order.ttl()))
                    .lease()
                    .orElseThrow();
        } catch (RefusedException e) {
            fleet.remove(server, true);
            unguard(id);
            throw e;
        }
        return status(granted, sequence);
    }

    /** Declares a server for a lease that is to come: its id. */
    private String declared(LeaseOrder order) throws RefusedException {
        while (true) {
            String id = freshId();
            ServerName server = Lease.serverOf(id);
            // Before the lease: if this daemon dies in between, the next one finds a server that nobody leases, and
            // removes it.
            Declaration declaration = throwaway(server, order.declaration());
            guard(id, order.ttl());
            try {
                fleet.declare(server, declaration, Origin.FLAGS);
                return id;
            } catch (RefusedException e) {
                unguard(id);
                // Nobody knew it for a moment, so it was taken for something that is left: another one is made.
                if (e.code() != RefusedException.Code.NAME_HELD) {
                    throw e;
                }
            }
        }
    }

    /** The dead man's switch comes before the declaration, whose secrets lie beside it: the start may have to wait for its turn. */
    private void guard(String id, Duration ttl) throws RefusedException {
        Moment now = moment();
        Duration left = ttl.plus(SWITCH_LATER);
        try {
            new Deadline(now.boot(), now.at().plus(left), left).write(around.folders(), Lease.serverOf(id));
        } catch (IOException e) {
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED,
                    "the deadline of " + Lease.serverOf(id) + " can't be written: " + e.getMessage());
        }
        watch.start();
    }

    /** It was never leased. */
    private void unguard(String id) {
        try {
            PrivateFiles.remove(
                    around.folders().servers().resolve(Lease.serverOf(id).value()));
        } catch (IOException e) {
            LOG.warn("the folder of {} stays until its deadline: {}", Lease.serverOf(id), e.getMessage());
        }
    }

    /** What is claimed is declared at once: it stays what it is, whatever becomes of its pool. */
    private Lease claim(String pool, Optional<Owner> owner, Duration ttl) throws RefusedException {
        synchronized (declarations) {
            Lease claimed = command(new LeaseInput.Claimed(pool, freshId(), owner, ttl))
                    .lease()
                    .orElseThrow(() -> noSuchPool(pool));
            if (claimed.state() != LeaseState.READY
                    && fleet.server(claimed.server()).isEmpty()) {
                boolean declared = false;
                try {
                    guard(claimed.id(), ttl);
                    fleet.declare(claimed.server(), pooled(claimed), Origin.FLAGS);
                    declared = true;
                } finally {
                    if (!declared) {
                        // Nobody hears of it, so nobody would ever give it back.
                        post(new LeaseInput.Released(claimed.id()));
                    }
                }
            }
            return claimed;
        }
    }

    private Optional<Owner> owner(LeaseOrder order) throws RefusedException {
        if (order.ownerPid().isEmpty()) {
            try {
                return order.owner().map(text -> new Owner(text, Optional.empty()));
            } catch (IllegalArgumentException e) {
                throw new RefusedException(RefusedException.Code.INVALID, String.valueOf(e.getMessage()));
            }
        }
        long pid = order.ownerPid().getAsLong();
        OwnerProcess process = owners.identify(pid)
                .orElseThrow(() -> new RefusedException(
                        RefusedException.Code.OWNER_GONE, "no process " + pid + " runs, so it can't own a lease"));
        try {
            return Optional.of(new Owner(order.owner().orElse("pid " + pid), Optional.of(process)));
        } catch (IllegalArgumentException e) {
            throw new RefusedException(RefusedException.Code.INVALID, String.valueOf(e.getMessage()));
        }
    }

    private String freshId() {
        while (true) {
            String id = String.format(Locale.ROOT, "%08x", random.nextInt());
            if (!ledger.leases().containsKey(id)
                    && fleet.server(Lease.serverOf(id)).isEmpty()) {
                return id;
            }
        }
    }

    /** What a declaration leaves open, as it suits a server that somebody else's test runs against. */
    Declaration throwaway(ServerName server, Declaration declaration) {
        ObjectNode tree = declaration.tree();
        for (String port : List.of("port", "uiPort")) {
            if (!tree.hasNonNull(port)) {
                tree.put(port, "auto");
            }
        }
        boolean token = specs.read(server, new Declaration(tree, Map.of()))
                .spec()
                .map(ServerSpec::spark)
                .filter(spark -> spark.hasToken())
                .isPresent();
        if (token && !tree.hasNonNull("auth")) {
            tree.put("auth", "token");
        }
        return new Declaration(tree, Map.of());
    }

    @Override
    public LeaseStatus renew(String id, Optional<Duration> ttl, boolean disown) throws RefusedException {
        if (ttl.filter(time -> time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0)
                .isPresent()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "a lease lives from " + SHORTEST.toSeconds() + " s to " + LONGEST.toDays() + " days");
        }
        Lease renewed = command(new LeaseInput.Renewed(id, ttl, disown)).lease().orElseThrow(() -> noSuchLease(id));
        return status(renewed, 0);
    }

    private RefusedException noSuchLease(String id) {
        Lease known = ledger.leases().get(id);
        return new RefusedException(
                RefusedException.Code.NO_SUCH_LEASE,
                known == null
                        ? "there is no lease '" + id + "': it was released, expired, or its owner is gone"
                        : "lease " + id + " is over: "
                                + known.ending()
                                        .map(Ending::words)
                                        .or(() -> known.cause().map(cause -> "its server FAILED: " + cause.summary()))
                                        .orElse("it is a pool's spare"));
    }

    @Override
    public void release(String id) throws RefusedException {
        if (command(new LeaseInput.Released(id)).lease().isEmpty()) {
            throw noSuchLease(id);
        }
    }

    // ------------------------------------------------------------------ pools

    @Override
    public PoolStatus declare(PoolOrder order) throws RefusedException {
        if (!ServerName.PLAIN.matcher(order.name()).matches()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "pool name '" + order.name()
                            + "' isn't plain: use 1-63 of a-z, 0-9 and '-', starting and ending with a letter or digit");
        }
        ServerName server = Lease.serverOf("00000000");
        Declaration declaration = throwaway(server, order.declaration());
        SpecReader.Reading reading = specs.read(server, declaration);
        if (reading.spec().isEmpty()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "the declaration of pool " + order.name() + " has problems; nothing was changed",
                    reading.problems());
        }
        ServerSpec spec = reading.spec().get();
        if (!(spec.port() instanceof PortChoice.Auto)) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "the servers of a pool can't all have port " + spec.port() + ": leave the port out");
        }
        long member = spec.container().limitFor(spec.driverMemory()).bytes();
        long budget = order.budgetBytes().orElseGet(() -> forAll(order.name()));
        if (order.size() < 0 || order.size() > MOST_SPARES) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "pool " + order.name() + " can't keep " + order.size() + " servers: a pool has 0 to "
                            + MOST_SPARES);
        }
        if (budget <= 0 || (budget < member && order.size() > 0)) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "not one server of pool " + order.name() + " fits its memory budget of " + (budget >> 20)
                            + " MiB: each takes " + (member >> 20) + " MiB, the heap and what goes beyond it");
        }
        Duration maxAge = order.maxAge().orElse(Pool.MAX_AGE);
        if (maxAge.compareTo(LEAST_AGE) < 0) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "a pool's servers aren't worth their start if they are replaced after " + maxAge.toSeconds()
                            + " s: give at least " + LEAST_AGE.toSeconds() + " s");
        }
        synchronized (declarations) {
            String kept;
            try {
                kept = declarations.keep(
                        order.name(),
                        declaration,
                        Optional.ofNullable(ledger.pools().get(order.name())).map(Pool::declaration));
            } catch (IOException e) {
                throw new RefusedException(
                        RefusedException.Code.STORE_FAILED,
                        "the declaration of pool " + order.name() + " can't be kept: " + e.getMessage());
            }
            command(new LeaseInput.PoolMade(Pool.of(
                    order.name(),
                    order.size(),
                    kept,
                    maxAge,
                    member,
                    order.budgetBytes().orElse(0))));
        }
        return pools().stream()
                .filter(status -> status.pool().name().equals(order.name()))
                .findFirst()
                .orElseThrow(() -> noSuchPool(order.name()));
    }

    /** What a pool may take that has no budget of its own and is alone. */
    private long forAll(String pool) {
        return Shares.of(
                        ledger.pools().values().stream()
                                .filter(other -> !other.name().equals(pool))
                                .toList(),
                        limits.spareBytes())
                .commonBytes();
    }

    @Override
    public void deletePool(String name) throws RefusedException {
        synchronized (declarations) {
            if (!ledger.pools().containsKey(name)) {
                throw noSuchPool(name);
            }
            command(new LeaseInput.PoolDeleted(name));
            try {
                declarations.forget(name);
            } catch (IOException e) {
                LOG.warn("the secrets of pool {} can't be deleted: {}", name, e.toString());
            }
        }
    }

    @Override
    public List<PoolStatus> pools() {
        Ledger now = ledger;
        Shares shares = Shares.of(now.pools().values(), limits.spareBytes());
        return now.pools().values().stream()
                .map(pool -> {
                    List<Lease> spares = now.spares(pool.name());
                    int ready = (int) spares.stream()
                            .filter(lease -> lease.state() == LeaseState.READY)
                            .count();
                    int claimed = (int) now.leases().values().stream()
                            .filter(lease -> lease.held() && lease.state() != LeaseState.ENDING)
                            .filter(lease ->
                                    lease.pool().filter(pool.name()::equals).isPresent())
                            .count();
                    return new PoolStatus(pool, ready, spares.size() - ready, claimed, shares.bytes(pool));
                })
                .toList();
    }

    // ------------------------------------------------------------------ reading

    @Override
    public List<LeaseStatus> leases() {
        return ledger.leases().values().stream()
                .sorted(Comparator.comparing(Lease::number))
                .map(lease -> status(lease, 0))
                .toList();
    }

    @Override
    public Optional<LeaseStatus> lease(String id) {
        return Optional.ofNullable(ledger.leases().get(id)).map(lease -> status(lease, 0));
    }

    @Override
    public Optional<LeaseStatus> of(ServerName server) {
        return ledger.of(server).map(lease -> status(lease, 0));
    }

    private LeaseStatus status(Lease lease, long sequence) {
        Now now = around.time().now();
        Instant expiresAt = now.wall().plus(lease.expiry().left(new Moment(owners.boot(), now.boot())));
        int position = 1 + ledger.waiting().stream().map(Lease::id).toList().indexOf(lease.id());
        return new LeaseStatus(lease, expiresAt, position, sequence);
    }

    @Override
    public void close() {
        AutoCloseable following;
        synchronized (this) {
            closed = true;
            following = events;
            if (timer != null) {
                timer.cancel();
            }
        }
        if (following != null) {
            try {
                following.close();
            } catch (Exception e) {
                LOG.warn("the leases' look at events could not be closed: {}", e.toString());
            }
        }
        if (ledger.leases().isEmpty()) {
            watch.close();
        }
        workers.shutdownNow();
        try {
            if (!workers.awaitTermination(5, TimeUnit.SECONDS)) {
                LOG.warn("something is still done about a lease");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
