package io.connectctl.manager.supervise;

/** Which declaration a restart is by. */
public enum RestartFrom {
    /** The stored one, which is in force from then on. */
    CURRENT,
    /** The one that the last run was launched by, whatever was declared since. */
    SAME,
    /** The last one that a run got HEALTHY by. */
    ROLLBACK
}
