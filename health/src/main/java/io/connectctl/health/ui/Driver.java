package io.connectctl.health.ui;

/**
 * The driver as the UI lists it among the executors.
 *
 * @param poolBytes the unified memory pool ({@code maxMemory}), bytes
 * @param cores {@code totalCores}; 0 with a cluster master, where the driver runs no tasks
 */
public record Driver(long poolBytes, int cores) {}
