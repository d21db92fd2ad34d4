package io.connectctl.manager.lifecycle;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * All that decides what happens next to a server. Only {@link Lifecycle} makes new ones from old ones.
 *
 * @param name whose
 * @param phase where it is
 * @param desired what is wanted
 * @param incarnation number of the current or last run; 0 before the first
 * @param wanted the least incarnation that may run: above {@code incarnation} once the current instance is condemned, so that
 *     the intent to replace it outlives a runtime that can't be asked
 * @param endedBy who ended the last instance, or is ending this one
 * @param cause why it is where it is
 * @param rung highest rung proven in this incarnation, since it was adopted if it was; NONE before its instance exists
 * @param proven whether this incarnation was ever HEALTHY
 * @param queried whether a query ever ran on this incarnation: then it serves, whatever fails later
 * @param forced whether a stop by force was asked for and isn't done: it outlives a runtime that can't be asked
 * @param faults faults in a row, each of which cost a part of the restart budget
 * @param restarts launches for faults since the last launch by hand
 * @param failures failed probes in a row
 * @param successes passed probes in a row
 * @param lastFailure why the latest probe failed; empty if it passed
 * @param deadline moment on the boot clock at which this phase has lasted too long; empty where it may last
 * @param probe when the next probe is due, or the one under way counts as lost; empty where nothing is probed
 * @param stableSince moment on the boot clock since when it is HEALTHY
 * @param phaseSince since when it is in this phase
 * @param healthySince since when it is HEALTHY
 * @param instance the current or last run, as far as it is known
 * @param port the gRPC port last seen to answer
 * @param seed decides the jitter of its waits
 * @param terms what of its declaration in force matters here
 */
public record ServerState(
        ServerName name,
        Phase phase,
        Desired desired,
        int incarnation,
        int wanted,
        EndedBy endedBy,
        Optional<Cause> cause,
        Rung rung,
        boolean proven,
        boolean queried,
        boolean forced,
        int faults,
        int restarts,
        int failures,
        int successes,
        Optional<ProbeFailure> lastFailure,
        Optional<Duration> deadline,
        Optional<ProbeClock> probe,
        Optional<Duration> stableSince,
        Instant phaseSince,
        Optional<Instant> healthySince,
        Optional<Instance> instance,
        OptionalInt port,
        long seed,
        Terms terms) {
    /** A server that was just declared. */
    public static ServerState initial(ServerName name, Terms terms, long seed, Instant now) {
        return new ServerState(
                name,
                Phase.STOPPED,
                Desired.DOWN,
                0,
                0,
                EndedBy.OPERATOR,
                Optional.empty(),
                Rung.NONE,
                false,
                false,
                false,
                0,
                0,
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                now,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                seed,
                terms);
    }

    /** This server where nothing runs and its declaration can't be used: FAILED. */
    public ServerState invalid(Cause why, Instant now) {
        return new ServerState(
                name,
                Phase.FAILED,
                desired,
                incarnation,
                wanted,
                endedBy,
                Optional.of(why),
                Rung.NONE,
                proven,
                queried,
                false,
                faults,
                restarts,
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                now,
                Optional.empty(),
                instance,
                port,
                seed,
                terms);
    }

    /** The earliest moment on the boot clock at which time alone changes something: the one timer of a server. */
    public Optional<Duration> earliest() {
        return Stream.concat(deadline.stream(), probe.map(ProbeClock::due).stream())
                .min(Duration::compareTo);
    }

    /** True if an instance runs, is being launched, or may run, and nobody means to end it. */
    public boolean kept() {
        return switch (phase) {
            case STARTING, HEALTHY, UNHEALTHY -> true;
            case UNKNOWN -> desired == Desired.UP && wanted <= incarnation;
            case STOPPED, STOPPING, BACKING_OFF, FAILED -> false;
        };
    }

    /** True if nothing runs and nothing will by itself. */
    public boolean resting() {
        return phase == Phase.STOPPED || phase == Phase.FAILED;
    }
}
