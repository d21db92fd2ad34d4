package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Declaration;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What somebody wants to lease.
 *
 * @param declaration of the server; what it leaves open is chosen to suit a throwaway one: any free ports, a token where Spark knows
 *     one. Not used with a pool
 * @param pool the pool to claim a server of
 * @param owner whose it is, in words; empty for nobody's
 * @param ownerPid the process with whose end the lease ends
 * @param ttl how long it lives after each renewal
 */
public record LeaseOrder(
        Declaration declaration, Optional<String> pool, Optional<String> owner, OptionalLong ownerPid, Duration ttl) {}
