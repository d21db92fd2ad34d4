package io.connectctl.compose.spec;

/** A part of a container's hardening that a declaration gives up by name ({@code container.loosen}). */
public enum Loosening {
    /** Runs as the image's own user rather than as uid and gid 185, the {@code spark} of Apache's images. */
    USER,
    /** Keeps the engine's default capabilities rather than none. */
    CAPABILITIES,
    /** Lets setuid programs raise privileges. */
    NEW_PRIVILEGES,
    /** Makes the root file system writable. */
    READ_ONLY,
    /** Limits neither processes nor threads. */
    PIDS,
    /** Limits no memory. */
    MEMORY,
    /** Lets the container swap as much again as its memory. */
    SWAP,
    /** Runs no init: the server is PID 1 and reaps its children itself, or doesn't. */
    INIT
}
