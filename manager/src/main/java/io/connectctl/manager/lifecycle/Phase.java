package io.connectctl.manager.lifecycle;

/** Where a server is in its life. One enum, no flags: "stopped but healthy" can't be written. */
public enum Phase {
    /** Nothing runs and nobody wants it to. */
    STOPPED,
    /** Launching, or launched and not yet proven. */
    STARTING,
    /** Proven usable by its latest probes. */
    HEALTHY,
    /** It ran well and its probes fail now; it may recover, else it is replaced. */
    UNHEALTHY,
    /** Being ended; what comes next is told by what is desired. */
    STOPPING,
    /** Ended by a fault; waits before the next launch. */
    BACKING_OFF,
    /** Given up; the cause says why. */
    FAILED,
    /** Its runtime can't be asked. */
    UNKNOWN
}
