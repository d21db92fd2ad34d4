package io.connectctl.manager.pool;

import java.time.Duration;

/**
 * One spare server of a pool, not handed out.
 *
 * @param lease by which the pool holds it
 * @param revision of the declaration that it was made from
 * @param ready whether a query ran on it
 * @param age since it was wanted
 */
public record Spare(String lease, int revision, boolean ready, Duration age) {}
