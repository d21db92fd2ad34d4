package io.connectctl.compose.runtime.docker;

/** The engine answered, and said no. */
final class EngineRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    static final int NOT_FOUND = 404;
    static final int CONFLICT = 409;

    private final int status;

    /**
     * @param status the HTTP status
     * @param message what the engine said
     */
    EngineRefusal(int status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    EngineRefusal(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The HTTP status. */
    int status() {
        return status;
    }

    /** What the engine said. */
    String said() {
        return String.valueOf(getMessage());
    }
}
