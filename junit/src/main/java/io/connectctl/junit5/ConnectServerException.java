package io.connectctl.junit5;

/**
 * A server could not be had, asked or restarted. Its message is connectctl's own: the cause and the remedy.
 */
public final class ConnectServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConnectServerException(String message) {
        super(message);
    }

    ConnectServerException(String message, Throwable cause) {
        super(message, cause);
    }
}
