package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import java.util.Optional;

/**
 * Keys that Spark refuses together: SparkConf.validateSettings, MemoryManager and KryoSerializer of 3.4 to 4.2, and catalogs that
 * are named and not declared.
 */
final class KeyConflicts implements Check {
    private static final long KRYO_LIMIT = 2048L << 20;

    @Override
    public void check(Subject server, Findings findings) {
        Findings conflicts = findings.of(Rule.CONFLICTING_KEYS);
        offHeap(server, conflicts);
        heartbeat(server, conflicts);
        encryption(server, conflicts);
        allocation(server, conflicts);
        kryo(server, findings.of(Rule.VALUE_RANGE));
        executorOptions(server, findings.of(Rule.JAVA_OPTIONS));
        defaultCatalog(server, conflicts);
    }

    private static void offHeap(Subject server, Findings findings) {
        String enabled = "spark.memory.offHeap.enabled";
        String size = "spark.memory.offHeap.size";
        boolean none = !server.spec().conf().containsKey(size)
                || server.bytes(size, "b").filter(bytes -> bytes == 0).isPresent();
        if (server.isOn(enabled) && none) {
            findings.value(
                    Severity.ERROR,
                    Subject.pointer(enabled),
                    "off-heap memory is on and has no size: Spark refuses to start",
                    Optional.empty(),
                    "add " + size + " such as 512m, or delete this");
        }
    }

    private static void heartbeat(Subject server, Findings findings) {
        String interval = "spark.executor.heartbeatInterval";
        String timeout = "spark.network.timeout";
        Optional<Long> beat = ValueType.millis(server.conf().getOrDefault(interval, "10s"), "ms");
        Optional<Long> patience = ValueType.millis(server.conf().getOrDefault(timeout, "120s"), "s");
        if (beat.isPresent() && patience.isPresent() && beat.get() >= patience.get()) {
            String key = server.conf().containsKey(interval) ? interval : timeout;
            findings.value(
                    Severity.ERROR,
                    Subject.pointer(key),
                    interval + " (" + beat.get() / 1000 + " s) isn't below " + timeout + " (" + patience.get() / 1000
                            + " s): Spark refuses to start",
                    Optional.empty(),
                    "lower the one or raise the other");
        }
    }

    private static void encryption(Subject server, Findings findings) {
        for (String key : new String[] {"spark.network.crypto.enabled", "spark.authenticate.enableSaslEncryption"}) {
            if (server.isOn(key) && !server.spec().conf().containsKey("spark.authenticate")) {
                findings.value(
                        Severity.ERROR,
                        Subject.pointer(key),
                        "encryption needs spark.authenticate, which is off: Spark refuses to start",
                        Optional.empty(),
                        "add spark.authenticate: true, or delete this");
            }
        }
    }

    private static void allocation(Subject server, Findings findings) {
        String least = "spark.dynamicAllocation.minExecutors";
        String most = "spark.dynamicAllocation.maxExecutors";
        if (server.isLocal() || !server.isOn("spark.dynamicAllocation.enabled")) {
            return;
        }
        try {
            int from = Integer.parseInt(server.conf().getOrDefault(least, "0").strip());
            int to = Integer.parseInt(
                    server.conf().getOrDefault(most, "" + Integer.MAX_VALUE).strip());
            if (from > to) {
                findings.value(
                        Severity.ERROR,
                        Subject.pointer(least),
                        from + " executors at least and " + to + " at most (" + most + "): Spark refuses to start",
                        Optional.empty(),
                        "lower the one or raise the other");
            }
        } catch (NumberFormatException e) {
            // That it is no number is told elsewhere.
        }
    }

    private static void kryo(Subject server, Findings findings) {
        String key = "spark.kryoserializer.buffer.max";
        server.bytes(key, "m")
                .filter(bytes -> bytes >= KRYO_LIMIT)
                .ifPresent(bytes -> findings.value(
                        Severity.ERROR,
                        Subject.pointer(key),
                        "Kryo's buffer must be below 2048m: Spark refuses to start",
                        Optional.of("2047m"),
                        "lower it"));
    }

    private static void executorOptions(Subject server, Findings findings) {
        for (String key : new String[] {"spark.executor.extraJavaOptions", "spark.executor.defaultJavaOptions"}) {
            String options = server.conf().getOrDefault(key, "");
            if (options.contains("-Dspark") || options.contains("-Xmx")) {
                findings.value(
                        Severity.ERROR,
                        Subject.pointer(key),
                        "sets " + (options.contains("-Xmx") ? "the heap (-Xmx)" : "Spark's own keys (-Dspark...)")
                                + ", which Spark refuses here",
                        Optional.empty(),
                        options.contains("-Xmx") ? "use spark.executor.memory" : "write them under conf");
            }
        }
    }

    private static void defaultCatalog(Subject server, Findings findings) {
        String key = "spark.sql.defaultCatalog";
        String catalog = server.conf().getOrDefault(key, "spark_catalog").strip();
        if (!catalog.equals("spark_catalog")
                && !server.declares("/templates")
                && !server.spec().conf().containsKey("spark.sql.catalog." + catalog)) {
            findings.value(
                    Severity.ERROR,
                    Subject.pointer(key),
                    "there is no catalog '" + catalog + "': every query would fail",
                    Optional.empty(),
                    "declare its class as spark.sql.catalog." + catalog);
        }
    }
}
