package io.connectctl.manager.supervise;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.Observed;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.RunningOperation;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.cluster.YarnApplication;
import io.connectctl.manager.diagnose.Diagnosis;
import io.connectctl.manager.diagnose.Evidence;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Effect;
import io.connectctl.manager.lifecycle.EndedBy;
import io.connectctl.manager.lifecycle.Input;
import io.connectctl.manager.lifecycle.Now;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does what the lifecycle of one server asks for, on worker threads, and brings the outcomes back as inputs. */
final class EffectRunner {
    private static final Logger LOG = LoggerFactory.getLogger(EffectRunner.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    /**
     * Beyond the grace, for a runtime's answer to a halt: above what it needs to settle, and then to kill the server and its
     * keeper, which an interrupt must not cut short.
     */
    private static final Duration HALT_SLACK = Duration.ofSeconds(30);
    /** A launch is ended by the lifecycle's own deadlines, which know how its download gets on; this one is for no lifecycle at all. */
    private static final Duration LAUNCH_LIMIT = Duration.ofHours(6);

    private static final Duration ASK_LIMIT = Duration.ofSeconds(30);
    private static final Duration ASK_AGAIN = Duration.ofSeconds(2);
    /** A cold query took 3 s on a quiet machine; it is asked once and isn't held against the server. */
    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(30);
    /** Causes that a look at a failed query can prove, and that no other launch mends. */
    private static final Set<String> SERVES_NOBODY = Set.of("BAD_CONF_VALUE", "CLASS_NOT_FOUND");
    /** A log lags by its rotation's pipe, too, and more under load. */
    private static final int MOST_LOOKS = 4;

    /** A query that failed for what may pass is tried again after so long, then after twice as long. */
    private static final Duration SOON = Duration.ofMinutes(1);

    private static final Duration RARELY = Duration.ofMinutes(16);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(700);
    /** PORT to QUERY: each has the timeout for itself. */
    private static final int RUNGS = 4;
    /** Beyond the timeouts of its rungs, for a probe asked for by hand. */
    private static final Duration FIRST_CALLS = Duration.ofSeconds(20);
    /** Who waits for a queue may do so for minutes, and logs keep each line. */
    private static final Duration WAITING_EVERY = Duration.ofSeconds(10);
    /** How long its cluster may take to replace an executor, as a probe that sees them allows. */
    private static final Duration EXECUTOR_PATIENCE = Duration.ofMinutes(1);
    /** Clients wait a minute for an answer. */
    private static final Duration LONGEST_CLIMB = Duration.ofSeconds(55);
    /** People can't read faster, and followers over a socket needn't. */
    private static final Duration PROGRESS_EVERY = Duration.ofMillis(300);

    private final ServerUnit unit;
    private final Surroundings around;
    private final Executor workers;
    private final Operations operations;
    private final ArchiveTrainer trainer;

    /** Of which incarnation a query's failure is being looked into; 0 for none. */
    private int explaining;
    /** How long after the next one that fails a query is tried again. */
    private volatile Duration nextQuery = SOON;

    private Time.@Nullable Timer again;

    /** What a class data archive does for the incarnation that was launched last; looked at once its first query ran. */
    private volatile Optional<Equipped> equipped = Optional.empty();
    /** Why the last launch had no archive, as it was stored: the same reason again is no news. */
    private volatile String toldOfArchive = "";
    /** What the runtime said last of what a launch would be made of; empty where it wasn't asked yet. */
    private volatile Map<String, String> ingredients = Map.of();

    /** What the latest halt lets finish first, until it did. */
    private volatile @Nullable Drain draining;

    private volatile @Nullable Timed timed;

    private @Nullable Thread prober;
    private @Nullable Thread querying;
    private @Nullable Ladder ladder;
    private @Nullable ProbeTarget target;
    /**
     * Where the last climb found the server's session. Finding it out again reads hundreds of links in /proc, which costs more
     * than the climb; a climb that fails looks anew.
     */
    private @Nullable Endpoint proven;

    /** What the last halt was told to be for, once its log was read. */
    private volatile Optional<Found> foundBeforeHalt = Optional.empty();

    /** True while a halt runs: its answer, on a cluster, comes after the application's end. */
    private volatile boolean halting;

    /** True while the cluster is looked at beside the probes. */
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Executors as the cluster counts them, where it does. */
    private volatile Optional<ExecutorCount> counted = Optional.empty();

    /** Why the cluster wouldn't tell, as it was told last; the same reason again is no news. */
    private volatile String toldOfRefusal = "";

    private int probeNumber;

    /** What was told last of what a start waits for, and when: only the seconds that pass are no news. */
    private volatile String waitingFor = "";

    private volatile Duration waitingTold = Duration.ZERO;

    /** What the log of an incarnation told before it was halted. */
    private record Found(int incarnation, Cause cause) {}

    /**
     * What a look at the cluster found.
     *
     * @param executors an application's containers without its master's
     * @param fewerSince by the boot clock, since when they are fewer than the server must have; empty if they aren't
     */
    private record ExecutorCount(int incarnation, long executors, Optional<Duration> fewerSince) {}

    /** One incarnation's archive: found, or to be trained. */
    private record Equipped(int incarnation, Archives archives, LaunchPlan plan, Archive archive) {}

    /** The times of the incarnation that was launched last, by this daemon. */
    private record Timed(int incarnation, LaunchTimes times) {}

    EffectRunner(ServerUnit unit, Surroundings around, Executor workers, ArchiveTrainer trainer) {
        this.unit = unit;
        this.trainer = trainer;
        this.around = around;
        this.workers = workers;
        this.operations = new Operations(unit.name().value(), workers, around.time());
    }

    void run(Effect effect) {
        if (effect instanceof Effect.Launch launch) {
            operations.submit(Operations.Kind.LAUNCH, LAUNCH_LIMIT, () -> launch(launch));
        } else if (effect instanceof Effect.Halt halt) {
            endProbing();
            Duration grace = halt.force() ? Duration.ZERO : unit.live().stop().grace();
            Drain before = draining;
            if (before != null) {
                drained(before);
            }
            if (!halt.drain().isZero()) {
                drain(halt.drain());
            }
            operations.submit(
                    halt.force() ? Operations.Kind.KILL : Operations.Kind.HALT,
                    grace.plus(HALT_SLACK),
                    () -> halt(halt, grace));
        } else if (effect instanceof Effect.Drain anew) {
            Drain now = draining;
            if (now != null) {
                now.within(anew.patience());
            }
        } else if (effect instanceof Effect.Probe probe) {
            probe(probe);
        } else if (effect instanceof Effect.Ask) {
            ask();
        } else {
            throw new IllegalArgumentException("no way to do " + effect);
        }
    }

    private void drain(Duration patience) {
        // As it is when the halt is ordered: what runs is a new one by the time that another may be seen.
        Drain drain = new Drain(unit, around, patience);
        synchronized (this) {
            draining = drain;
        }
        operations.submit(Operations.Kind.DRAIN, Drain.LIMIT, () -> {
            try {
                drain.run(this::interrupt);
            } finally {
                drained(drain);
            }
        });
    }

    private synchronized void drained(Drain drain) {
        if (draining == drain) {
            draining = null;
        }
    }

    /** How long what clients run may still finish, at most; empty where nothing is drained. */
    Optional<Duration> drainsFor() {
        return Optional.ofNullable(draining).map(Drain::left);
    }

    void close() {
        operations.close();
        endProbing();
    }

    private ServerRuntime runtime() {
        ServerRuntime runtime = around.runtimes().get(unit.spec().runtime());
        if (runtime == null) {
            throw new IllegalStateException("no runtime '" + unit.spec().runtime() + "' here");
        }
        return runtime;
    }

    // ------------------------------------------------------------------ launch

    private void launch(Effect.Launch launch) throws InterruptedException {
        int incarnation = launch.incarnation();
        nextQuery = SOON;
        Optional<Cause> invalid = unit.invalid();
        if (invalid.isPresent()) {
            failed(incarnation, invalid.get());
            return;
        }
        try {
            ServerSpec spec = unit.spec();
            ServerRuntime runtime = runtime();
            LaunchTimes times = new LaunchTimes(around.time());
            Site site = runtime.prepare(spec, times.hearing(progress(incarnation)));
            times.prepared();
            unit.post(new Input.Prepared(incarnation));
            LaunchTicket ticket = new LaunchTicket(
                    incarnation,
                    unit.name() + "/" + incarnation + "/" + random(4),
                    spec.auth() == Auth.TOKEN ? Optional.of(keptToken()) : Optional.empty(),
                    spec.port() instanceof PortChoice.Auto
                            ? OptionalInt.of(launch.port().orElse(0))
                            : OptionalInt.empty());
            remember(runtime, spec);
            endOnCluster(spec);
            LaunchPlan plan = equip(runtime, around.planner().compose(spec, site, ticket))
                    .with(around.clusters().variables(spec, incarnation));
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            Instance launched = runtime.launch(plan);
            times.launched();
            timed = new Timed(launched.incarnation(), times);
            unit.post(new Input.Launched(launched));
            times.keep(around.folders().servers(), unit.name(), launched.incarnation());
        } catch (LaunchException e) {
            // No JVM ran: its archive can't be what was in the way.
            equipped = Optional.empty();
            failed(incarnation, new Cause(e.code(), said(e), e.remedy(), e.evidence(), e.retryable()));
        } catch (RenderException e) {
            failed(
                    incarnation,
                    new Cause("RENDER_FAILED", said(e), "mend the template, or its variable", List.of(), false));
        } catch (IOException e) {
            failed(
                    incarnation,
                    new Cause(
                            "FOLDER_UNWRITABLE",
                            "can't keep the token of " + unit.name() + ": " + e,
                            "check owner, mode and room of " + tokenFile().getParent(),
                            List.of(),
                            false));
        } catch (RuntimeException e) {
            LOG.error("{}: launch of incarnation {} failed unexpectedly", unit.name(), incarnation, e);
            failed(
                    incarnation,
                    new Cause("UNKNOWN", "the launch failed: " + e, "see the daemon's log", List.of(), true));
        }
    }

    // ------------------------------------------------------------------ drift

    private Path folder() {
        return around.folders().servers().resolve(unit.name().value());
    }

    /** Writes down what is launched, to be compared later on; never in the way of the launch itself. */
    private void remember(ServerRuntime runtime, ServerSpec spec) throws InterruptedException {
        try {
            if (runtime.adopted(unit.name())) {
                // It runs by files of its own, whatever would be rendered.
                LaunchRecord.forget(folder());
            } else {
                Map<String, String> made = runtime.ingredients(spec);
                new LaunchRecord(prints(runtime, spec), made).write(folder());
                ingredients = made;
            }
        } catch (RenderException | RuntimeUnavailableException | IOException | RuntimeException e) {
            LOG.warn(
                    "{}: what it is launched with can't be written down, so no drift of it is seen: {}",
                    unit.name(),
                    said(e));
            try {
                LaunchRecord.forget(folder());
            } catch (IOException again) {
                LOG.debug("{}: nor can the earlier record be removed", unit.name(), again);
            }
        }
    }

    /** The fingerprints of what this spec renders now, where things are planned to lie: no network and no engine is asked. */
    private Map<String, String> prints(ServerRuntime runtime, ServerSpec spec) throws RenderException {
        LaunchTicket any = new LaunchTicket(1, unit.name() + "/1/0", Optional.empty(), OptionalInt.empty());
        return around.planner()
                .compose(spec, runtime.plannedSite(spec), any)
                .rendering()
                .prints();
    }

    /**
     * What the current instance is otherwise than it would be if it were launched now.
     *
     * @param declared what would be launched
     * @param fresh whether the runtime is asked now; else what it said last is taken
     */
    List<Change> drift(ServerSpec declared, boolean fresh) {
        ServerSpec live = unit.live();
        ServerRuntime runtime = around.runtimes().get(live.runtime());
        if (runtime == null || runtime.adopted(unit.name())) {
            return Differences.between(live, declared);
        }
        if (fresh) {
            lookAtIngredients(ServerRuntime::ingredients);
        }
        Optional<LaunchRecord> launched = Optional.empty();
        Map<String, String> files = Map.of();
        try {
            launched = LaunchRecord.read(folder());
            files = launched.isPresent() ? prints(runtime, live) : Map.of();
        } catch (RenderException | IOException | RuntimeException e) {
            LOG.debug("{}: its files can't be compared", unit.name(), e);
        }
        return Drift.of(live, declared, launched, new LaunchRecord(files, ingredients));
    }

    /** Sees what a launch would be made of: an engine takes some milliseconds for it, so not at every look. */
    void lookAtIngredients() {
        lookAtIngredients(ServerRuntime::ingredientsLately);
    }

    /** What a runtime says of a declaration. */
    @FunctionalInterface
    private interface Question {
        Map<String, String> put(ServerRuntime runtime, ServerSpec spec)
                throws RuntimeUnavailableException, InterruptedException;
    }

    private void lookAtIngredients(Question question) {
        ServerSpec live = unit.live();
        ServerRuntime runtime = around.runtimes().get(live.runtime());
        if (runtime == null) {
            return;
        }
        try {
            ingredients = question.put(runtime, live);
        } catch (RuntimeUnavailableException | RuntimeException e) {
            LOG.debug("{}: it can't be told what a launch would be made of", unit.name(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ------------------------------------------------------------------ archives

    /** Lets the launch use a class data archive, or says why it can't; never in the way of the launch itself. */
    private LaunchPlan equip(ServerRuntime runtime, LaunchPlan plan) {
        boolean distrusted =
                equipped.filter(last -> last.archive() instanceof Archive.Ready).isPresent();
        equipped = Optional.empty();
        if (distrusted) {
            // Whatever it was: the archive must not be in the way a second time.
            tellOfArchive("starts without its class data archive: the last start with it came to no query");
            return plan;
        }
        Optional<Archives> archives = runtime.archives();
        if (archives.isEmpty()) {
            return plan;
        }
        Archive archive;
        try {
            archive = archives.get().of(plan);
        } catch (RuntimeException e) {
            LOG.error("{}: its class data archive can't be looked for", unit.name(), e);
            return plan;
        }
        if (archive instanceof Archive.Unfit unfit) {
            tellOfArchive("starts without a class data archive: " + unfit.why());
            return plan;
        }
        equipped = Optional.of(new Equipped(plan.ticket().incarnation(), archives.get(), plan, archive));
        if (archive instanceof Archive.Ready ready) {
            toldOfArchive = "";
            return plan.with(ready.options());
        }
        if (archive instanceof Archive.Missing missing && missing.discarded().isPresent()) {
            unit.news("archive", "thrown away: " + missing.discarded().get());
        }
        return plan;
    }

    /** What a declaration, or the cluster, is to blame for leaves the archive trusted; a JVM that dies may die of it. */
    private void noArchivesDoing(Cause why) {
        if (!why.retryable() && !why.code().startsWith("JVM_")) {
            equipped = Optional.empty();
        }
    }

    private void tellOfArchive(String message) {
        if (message.equals(toldOfArchive)) {
            unit.live("archive", message);
        } else {
            unit.news("archive", message);
        }
        toldOfArchive = message;
    }

    /** A query ran on this incarnation: the moment to see what came of its archive, or to wish for one. */
    private void proved(int incarnation) {
        Optional<Equipped> now = equipped.filter(each -> each.incarnation() == incarnation);
        if (now.isEmpty()) {
            return;
        }
        equipped = Optional.empty();
        Archive archive = now.get().archive();
        Archives archives = now.get().archives();
        if (archive instanceof Archive.Ready ready) {
            Optional<Instance> instance = unit.state().instance().filter(Instance::running);
            if (instance.isPresent() && !archives.used(instance.get(), ready)) {
                tellOfArchive("started without a class data archive: its JVM didn't take " + ready.file()
                        + "; a template or a Java option of its own may be why");
            }
        } else if (archive instanceof Archive.Missing missing
                && missing.failure().isEmpty()) {
            LaunchPlan plan = now.get().plan();
            trainer.want(new ArchiveTrainer.Wish(unit, archives, () -> plan, missing.key(), false));
        }
    }

    /** Trains the archive for this server now, whether it runs or not. */
    void trainByHand(Archives archives) {
        trainer.want(new ArchiveTrainer.Wish(
                unit, archives, this::planForTraining, unit.name().value(), true));
    }

    private LaunchPlan planForTraining() throws LaunchException, InterruptedException {
        ServerSpec spec = unit.spec();
        Site site = runtime().prepare(spec, (stage, done, total) -> unit.live("archive", stage));
        LaunchTicket ticket = new LaunchTicket(1, unit.name() + "/1/0", Optional.empty(), OptionalInt.empty());
        try {
            return around.planner().compose(spec, site, ticket);
        } catch (RenderException e) {
            throw new LaunchException("RENDER_FAILED", said(e), "mend the template, or its variable", false, e);
        }
    }

    private void failed(int incarnation, Cause cause) {
        // Its words come from engines and files, and may quote what the declaration holds.
        unit.post(new Input.LaunchFailed(incarnation, Diagnosis.scrubbed(cause, unit.spec(), secrets())));
    }

    private Progress progress(int incarnation) {
        return new Progress() {
            private String stage = "";
            private Duration told = Duration.ZERO;

            @Override
            public synchronized void report(String step, long done, long total) {
                Duration now = around.time().now().boot();
                boolean first = !step.equals(stage);
                if (first || done == total || now.minus(told).compareTo(PROGRESS_EVERY) >= 0) {
                    stage = step;
                    told = now;
                    unit.post(new Input.Progressed(incarnation));
                    unit.progress(incarnation, total > 0 ? step + " " + done + "/" + total : step);
                }
            }
        };
    }

    private static String random(int bytes) {
        byte[] value = new byte[bytes];
        RANDOM.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }

    Path tokenFile() {
        return around.folders().servers().resolve(unit.name().value()).resolve("token");
    }

    /** The server's token: 256 random bits, made once and kept across restarts, so that clients needn't learn a new one. */
    private String keptToken() throws IOException {
        Path file = tokenFile();
        if (!Files.exists(file)) {
            PrivateFiles.write(file, random(32));
        }
        return token();
    }

    /** The token that the running instance was given; only a launch makes one. */
    private String token() throws IOException {
        return Files.readString(tokenFile(), StandardCharsets.UTF_8).strip();
    }

    // ------------------------------------------------------------------ clients

    /** What clients do now; empty where nothing runs, or it can't be told. */
    Optional<ConnectActivity> activity(Duration patience) throws IOException, InterruptedException {
        Observed seen = unit.observedNow();
        return seen.ui().isPresent() && seen.applicationId().isPresent()
                ? ofClients(
                        around.workload()
                                .look(seen.ui().get(), seen.applicationId().get(), patience),
                        unit.state().instance())
                : Optional.empty();
    }

    /** What clients do, without the query by which this daemon proves the instance. */
    static Optional<ConnectActivity> ofClients(Optional<ConnectActivity> all, Optional<Instance> instance) {
        return instance.isEmpty()
                ? all
                : all.map(activity ->
                        activity.without(probeSession(instance.get()).toString()));
    }

    private static UUID probeSession(Instance instance) {
        return UUID.nameUUIDFromBytes(instance.marker().getBytes(StandardCharsets.UTF_8));
    }

    /** Ends what is left of a drain, session by session. */
    private void interrupt(List<RunningOperation> left) throws InterruptedException {
        Optional<Instance> instance = unit.state().instance().filter(Instance::running);
        if (instance.isEmpty()) {
            return;
        }
        try {
            Endpoint endpoint = runtime().endpoint(instance.get(), unit.live());
            if (endpoint.grpcPort().isEmpty()) {
                return;
            }
            ProbeTarget where = target(instance.get(), endpoint);
            for (RunningOperation session : left.stream()
                    .map(each -> new RunningOperation(each.user(), each.session(), ""))
                    .distinct()
                    .toList()) {
                around.workload().interrupt(where, session.user(), session.session(), Drain.LAST_MOMENTS.dividedBy(4));
            }
        } catch (RuntimeUnavailableException | IOException e) {
            LOG.info("{}: what is left of its operations can't be interrupted: {}", unit.name(), said(e));
        }
    }

    // ------------------------------------------------------------------ halt, ask

    private void halt(Effect.Halt halt, Duration grace) throws InterruptedException {
        ServerState state = unit.state();
        // A kill of what outlived its grace knows no more than the halt before it.
        Optional<Cause> found = foundBeforeHalt
                .filter(told -> told.incarnation() == halt.incarnation() && state.endedBy() == EndedBy.FAULT)
                .map(Found::cause);
        if (halt.fault().isPresent() && state.endedBy() == EndedBy.FAULT) {
            found = Optional.of(cause(Optional.empty(), halt.fault()))
                    .filter(cause -> !cause.code().equals("UNKNOWN"));
        }
        foundBeforeHalt = found.map(cause -> new Found(halt.incarnation(), cause));
        found.ifPresent(this::noArchivesDoing);
        if (halt.fault().isPresent() && state.endedBy() == EndedBy.FAULT) {
            // After the diagnosis: a thread dump in the log is no word of the server's.
            new WedgeEvidence(around.folders().servers())
                    .save(runtime(), unit.name(), halt.incarnation(), halt.fault())
                    .ifPresent(saved -> unit.news("wedge", saved));
        }
        halting = true;
        try {
            Optional<Instance> last = runtime().halt(unit.name(), grace);
            endOnCluster(unit.live());
            unit.post(new Input.Halted(halt.incarnation(), last, found));
        } catch (RuntimeUnavailableException e) {
            unit.post(new Input.Unavailable(said(e)));
        } finally {
            halting = false;
        }
    }

    /**
     * Nothing of the server runs here any more, so nothing of it may run on its cluster: a driver that was killed took no leave there.
     * Before a launch too, as what ended the last one may have ended its supervisor with it. A cluster that can't be asked is no
     * reason to keep a server from stopping.
     */
    private void endOnCluster(ServerSpec spec) throws InterruptedException {
        if (!MasterUrl.isCluster(spec.master())) {
            return;
        }
        try {
            for (String id : around.clusters().end(spec)) {
                unit.news("cluster", "killed " + id + ", which ran on without its driver");
            }
        } catch (IOException e) {
            unit.news(
                    "cluster",
                    "what may be left of it on " + spec.master() + " can't be ended: " + said(e)
                            + "; connectctl gc tries again");
        }
    }

    /** What a start on a cluster waits for: nothing of it listens before its application is accepted. */
    private void tellOfWaiting(int incarnation) {
        ServerSpec spec = unit.live();
        if (unit.state().phase() != Phase.STARTING || !MasterUrl.isCluster(spec.master())) {
            return;
        }
        try {
            Optional<YarnApplication> application = application(spec, incarnation);
            unit.application(incarnation, application);
            if (application.isPresent() && !application.get().over()) {
                Now now = around.time().now();
                // The room alone is no news: on a busy cluster it is another one at every look.
                String what = application.get().id() + " " + application.get().state();
                if (!what.equals(waitingFor) || now.boot().minus(waitingTold).compareTo(WAITING_EVERY) >= 0) {
                    waitingFor = what;
                    waitingTold = now.boot();
                    unit.progress(
                            incarnation,
                            application
                                    .get()
                                    .waiting(now.wall(), around.clusters().room(spec)));
                }
            }
        } catch (IOException e) {
            unit.progress(incarnation, "waiting for " + spec.master() + ": " + said(e));
        }
    }

    /** Asks the runtime what runs; where it can't be asked, again and again while that matters. */
    void ask() {
        if (unit.spec().runtime().equals(ServerSpec.AUTO)) {
            // Its runtime is chosen at its first start: nothing of it runs anywhere.
            unit.post(new Input.Missing(Optional.empty(), Optional.empty()));
            return;
        }
        operations.submit(Operations.Kind.ASK, ASK_LIMIT, () -> {
            try {
                Optional<Instance> last = runtime().find(unit.name());
                if (last.isPresent() && last.get().running()) {
                    unit.post(new Input.Found(last.get()));
                } else {
                    unit.post(new Input.Missing(last, diagnose(last)));
                }
            } catch (RuntimeUnavailableException e) {
                unit.post(new Input.Unavailable(said(e)));
                around.time().after(ASK_AGAIN, this::askAgain);
            } catch (InterruptedException e) {
                around.time().after(ASK_AGAIN, this::askAgain);
                throw e;
            }
        });
    }

    private void askAgain() {
        if (unit.state().phase() == Phase.UNKNOWN) {
            ask();
        }
    }

    private Optional<Cause> diagnose(Optional<Instance> last) {
        boolean matters = last.isPresent()
                && last.get().incarnation() == unit.state().incarnation()
                && unit.state().desired() == Desired.UP;
        return matters ? last.get().exit().map(exit -> cause(last, unit.state().lastFailure())) : Optional.empty();
    }

    /** An instance ended by itself: finds out why, and tells. */
    void exited(Instance instance) {
        ServerState state = unit.state();
        Optional<Cause> found = foundBeforeHalt
                .filter(told -> told.incarnation() == instance.incarnation())
                .map(Found::cause);
        if (state.phase() == Phase.STOPPING
                && halting
                && MasterUrl.isCluster(unit.live().master())) {
            // Its driver is gone, its application may not be: whoever reads STOPPED takes the cluster's room for free.
            LOG.debug("{}: it ended; what is left of it on its cluster is looked for", unit.name());
        } else if (state.phase() == Phase.STOPPING && state.endedBy() == EndedBy.FAULT && found.isPresent()) {
            // The watch may be sooner than the halt itself: what was found out before it must not be lost.
            unit.post(new Input.Halted(instance.incarnation(), Optional.of(instance), found));
        } else if (state.phase() == Phase.STOPPING || state.desired() == Desired.DOWN) {
            unit.post(new Input.Exited(instance, new Cause("EXITED", "it was stopped", "", List.of(), true)));
        } else {
            workers.execute(() -> {
                Cause why = cause(Optional.of(instance), Optional.empty());
                noArchivesDoing(why);
                unit.post(new Input.Exited(instance, why));
            });
        }
    }

    private Cause cause(Optional<Instance> ended, Optional<ProbeFailure> probe) {
        return cause(ended, probe, unit.state().proven() ? Evidence.Stage.RUNNING : Evidence.Stage.STARTING);
    }

    private Cause cause(Optional<Instance> ended, Optional<ProbeFailure> probe, Evidence.Stage stage) {
        Deque<String> log = new ArrayDeque<>();
        try {
            runtime().logs(unit.name(), LogRequest.tail(Diagnosis.MOST_LINES), line -> {
                log.add(line);
                return log.size() < Diagnosis.MOST_LINES * 2;
            });
        } catch (RuntimeUnavailableException | RuntimeException e) {
            LOG.warn("{}: its log can't be read: {}", unit.name(), e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log.addAll(clusterSays());
        Optional<Path> logFile = ended.or(() -> unit.state().instance()).flatMap(unit::logFile);
        try {
            return around.causes()
                    .apply(new Evidence(
                            unit.live(),
                            stage,
                            ended.flatMap(Instance::exit),
                            ended.isEmpty(),
                            List.copyOf(log),
                            probe,
                            portHolder(),
                            logFile,
                            secrets()))
                    .in(logFile);
        } catch (RuntimeException e) {
            LOG.error("{}: the diagnosis failed", unit.name(), e);
            return new Cause("UNKNOWN", "it ended, and the diagnosis failed", "see its log", List.of(), true);
        }
    }

    /**
     * What its cluster says of a server that failed, as lines at the end of its log: the driver's own log repeats YARN's words once, at
     * the submission, and not what is in the way by now.
     */
    private List<String> clusterSays() {
        ServerSpec spec = unit.live();
        if (!MasterUrl.isCluster(spec.master())) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        try {
            Optional<YarnApplication> application =
                    application(spec, unit.state().incarnation());
            application.ifPresent(its -> lines.add("YARN says of " + its.id() + ": " + its.state() + ": "
                    + its.diagnostics().replace('\n', ' ')));
            around.clusters().room(spec).ifPresent(room -> lines.add("YARN says: " + room.text()));
        } catch (IOException e) {
            LOG.debug("{}: its cluster can't be asked why it failed", unit.name(), e);
        }
        if (lines.isEmpty()) {
            around.clusters()
                    .nobodyListens(spec)
                    .ifPresent(silence -> lines.add("The cluster says nothing: " + silence));
        }
        return lines;
    }

    private Optional<String> portHolder() {
        return unit.live().port() instanceof PortChoice.Fixed fixed
                ? runtime().portHolder(fixed.port())
                : Optional.empty();
    }

    /** What must not be shown beyond the secrets of the declaration: the server's token. */
    List<String> secrets() {
        if (unit.live().auth() != Auth.TOKEN || !Files.exists(tokenFile())) {
            return List.of();
        }
        try {
            return List.of(token());
        } catch (IOException e) {
            LOG.warn("{}: its token can't be read: {}", unit.name(), e.toString());
            return List.of();
        }
    }

    private static String said(Exception e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    // ------------------------------------------------------------------ probes

    private synchronized void probe(Effect.Probe probe) {
        if (prober != null) {
            // It counts as lost: the new one gets a connection of its own.
            endProbing();
        }
        int number = ++probeNumber;
        workers.execute(() -> climb(probe, number));
    }

    private synchronized void endProbing() {
        probeNumber++;
        if (querying != null) {
            querying.interrupt();
        }
        if (prober != null) {
            prober.interrupt();
            prober = null;
        }
        Ladder old = ladder;
        ladder = null;
        target = null;
        proven = null;
        if (old != null) {
            workers.execute(old::close);
        }
    }

    private void climb(Effect.Probe probe, int number) {
        synchronized (this) {
            if (number != probeNumber) {
                return;
            }
            prober = Thread.currentThread();
        }
        try {
            Instance instance = unit.state().instance().orElse(null);
            if (instance == null || instance.incarnation() != probe.incarnation()) {
                return;
            }
            Endpoint known = proven();
            Endpoint endpoint = known != null ? known : runtime().endpoint(instance, unit.live());
            if (endpoint.grpcPort().isEmpty()) {
                answer(
                        probe,
                        number,
                        Rung.CONTAINER,
                        Optional.of(new ProbeFailure(
                                Rung.PORT, ProbeFailure.Kind.REFUSED, "it doesn't listen on its gRPC port yet")),
                        OptionalInt.empty());
                afterwards(() -> tellOfWaiting(probe.incarnation()));
                return;
            }
            ProbeTarget now = target(instance, endpoint);
            Ladder use = ladder(now, number);
            if (use == null) {
                return;
            }
            Duration timeout = unit.live().health().timeout();
            boolean queried =
                    probe.until() == Rung.QUERY && unit.live().health().until() != Readiness.QUERY;
            // Proven before: the query is for the record, and must not keep this from being noticed that a server
            // hangs.
            boolean beside = queried && unit.state().proven();
            if (queried && !beside) {
                timeout = timeout.compareTo(QUERY_TIMEOUT) < 0 ? QUERY_TIMEOUT : timeout;
            }
            Climb climb = use.climb(beside ? unit.state().terms().until() : probe.until(), timeout);
            climb.timings().forEach((rung, took) -> around.probes()
                    .probed(
                            unit.name(),
                            rung,
                            took,
                            climb.failure()
                                    .map(failure -> failure.rung() != rung)
                                    .orElse(true)));
            time(probe.incarnation(), climb);
            unit.observed(probe.incarnation(), climb.observed());
            prove(number, climb.reached().atLeast(Rung.SESSION) ? endpoint : null);
            Optional<ProbeFailure> failure = climb.failure().isPresent()
                    ? Optional.of(explained(climb.failure().get()))
                    : fewExecutors(probe.incarnation(), climb);
            if (failure.isPresent() && unit.state().phase() != Phase.STARTING) {
                // An engine that is gone takes the published port with it: then this failure says nothing of the
                // server.
                runtime().find(unit.name());
            }
            boolean few = failure.isPresent() && climb.failure().isEmpty();
            answer(probe, number, few ? Rung.RPC : climb.reached(), failure, endpoint.grpcPort());
            if (climb.reached().atLeast(Rung.QUERY)) {
                proved(probe.incarnation());
            }
            if (beside && failure.isEmpty()) {
                if (!asksAlready()) {
                    later(() -> query(instance));
                }
            } else {
                climb.failure().filter(EffectRunner::refusesClients).ifPresent(why -> queryFailed(instance, why));
            }
            afterwards(() -> lookAtCluster(probe.incarnation(), climb));
        } catch (InterruptedException e) {
            LOG.debug("{}: a probe was interrupted", unit.name());
        } catch (RuntimeUnavailableException e) {
            unit.post(new Input.Unavailable(said(e)));
        } catch (IOException | RuntimeException e) {
            answer(
                    probe,
                    number,
                    Rung.CONTAINER,
                    Optional.of(new ProbeFailure(Rung.PORT, ProbeFailure.Kind.OTHER, "the probe itself failed: " + e)),
                    OptionalInt.empty());
        } finally {
            synchronized (this) {
                if (number == probeNumber) {
                    prober = null;
                }
                // The thread goes back to the pool: an interrupt meant for this probe must not hit the next task.
                Thread.interrupted();
            }
        }
    }

    private synchronized boolean asksAlready() {
        return querying != null || explaining != 0;
    }

    /** One query, beside the periodic probes. */
    private void query(Instance instance) {
        synchronized (this) {
            if (instance.incarnation() != unit.state().incarnation()) {
                return;
            }
            if (querying != null) {
                querying.interrupt();
            }
            querying = Thread.currentThread();
        }
        try {
            Climb climb = probeNow(instance, Rung.QUERY, QUERY_TIMEOUT);
            Optional.ofNullable(climb.timings().get(Rung.QUERY)).ifPresent(took -> around.probes()
                    .probed(unit.name(), Rung.QUERY, took, climb.reached().atLeast(Rung.QUERY)));
            time(instance.incarnation(), climb);
            if (climb.reached().atLeast(Rung.QUERY)) {
                nextQuery = SOON;
                unit.post(new Input.Proven(instance.incarnation(), Rung.QUERY));
                proved(instance.incarnation());
            } else if (instance.incarnation() == unit.state().incarnation()) {
                // What fails below a query is for the periodic probes to judge; this outcome is lost, and asked for
                // again.
                climb.failure().filter(why -> why.rung() == Rung.QUERY).ifPresent(why -> queryFailed(instance, why));
            }
        } catch (InterruptedException e) {
            LOG.debug("{}: its first query was interrupted", unit.name());
        } finally {
            synchronized (this) {
                if (querying == Thread.currentThread()) {
                    querying = null;
                }
                Thread.interrupted();
            }
        }
    }

    /** Spark answers, and serves nobody: a log says more on that than any call. */
    private static boolean refusesClients(ProbeFailure failure) {
        return failure.kind() == ProbeFailure.Kind.QUERY_FAILED || failure.kind() == ProbeFailure.Kind.CONTEXT_GONE;
    }

    private void queryFailed(Instance instance, ProbeFailure failure) {
        synchronized (this) {
            if (explaining == instance.incarnation()) {
                return;
            }
            explaining = instance.incarnation();
        }
        explain(instance, failure, MOST_LOOKS);
    }

    /** gRPC sends the answer of a call that threw before it logs why, so a log that says nothing yet is looked at again. */
    private void explain(Instance instance, ProbeFailure failure, int looks) {
        boolean over = true;
        try {
            ServerState state = unit.state();
            if (instance.incarnation() != state.incarnation() || state.rung().atLeast(Rung.QUERY)) {
                return;
            }
            // What it complained of while it started has not kept it from answering.
            Cause found = cause(Optional.empty(), Optional.of(failure), Evidence.Stage.RUNNING);
            boolean ends = refusesClients(failure)
                    && !found.retryable()
                    && SERVES_NOBODY.contains(found.code())
                    && !runtime().adopted(unit.name());
            if (!ends && refusesClients(failure) && looks > 1) {
                around.time().after(LOOK_AGAIN, () -> lookAgain(instance, failure, looks - 1));
                over = false;
                return;
            }
            if (ends) {
                noArchivesDoing(found);
            }
            unit.post(new Input.QueryFailed(
                    instance.incarnation(), failure.detail(), ends ? found : found.asRetryable()));
            if (!ends) {
                queryAgain(instance);
            }
        } finally {
            if (over) {
                explained(instance);
            }
        }
    }

    private void lookAgain(Instance instance, ProbeFailure failure, int looks) {
        if (!later(() -> explain(instance, failure, looks))) {
            explained(instance);
        }
    }

    /** What fails for what may pass is tried again, less and less often: a rung that is never proven is no rest for anybody. */
    private void queryAgain(Instance instance) {
        Duration wait = nextQuery;
        nextQuery = wait.multipliedBy(2).compareTo(RARELY) < 0 ? wait.multipliedBy(2) : RARELY;
        synchronized (this) {
            if (again != null) {
                // Asked for by somebody else meanwhile: there is one next try, and no more.
                again.cancel();
            }
            again = around.time().after(wait, () -> askOnceMore(instance));
        }
    }

    private void askOnceMore(Instance instance) {
        ServerState state = unit.state();
        if (state.incarnation() == instance.incarnation()
                && state.phase() == Phase.HEALTHY
                && !state.rung().atLeast(Rung.QUERY)
                && !asksAlready()) {
            later(() -> query(instance));
        }
    }

    /** False where there is too much to do, or no thread for it: whoever asked asks again. */
    private boolean later(Runnable task) {
        try {
            workers.execute(task);
            return true;
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            LOG.warn("{}: a query has to wait: {}", unit.name(), e.toString());
            return false;
        }
    }

    private synchronized void explained(Instance instance) {
        if (explaining == instance.incarnation()) {
            explaining = 0;
        }
    }

    /** A probe that hangs can't say why; that the server is kept from running does. */
    private ProbeFailure explained(ProbeFailure failure) throws RuntimeUnavailableException, InterruptedException {
        return failure.kind() != ProbeFailure.Kind.TIMED_OUT
                ? failure
                : runtime()
                        .suspended(unit.name())
                        .map(why -> new ProbeFailure(
                                failure.rung(), ProbeFailure.Kind.SUSPENDED, "it can't answer: " + why))
                        .orElse(failure);
    }

    /**
     * Once a climb is answered: ResourceManagers that hang must not keep a verdict waiting. The next climb may have begun by then, so one
     * look that lasts is enough.
     */
    private void afterwards(Runnable look) {
        if (!MasterUrl.isCluster(unit.live().master()) || !looking.compareAndSet(false, true)) {
            return;
        }
        try {
            look.run();
        } catch (RuntimeException e) {
            // The verdict is out: this is no failure of the server.
            LOG.error("{}: its cluster can't be looked at", unit.name(), e);
        } finally {
            looking.set(false);
        }
    }

    /** Beside a climb: what the cluster says of the application, and while it starts, what is waited for. */
    private void lookAtCluster(int incarnation, Climb climb) {
        ServerSpec spec = unit.live();
        if (climb.failure().isPresent() && unit.state().phase() == Phase.STARTING) {
            tellOfWaiting(incarnation);
            climb.failure()
                    .filter(failure -> failure.kind() == ProbeFailure.Kind.NO_EXECUTORS)
                    .ifPresent(failure -> unit.progress(incarnation, failure.detail()));
            return;
        }
        Optional<String> silence;
        try {
            Optional<YarnApplication> application = application(spec, incarnation);
            unit.application(incarnation, application);
            count(incarnation, spec, application);
            silence = around.clusters().silence(spec);
        } catch (IOException e) {
            counted = Optional.empty();
            silence = Clusters.silence(e);
            if (silence.isEmpty() && !said(e).equals(toldOfRefusal)) {
                // No outage: its executors are replaced as ever, only nothing can be told of them.
                toldOfRefusal = said(e);
                unit.news("cluster", "nothing can be told of its application: " + said(e));
            }
        }
        ServerState now = unit.state();
        if (now.incarnation() == incarnation && (now.phase() == Phase.HEALTHY || now.phase() == Phase.UNHEALTHY)) {
            unit.silence(silence);
        }
    }

    private void count(int incarnation, ServerSpec spec, Optional<YarnApplication> application) {
        Optional<Duration> before =
                counted.filter(last -> last.incarnation() == incarnation).flatMap(ExecutorCount::fewerSince);
        counted = application.flatMap(YarnApplication::executors).map(executors -> {
            boolean fewer = executors < spec.health().minExecutors();
            return new ExecutorCount(
                    incarnation,
                    executors,
                    fewer ? before.or(() -> Optional.of(around.time().now().boot())) : Optional.empty());
        });
    }

    /**
     * Where the UI can't be read, as behind YARN's proxy, no probe sees the executors of a server that was proven; what its cluster
     * counted last does instead, with the same minute for a lost one's replacement.
     */
    private Optional<ProbeFailure> fewExecutors(int incarnation, Climb climb) {
        if (!climb.reached().atLeast(Rung.SESSION)
                || climb.observed().executors().isPresent()
                || !unit.state().proven()) {
            return Optional.empty();
        }
        Duration now = around.time().now().boot();
        return counted.filter(last -> last.incarnation() == incarnation)
                .filter(last -> last.fewerSince()
                        .filter(since -> now.minus(since).compareTo(EXECUTOR_PATIENCE) >= 0)
                        .isPresent())
                .map(last -> new ProbeFailure(
                        Rung.SESSION,
                        ProbeFailure.Kind.NO_EXECUTORS,
                        last.executors() + " of at least "
                                + unit.live().health().minExecutors()
                                + " executors have a container on the cluster (health.minExecutors)"));
    }

    private Optional<YarnApplication> application(ServerSpec spec, int incarnation) throws IOException {
        Optional<Instance> run = unit.state().instance().filter(each -> each.incarnation() == incarnation);
        return run.isEmpty()
                ? Optional.empty()
                : around.clusters().application(spec, incarnation, run.get().launchedAt());
    }

    private void time(int incarnation, Climb climb) {
        Timed now = timed;
        if (now != null && now.incarnation() == incarnation && now.times().climbed(climb)) {
            now.times().keep(around.folders().servers(), unit.name(), incarnation);
        }
    }

    private synchronized @Nullable Endpoint proven() {
        return proven;
    }

    private synchronized void prove(int number, @Nullable Endpoint endpoint) {
        if (number == probeNumber) {
            proven = endpoint;
        }
    }

    private void answer(
            Effect.Probe probe, int number, Rung reached, Optional<ProbeFailure> failure, OptionalInt port) {
        synchronized (this) {
            if (number != probeNumber) {
                return;
            }
            prober = null;
        }
        unit.post(new Input.Probed(probe.incarnation(), probe.until(), reached, failure, port));
    }

    private ProbeTarget target(Instance instance, Endpoint endpoint) throws IOException {
        return new ProbeTarget(
                endpoint.host(),
                endpoint.grpcPort().getAsInt(),
                unit.live().auth() == Auth.TOKEN ? Optional.of(token()) : Optional.empty(),
                endpoint.host(),
                endpoint.uiPorts(),
                instance.marker(),
                probeSession(instance),
                MasterUrl.isCluster(unit.live().master())
                        ? OptionalInt.of(unit.live().health().minExecutors())
                        : OptionalInt.empty(),
                false);
    }

    private synchronized @Nullable Ladder ladder(ProbeTarget now, int number) {
        if (number != probeNumber) {
            return null;
        }
        if (ladder == null || !now.equals(target)) {
            if (ladder != null) {
                ladder.close();
            }
            ladder = open(now);
            target = now;
        }
        return ladder;
    }

    /** What an earlier ladder proved, perhaps an earlier daemon's, must not be proven at once again: executors come and go. */
    private Ladder open(ProbeTarget now) {
        return around.ladders().open(unit.state().proven() ? now.asProvenBefore() : now);
    }

    /** One climb beside the periodic ones, on the caller's thread, by a ladder of its own. */
    Climb probeNow(Instance instance, Rung until, Duration timeout) throws InterruptedException {
        Rung goal = until.atLeast(Rung.PORT) ? until : Rung.PORT;
        try {
            Endpoint endpoint = runtime().endpoint(instance, unit.live());
            if (endpoint.grpcPort().isEmpty()) {
                return nothing("it doesn't listen on its gRPC port yet");
            }
            try (Ladder own = open(target(instance, endpoint))) {
                return bounded(own, goal, timeout);
            }
        } catch (RuntimeUnavailableException | IOException e) {
            return nothing(said(e));
        }
    }

    /** A ladder allows a server's first calls minutes; whoever asks over the API waits for less. */
    private Climb bounded(Ladder own, Rung goal, Duration timeout) throws InterruptedException {
        Duration whole = timeout.multipliedBy(RUNGS).plus(FIRST_CALLS);
        Duration limit = whole.compareTo(LONGEST_CLIMB) < 0 ? whole : LONGEST_CLIMB;
        Thread caller = Thread.currentThread();
        AtomicBoolean over = new AtomicBoolean();
        AtomicBoolean late = new AtomicBoolean();
        Time.Timer timer = around.time().after(limit, () -> {
            synchronized (over) {
                if (!over.get()) {
                    late.set(true);
                    caller.interrupt();
                }
            }
        });
        try {
            return own.climb(goal, timeout);
        } catch (InterruptedException e) {
            if (late.get()) {
                return new Climb(
                        Rung.CONTAINER,
                        Optional.of(new ProbeFailure(
                                goal,
                                ProbeFailure.Kind.TIMED_OUT,
                                "not proven up to " + goal + " within " + limit.toSeconds() + " s")),
                        Map.of(),
                        Observed.NOTHING);
            }
            throw e;
        } finally {
            synchronized (over) {
                over.set(true);
                timer.cancel();
                if (late.get()) {
                    // It was meant for this climb only.
                    Thread.interrupted();
                }
            }
        }
    }

    private static Climb nothing(String why) {
        return new Climb(
                Rung.CONTAINER,
                Optional.of(new ProbeFailure(Rung.PORT, ProbeFailure.Kind.OTHER, why)),
                Map.of(),
                Observed.NOTHING);
    }
}
