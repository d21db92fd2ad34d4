package io.connectctl.health;

/** Opens the ladder of one instance; the supervisor is given one, tests give it a fake. */
@FunctionalInterface
public interface LadderFactory {
    /** A ladder against {@code target}; opens no connection before the first climb. */
    Ladder open(ProbeTarget target);
}
