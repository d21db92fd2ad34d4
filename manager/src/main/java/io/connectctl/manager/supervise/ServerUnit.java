package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.manager.cluster.YarnApplication;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Effect;
import io.connectctl.manager.lifecycle.Input;
import io.connectctl.manager.lifecycle.Lifecycle;
import io.connectctl.manager.lifecycle.Now;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.lifecycle.ServerState;
import io.connectctl.manager.lifecycle.Step;
import io.connectctl.manager.store.StateCodec;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One server: owns its state, which only its mailbox changes, so that no lock guards it. Whoever reads sees the latest
 * whole value. A step is stored before it is acted upon; what can't be stored didn't happen.
 */
final class ServerUnit {
    private static final Logger LOG = LoggerFactory.getLogger(ServerUnit.class);
    /** A full disk is looked at again this often. */
    private static final Duration STORE_AGAIN = Duration.ofSeconds(1);
    /** Between two words on that. */
    private static final Duration WAITING_TOLD_EVERY = Duration.ofSeconds(10);
    /** Too many threads at once are fewer by then. */
    private static final Duration EFFECT_AGAIN = Duration.ofSeconds(2);
    /**
     * A command takes milliseconds, and a disk that syncs slowly seconds; whoever calls may hold a lock that all wait for. Less than a
     * client waits for an answer, which is to be what became of the command.
     */
    private static final Duration LONGEST_COMMAND = Duration.ofSeconds(20);

    /** All that is known, as one value. */
    private record Known(
            ServerState state,
            Charter charter,
            ServerSpec spec,
            ServerSpec live,
            ServerSpec shown,
            Observed observed) {}

    /** What a transcript depends on. */
    private record Transcribed(Charter charter, Desired desired, int incarnation, int wanted) {}

    private final ServerName name;
    private final Surroundings around;
    private final SpecSource specs;
    private final Journal journal;
    private final Mailbox mailbox;
    private final EffectRunner runner;
    private volatile Known known;
    private volatile boolean closed;
    private final AtomicBoolean discarded = new AtomicBoolean();
    private volatile Optional<Cause> invalid = Optional.empty();
    /** What the runtime answered when it could not be asked; tells in status why it is UNKNOWN. */
    private volatile Optional<String> blind = Optional.empty();

    /** What its cluster said last of the current incarnation; by number, as an older answer may come late. */
    private volatile Map.Entry<Integer, Optional<YarnApplication>> application = Map.entry(0, Optional.empty());

    /** Why its cluster's scheduler can't be reached. */
    private volatile Optional<String> silence = Optional.empty();

    private String stored;
    /** As last written; null where it wasn't, or isn't known to have been. */
    private @Nullable Transcribed transcribed;

    private Time.@Nullable Timer timer;
    private @Nullable Duration toldOfWaiting;

    /**
     * @param spec what is in force, secret values included
     * @param live what its instance was launched with, where one may run; else the same
     * @param stored the state as the store holds it; empty for a new server
     */
    ServerUnit(
            ServerState state,
            Charter charter,
            ServerSpec spec,
            ServerSpec live,
            String stored,
            Surroundings around,
            SpecSource specs,
            Journal journal,
            Executor mailboxes,
            Executor workers,
            ArchiveTrainer trainer) {
        this.name = state.name();
        this.around = around;
        this.specs = specs;
        this.journal = journal;
        this.mailbox = new Mailbox(mailboxes);
        this.stored = stored;
        this.known = new Known(state, charter, spec, live, Secrets.redact(live), Observed.NOTHING);
        this.runner = new EffectRunner(this, around, workers, trainer);
    }

    ServerName name() {
        return name;
    }

    ServerState state() {
        return known.state();
    }

    Charter charter() {
        return known.charter();
    }

    /** The declaration in force, secret values included. */
    ServerSpec spec() {
        return known.spec();
    }

    /**
     * What the current instance was launched with, secret values included: while it is being replaced, no longer what is in
     * force; where nothing runs, what is in force.
     */
    ServerSpec live() {
        return known.live();
    }

    /** Why nothing can be launched; empty where the declaration in force can be used. */
    Optional<Cause> invalid() {
        return invalid;
    }

    /** Sets it; returns what it was. */
    Optional<Cause> invalid(Optional<Cause> why) {
        Optional<Cause> was = invalid;
        invalid = why;
        return was;
    }

    /** True to the first who asks: what is left of a server that is forgotten is discarded once. */
    boolean discards() {
        return discarded.compareAndSet(false, true);
    }

    /** True once nobody looks after it any more. */
    boolean closed() {
        return closed;
    }

    EffectRunner runner() {
        return runner;
    }

    // ------------------------------------------------------------------ inputs

    /** Takes an outcome or news, some time soon. */
    void post(Input input) {
        mailbox.execute(() -> {
            if (closed) {
                return;
            }
            MDC.put("server", name.value());
            try {
                take(input);
            } catch (StoreException e) {
                // A fact can't be refused. It is taken again later; the lifecycle takes facts in any order.
                LOG.warn("{} ({} waits)", e.getMessage(), input.getClass().getSimpleName());
                tellOfWaiting(String.valueOf(e.getMessage()));
                around.time().after(STORE_AGAIN, () -> post(input));
            } catch (RuntimeException e) {
                LOG.error("{} could not be taken", input, e);
            } finally {
                MDC.clear();
            }
        });
    }

    /** Whoever follows a start or a stop would see nothing happen, and not why. */
    private void tellOfWaiting(String why) {
        Duration moment = now().boot();
        if (toldOfWaiting == null || moment.minus(toldOfWaiting).compareTo(WAITING_TOLD_EVERY) >= 0) {
            toldOfWaiting = moment;
            journal.passing(new ServerEvent(
                    0,
                    now().wall(),
                    name,
                    state().incarnation(),
                    "progress",
                    state().phase(),
                    "what happened can't be stored, so nothing goes on: " + why,
                    Optional.empty()));
        }
    }

    private void take(Input input) throws StoreException {
        if (input instanceof Input.Unavailable unavailable) {
            blind = Optional.of(unavailable.why());
        }
        ServerState before = known.state();
        apply(Lifecycle.step(before, input, now()), known.charter(), known.spec());
    }

    private Now now() {
        return around.time().now();
    }

    /** What a task in the mailbox does; it may refuse. */
    @FunctionalInterface
    interface Command<T> {
        T run() throws RefusedException, StoreException;
    }

    /**
     * Runs a command in the mailbox and waits for it.
     *
     * @throws RefusedException as the command does; BUSY where its turn didn't come in time, and then it never will
     */
    <T> T call(Command<T> command) throws RefusedException {
        CompletableFuture<T> answer = new CompletableFuture<>();
        AtomicBoolean begun = new AtomicBoolean();
        boolean taken = mailbox.execute(() -> {
            if (!begun.compareAndSet(false, true)) {
                return;
            }
            MDC.put("server", name.value());
            try {
                if (closed) {
                    throw new RefusedException(RefusedException.Code.NO_SUCH_SERVER, "there is no server " + name);
                }
                answer.complete(command.run());
            } catch (StoreException e) {
                answer.completeExceptionally(
                        new RefusedException(RefusedException.Code.STORE_FAILED, String.valueOf(e.getMessage())));
            } catch (Throwable e) {
                // Also an Error: whoever waits must hear of it.
                answer.completeExceptionally(e);
            } finally {
                MDC.clear();
            }
        });
        if (!taken) {
            throw new IllegalStateException("the daemon stops; nothing was done about " + name);
        }
        try {
            return answer.get(LONGEST_COMMAND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RefusedException refused) {
                throw refused;
            }
            throw new IllegalStateException("a command to " + name + " failed: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            if (begun.compareAndSet(false, true)) {
                throw new RefusedException(
                        RefusedException.Code.BUSY,
                        "server " + name + " has been busy for " + LONGEST_COMMAND.toSeconds()
                                + " s, and nothing was done: try again");
            }
            throw new IllegalStateException(
                    "server " + name + " didn't take the command within " + LONGEST_COMMAND.toSeconds()
                            + " s; it may still do so",
                    e);
        } catch (InterruptedException e) {
            boolean undone = begun.compareAndSet(false, true);
            Thread.currentThread().interrupt();
            throw new IllegalStateException(
                    "interrupted while server " + name + " took a command"
                            + (undone ? ", which was not done" : "; it may still be done"),
                    e);
        }
    }

    /** In the mailbox: one command, with the declaration to be in force after it. True if it changed anything. */
    boolean command(Input input, Charter charter, ServerSpec spec) throws StoreException {
        Step step = Lifecycle.step(known.state(), input, now());
        apply(step, charter, spec);
        return !step.events().isEmpty();
    }

    /** In the mailbox: a new declaration, which takes effect with the next launch by hand. */
    void redeclare(Charter charter, ServerSpec spec, String message) throws StoreException {
        ServerState state = known.state();
        ServerEvent event = new ServerEvent(
                0, now().wall(), name, state.incarnation(), "declared", state.phase(), message, Optional.empty());
        apply(new Step(state, List.of(event), List.of()), charter, spec);
    }

    private void apply(Step step, Charter given, ServerSpec spec) throws StoreException {
        Known before = known;
        ServerState state = step.state();
        Charter charter = charter(given, step);
        String text = StateCodec.encode(state);
        boolean redeclared = !charter.equals(before.charter()) || stored.isEmpty();
        boolean fresh = state.incarnation() != before.state().incarnation();
        ServerSpec live = fresh || !live(state.phase()) ? spec : before.live();
        Known after = new Known(
                state,
                charter,
                spec,
                live,
                live.equals(before.live()) ? before.shown() : Secrets.redact(live),
                fresh ? Observed.NOTHING : before.observed());
        if (redeclared || !step.events().isEmpty() || !text.equals(stored)) {
            journal.commit(new StoredServer(name, charter.toJson(specs), text), step.events(), () -> known = after);
            stored = text;
            keepTranscript();
        } else {
            known = after;
        }
        // Before the effects: whatever becomes of them, time goes on.
        arm(state);
        for (Effect effect : step.effects()) {
            try {
                runner.run(effect);
            } catch (RuntimeException | OutOfMemoryError e) {
                // The error is what a JVM says that can't make another thread.
                LOG.error("{}: {} could not be begun", name, effect, e);
                around.time().after(EFFECT_AGAIN, () -> failed(effect, e));
            }
        }
    }

    /** With what the step adds to it: by what an incarnation is launched, and whether it got HEALTHY. */
    private static Charter charter(Charter given, Step step) {
        Charter charter = given;
        for (Effect effect : step.effects()) {
            if (effect instanceof Effect.Launch launch) {
                charter = charter.launchedAs(launch.incarnation());
            }
        }
        ServerState after = step.state();
        // HEALTHY alone may last a second: the first query says whether this declaration serves anybody. One that ran
        // none, and is up for all that, is better to go back to than nothing, and no better than one that ran one.
        boolean proven = after.phase() == Phase.HEALTHY
                && (after.rung().atLeast(Rung.QUERY)
                        || (after.cause().isPresent() && charter.proven().isEmpty()));
        return proven ? charter.proved(after.incarnation()) : charter;
    }

    /** In the mailbox, or before there is one: writes down for a lost database what it would take along, where that changed. */
    void keepTranscript() {
        Known now = known;
        ServerState state = now.state();
        Transcribed next = new Transcribed(now.charter(), state.desired(), state.incarnation(), state.wanted());
        if (next.equals(transcribed)) {
            return;
        }
        try {
            Transcript fresh =
                    Transcript.of(journal.lastSequence(), state, now.charter().toJson(specs));
            if (transcribed != null || !lies(fresh)) {
                fresh.write(around.folders(), name);
            }
            transcribed = next;
        } catch (IOException | RuntimeException e) {
            // It is written again with the next change. The database has it, so nobody's command failed.
            transcribed = null;
            LOG.warn("what {} would need if the state file were lost can't be written: {}", name, e.toString());
        }
    }

    /** True where the daemon before left it so, as it does most often. */
    private boolean lies(Transcript fresh) {
        try {
            return Transcript.read(around.folders(), name).filter(fresh::says).isPresent();
        } catch (IOException e) {
            LOG.warn("{}; it is written anew", e.getMessage());
            return false;
        }
    }

    /** Forgets the server: first what would bring it back, then in the database. */
    void forget(Forgetting inStore) throws RefusedException, StoreException {
        transcribed = null;
        try {
            Transcript.delete(around.folders(), name);
        } catch (IOException e) {
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED,
                    "the transcript of " + name + " can't be deleted, so it is kept: " + e
                            + ". Mend owner and mode of its folder, and remove it again");
        }
        try {
            inStore.run();
        } catch (StoreException e) {
            keepTranscript();
            throw e;
        }
    }

    /** Makes the database forget it. */
    @FunctionalInterface
    interface Forgetting {
        void run() throws StoreException;
    }

    /** An effect that never began has an outcome too; a lost probe counts as such by its own deadline. */
    private void failed(Effect effect, Throwable why) {
        if (effect instanceof Effect.Launch launch) {
            post(new Input.LaunchFailed(
                    launch.incarnation(),
                    new Cause(
                            "UNKNOWN",
                            "the launch could not be begun: " + why,
                            "see the daemon's log",
                            List.of(),
                            true)));
        } else if (effect instanceof Effect.Halt || effect instanceof Effect.Ask) {
            if (state().phase() == Phase.UNKNOWN) {
                post(new Input.Recovered());
            } else {
                post(new Input.Unavailable("the runtime could not be called: " + why));
            }
        }
    }

    private void arm(ServerState state) {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        if (!closed) {
            state.earliest()
                    .ifPresent(moment ->
                            timer = around.time().after(moment.minus(now().boot()), () -> post(new Input.Tick())));
        }
    }

    /** In the mailbox: an event of its own, that changes no state. */
    void tell(String type, String message) throws StoreException {
        ServerState state = known.state();
        ServerEvent event = new ServerEvent(
                0, now().wall(), name, state.incarnation(), type, state.phase(), message, Optional.empty());
        journal.write(store -> store.append(List.of(event)));
    }

    /** From anywhere: an event of its own, as soon as the mailbox comes to it. What can't be stored is in the daemon's log. */
    void news(String type, String message) {
        mailbox.execute(() -> {
            if (closed) {
                return;
            }
            try {
                tell(type, message);
            } catch (StoreException e) {
                LOG.warn("{}: {} ({})", name, message, e.getMessage());
            }
        });
    }

    /** From anywhere: news that isn't worth storing. */
    void live(String type, String message) {
        ServerState state = known.state();
        journal.live(new ServerEvent(
                0, now().wall(), name, state.incarnation(), type, state.phase(), message, Optional.empty()));
    }

    void progress(int incarnation, String message) {
        journal.live(new ServerEvent(
                0, now().wall(), name, incarnation, "progress", state().phase(), message, Optional.empty()));
    }

    void observed(int incarnation, Observed seen) {
        mailbox.execute(() -> {
            Known now = known;
            if (now.state().incarnation() == incarnation) {
                known = new Known(
                        now.state(), now.charter(), now.spec(), now.live(), now.shown(), merge(now.observed(), seen));
            }
        });
    }

    /** From anywhere: what the cluster says of an incarnation's application. */
    void application(int incarnation, Optional<YarnApplication> seen) {
        application = Map.entry(incarnation, seen);
    }

    /**
     * From a probe: why its cluster's scheduler can't be reached. News is told, sameness is not: what runs goes on without it, so this
     * is no failure of the server.
     */
    void silence(Optional<String> seen) {
        Optional<String> before = silence;
        silence = seen;
        if (seen.isPresent() && before.isEmpty()) {
            news(
                    "cluster",
                    seen.get() + "; its executors go on, and none that is lost is replaced until that answers again");
        } else if (seen.isEmpty() && before.isPresent()) {
            news("cluster", live().master() + " answers again");
        }
    }

    private Optional<YarnApplication> application(ServerState state) {
        Map.Entry<Integer, Optional<YarnApplication>> last = application;
        return last.getKey() == state.incarnation() ? last.getValue() : Optional.empty();
    }

    private static Observed merge(Observed old, Observed seen) {
        return new Observed(
                seen.sparkVersion().or(old::sparkVersion),
                seen.ui().or(old::ui),
                seen.applicationId().or(old::applicationId),
                seen.poolBytes().isPresent() ? seen.poolBytes() : old.poolBytes(),
                seen.cores().isPresent() ? seen.cores() : old.cores(),
                seen.executors().or(old::executors));
    }

    /** What the current instance told of itself. */
    Observed observedNow() {
        return known.observed();
    }

    /** Ends the supervision; the server stays. */
    void close() {
        closed = true;
        runner.close();
        mailbox.execute(() -> {
            if (timer != null) {
                timer.cancel();
            }
        });
    }

    // ------------------------------------------------------------------ what it looks like

    ServerStatus status() {
        Known now = known;
        ServerState state = now.state();
        ServerSpec spec = now.shown();
        Optional<Instance> instance = state.instance();
        boolean current =
                instance.filter(run -> run.incarnation() == state.incarnation()).isPresent();
        boolean alive = current && instance.filter(Instance::running).isPresent() && live(state.phase());
        return new ServerStatus(
                spec,
                now.charter().changed(),
                now.charter().origin(),
                state.desired(),
                state.phase(),
                state.rung(),
                state.incarnation(),
                instance,
                host(spec),
                port(spec, state, alive),
                // What it told of itself ended with it: its UI is gone.
                alive ? now.observed() : Observed.NOTHING,
                state.restarts(),
                alive ? instance.map(Instance::launchedAt) : Optional.empty(),
                state.healthySince(),
                state.phaseSince(),
                state.phase() == Phase.UNKNOWN ? Optional.of(unknown(spec, state)) : state.cause(),
                instance.flatMap(this::logFile),
                spec.auth() == Auth.TOKEN ? Optional.of(runner.tokenFile()) : Optional.empty(),
                around.exposures().apply(spec),
                now.charter()
                        .choice()
                        .filter(made -> made.runtime().equals(spec.runtime()))
                        .map(RuntimeChoice::why),
                now.charter().canRollBack(),
                alive ? application(state) : Optional.empty(),
                alive ? silence : Optional.empty());
    }

    /** Where an instance's log lies; empty for a container, whose log is the engine's. */
    Optional<Path> logFile(Instance run) {
        return run.containerId().isPresent()
                ? Optional.empty()
                : Optional.of(around.folders()
                        .servers()
                        .resolve(name.value())
                        .resolve("run")
                        .resolve(Integer.toString(run.incarnation()))
                        .resolve("server.log"));
    }

    /** Why nothing is known of it now. The cause it had before stays in its state, and is told again afterwards. */
    private Cause unknown(ServerSpec spec, ServerState state) {
        String next = (state.desired() == Desired.UP
                        ? state.wanted() > state.incarnation()
                                ? "it is replaced"
                                : "nothing is declared dead meanwhile, and what lives is adopted"
                        : "it is stopped")
                + " as soon as it answers";
        return new Cause(
                spec.runtime().equals("docker") ? "ENGINE_UNREACHABLE" : "RUNTIME_UNREACHABLE",
                blind.orElse("runtime " + spec.runtime() + " was not asked yet"),
                next
                        + (spec.runtime().equals("docker")
                                ? "; see whether the engine runs: docker version, systemctl status docker"
                                : "; see the daemon's log"),
                state.cause()
                        .map(before -> List.of("before: " + before.summary()))
                        .orElse(List.of()),
                true);
    }

    /** Why its runtime can't be asked; empty where it can, as far as is known. */
    Optional<String> blind() {
        return known.state().phase() == Phase.UNKNOWN ? blind : Optional.empty();
    }

    private String host(ServerSpec spec) {
        ServerRuntime runtime = around.runtimes().get(spec.runtime());
        return runtime == null ? "localhost" : runtime.host();
    }

    private static boolean live(Phase phase) {
        return switch (phase) {
            case STARTING, HEALTHY, UNHEALTHY, STOPPING, UNKNOWN -> true;
            case STOPPED, BACKING_OFF, FAILED -> false;
        };
    }

    private static OptionalInt port(ServerSpec spec, ServerState state, boolean alive) {
        // What was found listening comes first: an adopted server keeps its port, whatever is declared of it.
        if (alive && state.rung().atLeast(Rung.PORT) && state.port().isPresent()) {
            return state.port();
        }
        return spec.port() instanceof PortChoice.Fixed fixed ? OptionalInt.of(fixed.port()) : OptionalInt.empty();
    }
}
