package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Problem;
import java.util.List;

/** A command was refused; nothing was changed. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Code {
        /** No server of that name is declared. */
        NO_SUCH_SERVER,
        /** The declaration has problems. */
        INVALID,
        /** Another file declared that name. */
        NAME_HELD,
        /** Another server or process holds the port. */
        PORT_HELD,
        /** What runs there can't be taken over. */
        NOT_ADOPTABLE,
        /** It must be stopped first. */
        RUNNING,
        /** It isn't running, and the command needs that. */
        NOT_RUNNING,
        /** Clients' operations run on it. */
        OPERATIONS_RUNNING,
        /** No declaration of it was ever HEALTHY. */
        NEVER_HEALTHY,
        /** Its warehouse holds data. */
        WAREHOUSE_NOT_EMPTY,
        /** There is no such lease, or it is over. */
        NO_SUCH_LEASE,
        /** There is no such pool. */
        NO_SUCH_POOL,
        /** The process that was named as owner doesn't run. */
        OWNER_GONE,
        /** It does something else, and nothing was done: it can be tried again. */
        BUSY,
        /** The state can't be written (disk full, damaged). */
        STORE_FAILED
    }

    private final Code code;
    private final transient List<Problem> problems;

    public RefusedException(Code code, String message) {
        this(code, message, List.of());
    }

    public RefusedException(Code code, String message, List<Problem> problems) {
        super(message);
        this.code = code;
        this.problems = List.copyOf(problems);
    }

    /** Why. */
    public Code code() {
        return code;
    }

    /** Every problem of the declaration, for INVALID. */
    public List<Problem> problems() {
        return problems;
    }
}
