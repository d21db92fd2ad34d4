package io.connectctl.manager.lifecycle;

import static io.connectctl.manager.lifecycle.Moments.NAME;
import static io.connectctl.manager.lifecycle.Moments.TERMS;
import static io.connectctl.manager.lifecycle.Moments.at;
import static io.connectctl.manager.lifecycle.Moments.cause;
import static io.connectctl.manager.lifecycle.Moments.ended;
import static io.connectctl.manager.lifecycle.Moments.endedOutside;
import static io.connectctl.manager.lifecycle.Moments.failed;
import static io.connectctl.manager.lifecycle.Moments.instance;
import static io.connectctl.manager.lifecycle.Moments.passed;
import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private static final Duration BOOT = Duration.ofHours(1);

    private Duration clock = BOOT;
    private ServerState state = ServerState.initial(NAME, TERMS, 7, Instant.EPOCH);
    private final List<Effect> effects = new ArrayList<>();
    private final List<ServerEvent> events = new ArrayList<>();

    private LifecycleTest on(Input input) {
        Step step = Lifecycle.step(state, input, at(clock));
        state = step.state();
        effects.addAll(step.effects());
        events.addAll(step.events());
        assertThat(Moments.violation(state)).isEmpty();
        return this;
    }

    private LifecycleTest later(Duration by) {
        clock = clock.plus(by);
        return on(new Input.Tick());
    }

    private LifecycleTest untilDeadline() {
        clock = state.deadline().orElseThrow();
        return on(new Input.Tick());
    }

    private LifecycleTest healthy() {
        on(new Input.Start(TERMS));
        on(new Input.Launched(instance(state.incarnation())));
        return on(passed(state.incarnation()));
    }

    private LifecycleTest unhealthy() {
        return healthy().on(failed(1)).on(failed(1)).on(failed(1));
    }

    private List<String> messages(String type) {
        return events.stream()
                .filter(event -> event.type().equals(type))
                .map(ServerEvent::message)
                .toList();
    }

    private long launches() {
        return effects.stream()
                .filter(effect -> effect instanceof Effect.Launch)
                .count();
    }

    private long halts() {
        return effects.stream().filter(effect -> effect instanceof Effect.Halt).count();
    }

    @Test
    void startLaunchesAndTheFirstPassMakesHealthyThenClimbsToQueryOnce() {
        healthy();

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.incarnation()).isEqualTo(1);
        assertThat(effects).containsExactly(new Effect.Launch(1, OptionalInt.empty()), new Effect.Probe(1, Rung.QUERY));
        on(new Input.Probed(1, Rung.QUERY, Rung.QUERY, Optional.empty(), OptionalInt.of(15002)));
        assertThat(state.rung()).isEqualTo(Rung.QUERY);
        assertThat(events.stream().filter(event -> event.type().equals("rung")).map(ServerEvent::message))
                .containsExactly("it runs", "proven: PORT", "proven: RPC", "proven: SESSION", "proven: QUERY");
    }

    @Test
    void whatAProbeByHandProvedIsKeptAndChangesNothingElse() {
        healthy().on(passed(1));
        ServerState before = state;

        on(new Input.Proven(1, Rung.QUERY));
        assertThat(state.rung()).isEqualTo(Rung.QUERY);
        assertThat(state.phase()).isEqualTo(before.phase());
        assertThat(state.probe()).isEqualTo(before.probe());
        on(new Input.Proven(1, Rung.PORT)).on(new Input.Proven(7, Rung.NONE));
        assertThat(state.rung()).isEqualTo(Rung.QUERY);
    }

    @Test
    void aServerOnWhichNoQueryCanEverRunIsFailedAndNotTriedAgain() {
        healthy().on(new Input.QueryFailed(1, "refused", cause("BAD_CONF_VALUE", false)));

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(state.cause().orElseThrow().code()).isEqualTo("BAD_CONF_VALUE");
    }

    @Test
    void theProofThatNoSessionCanBeMadeIsNotLookedForAgainByTheHalt() {
        on(new Input.Start(TERMS)).on(new Input.Launched(instance(1))).on(failed(1));

        on(new Input.QueryFailed(1, "refused", cause("BAD_CONF_VALUE", false)));

        assertThat(effects).contains(new Effect.Halt(1, false, Optional.empty(), Duration.ZERO));
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));
        assertThat(state.cause().orElseThrow().code()).isEqualTo("BAD_CONF_VALUE");
    }

    @Test
    void whyNoQueryRanIsToldBesideHealthyUntilOneRuns() {
        healthy().on(new Input.QueryFailed(1, "no executors", cause("PROBE_FAILED", true)));

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.cause().orElseThrow().code()).isEqualTo("PROBE_FAILED");
        assertThat(messages("probe")).contains("beyond SESSION: no executors");
        on(new Input.Proven(1, Rung.QUERY));
        assertThat(state.cause()).isEmpty();
    }

    @Test
    void whatServedUnderAnEarlierDaemonIsNeverEndedForAQuery() {
        healthy()
                .on(new Input.Proven(1, Rung.QUERY))
                .on(new Input.Recovered())
                .on(new Input.Found(instance(1)))
                .on(passed(1));
        assertThat(state.rung()).isEqualTo(Rung.SESSION);

        on(new Input.QueryFailed(1, "refused", cause("BAD_CONF_VALUE", false)));

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.cause().orElseThrow().code()).isEqualTo("BAD_CONF_VALUE");
    }

    @Test
    void aQueryWhoseOutcomeWasLostIsAskedForAgainAndNoneThatFailed() {
        healthy().on(passed(1));
        effects.clear();
        later(Duration.ofSeconds(10));
        assertThat(effects).containsExactly(new Effect.Probe(1, Rung.QUERY));

        on(passed(1)).on(new Input.QueryFailed(1, "no executors", cause("PROBE_FAILED", true)));
        effects.clear();
        later(Duration.ofSeconds(10));
        assertThat(effects).containsExactly(new Effect.Probe(1, Rung.SESSION));
    }

    @Test
    void aPersonsStopDoesNotTellWhyNoQueryRan() {
        healthy()
                .on(new Input.QueryFailed(1, "no executors", cause("PROBE_FAILED", true)))
                .on(new Input.Stop(false));

        assertThat(events.get(events.size() - 1).cause()).isEmpty();
    }

    @Test
    void aFailureAfterAQueryRanIsThatQuerysOwn() {
        healthy().on(new Input.Proven(1, Rung.QUERY));
        ServerState before = state;

        on(new Input.QueryFailed(1, "refused", cause("BAD_CONF_VALUE", false)));
        on(new Input.QueryFailed(7, "refused", cause("BAD_CONF_VALUE", false)));
        assertThat(state).isEqualTo(before);
    }

    @Test
    void aStopTellsWhoOrWhatStopped() {
        healthy().on(new Input.Stop(true, Duration.ZERO, false, "its lease ended"));

        assertThat(messages("phase")).contains("HEALTHY -> STOPPING: its lease ended");
    }

    @Test
    void aPersonsStopWithTheRuntimesOwnToolsIsHeeded() {
        healthy().on(new Input.Exited(endedOutside(1), cause("TERMINATED", true)));

        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
        assertThat(state.desired()).isEqualTo(Desired.DOWN);
        assertThat(state.faults()).isZero();
        assertThat(state.cause()).isEmpty();
        assertThat(messages("command")).contains("stop, with the runtime's own tools");
    }

    @Test
    void aPersonsStopIsHeededAlsoIfItIsFoundOutLater() {
        healthy()
                .on(new Input.Unavailable("down"))
                .on(new Input.Missing(Optional.of(endedOutside(1)), Optional.of(cause("TERMINATED", true))));

        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
        assertThat(state.desired()).isEqualTo(Desired.DOWN);
    }

    @Test
    void aRestartFromHereIsNotTakenForAPersonsStop() {
        healthy().on(new Input.Restart(TERMS)).on(new Input.Exited(endedOutside(1), cause("TERMINATED", true)));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.desired()).isEqualTo(Desired.UP);
    }

    @Test
    void aStartWithTheRuntimesOwnToolsIsAdoptedAsTheNextIncarnation() {
        healthy().on(new Input.Exited(endedOutside(1), cause("TERMINATED", true)));

        on(new Input.Found(instance(2)));
        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.desired()).isEqualTo(Desired.UP);
        assertThat(state.incarnation()).isEqualTo(2);
        assertThat(messages("command")).contains("start, with the runtime's own tools");
        on(passed(2));
        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.restarts()).isZero();
    }

    @Test
    void aRestartWithTheRuntimesOwnToolsIsNoFaultWhicheverEventComesFirst() {
        healthy().on(new Input.Found(instance(2))).on(new Input.Exited(endedOutside(1), cause("TERMINATED", true)));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.desired()).isEqualTo(Desired.UP);
        assertThat(state.incarnation()).isEqualTo(2);
        assertThat(state.faults()).isZero();
    }

    @Test
    void anEngineThatIsGoneWhenAFaultIsMendedCostsNoRestart() {
        healthy().on(new Input.Exited(ended(1, 137), cause("KILLED", true)));
        untilDeadline();
        int faults = state.faults();

        on(new Input.LaunchFailed(2, cause("ENGINE_UNREACHABLE", true)));
        assertThat(state.phase()).isEqualTo(Phase.UNKNOWN);
        assertThat(state.faults()).isEqualTo(faults);
        assertThat(effects).anyMatch(Effect.Ask.class::isInstance);
        on(new Input.Missing(Optional.of(ended(1, 137)), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.BACKING_OFF);
        untilDeadline();
        assertThat(state.phase()).isEqualTo(Phase.STARTING);
    }

    @Test
    void whoStartsAServerByHandIsToldAtOnceThatTheEngineIsGone() {
        on(new Input.Start(TERMS)).on(new Input.LaunchFailed(1, cause("ENGINE_UNREACHABLE", true)));

        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(state.cause()).map(Cause::code).contains("ENGINE_UNREACHABLE");
    }

    @Test
    void aQueryThatFailsOnceIsNewsButNoFault() {
        healthy()
                .on(new Input.Probed(
                        1,
                        Rung.QUERY,
                        Rung.SESSION,
                        Optional.of(new ProbeFailure(Rung.QUERY, ProbeFailure.Kind.QUERY_FAILED, "no executor")),
                        OptionalInt.of(15002)));

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.failures()).isZero();
        assertThat(events)
                .anyMatch(
                        event -> event.type().equals("probe") && event.message().contains("no executor"));
    }

    @Test
    void aServerThatHangsIsUnhealthyWithinFailuresTimesIntervalAndOneTimeout() {
        healthy().on(passed(1));
        Duration hung = clock;

        while (state.phase() == Phase.HEALTHY) {
            clock = state.probe().orElseThrow().due();
            on(new Input.Tick());
            clock = clock.plus(TERMS.health().timeout());
            on(failed(1));
        }

        Duration bound = TERMS.health()
                .interval()
                .multipliedBy(TERMS.health().failures())
                .plus(TERMS.health().timeout());
        assertThat(clock.minus(hung)).isLessThanOrEqualTo(bound);
    }

    @Test
    void probesThatTakeLongerThanTheIntervalLeaveTheServerARest() {
        healthy().on(passed(1));
        clock = state.probe().orElseThrow().due();
        on(new Input.Tick());
        clock = clock.plus(TERMS.health().interval()).plusSeconds(7);
        on(failed(1));

        assertThat(state.probe().orElseThrow().due()).isGreaterThan(clock);
    }

    @Test
    void startOfARunningServerIsNoNews() {
        healthy();
        ServerState before = state;
        events.clear();

        on(new Input.Start(TERMS));

        assertThat(state).isEqualTo(before);
        assertThat(events).isEmpty();
    }

    @Test
    void aCrashBacksOffAndStartsTheNextIncarnationWithTheSamePort() {
        healthy().on(new Input.Exited(ended(1, 137), cause("KILLED", true)));

        assertThat(state.phase()).isEqualTo(Phase.BACKING_OFF);
        assertThat(state.cause()).map(Cause::code).contains("KILLED");
        assertThat(state.faults()).isEqualTo(1);
        effects.clear();
        untilDeadline();
        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(effects).containsExactly(new Effect.Launch(2, OptionalInt.of(15002)));
        assertThat(state.restarts()).isEqualTo(1);
    }

    @Test
    void aPortThatIsTakenAfterARestartIsLeftForAnother() {
        aCrashBacksOffAndStartsTheNextIncarnationWithTheSamePort();

        on(new Input.LaunchFailed(2, cause("PORT_TAKEN", false)));

        assertThat(state.phase()).isEqualTo(Phase.BACKING_OFF);
        effects.clear();
        untilDeadline();
        assertThat(effects).containsExactly(new Effect.Launch(3, OptionalInt.empty()));
    }

    @Test
    void aConfigurationErrorFailsAtOnce() {
        on(new Input.Start(TERMS)).on(new Input.LaunchFailed(1, cause("BAD_MASTER", false)));

        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(state.cause()).map(Cause::code).contains("BAD_MASTER");
        assertThat(launches()).isEqualTo(1);
    }

    @Test
    void anExitWhileStartingThatCannotBeMendedByTryingAgainFailsAtOnce() {
        on(new Input.Start(TERMS))
                .on(new Input.Launched(instance(1)))
                .on(new Input.Exited(ended(1, 1), cause("DRIVER_MEMORY_TOO_SMALL", false)));

        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(events)
                .anyMatch(event -> event.type().equals("exit")
                        && event.message().contains("exit code 1")
                        && event.cause().isPresent());
    }

    @Test
    void theBudgetIsSpentAfterTenRestarts() {
        on(new Input.Start(TERMS));
        for (int fault = 1; fault <= 11; fault++) {
            on(new Input.LaunchFailed(state.incarnation(), cause("EXITED", true)));
            if (state.phase() == Phase.BACKING_OFF) {
                untilDeadline();
            }
        }

        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(state.cause()).map(Cause::code).contains("BUDGET_SPENT");
        assertThat(state.cause().orElseThrow().summary()).contains("EXITED");
        assertThat(launches()).isEqualTo(11);
    }

    @Test
    void tenStableMinutesGiveTheBudgetBack() {
        healthy().on(new Input.Exited(ended(1, 1), cause("EXITED", true))).untilDeadline();
        on(new Input.Launched(instance(2))).on(passed(2));
        assertThat(state.faults()).isEqualTo(1);
        clock = clock.plus(Duration.ofMinutes(10));

        on(new Input.Exited(ended(2, 1), cause("EXITED", true)));

        assertThat(state.faults()).isEqualTo(1);
    }

    @Test
    void restartByHandNeitherWaitsNorSpends() {
        healthy().on(new Input.Exited(ended(1, 1), cause("EXITED", true)));

        on(new Input.Restart(TERMS));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.faults()).isZero();
        assertThat(state.restarts()).isZero();
    }

    @Test
    void restartOfARunningServerHaltsItAndLaunchesTheNextAtOnce() {
        healthy().on(new Input.Restart(TERMS));
        assertThat(state.phase()).isEqualTo(Phase.STOPPING);

        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.incarnation()).isEqualTo(2);
        assertThat(state.restarts()).isZero();
    }

    @Test
    void aDrainPutsOffWhenAHaltCountsAsIgnored() {
        healthy().on(new Input.Stop(false, Duration.ofMinutes(5), false));

        assertThat(effects).endsWith(new Effect.Halt(1, false, Optional.empty(), Duration.ofMinutes(5)));
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
    }

    @Test
    void whatOutlivesItsDrainAndItsGraceIsKilledOnlyThen() {
        healthy();
        Duration before = clock;
        on(new Input.Restart(TERMS, Duration.ofMinutes(5), false));

        untilDeadline();

        assertThat(clock.minus(before)).isGreaterThan(Duration.ofMinutes(5).plusSeconds(20));
        assertThat(effects).endsWith(new Effect.Halt(1, true, Optional.empty()));
    }

    @Test
    void theLatestWordOnADrainWinsAndMovesItsEnd() {
        healthy().on(new Input.Stop(false, Duration.ofMinutes(5), false));
        Duration before = clock;

        on(new Input.Stop(false, Duration.ofSeconds(10), true));
        assertThat(effects).endsWith(new Effect.Drain(Duration.ofSeconds(10)));
        assertThat(state.desired()).isEqualTo(Desired.DOWN);
        on(new Input.Restart(TERMS, Duration.ofSeconds(20), true));
        assertThat(effects).endsWith(new Effect.Drain(Duration.ofSeconds(20)));
        assertThat(state.desired()).isEqualTo(Desired.UP);
        untilDeadline();

        assertThat(clock.minus(before)).isBetween(Duration.ofSeconds(30), Duration.ofMinutes(2));
        assertThat(effects).endsWith(new Effect.Halt(1, true, Optional.empty()));
    }

    @Test
    void aSecondStopThatSaysNothingOfADrainLetsItGoOn() {
        healthy().on(new Input.Stop(false, Duration.ofMinutes(5), false));
        int done = effects.size();

        on(new Input.Stop(false, Duration.ZERO, false));

        assertThat(effects).hasSize(done);
    }

    @Test
    void aKillDrainsNothing() {
        healthy().on(new Input.Stop(true, Duration.ofMinutes(5), false));

        assertThat(effects).endsWith(new Effect.Halt(1, true, Optional.empty()));
    }

    @Test
    void stopDuringRestartLeavesServerStopped() {
        healthy().on(new Input.Restart(TERMS)).on(new Input.Stop(false));

        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));

        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
        assertThat(state.cause()).isEmpty();
    }

    @Test
    void startDuringStopStartsAgain() {
        healthy().on(new Input.Stop(false)).on(new Input.Start(TERMS));

        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.incarnation()).isEqualTo(2);
    }

    @Test
    void stopDuringStartHaltsAndTheLateLaunchIsHaltedToo() {
        on(new Input.Start(TERMS)).on(new Input.Stop(false));
        on(new Input.Halted(1, Optional.empty(), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
        long before = halts();

        on(new Input.Launched(instance(1)));

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        assertThat(halts()).isEqualTo(before + 1);
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
    }

    @Test
    void aLateLaunchOfAnEarlierIncarnationIsHaltedBeforeTheNextLaunch() {
        on(new Input.Start(TERMS)).untilDeadline();
        assertThat(state.cause()).map(Cause::code).contains("LAUNCH_TIMEOUT");
        on(new Input.Halted(1, Optional.empty(), Optional.empty())).untilDeadline();
        assertThat(state.incarnation()).isEqualTo(2);

        on(new Input.Launched(instance(1)));

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
    }

    @Test
    void aStaleResultIsDropped() {
        healthy().on(new Input.Restart(TERMS)).on(new Input.Halted(1, Optional.empty(), Optional.empty()));
        on(new Input.Launched(instance(2)));
        ServerState before = state;

        on(passed(1))
                .on(new Input.Exited(ended(1, 143), cause("TERMINATED", true)))
                .on(new Input.LaunchFailed(1, cause("EXITED", true)))
                .on(new Input.Halted(1, Optional.empty(), Optional.empty()));

        assertThat(state).isEqualTo(before);
    }

    @Test
    void failedProbesMakeUnhealthyAndPatienceEndsInReplacement() {
        unhealthy();
        assertThat(state.phase()).isEqualTo(Phase.UNHEALTHY);
        assertThat(state.cause()).map(Cause::code).contains("PROBE_FAILED");

        untilDeadline();

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        assertThat(state.desired()).isEqualTo(Desired.UP);
        on(new Input.Halted(1, Optional.of(ended(1, 137)), Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.BACKING_OFF);
    }

    @Test
    void anUnhealthyServerMayRecover() {
        unhealthy().on(passed(1));

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.cause()).isEmpty();
        assertThat(state.faults()).isZero();
        assertThat(effects.stream().filter(effect -> effect.equals(new Effect.Probe(1, Rung.QUERY))))
                .hasSize(1);
    }

    @Test
    void aServerThatHangsIsUnhealthyWithinTheDeclaredThresholds() {
        healthy().on(new Input.Probed(1, Rung.QUERY, Rung.QUERY, Optional.empty(), OptionalInt.of(15002)));
        // The worst moment: just after a probe passed.
        Duration hung = clock;
        int asked = 0;

        while (state.phase() == Phase.HEALTHY) {
            clock = state.earliest().orElseThrow();
            on(new Input.Tick());
            asked++;
            // A hung server's probe ends with its timeout.
            clock = clock.plus(TERMS.health().timeout());
            on(failed(1));
        }

        assertThat(asked).isEqualTo(TERMS.health().failures());
        assertThat(clock.minus(hung))
                .isLessThanOrEqualTo(TERMS.health()
                        .interval()
                        .multipliedBy(TERMS.health().failures())
                        .plus(TERMS.health().timeout()));
    }

    @Test
    void lostProbesAreFailedProbes() {
        healthy();

        for (int i = 0; i < 20 && state.phase() == Phase.HEALTHY; i++) {
            clock = state.earliest().orElseThrow();
            on(new Input.Tick());
        }

        assertThat(state.phase()).isEqualTo(Phase.UNHEALTHY);
        assertThat(Duration.ofMinutes(5)).isGreaterThan(clock.minus(BOOT));
    }

    @Test
    void aServerThatNeverGetsReadyIsReplacedWithTheCause() {
        on(new Input.Start(TERMS)).on(new Input.Launched(instance(1))).on(failed(1));

        later(Duration.ofMinutes(3));

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        assertThat(state.cause()).map(Cause::code).contains("START_TIMEOUT");
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.of(cause("MASTER_UNREACHABLE", false))));
        assertThat(state.phase()).isEqualTo(Phase.FAILED);
        assertThat(state.cause()).map(Cause::code).contains("MASTER_UNREACHABLE");
    }

    @Test
    void theStartTimeoutDoesNotCountTheDownload() {
        on(new Input.Start(TERMS));
        for (int i = 0; i < 10; i++) {
            clock = clock.plus(Duration.ofMinutes(5));
            on(new Input.Progressed(1)).on(new Input.Tick());
        }

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
    }

    @Test
    void anIgnoredHaltIsRepeatedByForce() {
        healthy().on(new Input.Stop(false));

        untilDeadline();

        assertThat(effects).endsWith(new Effect.Halt(1, true, Optional.empty()));
        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        assertThat(events).anyMatch(event -> event.cause()
                .filter(cause -> cause.code().equals("STOP_TIMEOUT"))
                .isPresent());
    }

    @Test
    void aRestartedDaemonAdoptsWhatLivesWithoutALaunch() {
        healthy();
        effects.clear();

        on(new Input.Recovered());
        assertThat(state.phase()).isEqualTo(Phase.UNKNOWN);
        assertThat(effects).containsExactly(new Effect.Ask());
        on(new Input.Found(instance(1))).on(passed(1));

        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
        assertThat(state.incarnation()).isEqualTo(1);
        assertThat(launches()).isZero();
    }

    @Test
    void anAdoptedServerHasToProveItsRungsAnew() {
        healthy().on(new Input.Recovered()).on(new Input.Found(instance(1)));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.rung()).isEqualTo(Rung.CONTAINER);
        assertThat(state.proven()).isTrue();
        on(passed(1));
        assertThat(state.rung()).isEqualTo(Rung.SESSION);
    }

    @Test
    void aStopByForceKeepsItsForceWhileTheRuntimeCannotBeAsked() {
        healthy().on(new Input.Unavailable("the engine is down")).on(new Input.Stop(false));
        on(new Input.Stop(true));

        on(new Input.Found(instance(1)));

        assertThat(effects).endsWith(new Effect.Halt(1, true, Optional.empty()));
        on(new Input.Halted(1, Optional.of(ended(1, 137)), Optional.empty()));
        assertThat(state.forced()).isFalse();
    }

    @Test
    void whatWasNeverStartedFromHereIsNotEnded() {
        on(new Input.Found(instance(3)));

        assertThat(effects).isEmpty();
        assertThat(state.phase()).isEqualTo(Phase.STOPPED);
    }

    @Test
    void aColdServersFirstClimbIsNotCalledLost() {
        on(new Input.Start(TERMS)).on(new Input.Launched(instance(1))).later(Duration.ZERO);

        assertThat(state.probe().orElseThrow().due().minus(clock)).isGreaterThan(Duration.ofSeconds(5 + 20 + 30));
    }

    @Test
    void aRestartedDaemonLearnsThatAServerEndedMeanwhile() {
        healthy().on(new Input.Recovered());

        on(new Input.Missing(Optional.of(ended(1, 52)), Optional.of(cause("OUT_OF_MEMORY_HEAP", true))));

        assertThat(state.phase()).isEqualTo(Phase.BACKING_OFF);
        assertThat(state.cause()).map(Cause::code).contains("OUT_OF_MEMORY_HEAP");
        assertThat(events).anyMatch(event -> event.message().contains("exit code 52"));
    }

    @Test
    void aRestartByHandOutlivesARuntimeThatCannotBeAsked() {
        healthy().on(new Input.Restart(TERMS)).on(new Input.Unavailable("the engine is down"));
        assertThat(state.phase()).isEqualTo(Phase.UNKNOWN);

        on(new Input.Found(instance(1)));

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
        on(new Input.Halted(1, Optional.of(ended(1, 143)), Optional.empty()));
        assertThat(state.incarnation()).isEqualTo(2);
        assertThat(state.faults()).isZero();
    }

    @Test
    void aLaunchThatMetAnUnknownInstanceAdoptsIt() {
        on(new Input.Start(TERMS)).on(new Input.LaunchFailed(1, cause("ALREADY_RUNNING", false)));
        assertThat(state.phase()).isEqualTo(Phase.UNKNOWN);

        on(new Input.Found(instance(5)));

        assertThat(state.phase()).isEqualTo(Phase.STARTING);
        assertThat(state.incarnation()).isEqualTo(5);
    }

    @Test
    void faultsAreNotAnsweredWhereTheDeclarationSaysSo() {
        Terms once = new Terms(
                TERMS.health(),
                new RestartSpec(false, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                TERMS.stop(),
                false);
        on(new Input.Start(once)).on(new Input.Launched(instance(1))).on(passed(1));

        on(new Input.Exited(ended(1, 1), cause("EXITED", true)));

        assertThat(state.phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void aStartOnAClusterIsDoneWithItsQueryAndLaterProbesAskForLess() {
        Terms cluster = new Terms(TERMS.health(), TERMS.restart(), TERMS.stop(), true, true);
        on(new Input.Start(cluster)).on(new Input.Launched(instance(1))).on(passed(1));
        assertThat(state.phase()).isEqualTo(Phase.STARTING);

        on(new Input.Probed(1, Rung.QUERY, Rung.QUERY, Optional.empty(), OptionalInt.of(15002)));
        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);

        on(passed(1));
        assertThat(state.phase()).isEqualTo(Phase.HEALTHY);
    }

    @Test
    void aContextThatEndedOnItsClusterIsToldByTheNextProbe() {
        Terms cluster = new Terms(TERMS.health(), TERMS.restart(), TERMS.stop(), true, true);
        on(new Input.Start(cluster))
                .on(new Input.Launched(instance(1)))
                .on(new Input.Probed(1, Rung.QUERY, Rung.QUERY, Optional.empty(), OptionalInt.of(15002)));

        on(new Input.Probed(
                1,
                Rung.SESSION,
                Rung.RPC,
                Optional.of(new ProbeFailure(Rung.SESSION, ProbeFailure.Kind.CONTEXT_GONE, "INTERNAL")),
                OptionalInt.of(15002)));

        assertThat(state.phase()).isEqualTo(Phase.UNHEALTHY);
        assertThat(state.cause().orElseThrow().code()).isEqualTo("ZOMBIE");
    }

    @Test
    void aContextThatEndedOnItsClusterEndsTheStartThatWaitsForIt() {
        Terms cluster = new Terms(TERMS.health(), TERMS.restart(), TERMS.stop(), true, true);
        on(new Input.Start(cluster)).on(new Input.Launched(instance(1)));
        Input gone = new Input.Probed(
                1,
                Rung.QUERY,
                Rung.RPC,
                Optional.of(new ProbeFailure(Rung.SESSION, ProbeFailure.Kind.CONTEXT_GONE, "INTERNAL")),
                OptionalInt.of(15002));

        on(gone);
        Duration soon = TERMS.health().interval().plus(TERMS.health().timeout());
        assertThat(state.deadline()).contains(clock.plus(soon));
        // Told again and again, it ends no later.
        clock = clock.plus(Duration.ofSeconds(1));
        on(gone);
        assertThat(state.deadline()).contains(clock.plus(soon).minusSeconds(1));
        untilDeadline();

        assertThat(state.phase()).isEqualTo(Phase.STOPPING);
    }

    @Test
    void waitsDoubleWithinTheirBoundsAndDifferByServer() {
        RestartSpec spec = TERMS.restart();
        Set<Duration> first = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            first.add(RestartPolicy.delay(spec, 1, seed));
            for (int fault = 1; fault <= 40; fault++) {
                long full = (long) Math.min(300_000, 1000 * Math.pow(2, fault - 1));
                assertThat(RestartPolicy.delay(spec, fault, seed).toMillis()).isBetween((long) (full * 0.75) - 1, full);
            }
        }
        assertThat(first).hasSizeGreaterThan(20);
    }

    @Test
    void everyInputInEveryPhaseKeepsTheInvariants() {
        Map<Phase, ServerState> phases = everyPhase();
        assertThat(phases.keySet()).containsExactlyInAnyOrder(Phase.values());
        List<Input> inputs = everyInput();
        Set<Class<?>> covered = new HashSet<>();
        inputs.forEach(input -> covered.add(input.getClass()));
        assertThat(covered).containsExactlyInAnyOrder(Input.class.getPermittedSubclasses());

        for (ServerState from : phases.values()) {
            for (Input input : inputs) {
                for (Duration moment : List.of(Duration.ZERO, clock, clock.plus(Duration.ofDays(40)))) {
                    Step step = Lifecycle.step(from, input, at(moment));
                    assertThat(Moments.violation(step.state()))
                            .as("%s in %s gives %s", input, from.phase(), step.state())
                            .isEmpty();
                    assertThat(step.state().phase() == from.phase()
                                    || step.events().stream()
                                            .anyMatch(event -> event.type().equals("phase")))
                            .as("%s in %s moves without an event", input, from.phase())
                            .isTrue();
                }
            }
        }
    }

    private Map<Phase, ServerState> everyPhase() {
        Map<Phase, ServerState> phases = new EnumMap<>(Phase.class);
        phases.put(Phase.STOPPED, state);
        on(new Input.Start(TERMS));
        phases.put(Phase.STARTING, state);
        on(new Input.Launched(instance(1))).on(passed(1));
        phases.put(Phase.HEALTHY, state);
        on(failed(1)).on(failed(1)).on(failed(1));
        phases.put(Phase.UNHEALTHY, state);
        untilDeadline();
        phases.put(Phase.STOPPING, state);
        on(new Input.Halted(1, Optional.empty(), Optional.empty()));
        phases.put(Phase.BACKING_OFF, state);
        untilDeadline().on(new Input.Launched(instance(2))).on(new Input.Unavailable("down"));
        phases.put(Phase.UNKNOWN, state);
        on(new Input.Found(instance(2))).on(new Input.Exited(ended(2, 1), cause("BAD_MASTER", false)));
        phases.put(Phase.FAILED, state);
        return phases;
    }

    private static List<Input> everyInput() {
        List<Input> inputs = new ArrayList<>(List.of(
                new Input.Start(TERMS),
                new Input.Stop(false),
                new Input.Stop(true),
                new Input.Stop(false, Duration.ofSeconds(10), true),
                new Input.Restart(TERMS),
                new Input.Restart(TERMS, Duration.ofSeconds(10), true),
                new Input.Recovered(),
                new Input.Unavailable("down"),
                new Input.Missing(Optional.empty(), Optional.empty()),
                new Input.Tick()));
        for (int incarnation : new int[] {0, 1, 2, 3}) {
            inputs.addAll(Arrays.asList(
                    new Input.Progressed(incarnation),
                    new Input.Prepared(incarnation),
                    new Input.Launched(instance(incarnation)),
                    new Input.LaunchFailed(incarnation, cause("EXITED", true)),
                    new Input.LaunchFailed(incarnation, cause("ALREADY_RUNNING", false)),
                    new Input.LaunchFailed(incarnation, cause("BAD_MASTER", false)),
                    new Input.Exited(ended(incarnation, 137), cause("KILLED", true)),
                    new Input.Exited(endedOutside(incarnation), cause("TERMINATED", true)),
                    new Input.Halted(incarnation, Optional.of(endedOutside(incarnation)), Optional.empty()),
                    new Input.Missing(Optional.of(endedOutside(incarnation)), Optional.of(cause("TERMINATED", true))),
                    new Input.LaunchFailed(incarnation, cause("ENGINE_UNREACHABLE", true)),
                    new Input.Halted(incarnation, Optional.empty(), Optional.empty()),
                    new Input.Halted(incarnation, Optional.of(ended(incarnation, 143)), Optional.of(cause("X", false))),
                    passed(incarnation),
                    failed(incarnation),
                    new Input.Proven(incarnation, Rung.QUERY),
                    new Input.QueryFailed(incarnation, "no executors", cause("PROBE_FAILED", true)),
                    new Input.QueryFailed(incarnation, "refused", cause("BAD_CONF_VALUE", false)),
                    new Input.Found(instance(incarnation)),
                    new Input.Missing(Optional.of(ended(incarnation, 1)), Optional.of(cause("EXITED", true)))));
        }
        return inputs;
    }
}
