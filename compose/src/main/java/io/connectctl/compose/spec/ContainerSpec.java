package io.connectctl.compose.spec;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What only matters to a server in a container.
 *
 * @param image the image; empty for {@code apache/spark:VERSION}
 * @param memory the container's memory limit; empty for the heap plus the overhead
 * @param overhead what the JVM needs beyond its heap; empty for the larger of 512 MiB and a quarter of the heap
 * @param pidsLimit how many processes and threads it may have
 * @param tmpfs size of its {@code /tmp}, which lies in memory
 * @param networks networks it joins, the first one at its creation; empty for the engine's default bridge
 * @param volumes further mounts as compose writes them: {@code SOURCE:/path[:ro]}, a source being a volume's name or a
 *     folder of the engine's machine
 * @param extraHosts further lines of its hosts file: {@code name:address}
 * @param loosen which parts of the hardening it does without
 */
public record ContainerSpec(
        Optional<String> image,
        Optional<MemorySize> memory,
        Optional<MemorySize> overhead,
        int pidsLimit,
        MemorySize tmpfs,
        List<String> networks,
        List<String> volumes,
        List<String> extraHosts,
        Set<Loosening> loosen) {
    /** What a JVM needs beyond its heap at the least: metaspace, code, threads and netty's buffers, idle. */
    public static final MemorySize LEAST_OVERHEAD = new MemorySize(256L << 20);

    private static final long OVERHEAD_FLOOR = 512L << 20;

    public ContainerSpec {
        networks = List.copyOf(networks);
        volumes = List.copyOf(volumes);
        extraHosts = List.copyOf(extraHosts);
        loosen = loosen.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(loosen));
    }

    /** The image of a server of this Spark version. */
    public String imageFor(SparkVersion spark) {
        return image.orElseGet(() -> "apache/spark:" + spark.text());
    }

    /** What the container's limit leaves beyond this heap. */
    public MemorySize overheadFor(MemorySize heap) {
        return memory.map(limit -> new MemorySize(limit.bytes() - heap.bytes()))
                .or(() -> overhead)
                .orElseGet(() -> new MemorySize(Math.max(OVERHEAD_FLOOR, heap.bytes() / 4)));
    }

    /** The container's memory limit for this heap. */
    public MemorySize limitFor(MemorySize heap) {
        return memory.orElseGet(
                () -> new MemorySize(heap.bytes() + overheadFor(heap).bytes()));
    }

    /** True if this part of the hardening is given up. */
    public boolean loosens(Loosening part) {
        return loosen.contains(part);
    }
}
