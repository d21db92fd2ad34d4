package io.connectctl.manager.lifecycle;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** All that can happen to a server: commands, outcomes of effects, news of its runtime, and time. */
public sealed interface Input {
    /** Somebody wants it up; {@code terms} hold from the next launch. */
    record Start(Terms terms) implements Input {}

    /**
     * Somebody wants it down.
     *
     * @param force kills without grace
     * @param drain how long what clients run may finish first
     * @param anew whether a drain that is under way is to last that long from now on; else it goes on as it was ordered
     * @param why who or what stopped it, as events tell it
     */
    record Stop(boolean force, Duration drain, boolean anew, String why) implements Input {
        /** What is said where nothing else is known of whoever asked. */
        public static final String BY_HAND = "stopped by hand";

        /** By hand. */
        public Stop(boolean force, Duration drain, boolean anew) {
            this(force, drain, anew, BY_HAND);
        }

        /** By hand and at once; a drain that is under way goes on. */
        public Stop(boolean force) {
            this(force, Duration.ZERO, false);
        }
    }

    /**
     * Somebody wants a new incarnation; {@code terms} hold from its launch, {@code drain} and {@code anew} are for the one that ends, as
     * those of {@link Stop}.
     */
    record Restart(Terms terms, Duration drain, boolean anew) implements Input {
        /** At once; a drain that is under way goes on. */
        public Restart(Terms terms) {
            this(terms, Duration.ZERO, false);
        }
    }

    /** The daemon starts and has read this state from the store: effects that were under way are lost. */
    record Recovered() implements Input {}

    /** The preparation of a launch got further. */
    record Progressed(int incarnation) implements Input {}

    /** The preparation is done; the launch itself begins. */
    record Prepared(int incarnation) implements Input {}

    /** A launch gave an instance. */
    record Launched(Instance instance) implements Input {}

    /** A launch gave none. */
    record LaunchFailed(int incarnation, Cause cause) implements Input {}

    /** An instance ended, and why as far as evidence tells. */
    record Exited(Instance instance, Cause cause) implements Input {}

    /**
     * A halt returned: nothing of the server runs.
     *
     * @param incarnation the incarnation that was current when the halt was ordered
     * @param last the last instance with its exit, where there was one
     * @param found a better cause than the one the halt was ordered for, where evidence gave one
     */
    record Halted(int incarnation, Optional<Instance> last, Optional<Cause> found) implements Input {}

    /**
     * A probe answered.
     *
     * @param until the rung it was asked to prove
     * @param reached the highest rung it proved
     * @param failure why it went no further
     * @param port the gRPC port it spoke to, once known
     */
    record Probed(int incarnation, Rung until, Rung reached, Optional<ProbeFailure> failure, OptionalInt port)
            implements Input {}

    /** A probe beside the periodic ones, asked for by hand, got as far as {@code reached}: it adds to what is proven, and judges nothing. */
    record Proven(int incarnation, Rung reached) implements Input {}

    /**
     * A query of ours failed on an instance that answers all that is below it.
     *
     * @param detail what was asked and answered, in a line
     * @param cause why, as far as evidence tells; one that isn't retryable says that no client gets further, ever
     */
    record QueryFailed(int incarnation, String detail, Cause cause) implements Input {}

    /** The runtime was asked and says that this instance runs. */
    record Found(Instance instance) implements Input {}

    /** The runtime was asked and says that nothing runs; what it remembers of the last instance, and why that ended. */
    record Missing(Optional<Instance> last, Optional<Cause> cause) implements Input {}

    /** The runtime can't be asked. */
    record Unavailable(String why) implements Input {}

    /** Time went by: the server's earliest deadline may have come. */
    record Tick() implements Input {}
}
