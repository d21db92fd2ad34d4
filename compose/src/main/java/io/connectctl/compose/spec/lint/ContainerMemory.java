package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory beyond the heap that a container's limit doesn't leave, and a limit of results that guards nothing. */
final class ContainerMemory implements Check {
    private static final Pattern DIRECT = Pattern.compile("-XX:MaxDirectMemorySize=(\\d{1,9})([kKmMgGtT]?)");
    private static final Pattern CLUSTER =
            Pattern.compile("local-cluster\\[\\s*(\\d{1,4})\\s*,\\s*\\d+\\s*,\\s*(\\d{1,8})\\s*]");
    private static final String RESULTS = "spark.driver.maxResultSize";

    @Override
    public void check(Subject server, Findings findings) {
        long heap = server.spec().driverMemory().bytes();
        server.bytes(RESULTS, "b").filter(bytes -> bytes >= heap).ifPresent(bytes -> findings.of(Rule.RESULT_SIZE)
                .value(
                        Severity.NOTE,
                        Subject.pointer(RESULTS),
                        new MemorySize(bytes) + " of results may be gathered in a heap of "
                                + server.spec().driverMemory(),
                        Optional.empty(),
                        "lower it, or raise driverMemory"));
        ContainerSpec container = server.spec().container();
        // Where it is open what the server will run in, a container is still the usual case.
        if (!server.isProcess() && !container.loosens(Loosening.MEMORY)) {
            beyond(server, heap, container.limitFor(server.spec().driverMemory()), findings.of(Rule.CONTAINER_MEMORY));
        }
    }

    private static void beyond(Subject server, long heap, MemorySize limit, Findings findings) {
        String size = "spark.memory.offHeap.size";
        // On a cluster it is taken by the executors, which are elsewhere.
        if (server.isLocal() && server.isOn("spark.memory.offHeap.enabled")) {
            server.bytes(size, "b")
                    .ifPresent(bytes -> compare(server, heap, bytes, limit, Subject.pointer(size), size, findings));
        }
        for (String key : new String[] {"spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions"}) {
            Matcher direct = DIRECT.matcher(server.conf().getOrDefault(key, ""));
            if (direct.find()) {
                ValueType.bytes(direct.group(1) + direct.group(2), "b")
                        .ifPresent(bytes -> compare(
                                server, heap, bytes, limit, Subject.pointer(key), "MaxDirectMemorySize", findings));
            }
        }
        Matcher cluster = CLUSTER.matcher(server.spec().master());
        if (cluster.matches()) {
            long workers = (Long.parseLong(cluster.group(1)) * Long.parseLong(cluster.group(2))) << 20;
            compare(
                    server,
                    heap,
                    workers,
                    limit,
                    "/master",
                    "the workers of " + server.spec().master(),
                    findings);
        }
        if (server.declares("/container/tmpfs")) {
            MemorySize tmpfs = server.spec().container().tmpfs();
            // Both are in use at once; the others above are part of what a JVM needs beyond its heap.
            compare(
                    server,
                    heap,
                    tmpfs.bytes() + ContainerSpec.LEAST_OVERHEAD.bytes(),
                    limit,
                    "/container/tmpfs",
                    "what a JVM needs beyond it and a full /tmp, which lies in memory,",
                    findings);
        }
    }

    private static void compare(
            Subject server, long heap, long more, MemorySize limit, String pointer, String what, Findings findings) {
        if (more <= 0 || heap + more <= limit.bytes()) {
            return;
        }
        // A file system in memory takes what is in it, not what it may grow to.
        boolean sure = server.isContainer() && !pointer.equals("/container/tmpfs");
        findings.value(
                sure ? Severity.ERROR : Severity.WARNING,
                pointer,
                "the heap of " + server.spec().driverMemory() + " and " + new MemorySize(more) + " for " + what
                        + " exceed the container's limit of " + limit + ": the kernel would kill the server",
                Optional.empty(),
                "write a container.memory of at least "
                        + new MemorySize(up(heap
                                + more
                                + (pointer.equals("/container/tmpfs") ? 0 : ContainerSpec.LEAST_OVERHEAD.bytes())))
                        + ", or lower it");
    }

    private static long up(long bytes) {
        return (bytes + (1L << 20) - 1) >> 20 << 20;
    }
}
