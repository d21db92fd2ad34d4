package io.connectctl.manager.lifecycle;

import static io.connectctl.manager.lifecycle.Moments.NAME;
import static io.connectctl.manager.lifecycle.Moments.TERMS;
import static io.connectctl.manager.lifecycle.Moments.at;
import static io.connectctl.manager.lifecycle.Moments.cause;
import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.manager.store.StateCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Walks the lifecycle through a world that loses launches, probes and answers, ignores stops, repeats itself, tells news in
 * any order and restarts the daemon at any moment, while a person now and then stops and starts with the runtime's own
 * tools; then lets the world be kind, and expects what was wanted.
 */
class LifecycleWalkTest {
    private static final int STEPS = Integer.getInteger("connectctl.counts.walk", 20_000);
    private static final int EPISODE = 200;

    @Test
    void noWorldBreaksTheInvariants() {
        long seed = 20261122;
        for (int done = 0; done < STEPS; done += EPISODE) {
            new World(seed++).live();
        }
    }

    /** One server and all that surrounds it. */
    private static final class World {
        private final long seed;
        private final Random random;
        private final Deque<String> history = new ArrayDeque<>();
        private final List<Input> news = new ArrayList<>();
        /** Launches, halts and questions: one at a time, in order, as the effect runner does them. */
        private final Deque<Effect> operations = new ArrayDeque<>();
        /** Launches that were left behind because they didn't heed their interrupt: they may have their effect later. */
        private final List<Effect.Launch> abandoned = new ArrayList<>();

        private final List<Effect.Probe> probes = new ArrayList<>();
        private Duration clock = Duration.ofHours(1);
        private ServerState state = ServerState.initial(NAME, TERMS, 1, Instant.EPOCH);
        private @Nullable Instance alive;
        private @Nullable Instance last;
        private boolean down;
        private boolean kind;
        private Desired wanted = Desired.DOWN;
        private boolean personActed;
        private int launches;

        World(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
        }

        void live() {
            for (int i = 0; i < EPISODE; i++) {
                act();
            }
            beKind();
        }

        private void act() {
            switch (random.nextInt(17)) {
                case 0 -> command();
                case 1, 2, 3, 4 -> operate();
                case 5, 6 -> probe();
                case 7, 8, 9 -> hear();
                case 10, 11, 12 -> time();
                case 13 -> accident();
                case 14 -> abandonedOnesWake();
                case 15 -> person();
                default -> restartDaemon();
            }
        }

        private void command() {
            switch (random.nextInt(4)) {
                case 0 -> {
                    wanted = Desired.UP;
                    take(new Input.Start(TERMS));
                }
                case 1 -> {
                    wanted = Desired.UP;
                    Phase before = state.phase();
                    int faults = state.faults();
                    take(new Input.Restart(TERMS));
                    check(
                            state.phase() != Phase.BACKING_OFF && state.phase() != Phase.FAILED,
                            "a restart by hand waits");
                    check(
                            state.faults() <= faults && state.restarts() == 0,
                            "a restart by hand spends, from " + before);
                    check(state.phase() == Phase.STARTING || state.wanted() > state.incarnation(), "a restart is lost");
                }
                default -> {
                    wanted = Desired.DOWN;
                    take(new Input.Stop(
                            random.nextBoolean(),
                            random.nextInt(4) == 0 ? Duration.ofMinutes(1) : Duration.ZERO,
                            random.nextBoolean()));
                }
            }
            check(state.desired() == wanted, "the latest intent doesn't win");
        }

        private void operate() {
            Effect effect = operations.poll();
            if (effect == null) {
                return;
            }
            boolean lose = !kind && random.nextInt(5) == 0;
            if (effect instanceof Effect.Launch launch) {
                if (lose && random.nextBoolean()) {
                    abandoned.add(launch);
                } else {
                    launch(launch, lose);
                }
            } else if (effect instanceof Effect.Halt halt) {
                if (down) {
                    tell(new Input.Unavailable("the world is down"), lose);
                } else if (!lose || random.nextBoolean()) {
                    end(143, lose);
                    tell(new Input.Halted(halt.incarnation(), Optional.ofNullable(last), Optional.empty()), lose);
                }
            } else {
                if (down) {
                    tell(new Input.Unavailable("the world is down"), false);
                    // The runner asks until it is answered.
                    operations.add(effect);
                } else if (alive != null) {
                    tell(new Input.Found(alive), false);
                } else {
                    tell(
                            new Input.Missing(
                                    Optional.ofNullable(last),
                                    last == null ? Optional.empty() : Optional.of(cause("EXITED", true))),
                            false);
                }
            }
        }

        private void launch(Effect.Launch launch, boolean lose) {
            if (down) {
                tell(new Input.LaunchFailed(launch.incarnation(), cause("UNKNOWN", true)), lose);
            } else if (alive != null) {
                tell(new Input.LaunchFailed(launch.incarnation(), cause("ALREADY_RUNNING", false)), lose);
            } else if (!kind && random.nextInt(6) == 0) {
                tell(
                        new Input.LaunchFailed(
                                launch.incarnation(),
                                random.nextInt(4) == 0 ? cause("BAD_MASTER", false) : cause("PORT_TAKEN", true)),
                        lose);
            } else {
                // The runtime refuses a second instance, above; so two can only live if it is never asked.
                Instance born = Moments.instance(launch.incarnation(), "launch-" + ++launches);
                alive = born;
                last = born;
                tell(new Input.Launched(born), lose);
            }
        }

        private void end(int code, boolean unseen) {
            Instance dead = alive;
            if (dead != null) {
                alive = null;
                last = Moments.ended(dead, code, false);
                tell(new Input.Exited(last, cause("KILLED", true)), unseen);
            }
        }

        /**
         * Stops, or starts what it stopped or what died, with the runtime's own tools: the same container runs again, numbered by
         * the runtime. What it wants holds once it is heard of, unless a command came in between.
         */
        private void person() {
            if (down || random.nextInt(3) > 0) {
                return;
            }
            Instance running = alive;
            Instance before = last;
            if (running != null) {
                alive = null;
                last = Moments.ended(running, 143, true);
                personActed = true;
                tell(new Input.Exited(last, cause("TERMINATED", true)), random.nextInt(4) == 0);
            } else if (before != null) {
                Instance born = Moments.instance(before.incarnation() + 1, before.marker());
                personActed = true;
                alive = born;
                last = born;
                tell(new Input.Found(born), random.nextInt(4) == 0);
            }
        }

        private void abandonedOnesWake() {
            if (!abandoned.isEmpty()) {
                launch(abandoned.remove(random.nextInt(abandoned.size())), false);
            }
        }

        private void probe() {
            if (probes.isEmpty()) {
                return;
            }
            Effect.Probe probe = probes.remove(0);
            if (!kind && random.nextInt(10) == 0) {
                tell(
                        new Input.QueryFailed(
                                probe.incarnation(), "refused", cause("BAD_CONF_VALUE", random.nextBoolean())),
                        false);
            }
            boolean passes =
                    alive != null && alive.incarnation() == probe.incarnation() && (kind || random.nextInt(3) > 0);
            tell(
                    passes ? Moments.passed(probe.incarnation()) : Moments.failed(probe.incarnation()),
                    !kind && random.nextInt(4) == 0);
        }

        private void accident() {
            if (random.nextInt(3) == 0) {
                down = !down;
            } else {
                end(137, random.nextInt(4) == 0);
            }
        }

        private void tell(Input input, boolean lost) {
            if (!lost) {
                news.add(input);
                if (!kind && random.nextInt(8) == 0) {
                    news.add(input);
                }
            }
        }

        private void hear() {
            if (!news.isEmpty()) {
                take(news.remove(kind ? 0 : random.nextInt(news.size())));
            }
        }

        private void time() {
            Optional<Duration> next = state.earliest();
            if (next.isPresent() && random.nextInt(3) > 0) {
                clock = clock.compareTo(next.get()) > 0 ? clock : next.get();
            } else {
                clock = clock.plusMillis(random.nextInt(20_000));
            }
            take(new Input.Tick());
        }

        /** The periodic listing: where it surprises, the runtime is asked in order. */
        private void list() {
            operations.add(new Effect.Ask());
        }

        private void restartDaemon() {
            if (random.nextInt(4) > 0) {
                list();
                return;
            }
            state = StateCodec.decode(NAME, StateCodec.encode(state), TERMS);
            news.clear();
            operations.clear();
            probes.clear();
            take(new Input.Recovered());
        }

        private void take(Input input) {
            Step step = Lifecycle.step(state, input, at(clock));
            history.add(clock.toMillis() + " " + input + " in " + state.phase() + " -> "
                    + step.state().phase() + " " + step.effects());
            if (history.size() > 40) {
                history.remove();
            }
            state = step.state();
            for (Effect effect : step.effects()) {
                if (effect instanceof Effect.Probe probe) {
                    probes.add(probe);
                } else if (!(effect instanceof Effect.Drain)) {
                    // A drain is a part of the halt that it belongs to.
                    if (effect instanceof Effect.Halt) {
                        operations.removeIf(waiting -> waiting instanceof Effect.Launch);
                    }
                    operations.add(effect);
                }
            }
            Moments.violation(state).ifPresent(this::fail);
            if (step.events().stream()
                    .anyMatch(event ->
                            event.type().equals("command") && event.message().endsWith("own tools"))) {
                check(personActed, "a person's act is made up");
                wanted = state.desired();
            }
            check(state.desired() == wanted, "the intent is lost");
        }

        private void beKind() {
            kind = true;
            down = false;
            while (!abandoned.isEmpty()) {
                abandonedOnesWake();
            }
            for (int i = 0; i < 2_000 && !settled(); i++) {
                if (!news.isEmpty()) {
                    hear();
                } else if (!operations.isEmpty()) {
                    operate();
                } else if (!probes.isEmpty()) {
                    probe();
                } else if (i % 7 == 0) {
                    list();
                } else {
                    time();
                }
            }
            if (wanted == Desired.DOWN) {
                check(state.phase() == Phase.STOPPED && alive == null, "it isn't down in the end");
            } else if (state.phase() == Phase.FAILED) {
                check(alive == null, "a FAILED server runs");
            } else {
                check(
                        state.phase() == Phase.HEALTHY && alive != null && alive.incarnation() == state.incarnation(),
                        "it isn't up in the end");
            }
        }

        private boolean settled() {
            boolean quiet = news.isEmpty() && operations.isEmpty();
            return quiet
                    && switch (state.phase()) {
                        case STOPPED -> wanted == Desired.DOWN && alive == null;
                        case FAILED -> alive == null;
                        case HEALTHY -> alive != null && alive.incarnation() == state.incarnation();
                        case STARTING, UNHEALTHY, STOPPING, BACKING_OFF, UNKNOWN -> false;
                    };
        }

        private void check(boolean holds, String otherwise) {
            if (!holds) {
                fail(otherwise);
            }
        }

        private void fail(String what) {
            assertThat(what)
                    .as("seed %s, alive %s, state %s, history:%n%s", seed, alive, state, String.join("\n", history))
                    .isEmpty();
        }
    }
}
