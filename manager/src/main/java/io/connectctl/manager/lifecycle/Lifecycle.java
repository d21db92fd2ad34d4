package io.connectctl.manager.lifecycle;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.health.LongestClimb;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Decides what happens next to a server. Pure: the same state, input and moment give the same step.
 *
 * <pre>
 *              start                    launched, first pass           probes fail
 *   STOPPED ----------> STARTING ---------------------------> HEALTHY -------------> UNHEALTHY
 *      ^                 ^  ^  |                                 |   <-------------      |
 *      |          waited |  |  | stop, restart,                  |      they pass        | patience over,
 *      |                 |  |  | too late: halt                  | stop, restart: halt   | stop, restart: halt
 *      |                 |  |  v                                 v                       v
 *      |                 |  +-------------------------------- STOPPING <-----------------+
 *      +-----------------|------- nothing runs any more: desired DOWN / UP by hand / UP after a fault
 *                        |                                        |
 *                   BACKING_OFF <---------------------------------+---> FAILED
 *                                 an instance that ends by itself, or a launch that fails, goes there directly
 *
 *   STARTING (launched), HEALTHY, UNHEALTHY, STOPPING ---- runtime can't be asked, daemon restarted ----> UNKNOWN
 *   UNKNOWN ---- Found: STARTING again (adopted) or STOPPING (condemned); Missing: as when nothing runs any more
 * </pre>
 *
 * Intent and fact are two things: {@code desired} is what is wanted, {@code wanted > incarnation} says that the current
 * instance is to be replaced, {@code endedBy} and {@code faults} say what the next launch costs. {@link Turn#settle} alone
 * decides what follows once nothing runs.
 */
public final class Lifecycle {
    /** How long a preparation may go without any progress: a slow mirror answers within minutes, a dead one never. */
    static final Duration PREPARE_LIMIT = Duration.ofMinutes(10);
    /** How long a prepared launch may take: spawning a process takes milliseconds, a container on a busy machine seconds. */
    static final Duration LAUNCH_LIMIT = Duration.ofMinutes(1);
    /** Beyond the grace, before a halt counts as ignored. */
    static final Duration STOP_SLACK = Duration.ofSeconds(15);
    /** How long a cluster may take to give another executor for a lost one; another driver would wait for it just as long. */
    static final Duration EXECUTOR_REPLACED = Duration.ofMinutes(1);
    /** Between further attempts to end what doesn't end. */
    static final Duration STOP_RETRY = Duration.ofMinutes(1);
    /** Beyond the deadlines of its rungs, before a probe counts as lost. */
    static final Duration PROBE_SLACK = Duration.ofSeconds(20);
    /** Bounds of the wait between probes of a server that starts; within them a twentieth of the time since its launch. */
    private static final Duration FASTEST = Duration.ofMillis(50);

    private static final Duration SLOWEST = Duration.ofSeconds(1);

    private Lifecycle() {}

    /** The step that {@code input} brings at {@code now}. Never throws for any input in any state. */
    public static Step step(ServerState state, Input input, Now now) {
        Turn turn = new Turn(state, now);
        turn.take(input);
        return turn.done();
    }

    /** One step in the making. */
    private static final class Turn {
        private final ServerState before;
        private final Now now;
        private final List<ServerEvent> events = new ArrayList<>();
        private final List<Effect> effects = new ArrayList<>();

        private Phase phase;
        private Desired desired;
        private int incarnation;
        private int wanted;
        private EndedBy endedBy;
        private Optional<Cause> cause;
        private Rung rung;
        private boolean proven;
        private boolean queried;
        private boolean forced;
        private int faults;
        private int restarts;
        private int failures;
        private int successes;
        private Optional<ProbeFailure> lastFailure;
        private Optional<Duration> deadline;
        private Optional<ProbeClock> probe;
        private Optional<Duration> stableSince;
        private Instant phaseSince;
        private Optional<Instant> healthySince;
        private Optional<Instance> instance;
        private OptionalInt port;
        private Terms terms;

        Turn(ServerState state, Now now) {
            this.before = state;
            this.now = now;
            this.phase = state.phase();
            this.desired = state.desired();
            this.incarnation = state.incarnation();
            this.wanted = state.wanted();
            this.endedBy = state.endedBy();
            this.cause = state.cause();
            this.rung = state.rung();
            this.proven = state.proven();
            this.queried = state.queried();
            this.forced = state.forced();
            this.faults = state.faults();
            this.restarts = state.restarts();
            this.failures = state.failures();
            this.successes = state.successes();
            this.lastFailure = state.lastFailure();
            this.deadline = state.deadline();
            this.probe = state.probe();
            this.stableSince = state.stableSince();
            this.phaseSince = state.phaseSince();
            this.healthySince = state.healthySince();
            this.instance = state.instance();
            this.port = state.port();
            this.terms = state.terms();
        }

        Step done() {
            ServerState after = new ServerState(
                    before.name(),
                    phase,
                    desired,
                    incarnation,
                    wanted,
                    endedBy,
                    cause,
                    rung,
                    proven,
                    queried,
                    forced,
                    faults,
                    restarts,
                    failures,
                    successes,
                    lastFailure,
                    deadline,
                    probe,
                    stableSince,
                    phaseSince,
                    healthySince,
                    instance,
                    port,
                    before.seed(),
                    terms);
            return new Step(after, events, effects);
        }

        /** Java 17 doesn't check that a sealed family is covered: LifecycleTest walks every input in every phase. */
        void take(Input input) {
            if (input instanceof Input.Start start) {
                start(start.terms());
            } else if (input instanceof Input.Stop stop) {
                stop(stop.force(), stop.drain(), stop.anew(), stop.why());
            } else if (input instanceof Input.Restart restart) {
                restart(restart.terms(), restart.drain(), restart.anew());
            } else if (input instanceof Input.Recovered) {
                recovered();
            } else if (input instanceof Input.Progressed progressed) {
                preparing(progressed.incarnation(), PREPARE_LIMIT);
            } else if (input instanceof Input.Prepared prepared) {
                preparing(prepared.incarnation(), LAUNCH_LIMIT);
            } else if (input instanceof Input.Launched launched) {
                launched(launched.instance());
            } else if (input instanceof Input.LaunchFailed failed) {
                launchFailed(failed);
            } else if (input instanceof Input.Exited exited) {
                exited(exited.instance(), exited.cause());
            } else if (input instanceof Input.Halted halted) {
                halted(halted);
            } else if (input instanceof Input.Probed probed) {
                probed(probed);
            } else if (input instanceof Input.Proven proven) {
                if (proven.incarnation() == incarnation && probing()) {
                    prove(proven.reached());
                }
            } else if (input instanceof Input.QueryFailed failed) {
                queryFailed(failed);
            } else if (input instanceof Input.Found found) {
                found(found.instance());
            } else if (input instanceof Input.Missing missing) {
                missing(missing);
            } else if (input instanceof Input.Unavailable unavailable) {
                unavailable(unavailable.why());
            } else if (input instanceof Input.Tick) {
                tick();
            } else {
                throw new IllegalArgumentException("no rule for " + input);
            }
        }

        // ------------------------------------------------------------------ commands

        private void start(Terms given) {
            switch (phase) {
                case STOPPED, FAILED, BACKING_OFF -> {
                    wantUp("start", given);
                    launch("started by hand");
                }
                case STOPPING -> {
                    if (desired == Desired.DOWN || endedBy == EndedBy.FAULT) {
                        wantUp("start", given);
                    }
                }
                case UNKNOWN -> {
                    if (before.kept()) {
                        return;
                    }
                    if (wanted <= incarnation) {
                        // What may still run was only wanted down, nothing was done about it: it is as good as before.
                        command("start");
                        desired = Desired.UP;
                        forced = false;
                    } else if (desired == Desired.DOWN || endedBy == EndedBy.FAULT) {
                        wantUp("start", given);
                    }
                }
                case STARTING, HEALTHY, UNHEALTHY -> desired = Desired.UP;
            }
        }

        private void stop(boolean force, Duration drain, boolean anew, String why) {
            switch (phase) {
                case STOPPED -> desired = Desired.DOWN;
                case FAILED, BACKING_OFF -> {
                    wantDown(force);
                    cause = Optional.empty();
                    enter(Phase.STOPPED, why);
                }
                case STARTING, HEALTHY, UNHEALTHY -> {
                    wantDown(force);
                    if (phase == Phase.HEALTHY) {
                        // Why no query ran is no reason for a person's stop.
                        cause = Optional.empty();
                    }
                    stopping(force, false, drain, why);
                }
                case STOPPING -> {
                    if (desired == Desired.UP || force) {
                        wantDown(force);
                    }
                    if (force) {
                        halt(true, false);
                    } else if (anew) {
                        drainAnew(drain);
                    }
                }
                case UNKNOWN -> {
                    if (desired == Desired.UP || (force && !forced)) {
                        wantDown(force);
                        if (force && incarnation > 0) {
                            // A halt that still waits for clients would keep the question waiting, too.
                            effects.add(new Effect.Halt(incarnation, true, Optional.empty(), Duration.ZERO));
                        }
                        effects.add(new Effect.Ask());
                    }
                }
            }
        }

        private void restart(Terms given, Duration drain, boolean anew) {
            wantUp("restart", given);
            switch (phase) {
                case STOPPED, FAILED, BACKING_OFF -> launch("restarted by hand");
                case STARTING, HEALTHY, UNHEALTHY -> stopping(false, false, drain, "restarted by hand");
                case STOPPING, UNKNOWN -> {
                    wanted = Math.max(wanted, incarnation + 1);
                    if (anew && phase == Phase.STOPPING) {
                        drainAnew(drain);
                    }
                }
            }
        }

        /** The latest word on how long what clients run may finish wins, be it shorter or longer. */
        private void drainAnew(Duration drain) {
            command("drain for " + seconds(drain) + " from now on");
            deadline = Optional.of(
                    now.boot().plus(drain).plus(before.terms().stop().grace()).plus(STOP_SLACK));
            effects.add(new Effect.Drain(drain));
        }

        private void wantUp(String command, Terms given) {
            command(command);
            desired = Desired.UP;
            endedBy = EndedBy.OPERATOR;
            forced = false;
            cause = Optional.empty();
            faults = 0;
            restarts = 0;
            terms = given;
        }

        private void wantDown(boolean force) {
            command(force ? "stop, by force" : "stop");
            desired = Desired.DOWN;
            endedBy = EndedBy.OPERATOR;
            forced |= force;
        }

        private void command(String what) {
            event("command", what, Optional.empty());
        }

        // ------------------------------------------------------------------ the daemon's own restart

        private void recovered() {
            effects.add(new Effect.Ask());
            switch (phase) {
                case STOPPED, FAILED -> {}
                case BACKING_OFF -> {
                    // The boot clock may have started anew meanwhile: never wait longer than one full wait.
                    Duration longest = now.boot().plus(RestartPolicy.delay(terms.restart(), faults, before.seed()));
                    deadline = Optional.of(
                            deadline.filter(kept -> kept.compareTo(longest) < 0).orElse(longest));
                }
                case STARTING, HEALTHY, UNHEALTHY, STOPPING -> enter(Phase.UNKNOWN, "the daemon was restarted");
                case UNKNOWN -> {}
            }
        }

        // ------------------------------------------------------------------ launching

        private void launch(String why) {
            incarnation = Math.max(incarnation + 1, wanted);
            wanted = incarnation;
            if (endedBy == EndedBy.FAULT) {
                restarts++;
            }
            rung = Rung.NONE;
            proven = false;
            queried = false;
            lastFailure = Optional.empty();
            enter(Phase.STARTING, why);
            deadline = Optional.of(now.boot().plus(PREPARE_LIMIT));
            effects.add(new Effect.Launch(incarnation, terms.anyPort() ? port : OptionalInt.empty()));
        }

        private void preparing(int which, Duration limit) {
            if (launching() && which == incarnation) {
                deadline = Optional.of(now.boot().plus(limit));
            }
        }

        private boolean launching() {
            return phase == Phase.STARTING && rung == Rung.NONE;
        }

        private void launched(Instance launched) {
            boolean current = launched.incarnation() == incarnation;
            switch (phase) {
                case STARTING -> {
                    if (launching()) {
                        if (current) {
                            running(launched, terms.health().startTimeout());
                        } else {
                            late(launched);
                        }
                    }
                }
                // The runtime lets only one instance live: a launch told of now is older than the one that was proven.
                case HEALTHY, UNHEALTHY -> {}
                // The halt under way may have looked before this launch had its effect.
                case STOPPING -> halt(false, false);
                case UNKNOWN -> found(launched);
                case STOPPED, FAILED, BACKING_OFF -> {
                    if (!knownToHaveEnded(launched)) {
                        late(launched);
                    }
                }
            }
        }

        private void late(Instance stray) {
            stopping(false, false, "a late launch of incarnation " + stray.incarnation() + " is ended");
        }

        private boolean knownToHaveEnded(Instance other) {
            return instance.filter(known -> known.incarnation() == other.incarnation()
                            && known.marker().equals(other.marker())
                            && !known.running())
                    .isPresent();
        }

        private void running(Instance started, Duration patience) {
            instance = Optional.of(started);
            if (rung == Rung.NONE) {
                rung = Rung.CONTAINER;
                // Its name in JSON, also of a process: people are told what it means.
                event("rung", "it runs", Optional.empty());
            }
            deadline = Optional.of(now.boot().plus(patience));
            probe = Optional.of(ProbeClock.next(now.boot()));
        }

        private void launchFailed(Input.LaunchFailed failed) {
            if (!launching() || failed.incarnation() != incarnation) {
                return;
            }
            if (failed.cause().code().equals("ALREADY_RUNNING")) {
                // Somebody lives there that nobody here knows of: ask who, to adopt or to end it. Counted, lest it go
                // round for ever.
                count(failed.cause());
                enter(Phase.UNKNOWN, failed.cause().summary());
                effects.add(new Effect.Ask());
            } else if (failed.cause().code().equals("ENGINE_UNREACHABLE")) {
                if (endedBy == EndedBy.FAULT) {
                    // The engine's fault and not the server's: no restart is spent on waiting for it.
                    lostSight(failed.cause().summary());
                } else {
                    // Whoever starts a server by hand is told at once.
                    fault(failed.cause().notRetryable(), false);
                }
            } else {
                fault(failed.cause(), false);
            }
        }

        // ------------------------------------------------------------------ ends

        private void exited(Instance ended, Cause why) {
            if (ended.incarnation() != incarnation) {
                return;
            }
            switch (phase) {
                case STARTING, HEALTHY, UNHEALTHY, STOPPING, UNKNOWN -> ended(Optional.of(ended), Optional.of(why));
                case STOPPED, FAILED, BACKING_OFF -> {}
            }
        }

        /** Nothing runs any more, by its own doing or ours. */
        private void ended(Optional<Instance> last, Optional<Cause> why) {
            boolean ours =
                    last.filter(ended -> ended.incarnation() == incarnation).isPresent();
            if (ours) {
                instance = last;
            }
            if (ours
                    && before.kept()
                    && last.flatMap(Instance::exit).filter(ExitStatus::outside).isPresent()) {
                // As much a person's will as a stop from here.
                command("stop, with the runtime's own tools");
                desired = Desired.DOWN;
                endedBy = EndedBy.OPERATOR;
            }
            boolean fault = before.kept() && desired == Desired.UP;
            if (ours || fault) {
                event("exit", describe(last, ours), fault ? why : Optional.empty());
            }
            if (fault) {
                fault(why.orElseGet(Turn::vanished), false);
            } else {
                settle();
            }
        }

        private String describe(Optional<Instance> last, boolean ours) {
            return "incarnation " + incarnation + " ended"
                    + last.filter(ended -> ours)
                            .flatMap(Instance::exit)
                            .map(exit -> (exit.code().isPresent()
                                            ? ": exit code " + exit.code().getAsInt()
                                            : ": exit code unknown")
                                    + exit.note().map(note -> ", " + note).orElse(""))
                            .orElse("");
        }

        private static Cause vanished() {
            return new Cause(
                    "EXITED",
                    "the instance is gone and nobody saw it end",
                    "look at the log: connectctl logs --previous",
                    List.of(),
                    true);
        }

        private void halted(Input.Halted halted) {
            if (halted.incarnation() != incarnation || (phase != Phase.STOPPING && phase != Phase.UNKNOWN)) {
                return;
            }
            if (endedBy == EndedBy.FAULT && halted.found().isPresent()) {
                cause = halted.found();
            }
            Optional<Instance> last = halted.last().filter(ended -> ended.incarnation() == incarnation);
            if (last.isPresent()) {
                instance = last;
                event("exit", describe(last, true), Optional.empty());
            }
            settle();
        }

        /** Counts a fault, then ends what may live or goes on at once. */
        private void fault(Cause why, boolean alive) {
            count(why);
            if (alive) {
                stopping(false, true, why.summary());
            } else {
                settle();
            }
        }

        private void count(Cause why) {
            forgiveIfStable();
            endedBy = EndedBy.FAULT;
            faults++;
            if (terms.anyPort() && port.isPresent() && why.code().equals("PORT_TAKEN")) {
                // The port it had before went to somebody else: any other will do.
                port = OptionalInt.empty();
                cause = Optional.of(
                        new Cause(why.code(), why.summary(), why.remedy(), why.evidence(), true, why.log()));
            } else {
                cause = Optional.of(why);
            }
        }

        /** Once only: the fault that ends a stable time is the first of the next count. */
        private void forgiveIfStable() {
            if (stableSince
                    .filter(since ->
                            now.boot().minus(since).compareTo(terms.restart().resetAfter()) >= 0)
                    .isPresent()) {
                faults = 0;
            }
            stableSince = Optional.empty();
        }

        private void stopping(boolean force, boolean faulty, String why) {
            stopping(force, faulty, Duration.ZERO, why);
        }

        private void stopping(boolean force, boolean faulty, Duration drain, String why) {
            wanted = Math.max(wanted, incarnation + 1);
            enter(Phase.STOPPING, why);
            halt(force, faulty, drain);
        }

        private void halt(boolean force, boolean faulty) {
            halt(force, faulty, Duration.ZERO);
        }

        private void halt(boolean force, boolean faulty, Duration drain) {
            Duration finish = force ? Duration.ZERO : drain;
            Duration grace = force
                    ? Duration.ZERO
                    // A restart brings new terms; what is ended was promised the old ones.
                    : before.terms().stop().grace();
            deadline = Optional.of(now.boot().plus(finish).plus(grace).plus(STOP_SLACK));
            effects.add(new Effect.Halt(incarnation, force, faulty ? lastFailure : Optional.empty(), finish));
        }

        /** What follows once nothing runs: the only place that decides it. */
        private void settle() {
            forced = false;
            if (desired == Desired.DOWN) {
                cause = Optional.empty();
                enter(Phase.STOPPED, "nothing runs");
            } else if (endedBy == EndedBy.OPERATOR) {
                launch("the earlier instance is gone");
            } else if (!terms.restart().onFault()) {
                enter(Phase.FAILED, "restart.onFault is off: " + summary());
            } else if (!proven && cause.filter(why -> !why.retryable()).isPresent()) {
                enter(Phase.FAILED, summary());
            } else if (RestartPolicy.spent(terms.restart(), faults)) {
                if (cause.filter(why -> why.code().equals("BUDGET_SPENT")).isEmpty()) {
                    cause = Optional.of(spent());
                }
                enter(Phase.FAILED, summary());
            } else {
                Duration wait = RestartPolicy.delay(terms.restart(), Math.max(1, faults), before.seed());
                enter(Phase.BACKING_OFF, summary() + "; next launch in " + seconds(wait));
                deadline = Optional.of(now.boot().plus(wait));
            }
            if (phase != Phase.STARTING) {
                rung = Rung.NONE;
            }
        }

        private Cause spent() {
            return new Cause(
                    "BUDGET_SPENT",
                    "all " + terms.restart().budget() + " restarts for faults are spent, the last fault was "
                            + cause.map(why -> why.code() + ": " + why.summary())
                                    .orElse("unknown"),
                    cause.map(Cause::remedy)
                            .filter(remedy -> !remedy.isBlank())
                            .map(remedy -> remedy + "; then: connectctl start " + before.name())
                            .orElse("mend it, then: connectctl start " + before.name()),
                    cause.map(Cause::evidence).orElse(List.of()),
                    false,
                    cause.flatMap(Cause::log));
        }

        private String summary() {
            return cause.map(Cause::summary).orElse("a fault");
        }

        // ------------------------------------------------------------------ what the runtime says

        private void found(Instance alive) {
            boolean current = alive.incarnation() == incarnation;
            if (incarnation > 0 && alive.incarnation() > incarnation && phase != Phase.STOPPING && !launching()) {
                startedOutside(alive);
                return;
            }
            switch (phase) {
                case UNKNOWN -> {
                    if (desired == Desired.UP && wanted <= incarnation && alive.incarnation() >= incarnation) {
                        adopt(alive);
                    } else {
                        stopping(
                                forced,
                                false,
                                // What a command said of it isn't kept; what is declared still holds.
                                endedBy == EndedBy.OPERATOR
                                        ? before.terms().stop().drain()
                                        : Duration.ZERO,
                                desired == Desired.DOWN
                                        ? "it still runs"
                                        : "incarnation " + alive.incarnation() + " is to be replaced");
                    }
                }
                case STARTING -> {
                    if (launching() && alive.incarnation() >= incarnation) {
                        incarnation = alive.incarnation();
                        wanted = incarnation;
                        running(alive, terms.health().startTimeout());
                    } else if (!current) {
                        late(alive);
                    }
                }
                case HEALTHY, UNHEALTHY -> {
                    if (!current) {
                        // Only one can live, so ours doesn't.
                        fault(vanished(), true);
                    }
                }
                case STOPPING -> {}
                case STOPPED, FAILED, BACKING_OFF -> {
                    // What was never started from here isn't ours to end: the fleet reports it.
                    if (incarnation > 0 && !knownToHaveEnded(alive)) {
                        late(alive);
                    }
                }
            }
        }

        /** No launch of ours has such a number: a person started it again with the runtime's own tools, and is heeded. */
        private void startedOutside(Instance alive) {
            command("start, with the runtime's own tools");
            desired = Desired.UP;
            endedBy = EndedBy.OPERATOR;
            forced = false;
            cause = Optional.empty();
            faults = 0;
            restarts = 0;
            lastFailure = Optional.empty();
            adopt(alive);
        }

        private void adopt(Instance alive) {
            boolean same = alive.incarnation() == incarnation;
            proven = proven && same;
            queried = queried && same;
            incarnation = alive.incarnation();
            wanted = incarnation;
            // What was proven before nobody watched it may be true no more: it is proven anew.
            rung = Rung.CONTAINER;
            enter(Phase.STARTING, "adopted: incarnation " + incarnation + " runs");
            running(alive, proven ? patience() : terms.health().startTimeout());
        }

        private void missing(Input.Missing missing) {
            // Left behind by an earlier server of this name: no run is ever numbered as an earlier one.
            missing.last()
                    .filter(ended -> ended.incarnation() > incarnation)
                    .ifPresent(ended -> wanted = Math.max(wanted, ended.incarnation() + 1));
            switch (phase) {
                case STARTING -> {
                    if (!launching()) {
                        ended(missing.last(), missing.cause());
                    }
                }
                case HEALTHY, UNHEALTHY, STOPPING -> ended(missing.last(), missing.cause());
                case UNKNOWN -> {
                    if (rung == Rung.NONE && !endedHere(missing.last())) {
                        // The launch under way when the daemon ended had no effect, so nothing was lost but time.
                        settle();
                    } else {
                        ended(missing.last(), missing.cause());
                    }
                }
                case STOPPED, FAILED, BACKING_OFF -> {}
            }
        }

        private boolean endedHere(Optional<Instance> last) {
            return last.filter(ended -> ended.incarnation() == incarnation).isPresent();
        }

        private void unavailable(String why) {
            switch (phase) {
                case STARTING -> {
                    if (!launching()) {
                        lostSight(why);
                    }
                }
                case HEALTHY, UNHEALTHY, STOPPING -> lostSight(why);
                case UNKNOWN, STOPPED, FAILED, BACKING_OFF -> {}
            }
        }

        private void lostSight(String why) {
            enter(Phase.UNKNOWN, why);
            effects.add(new Effect.Ask());
        }

        // ------------------------------------------------------------------ probes

        private void probed(Input.Probed probed) {
            if (probed.incarnation() != incarnation || !probing()) {
                return;
            }
            prove(probed.reached());
            if (probed.reached().atLeast(Rung.PORT) && probed.port().isPresent()) {
                port = probed.port();
            }
            probe = Optional.of(ProbeClock.next(nextProbe()));
            if (probed.reached().atLeast(goal())) {
                probed.failure()
                        .ifPresent(beyond ->
                                event("probe", "beyond " + goal() + ": " + beyond.detail(), Optional.empty()));
                passed();
            } else {
                failed(probed.failure()
                        .orElseGet(() -> new ProbeFailure(
                                probed.until(),
                                ProbeFailure.Kind.OTHER,
                                "it got no further than " + probed.reached())));
            }
        }

        private void prove(Rung reached) {
            for (Rung each : Rung.values()) {
                if (each.compareTo(rung) > 0 && reached.atLeast(each)) {
                    rung = each;
                    event("rung", "proven: " + each, Optional.empty());
                    if (each == Rung.QUERY) {
                        queried = true;
                        if (phase == Phase.HEALTHY) {
                            cause = Optional.empty();
                        }
                    }
                }
            }
        }

        /**
         * Where not even a tiny query runs, HEALTHY would be a word without use: what no restart mends ends the start, all else is told
         * beside it. What served once, if only under an earlier daemon, is never ended for a query.
         */
        private void queryFailed(Input.QueryFailed failed) {
            if (failed.incarnation() != incarnation || !probing() || rung.atLeast(Rung.QUERY)) {
                return;
            }
            if (!failed.cause().retryable() && !queried) {
                proven = false;
                // The proof is there: the halt needs to find none.
                lastFailure = Optional.empty();
                fault(failed.cause(), true);
            } else if (phase == Phase.HEALTHY && !cause.equals(Optional.of(failed.cause()))) {
                cause = Optional.of(failed.cause());
                event("probe", "beyond " + goal() + ": " + failed.detail(), cause);
            }
        }

        /** What the next probe must prove: the first one of an incarnation perhaps more than those after it. */
        private Rung goal() {
            return phase == Phase.STARTING && !proven ? terms.first() : terms.until();
        }

        private boolean probing() {
            return switch (phase) {
                case STARTING -> !launching();
                case HEALTHY, UNHEALTHY -> true;
                case STOPPED, STOPPING, BACKING_OFF, FAILED, UNKNOWN -> false;
            };
        }

        /**
         * An interval after this one began, not after it ended: a server that hangs is UNHEALTHY within failures x interval +
         * timeout. Never at once, lest slow probes leave it no rest.
         */
        private Duration nextProbe() {
            Duration began = probe.flatMap(ProbeClock::asked).orElse(now.boot());
            Duration next = began.plus(interval());
            Duration earliest = now.boot().plus(FASTEST);
            return next.compareTo(earliest) > 0 ? next : earliest;
        }

        private Duration interval() {
            if (phase != Phase.STARTING) {
                return terms.health().interval();
            }
            Duration left = deadline.map(end -> end.minus(now.boot())).orElse(Duration.ZERO);
            Duration share = terms.health().startTimeout().minus(left).dividedBy(20);
            return share.compareTo(FASTEST) < 0 ? FASTEST : share.compareTo(SLOWEST) > 0 ? SLOWEST : share;
        }

        private void passed() {
            boolean failing = failures > 0;
            failures = 0;
            successes++;
            lastFailure = Optional.empty();
            if (phase == Phase.HEALTHY) {
                if (failing) {
                    event("probe", "it passes again", Optional.empty());
                }
            } else if (phase == Phase.STARTING || successes >= terms.health().successes()) {
                boolean first = phase == Phase.STARTING;
                Rung shown = goal();
                enter(Phase.HEALTHY, shown + " proven");
                proven = true;
                cause = Optional.empty();
                stableSince = Optional.of(now.boot());
                healthySince = Optional.of(now.wall());
                if (first && rung != Rung.QUERY) {
                    ask(Rung.QUERY);
                } else {
                    probe = Optional.of(ProbeClock.next(now.boot().plus(interval())));
                }
            }
        }

        private void failed(ProbeFailure failure) {
            successes = 0;
            lastFailure = Optional.of(failure);
            if (phase == Phase.STARTING) {
                if (terms.cluster() && failure.kind() == ProbeFailure.Kind.CONTEXT_GONE) {
                    // The service answers only once the SparkContext was there: the cluster has ended it since, and
                    // none ever comes back.
                    Duration soon = now.boot().plus(round());
                    deadline = Optional.of(
                            deadline.filter(end -> end.compareTo(soon) < 0).orElse(soon));
                }
                return;
            }
            failures++;
            if (phase == Phase.HEALTHY) {
                // On a cluster a SparkContext ends by somebody's word there, and none ever comes back.
                boolean gone = terms.cluster() && failure.kind() == ProbeFailure.Kind.CONTEXT_GONE;
                if (failures >= terms.health().failures() || gone) {
                    Cause why = failing(failure);
                    cause = Optional.of(why);
                    ProbeClock next = probe.orElse(ProbeClock.next(now.boot()));
                    enter(Phase.UNHEALTHY, why.summary());
                    deadline = Optional.of(now.boot().plus(gone ? round() : patience()));
                    probe = Optional.of(next);
                } else if (failures == 1) {
                    event("probe", "failed: " + failure.detail(), Optional.empty());
                }
            }
        }

        /** How long an UNHEALTHY server may take to recover: as many rounds at their slowest as it took to be called so. */
        private Duration patience() {
            Duration rounds = round().multipliedBy(Math.max(1, terms.health().failures()));
            Duration replacing = EXECUTOR_REPLACED.plus(round());
            return terms.cluster() && rounds.compareTo(replacing) < 0 ? replacing : rounds;
        }

        private Duration round() {
            return terms.health().interval().plus(terms.health().timeout());
        }

        private Cause failing(ProbeFailure failure) {
            boolean zombie = failure.kind() == ProbeFailure.Kind.CONTEXT_GONE;
            return new Cause(
                    zombie ? "ZOMBIE" : "PROBE_FAILED",
                    (failures > 1 ? failures + " probes in a row failed at " : "a probe failed at ") + failure.rung()
                            + ": " + failure.detail(),
                    zombie
                            ? "nothing: it is replaced; the log says why the SparkContext stopped"
                            : "nothing: it is replaced unless it recovers; the log may say what holds it up",
                    List.of(failure.detail()),
                    true);
        }

        private void ask(Rung until) {
            // The query of a HEALTHY server runs beside its probe, which then proves no more than any other.
            Rung climbed = phase == Phase.HEALTHY ? terms.until() : until;
            Duration limit = LongestClimb.of(climbed, terms.health().timeout()).plus(PROBE_SLACK);
            probe = Optional.of(ProbeClock.underWay(now.boot(), now.boot().plus(limit)));
            effects.add(new Effect.Probe(incarnation, until));
        }

        // ------------------------------------------------------------------ time

        private void tick() {
            if (deadline.filter(this::reached).isPresent()) {
                tooLate();
            } else if (probing() && probe.filter(clock -> reached(clock.due())).isPresent()) {
                if (probe.flatMap(ProbeClock::asked).isPresent()) {
                    failed(new ProbeFailure(goal(), ProbeFailure.Kind.TIMED_OUT, "a probe never came back"));
                }
                ask(unasked() ? Rung.QUERY : goal());
            }
        }

        /** A query was asked for when it got HEALTHY, and what came of it was lost. */
        private boolean unasked() {
            return phase == Phase.HEALTHY && !rung.atLeast(Rung.QUERY) && cause.isEmpty();
        }

        private boolean reached(Duration moment) {
            return moment.compareTo(now.boot()) <= 0;
        }

        private void tooLate() {
            switch (phase) {
                case STARTING -> fault(startedTooLate(), true);
                case UNHEALTHY -> fault(cause.orElseGet(Turn::vanished), true);
                case STOPPING -> {
                    event("phase", "STOPPING: it is still there; killing it", Optional.of(notStopped()));
                    halt(true, false);
                    deadline = Optional.of(now.boot().plus(STOP_RETRY));
                }
                case BACKING_OFF -> launch("restart " + (restarts + 1) + " after a fault");
                case STOPPED, HEALTHY, FAILED, UNKNOWN -> deadline = Optional.empty();
            }
        }

        private Cause startedTooLate() {
            if (rung == Rung.NONE) {
                return new Cause(
                        "LAUNCH_TIMEOUT",
                        "the launch neither succeeded nor failed in time",
                        "see the daemon's log; a slow download can be tried again: connectctl start " + before.name(),
                        List.of(),
                        true);
            }
            if (proven) {
                return lastFailure
                        .map(this::failing)
                        .orElseGet(() -> failing(new ProbeFailure(
                                goal(), ProbeFailure.Kind.TIMED_OUT, "no probe of the adopted server passed")));
            }
            return new Cause(
                    "START_TIMEOUT",
                    "it did not get to " + goal() + " within "
                            + seconds(terms.health().startTimeout()) + " of its launch; "
                            + (rung == Rung.CONTAINER
                                    ? "so far nothing is proven but that it runs"
                                    : "proven so far: " + rung),
                    "see connectctl logs " + before.name() + "; if it only needs longer, raise health.startTimeout",
                    lastFailure.map(failure -> List.of(failure.detail())).orElse(List.of()),
                    true);
        }

        private Cause notStopped() {
            return new Cause(
                    "STOP_TIMEOUT",
                    "the instance outlived its grace of " + seconds(terms.stop().grace()),
                    "nothing: it is killed again every minute",
                    List.of(),
                    true);
        }

        // ------------------------------------------------------------------ shared

        /** Enters a phase; whoever enters one that must not last sets its deadline after this. */
        private void enter(Phase next, String why) {
            if (phase == Phase.HEALTHY) {
                forgiveIfStable();
            }
            Phase from = phase;
            phase = next;
            phaseSince = now.wall();
            deadline = Optional.empty();
            probe = Optional.empty();
            stableSince = Optional.empty();
            healthySince = Optional.empty();
            failures = 0;
            successes = 0;
            event("phase", from + " -> " + next + ": " + why, next == Phase.HEALTHY ? Optional.empty() : cause);
        }

        private void event(String type, String message, Optional<Cause> why) {
            events.add(new ServerEvent(0, now.wall(), before.name(), incarnation, type, phase, message, why));
        }

        private static String seconds(Duration duration) {
            long millis = duration.toMillis();
            return millis % 1000 == 0 ? millis / 1000 + " s" : String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
        }
    }
}
