package io.connectctl.compose.spec;

import java.util.Locale;

/**
 * How Spark divides the driver's heap (UnifiedMemoryManager.getMaxMemory, 3.4 to 4.2):
 * {@code (Runtime.maxMemory - 300 MiB) x spark.memory.fraction}. Where memory off the heap is on, the UI adds it to the pool.
 *
 * @param heapBytes what was asked for as -Xmx
 * @param usableBytes Runtime.maxMemory under the pinned collector; see {@link Collector#usableBytes}
 * @param reservedBytes Spark's reserve
 * @param fraction spark.memory.fraction
 * @param offHeapBytes {@code spark.memory.offHeap.size}, where it is enabled
 * @param poolBytes the unified pool that the UI reports
 * @param collector the collector that was assumed, such as {@code G1}
 */
public record MemoryModel(
        long heapBytes,
        long usableBytes,
        long reservedBytes,
        double fraction,
        long offHeapBytes,
        long poolBytes,
        String collector) {
    /** Spark's RESERVED_SYSTEM_MEMORY_BYTES. */
    public static final long RESERVED_BYTES = 300L << 20;

    /** What Spark demands of Runtime.maxMemory: one and a half times the reserve. */
    public static final long FLOOR_BYTES = RESERVED_BYTES * 3 / 2;

    private static final double FRACTION = 0.6;

    /** The arithmetic for one server. */
    public static MemoryModel of(ServerSpec spec) {
        String fraction = spec.conf().get("spark.memory.fraction");
        return of(
                spec.driverMemory(),
                Collector.namedIn(spec.conf()).orElse(Collector.PINNED),
                fraction == null ? FRACTION : Double.parseDouble(fraction.strip()),
                ExecutorMemory.offHeap(spec.conf()));
    }

    /** The arithmetic for one heap under one collector, rounded as Spark rounds. */
    static MemoryModel of(MemorySize heap, Collector collector, double fraction, long offHeapBytes) {
        long usable = collector.usableBytes(heap.bytes());
        long pool = (long) ((usable - RESERVED_BYTES) * fraction);
        return new MemoryModel(
                heap.bytes(), usable, RESERVED_BYTES, fraction, offHeapBytes, pool + offHeapBytes, collector.title());
    }

    /** The smallest whole number of MiB that Spark accepts under a collector. */
    static MemorySize least(Collector collector) {
        long bytes = FLOOR_BYTES - (2L << 20);
        while (collector.usableBytes(bytes) < FLOOR_BYTES) {
            bytes += 1L << 20;
        }
        return new MemorySize(bytes);
    }

    /** As people read it: {@code (1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB}. */
    public String explain() {
        String usable = usableBytes == heapBytes
                ? mib(heapBytes)
                : mib(usableBytes) + " usable under " + collector + " of " + mib(heapBytes);
        return "(" + usable + " - " + mib(reservedBytes) + " reserved) x " + fraction + " (spark.memory.fraction)"
                + (offHeapBytes > 0 ? " + " + mib(offHeapBytes) + " off the heap (spark.memory.offHeap.size)" : "")
                + " = " + mib(poolBytes);
    }

    /** Bytes as MiB: whole where they are whole, else with one decimal. */
    static String mib(long bytes) {
        return bytes % (1L << 20) == 0
                ? (bytes >> 20) + " MiB"
                : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
    }
}
