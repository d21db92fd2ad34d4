package io.connectctl.health.ui;

/**
 * The executors of an application as its UI lists them, the driver left out.
 *
 * @param registered those that are there now
 * @param lost those that were there and are not any more
 * @param cores of all that are registered
 * @param poolBytes the unified memory pools ({@code maxMemory}) of all that are registered
 * @param lastLoss why the last one was lost, in Spark's words; empty where none was, or Spark doesn't say
 */
public record Executors(int registered, int lost, int cores, long poolBytes, String lastLoss) {}
