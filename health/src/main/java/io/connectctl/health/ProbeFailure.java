package io.connectctl.health;

/**
 * Why a rung could not be proven.
 *
 * @param rung the rung that failed
 * @param kind the family of the failure
 * @param detail one line for people: what was asked of which address and what came back; never a secret
 */
public record ProbeFailure(Rung rung, Kind kind, String detail) {
    /** Families of probe failures. */
    public enum Kind {
        /** Nothing listens there. */
        REFUSED,
        /** No answer within the deadline. */
        TIMED_OUT,
        /** No answer, as its process is stopped or its container paused. */
        SUSPENDED,
        /** Something answers, but it is no Spark Connect server. */
        NOT_SPARK_CONNECT,
        /** The server wants a token, or another one. */
        UNAUTHENTICATED,
        /** gRPC answers but the SparkContext is gone: a zombie. */
        CONTEXT_GONE,
        /** The UI that answers belongs to another Spark application. */
        FOREIGN_UI,
        /** The SparkContext lives, and too few executors are there to do its work. */
        NO_EXECUTORS,
        /** The query failed. */
        QUERY_FAILED,
        /** Anything else; the detail says what. */
        OTHER
    }
}
