package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** No lease at all. */
final class NoLeases implements Leases {
    @Override
    public List<LeaseStatus> leases() {
        return List.of();
    }

    @Override
    public Optional<LeaseStatus> lease(String id) {
        return Optional.empty();
    }

    @Override
    public Optional<LeaseStatus> of(ServerName server) {
        return Optional.empty();
    }

    @Override
    public LeaseStatus lease(LeaseOrder order) throws RefusedException {
        throw new RefusedException(RefusedException.Code.INVALID, "nothing can be leased here");
    }

    @Override
    public LeaseStatus renew(String id, Optional<Duration> ttl, boolean disown) throws RefusedException {
        throw new RefusedException(RefusedException.Code.NO_SUCH_LEASE, "there is no lease '" + id + "'");
    }

    @Override
    public void release(String id) throws RefusedException {
        throw new RefusedException(RefusedException.Code.NO_SUCH_LEASE, "there is no lease '" + id + "'");
    }

    @Override
    public List<PoolStatus> pools() {
        return List.of();
    }

    @Override
    public PoolStatus declare(PoolOrder order) throws RefusedException {
        throw new RefusedException(RefusedException.Code.INVALID, "nothing can be leased here");
    }

    @Override
    public void deletePool(String name) throws RefusedException {
        throw new RefusedException(RefusedException.Code.NO_SUCH_POOL, "there is no pool '" + name + "'");
    }

    @Override
    public void close() {}
}
