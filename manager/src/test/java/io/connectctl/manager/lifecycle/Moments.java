package io.connectctl.manager.lifecycle;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.StopSpec;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Values that the lifecycle's tests share. */
final class Moments {
    static final ServerName NAME = new ServerName("sales");
    static final Terms TERMS = new Terms(
            new HealthSpec(
                    Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
            new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
            new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
            true);

    private Moments() {}

    static Now at(Duration boot) {
        return new Now(boot, Instant.EPOCH.plus(boot));
    }

    static Instance instance(int incarnation) {
        return new Instance(
                NAME,
                incarnation,
                "sales/" + incarnation + "/x",
                OptionalLong.of(1000 + incarnation),
                Optional.empty(),
                Instant.EPOCH,
                Optional.empty());
    }

    /** A run that is told apart from others of its number. */
    static Instance instance(int incarnation, String marker) {
        return new Instance(
                NAME,
                incarnation,
                marker,
                OptionalLong.of(1000 + incarnation),
                Optional.empty(),
                Instant.EPOCH,
                Optional.empty());
    }

    static Instance ended(int incarnation, int code) {
        return ended(instance(incarnation), code, false);
    }

    static Instance ended(Instance alive, int code, boolean outside) {
        return new Instance(
                NAME,
                alive.incarnation(),
                alive.marker(),
                alive.pid(),
                Optional.empty(),
                Instant.EPOCH,
                Optional.of(new ExitStatus(OptionalInt.of(code), Instant.EPOCH, Optional.empty(), outside)));
    }

    /** Ended by a person with the runtime's own tools. */
    static Instance endedOutside(int incarnation) {
        return ended(instance(incarnation), 143, true);
    }

    static Cause cause(String code, boolean retryable) {
        return new Cause(code, "it was " + code, "mend it", List.of(), retryable);
    }

    static Input.Probed passed(int incarnation) {
        return new Input.Probed(incarnation, Rung.SESSION, Rung.SESSION, Optional.empty(), OptionalInt.of(15002));
    }

    static Input.Probed failed(int incarnation) {
        return new Input.Probed(
                incarnation,
                Rung.SESSION,
                Rung.PORT,
                Optional.of(new ProbeFailure(Rung.RPC, ProbeFailure.Kind.TIMED_OUT, "no answer within 5 s")),
                OptionalInt.of(15002));
    }

    /** What must be true of every state, whatever happened. */
    static Optional<String> violation(ServerState state) {
        boolean timed =
                switch (state.phase()) {
                    case STARTING, HEALTHY, UNHEALTHY, STOPPING, BACKING_OFF -> true;
                    case STOPPED, FAILED, UNKNOWN -> false;
                };
        if (timed != state.earliest().isPresent()) {
            return Optional.of(state.phase() + " has " + (timed ? "no deadline" : "a deadline"));
        }
        if (state.phase() == Phase.STOPPED && state.desired() == Desired.UP) {
            return Optional.of("STOPPED though wanted UP: the intent is lost");
        }
        boolean up =
                switch (state.phase()) {
                    case STARTING, HEALTHY, UNHEALTHY, BACKING_OFF, FAILED -> true;
                    case STOPPED, STOPPING, UNKNOWN -> false;
                };
        if (up && state.desired() == Desired.DOWN) {
            return Optional.of(state.phase() + " though wanted DOWN: the intent is lost");
        }
        if (state.phase() == Phase.FAILED && state.cause().isEmpty()) {
            return Optional.of("FAILED without saying why");
        }
        if (state.phase() == Phase.HEALTHY
                && !state.rung().atLeast(state.terms().until())) {
            return Optional.of("HEALTHY though only " + state.rung() + " was proven");
        }
        if (state.faults() > state.terms().restart().budget() + 1) {
            return Optional.of(state.faults() + " faults were answered with a restart");
        }
        if (state.wanted() < state.incarnation()) {
            return Optional.of("wants incarnation " + state.wanted() + " after " + state.incarnation());
        }
        return Optional.empty();
    }
}
