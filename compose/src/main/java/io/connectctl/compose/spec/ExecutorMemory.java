package io.connectctl.compose.spec;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What one executor takes of its cluster (ResourceProfile.getResourcesForClusterManager, YarnAllocator; 3.4 to 4.2): its heap and an
 * overhead, the larger of a floor and a share of the heap, and what it is given beyond the heap. A YARN whose queue has less than that
 * left gives it no container. A standalone worker counts the heap alone, whatever the JVM takes beside it.
 *
 * @param heapBytes {@code spark.executor.memory}
 * @param overheadBytes {@code spark.executor.memoryOverhead}, declared or calculated; 0 where nobody counts it
 * @param overheadWhy where the overhead comes from, in words; empty where it is declared
 * @param offHeapBytes {@code spark.memory.offHeap.size}, where it is enabled
 * @param pythonBytes {@code spark.executor.pyspark.memory}, which counts for what Spark takes for a Python application only; a Connect
 *     server is none unless {@code spark.yarn.isPython} says so
 * @param step YARN gives a multiple of so many bytes; empty where that isn't known
 */
public record ExecutorMemory(
        long heapBytes,
        long overheadBytes,
        String overheadWhy,
        long offHeapBytes,
        long pythonBytes,
        OptionalLong step) {
    private static final long DEFAULT_HEAP = 1L << 30;
    private static final long LEAST_OVERHEAD = 384L << 20;
    private static final double FACTOR = 0.1;
    private static final String LEAST_ALLOCATION = "yarn.scheduler.minimum-allocation-mb";

    /** The arithmetic for the executors of one server. */
    public static ExecutorMemory of(ServerSpec spec) {
        Map<String, String> conf = spec.conf();
        long heap = spec.cluster()
                .executors()
                .memory()
                .or(() -> size(conf.get("spark.executor.memory"), "m"))
                .map(MemorySize::bytes)
                .orElse(DEFAULT_HEAP);
        if (MasterUrl.standalone(spec.master()).isPresent()) {
            return new ExecutorMemory(heap, 0, "", 0, 0, OptionalLong.empty());
        }
        // Since 4.0.0; before, the floor was a constant.
        long least = spec.spark().major() < 4
                ? LEAST_OVERHEAD
                : size(conf.get("spark.executor.minMemoryOverhead"), "m")
                        .map(MemorySize::bytes)
                        .orElse(LEAST_OVERHEAD);
        double factor = factor(conf.get("spark.executor.memoryOverheadFactor"));
        Optional<MemorySize> declared = size(conf.get("spark.executor.memoryOverhead"), "m");
        return new ExecutorMemory(
                heap,
                declared.map(MemorySize::bytes).orElse(Math.max(least, (long) (heap * factor))),
                declared.isPresent()
                        ? ""
                        : "the larger of " + MemoryModel.mib(least) + " and "
                                + (factor == FACTOR ? "a tenth of" : factor + " times") + " the heap",
                offHeap(conf),
                isTrue(conf.get("spark.yarn.isPython"))
                        ? size(conf.get("spark.executor.pyspark.memory"), "m")
                                .map(MemorySize::bytes)
                                .orElse(0L)
                        : 0,
                spec.master().equals("yarn") ? step(spec) : OptionalLong.empty());
    }

    /** What the cluster's own configuration says; its default isn't taken, as the client's copy may lack what the scheduler has. */
    private static OptionalLong step(ServerSpec spec) {
        try {
            Optional<String> mebibytes = spec.cluster().hadoopConf().isEmpty()
                    ? Optional.empty()
                    : HadoopConf.of(spec.cluster().hadoopConf().get(), spec.env())
                            .get(LEAST_ALLOCATION);
            return mebibytes
                    .filter(text -> text.matches("[1-9]\\d{0,8}"))
                    .map(text -> OptionalLong.of(Long.parseLong(text) << 20))
                    .orElse(OptionalLong.empty());
        } catch (IOException e) {
            return OptionalLong.empty(); // Told where it matters: at the launch.
        }
    }

    /** What Spark takes off the heap, in bytes; 0 where that is off. */
    static long offHeap(Map<String, String> conf) {
        return isTrue(conf.get("spark.memory.offHeap.enabled"))
                ? size(conf.get("spark.memory.offHeap.size"), "b")
                        .map(MemorySize::bytes)
                        .orElse(0L)
                : 0;
    }

    private static boolean isTrue(@Nullable String text) {
        return text != null && text.strip().equalsIgnoreCase("true");
    }

    private static double factor(@Nullable String text) {
        return text != null && text.strip().matches("\\d{1,3}(\\.\\d{1,9})?")
                ? Double.parseDouble(text.strip())
                : FACTOR;
    }

    private static Optional<MemorySize> size(@Nullable String text, String unit) {
        try {
            return Optional.ofNullable(text)
                    .map(size -> MemorySize.parse(size.strip().matches("\\d+") ? size.strip() + unit : size));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // Spark will complain of it.
        }
    }

    /** What is asked for one executor. */
    public long containerBytes() {
        return heapBytes + overheadBytes + offHeapBytes + pythonBytes;
    }

    /** What is taken for it. */
    public long takenBytes() {
        long asked = containerBytes();
        return step.isPresent() ? (asked + step.getAsLong() - 1) / step.getAsLong() * step.getAsLong() : asked;
    }

    /** As people read it: {@code 4096 MiB heap + 409.6 MiB overhead (the larger of 384 MiB and a tenth of the heap) = 4505.6 MiB}. */
    public String explain() {
        String each = " for each executor";
        if (containerBytes() == heapBytes) {
            return MemoryModel.mib(heapBytes) + " heap" + each;
        }
        return MemoryModel.mib(heapBytes) + " heap + " + MemoryModel.mib(overheadBytes) + " overhead"
                + (overheadWhy.isEmpty() ? "" : " (" + overheadWhy + ")")
                + (offHeapBytes > 0 ? " + " + MemoryModel.mib(offHeapBytes) + " off the heap" : "")
                + (pythonBytes > 0 ? " + " + MemoryModel.mib(pythonBytes) + " for Python" : "")
                + " = " + MemoryModel.mib(containerBytes())
                + (takenBytes() > containerBytes()
                        ? ", which YARN rounds up to " + MemoryModel.mib(takenBytes()) + ","
                        : "")
                + each;
    }
}
