package io.connectctl.manager.lease;

/**
 * Where a lease is in its life.
 *
 * <pre>
 * WAITING -> STARTING -> READY -> ENDING -> (dropped)
 *                 \-> FAILED -----/^
 * </pre>
 *
 * Each of them may go to ENDING at once: released, expired, its owner gone.
 */
public enum LeaseState {
    /** Its server is declared; others are being started, and its turn comes. */
    WAITING,
    /** Its server is being started; a query hasn't run yet. */
    STARTING,
    /** A query ran on its server. */
    READY,
    /** Its server FAILED; what is left of it stays for its holder to look at, until the lease ends. */
    FAILED,
    /** Its server is being ended and removed; then the lease is dropped. */
    ENDING
}
