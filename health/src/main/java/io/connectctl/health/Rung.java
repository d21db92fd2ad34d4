package io.connectctl.health;

/**
 * How far a probe got. Each rung includes the ones below it: a server that stops at one rung is told apart from one that
 * is down.
 */
public enum Rung {
    /** Nothing was proven. */
    NONE,
    /** The instance (container or process) runs. */
    CONTAINER,
    /** TCP accepts on the gRPC port. */
    PORT,
    /** Spark Connect itself answered a gRPC call. */
    RPC,
    /** The SparkContext lives, and it is this instance's. */
    SESSION,
    /** A tiny query ran to its result. */
    QUERY;

    /** True if this rung is {@code other} or above it. */
    public boolean atLeast(Rung other) {
        return compareTo(other) >= 0;
    }
}
