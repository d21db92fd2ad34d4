package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Declaration;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A pool as somebody wants it.
 *
 * @param name plain as a server's name
 * @param size how many spare servers
 * @param declaration of each; what it leaves open is chosen as for a lease
 * @param maxAge a spare older than this is replaced; {@link io.connectctl.manager.pool.Pool#MAX_AGE} unless said
 * @param budgetBytes what all spares together may take of the machine's memory; unless said, its part of the half that
 *     is there for all pools
 */
public record PoolOrder(
        String name, int size, Declaration declaration, Optional<Duration> maxAge, OptionalLong budgetBytes) {}
