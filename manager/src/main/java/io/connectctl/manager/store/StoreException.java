package io.connectctl.manager.store;

/** The store can't do what it was asked; nothing of it was done. The message says what failed and what to do. */
public class StoreException extends Exception {
    private static final long serialVersionUID = 1L;

    public StoreException(String message) {
        super(message);
    }

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
