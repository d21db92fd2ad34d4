package io.connectctl.manager.lifecycle;

import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is to be done for a server after its new state is stored. Launches, halts and questions of one server are done one
 * at a time, in order; a halt interrupts a launch under way. Every effect answers with an input, sooner or later or never.
 */
public sealed interface Effect {
    /**
     * Prepare and launch. Answers: Progressed, Prepared, then Launched or LaunchFailed.
     *
     * @param port the port it had before, for a server whose port is chosen at the launch
     */
    record Launch(int incarnation, OptionalInt port) implements Effect {}

    /**
     * End whatever runs. Answers: Halted, or Unavailable.
     *
     * @param force without grace
     * @param fault the last failed probe where a faulty instance is replaced: its log is looked at before it is ended
     * @param drain how long what clients run may finish first
     */
    record Halt(int incarnation, boolean force, Optional<ProbeFailure> fault, Duration drain) implements Effect {
        /** At once. */
        public Halt(int incarnation, boolean force, Optional<ProbeFailure> fault) {
            this(incarnation, force, fault, Duration.ZERO);
        }
    }

    /** What a halt drains may take {@code patience} from now on, whatever it was given. Answers: nothing beside what the halt does. */
    record Drain(Duration patience) implements Effect {}

    /** Climb to a rung. Answers: Probed. */
    record Probe(int incarnation, Rung until) implements Effect {}

    /** Ask the runtime what runs, again and again until it answers. Answers: Found or Missing. */
    record Ask() implements Effect {}
}
