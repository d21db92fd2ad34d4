package io.connectctl.manager.lease;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.Cause;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One throwaway server, and who holds it until when.
 *
 * @param id eight hexadecimal digits
 * @param server its server, which is nobody else's
 * @param number leases are served in the order of their numbers
 * @param state where it stands
 * @param held true if somebody holds it; false for a pool's spare
 * @param owner whose it is, where an owner was named
 * @param pool the pool that its server comes from
 * @param revision of the pool's declaration that the server was made from; 0 without a pool
 * @param since when it was wanted
 * @param ttl how long it lives after each renewal
 * @param expiry when it ends unless it is renewed
 * @param cause why its server FAILED
 * @param ending why it ends, in ENDING
 */
public record Lease(
        String id,
        ServerName server,
        long number,
        LeaseState state,
        boolean held,
        Optional<Owner> owner,
        Optional<String> pool,
        int revision,
        Moment since,
        Duration ttl,
        Moment expiry,
        Optional<Cause> cause,
        Optional<Ending> ending) {
    private static final Pattern LEASED = Pattern.compile("lease-[0-9a-f]{8}");

    public Lease {
        if (ttl.isZero() || ttl.isNegative()) {
            throw new IllegalArgumentException("lease " + id + " can't live for " + ttl);
        }
        if (!held && pool.isEmpty()) {
            throw new IllegalArgumentException("lease " + id + " is held by nobody, so it must be a pool's");
        }
        if ((state == LeaseState.ENDING) != ending.isPresent()) {
            throw new IllegalArgumentException("lease " + id + " is " + state + " with ending " + ending);
        }
    }

    /** The server's name for a lease. */
    public static ServerName serverOf(String id) {
        return new ServerName("lease-" + id);
    }

    /** True for the names of leased servers, which nobody else's may have. */
    public static boolean isLeased(ServerName server) {
        return LEASED.matcher(server.value()).matches();
    }

    /** True while its server may be used, or may become so. */
    public boolean live() {
        return switch (state) {
            case WAITING, STARTING, READY -> true;
            case FAILED, ENDING -> false;
        };
    }

    /** A pool's spare that isn't on its way out. */
    public boolean spare() {
        return !held && live();
    }

    Lease in(LeaseState next) {
        return new Lease(
                id, server, number, next, held, owner, pool, revision, since, ttl, expiry, cause, Optional.empty());
    }

    Lease failed(Cause why) {
        return new Lease(
                id,
                server,
                number,
                LeaseState.FAILED,
                held,
                owner,
                pool,
                revision,
                since,
                ttl,
                expiry,
                Optional.of(why),
                Optional.empty());
    }

    Lease ending(Ending why) {
        return new Lease(
                id,
                server,
                number,
                LeaseState.ENDING,
                held,
                owner,
                pool,
                revision,
                since,
                ttl,
                expiry,
                cause,
                Optional.of(why));
    }

    Lease until(Moment later, Duration time) {
        return new Lease(id, server, number, state, held, owner, pool, revision, since, time, later, cause, ending);
    }

    Lease ownedBy(Optional<Owner> other) {
        return new Lease(id, server, number, state, held, other, pool, revision, since, ttl, expiry, cause, ending);
    }

    Lease claimed(Optional<Owner> by, Duration time, Moment now) {
        return new Lease(
                id, server, number, state, true, by, pool, revision, since, time, now.plus(time), cause, ending);
    }
}
