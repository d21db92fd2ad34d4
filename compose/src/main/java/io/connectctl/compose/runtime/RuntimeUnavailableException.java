package io.connectctl.compose.runtime;

/** The runtime can't be asked now; nothing is known of its servers until it can. */
public final class RuntimeUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    public RuntimeUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
