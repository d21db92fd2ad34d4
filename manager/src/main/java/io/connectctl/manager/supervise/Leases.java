package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Every lease of this installation: throwaway servers, and who holds them until when. Thread-safe. */
public interface Leases extends AutoCloseable {
    /** Where nothing is leased, nor can be: a daemon without it, in tests. */
    Leases NONE = new NoLeases();

    /** Every lease, pools' spares included, in the order in which they were wanted. */
    List<LeaseStatus> leases();

    /** One lease. */
    Optional<LeaseStatus> lease(String id);

    /** The lease of a server. */
    Optional<LeaseStatus> of(ServerName server);

    /**
     * Leases a server. Returns as soon as that is stored; the server is started when its turn comes, which its events tell.
     *
     * @throws RefusedException INVALID with every problem, NO_SUCH_POOL, or OWNER_GONE where the process named as owner doesn't run
     */
    LeaseStatus lease(LeaseOrder order) throws RefusedException;

    /**
     * Lets it live on.
     *
     * @param ttl from now; empty for as long as it was given before
     * @param disown true if it is to outlive its owner, until it expires
     * @throws RefusedException NO_SUCH_LEASE where there is none, or it is over
     */
    LeaseStatus renew(String id, Optional<Duration> ttl, boolean disown) throws RefusedException;

    /**
     * Ends it: its server is ended without grace and removed with all its data. Returns as soon as that is stored; the lease is there
     * until it is done. Releasing one that ends already is a success.
     *
     * @throws RefusedException NO_SUCH_LEASE
     */
    void release(String id) throws RefusedException;

    /** Every pool, by name. */
    List<PoolStatus> pools();

    /**
     * Declares a pool, or declares it anew: its spares are started in the background, and replaced where their declaration changed.
     *
     * @throws RefusedException INVALID with every problem
     */
    PoolStatus declare(PoolOrder order) throws RefusedException;

    /**
     * Forgets a pool: its spares go, what was claimed from it stays.
     *
     * @throws RefusedException NO_SUCH_POOL
     */
    void deletePool(String name) throws RefusedException;

    /** Ends the supervision; leases and their servers stay. */
    @Override
    void close();
}
