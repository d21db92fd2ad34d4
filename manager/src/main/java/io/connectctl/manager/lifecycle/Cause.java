package io.connectctl.manager.lifecycle;

import java.util.List;

/**
 * Why a server is where it is, for people and for scripts.
 *
 * @param code stable code such as {@code PORT_TAKEN}, {@code OUT_OF_MEMORY_HEAP}, {@code KILLED}, {@code UNKNOWN}
 * @param summary one sentence: what happened, with the values involved
 * @param remedy what to do next; empty only where nothing need be done
 * @param evidence the one to three decisive log lines or facts; never a secret
 * @param retryable whether another launch of the same declaration can help
 */
public record Cause(String code, String summary, String remedy, List<String> evidence, boolean retryable) {
    public Cause {
        evidence = List.copyOf(evidence);
    }

    /** The same, where another launch is somebody's own decision. */
    Cause notRetryable() {
        return new Cause(code, summary, remedy, evidence, false);
    }
}
