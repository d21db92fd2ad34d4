package io.connectctl.health.doctor;

import java.time.Duration;
import java.util.Objects;

/**
 * What one check found out.
 *
 * @param name what was looked at, such as {@code tcp}
 * @param verdict how it went
 * @param code the cause's stable name, such as {@code TOKEN_WRONG}; empty where all is well
 * @param detail one line for people, with the values that were seen; never a secret
 * @param remedy what to do next; empty where there is nothing to do
 * @param took how long it took
 */
public record Check(String name, Verdict verdict, String code, String detail, String remedy, Duration took) {
    /** How a check went. */
    public enum Verdict {
        /** As a client needs it. */
        OK,
        /** Worth knowing, no obstacle. */
        NOTE,
        /** It works, though not for everybody or not for long. */
        WARNING,
        /** A client can't use the server. */
        FAILED,
        /** Not looked at, as an earlier check failed. */
        SKIPPED
    }

    public Check {
        Objects.requireNonNull(verdict, "verdict");
        if (verdict == Verdict.FAILED && (code.isEmpty() || remedy.isEmpty())) {
            throw new IllegalArgumentException("check " + name + " failed without a cause or a remedy: " + detail);
        }
    }
}
