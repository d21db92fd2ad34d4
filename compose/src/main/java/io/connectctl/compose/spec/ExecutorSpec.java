package io.connectctl.compose.spec;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * The executors that a server asks its cluster for. What isn't declared is left to Spark's own defaults, or to {@code conf}.
 *
 * @param number so many, always; excludes {@code min} and {@code max}
 * @param min dynamic allocation keeps at least so many; comes with {@code max}
 * @param max dynamic allocation asks for at most so many
 * @param cores of each executor
 * @param memory each executor's heap
 */
public record ExecutorSpec(
        OptionalInt number, OptionalInt min, OptionalInt max, OptionalInt cores, Optional<MemorySize> memory) {
    /** Nothing declared. */
    public static final ExecutorSpec UNDECLARED = new ExecutorSpec(
            OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty());

    /** True if Spark asks for executors as it needs them. */
    public boolean dynamic() {
        return min.isPresent() || max.isPresent();
    }

    /** True if it is said how many there are. */
    public boolean counted() {
        return number.isPresent() || dynamic();
    }
}
