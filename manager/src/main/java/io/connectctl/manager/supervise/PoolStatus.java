package io.connectctl.manager.supervise;

import io.connectctl.manager.pool.Pool;

/**
 * A pool as it is now.
 *
 * @param pool the pool
 * @param ready spares that a query ran on
 * @param starting spares on their way, or waiting for their turn
 * @param claimed servers of it that somebody holds now
 * @param budgetBytes what its spares together may take now
 */
public record PoolStatus(Pool pool, int ready, int starting, int claimed, long budgetBytes) {}
