package io.connectctl.compose.spec;

/**
 * How Spark divides the driver's heap (UnifiedMemoryManager.getMaxMemory, 3.4 to 4.2):
 * {@code (Runtime.maxMemory - 300 MiB) x spark.memory.fraction}.
 *
 * @param heapBytes what was asked for as -Xmx
 * @param usableBytes Runtime.maxMemory under the pinned collector
 * @param reservedBytes Spark's reserve
 * @param fraction spark.memory.fraction
 * @param poolBytes the unified pool that the UI reports
 * @param collector the collector that was assumed, such as {@code G1}
 */
public record MemoryModel(
        long heapBytes, long usableBytes, long reservedBytes, double fraction, long poolBytes, String collector) {
    /** The arithmetic for one server. */
    public static MemoryModel of(ServerSpec spec) {
        throw new UnsupportedOperationException("skeleton: " + spec.name());
    }

    /** As people read it: {@code (1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB}. */
    public String explain() {
        throw new UnsupportedOperationException("skeleton");
    }
}
