package io.connectctl.manager.lifecycle;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Why a server is where it is, for people and for scripts.
 *
 * @param code stable code such as {@code PORT_TAKEN}, {@code OUT_OF_MEMORY_HEAP}, {@code KILLED}, {@code UNKNOWN}
 * @param summary one sentence: what happened, with the values involved
 * @param remedy what to do next; empty only where nothing need be done
 * @param evidence the one to three decisive log lines or facts; never a secret
 * @param retryable whether another launch of the same declaration can help
 * @param log the log of the instance that it speaks of, also after another one was launched; empty where there is no such file
 */
public record Cause(
        String code, String summary, String remedy, List<String> evidence, boolean retryable, Optional<Path> log) {
    public Cause {
        evidence = List.copyOf(evidence);
    }

    /** One that no log belongs to. */
    public Cause(String code, String summary, String remedy, List<String> evidence, boolean retryable) {
        this(code, summary, remedy, evidence, retryable, Optional.empty());
    }

    /** The same, and where its instance's log lies. */
    public Cause in(Optional<Path> file) {
        return new Cause(code, summary, remedy, evidence, retryable, file);
    }

    /** The same of an instance that isn't ours to end, whatever a launch of ours would come to. */
    public Cause asRetryable() {
        return new Cause(code, summary, remedy, evidence, true, log);
    }

    /** The same, where another launch is somebody's own decision. */
    Cause notRetryable() {
        return new Cause(code, summary, remedy, evidence, false, log);
    }
}
