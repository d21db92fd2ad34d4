package io.connectctl.compose.spec;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one executor takes of its cluster (ResourceProfile.calculateOverHeadMemory, YarnAllocator; 3.4 to 4.2): its heap and an overhead,
 * the larger of a floor and a share of the heap. A YARN whose queue has less than that left gives it no container.
 *
 * @param heapBytes {@code spark.executor.memory}
 * @param overheadBytes {@code spark.executor.memoryOverhead}, declared or calculated
 * @param overheadDeclared true if it is declared
 */
public record ExecutorMemory(long heapBytes, long overheadBytes, boolean overheadDeclared) {
    private static final long DEFAULT_HEAP = 1L << 30;
    private static final long LEAST_OVERHEAD = 384L << 20;
    private static final double FACTOR = 0.1;

    /** The arithmetic for the executors of one server. */
    public static ExecutorMemory of(ServerSpec spec) {
        Map<String, String> conf = spec.conf();
        long heap = spec.cluster()
                .executors()
                .memory()
                .or(() -> size(conf.get("spark.executor.memory")))
                .map(MemorySize::bytes)
                .orElse(DEFAULT_HEAP);
        Optional<MemorySize> declared = size(conf.get("spark.executor.memoryOverhead"));
        return new ExecutorMemory(
                heap,
                declared.map(MemorySize::bytes).orElse(Math.max(LEAST_OVERHEAD, (long) (heap * FACTOR))),
                declared.isPresent());
    }

    private static Optional<MemorySize> size(@Nullable String text) {
        try {
            // Spark reads a bare number here as MiB.
            return Optional.ofNullable(text)
                    .map(size -> MemorySize.parse(size.strip().matches("\\d+") ? size.strip() + "m" : size));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // Spark will complain of it.
        }
    }

    /** What a container for one executor must hold. */
    public long containerBytes() {
        return heapBytes + overheadBytes;
    }

    /** As people read it: {@code 4096 MiB heap + 409.6 MiB overhead (the larger of 384 MiB and 10 %) = 4505.6 MiB}. */
    public String explain() {
        return MemoryModel.mib(heapBytes) + " heap + " + MemoryModel.mib(overheadBytes) + " overhead"
                + (overheadDeclared ? "" : " (the larger of 384 MiB and a tenth of the heap)") + " = "
                + MemoryModel.mib(containerBytes()) + " for each executor";
    }
}
