package io.connectctl.compose.runtime;

import java.util.List;

/** A launch failed; says what, why, what to do, and whether trying again can help. */
public final class LaunchException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String remedy;
    private final String[] evidence; // exceptions are serializable, a List needn't be
    private final boolean retryable;

    /**
     * @param code a cause code such as {@code PORT_TAKEN}, {@code SPARK_UNRESOLVABLE}, {@code ALREADY_RUNNING}, {@code FOLDER_UNWRITABLE}
     * @param message what failed, with which value
     * @param remedy what to do next
     * @param retryable whether trying again without a change can help
     */
    public LaunchException(String code, String message, String remedy, boolean retryable) {
        super(message);
        this.code = code;
        this.remedy = remedy;
        this.evidence = new String[0];
        this.retryable = retryable;
    }

    public LaunchException(String code, String message, String remedy, boolean retryable, Throwable cause) {
        this(code, message, remedy, List.of(), retryable, cause);
    }

    /**
     * With the words of whoever refused.
     *
     * @param evidence the lines that prove it
     */
    public LaunchException(
            String code, String message, String remedy, List<String> evidence, boolean retryable, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.remedy = remedy;
        this.evidence = evidence.toArray(new String[0]);
        this.retryable = retryable;
    }

    /** The cause code. */
    public String code() {
        return code;
    }

    /** What to do next. */
    public String remedy() {
        return remedy;
    }

    /** The lines that prove it, as whoever refused said them; none where the message tells all. */
    public List<String> evidence() {
        return List.of(evidence);
    }

    /** Whether trying again without a change can help. */
    public boolean retryable() {
        return retryable;
    }
}
