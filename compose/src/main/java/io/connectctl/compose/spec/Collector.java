package io.connectctl.compose.spec;

import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The JVM's garbage collectors, as far as they matter here: {@code Runtime.maxMemory}, from which Spark computes its pool,
 * is smaller than -Xmx under some of them.
 */
public enum Collector {
    G1("-XX:+UseG1GC"),
    SERIAL("-XX:+UseSerialGC"),
    PARALLEL("-XX:+UseParallelGC"),
    Z("-XX:+UseZGC"),
    SHENANDOAH("-XX:+UseShenandoahGC"),
    EPSILON("-XX:+UseEpsilonGC");

    /** The collector that connectctl pins where the user names none: the JVM's own choice depends on the machine. */
    public static final Collector PINNED = G1;

    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;

    private final String option;

    Collector(String option) {
        this.option = option;
    }

    /** The JVM option that selects it. */
    public String option() {
        return option;
    }

    /** Its usual name, such as {@code G1} or {@code Serial}. */
    public String title() {
        return this == G1 ? "G1" : name().charAt(0) + name().substring(1).toLowerCase(java.util.Locale.ROOT);
    }

    /** The collectors named in JVM options; more than one makes the JVM refuse to start. */
    public static Set<Collector> named(String options) {
        Set<Collector> named = EnumSet.noneOf(Collector.class);
        for (Collector collector : values()) {
            if (options.contains(collector.option)) {
                named.add(collector);
            }
        }
        return named;
    }

    /**
     * The collector that the configuration names in {@code spark.driver.extraJavaOptions} or
     * {@code spark.driver.defaultJavaOptions}; empty if none, and then {@link #PINNED} is to be pinned.
     */
    public static Optional<Collector> namedIn(Map<String, String> conf) {
        return named(conf.getOrDefault("spark.driver.defaultJavaOptions", "")
                        + " "
                        + conf.getOrDefault("spark.driver.extraJavaOptions", ""))
                .stream()
                .findFirst();
    }

    /**
     * What {@code Runtime.maxMemory} says under {@code -Xmx} of {@code heapBytes}, without further tuning of the collector.
     *
     * <p>From the JDK's own source and checked against JDK 17: the heap is rounded up to the collector's alignment; Serial
     * leaves out one survivor space (a tenth of the young generation, which is a third of the heap), Parallel the largest
     * survivor space (a third of the young generation), each rounded down to its alignment. G1 and Z leave nothing out.
     * Shenandoah and Epsilon are taken as G1: an approximation.
     */
    public long usableBytes(long heapBytes) {
        long heap = up(heapBytes, 2 * MIB);
        return switch (this) {
            case G1 -> up(heap, Math.max(2 * MIB, g1Region(heapBytes)));
            case SERIAL -> heap - down(down(heap / 3, 64 * KIB) / 10, 64 * KIB);
            case PARALLEL -> heap - down(down(heap / 3, 512 * KIB) / 3, 512 * KIB);
            case Z, SHENANDOAH, EPSILON -> heap;
        };
    }

    /** G1 aims at 2048 regions and rounds their size up to a power of two. */
    private static long g1Region(long heapBytes) {
        long exact = Math.min(32 * MIB, Math.max(MIB, heapBytes / 2048));
        long below = Long.highestOneBit(exact);
        return below == exact ? exact : 2 * below;
    }

    private static long up(long bytes, long unit) {
        return down(bytes + unit - 1, unit);
    }

    private static long down(long bytes, long unit) {
        return bytes / unit * unit;
    }
}
