package io.connectctl.manager.cluster;

import java.io.IOException;
import java.io.Serial;

/** A ResourceManager didn't answer what it was asked. */
public final class ResourceManagerException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** What that says of its cluster. */
    public enum Kind {
        /** Nobody answers, or nobody who is in charge: what is lost isn't replaced. */
        SILENT,
        /** It answers, and not to this question or this user: its cluster works. */
        REFUSES,
        /** Nobody says where it is. */
        UNCONFIGURED
    }

    private final Kind kind;
    private final boolean nobodyListens;

    ResourceManagerException(Kind kind, String message) {
        this(kind, message, false);
    }

    ResourceManagerException(Kind kind, String message, boolean nobodyListens) {
        super(message);
        this.kind = kind;
        this.nobodyListens = nobodyListens;
    }

    /** True if the machine of each of its addresses refuses connections. */
    public boolean nobodyListens() {
        return nobodyListens;
    }

    /** What it says of the cluster. */
    public Kind kind() {
        return kind;
    }
}
