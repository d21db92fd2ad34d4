package io.connectctl.manager.store;

/**
 * What lies where the store should is none, or none any more: cut off, overwritten, half gone. Trying again can't help; setting
 * it aside can. What is only out of reach for now (a full disk, a wrong owner, a lock) is never told by this.
 */
public final class DamagedStoreException extends StoreException {
    private static final long serialVersionUID = 1L;

    private final String finding;

    DamagedStoreException(String message, String finding, Throwable cause) {
        super(message, cause);
        this.finding = finding;
    }

    DamagedStoreException(String message, String finding) {
        super(message);
        this.finding = finding;
    }

    /** What was found, in SQLite's words: {@code SQLITE_NOTADB}, or a line of its integrity check. */
    public String finding() {
        return finding;
    }
}
