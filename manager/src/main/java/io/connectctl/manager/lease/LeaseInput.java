package io.connectctl.manager.lease;

import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.pool.Pool;
import java.time.Duration;
import java.util.Optional;

/** All that can happen to leases and pools. */
public sealed interface LeaseInput {
    /** Somebody leases a fresh server, which is declared already. */
    record Granted(String id, Optional<Owner> owner, Duration ttl) implements LeaseInput {}

    /**
     * Somebody claims a server of a pool: a ready spare, else one on its way, else a fresh one.
     *
     * @param fresh the id to use where there is no spare at all; its server is to be declared then
     */
    record Claimed(String pool, String fresh, Optional<Owner> owner, Duration ttl) implements LeaseInput {}

    /**
     * It lives on.
     *
     * @param ttl from now; empty for as long as it was given before
     * @param disown true if it is to outlive its owner
     */
    record Renewed(String id, Optional<Duration> ttl, boolean disown) implements LeaseInput {}

    /** Its holder doesn't need it any more. */
    record Released(String id) implements LeaseInput {}

    /** The process that owns it ended. */
    record OwnerGone(String id) implements LeaseInput {}

    /** A query ran on its server. */
    record Proven(String id) implements LeaseInput {}

    /** Its server isn't usable now; it may be replaced. */
    record Faulted(String id) implements LeaseInput {}

    /** Its server FAILED. */
    record Failed(String id, Cause cause) implements LeaseInput {}

    /** Somebody stopped its server. */
    record Stopped(String id) implements LeaseInput {}

    /** Its server is removed, with all that belonged to it. */
    record Gone(String id) implements LeaseInput {}

    /** A pool was declared. */
    record PoolMade(Pool pool) implements LeaseInput {}

    /** A pool is not wanted any more; what was claimed from it stays. */
    record PoolDeleted(String pool) implements LeaseInput {}

    /** Time passed. */
    record Passed() implements LeaseInput {}
}
