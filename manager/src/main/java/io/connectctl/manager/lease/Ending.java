package io.connectctl.manager.lease;

/** Why a lease ends. */
public enum Ending {
    RELEASED("released"),
    EXPIRED("expired"),
    OWNER_GONE("its owner is gone"),
    /** The pool doesn't want it any more: deleted, smaller, declared anew, or the spare too old. */
    RETIRED("not wanted by its pool any more"),
    /** A pool's spare that faulted. */
    FAULTED("the spare faulted"),
    /** Somebody stopped or removed its server. */
    STOPPED("its server was stopped by somebody");

    private final String words;

    Ending(String words) {
        this.words = words;
    }

    /** As people read it. */
    public String words() {
        return words;
    }
}
