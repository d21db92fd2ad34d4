package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Keys that another program reads, or that only matter beside another key: they change nothing here. */
final class Bystanders implements Check {
    /** Beginnings of keys, and who reads them. */
    private static final Map<String, String> OTHERS = Map.of(
            "spark.history.", "the history server",
            "spark.worker.", "the workers of a standalone cluster",
            "spark.deploy.", "the master of a standalone cluster",
            "spark.master.", "the master of a standalone cluster",
            "spark.sql.hive.thriftServer.", "the Thrift server",
            "spark.sql.thriftServer.", "the Thrift server",
            "spark.sql.thriftserver.", "the Thrift server",
            "spark.shuffle.service.db.", "the external shuffle service",
            "spark.api.mode", "spark-submit of a client");

    /** What a server's own JVM, started before any key is read, can't get from its keys. */
    private static final List<String> CLUSTER_MODE = List.of(
            "spark.driver.cores",
            "spark.driver.memoryOverhead",
            "spark.driver.memoryOverheadFactor",
            "spark.driver.supervise");

    private static final List<String> EXECUTORS = List.of(
            "spark.executor.cores",
            "spark.executor.instances",
            "spark.executor.memory",
            "spark.executor.memoryOverhead",
            "spark.executor.memoryOverheadFactor",
            "spark.executor.extraJavaOptions",
            "spark.executor.extraClassPath",
            "spark.executor.extraLibraryPath",
            "spark.cores.max",
            "spark.dynamicAllocation.enabled");

    /** Keys that matter only where a switch is on. */
    private static final Map<String, String> SWITCHED = Map.of(
            "spark.eventLog.dir", "spark.eventLog.enabled",
            "spark.eventLog.compress", "spark.eventLog.enabled",
            "spark.eventLog.rolling.enabled", "spark.eventLog.enabled",
            "spark.eventLog.rolling.maxFileSize", "spark.eventLog.enabled",
            "spark.memory.offHeap.size", "spark.memory.offHeap.enabled",
            "spark.dynamicAllocation.minExecutors", "spark.dynamicAllocation.enabled",
            "spark.dynamicAllocation.maxExecutors", "spark.dynamicAllocation.enabled",
            "spark.dynamicAllocation.initialExecutors", "spark.dynamicAllocation.enabled");

    private static final String CATALOG = "spark.sql.catalog.";

    @Override
    public void check(Subject server, Findings all) {
        Findings findings = all.of(Rule.NO_EFFECT);
        for (String key : server.spec().conf().keySet()) {
            Optional<String> other = OTHERS.entrySet().stream()
                    .filter(each -> key.startsWith(each.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst();
            String master = server.spec().master();
            if (other.isPresent()) {
                tell(key, "is read by " + other.get() + ", not by a Spark Connect server", "delete it", findings);
            } else if (CLUSTER_MODE.contains(key)) {
                tell(
                        key,
                        "has an effect in cluster mode only, in which no Spark Connect server is run here",
                        remedy(key),
                        findings);
            } else if (key.startsWith("spark.yarn.") && !master.equals("yarn")) {
                tell(key, "is for YARN, and the master is " + master, "delete it, or write 'master: yarn'", findings);
            } else if (key.startsWith("spark.kubernetes.") && !master.startsWith("k8s://")) {
                tell(
                        key,
                        "is for Kubernetes, and the master is " + master,
                        "delete it, or name a k8s:// master",
                        findings);
            } else if (EXECUTORS.contains(key) && server.isLocal()) {
                tell(
                        key,
                        "has no effect with " + master + ": its executors are threads of the server itself",
                        key.equals("spark.executor.memory")
                                ? "delete it and use driverMemory"
                                : "delete it, or name the master of a cluster",
                        findings);
            } else if (SWITCHED.containsKey(key) && isOff(server, SWITCHED.getOrDefault(key, ""))) {
                String needed = SWITCHED.getOrDefault(key, "");
                tell(
                        key,
                        "has no effect, as " + needed + " isn't true",
                        "add " + needed + ": true, or delete it",
                        findings);
            } else if (isOptionOfNoCatalog(server, key)) {
                String catalog = catalog(key);
                tell(
                        key,
                        "is an option of the catalog '" + catalog + "', whose class isn't declared",
                        "declare it as " + CATALOG + catalog,
                        findings);
            }
        }
    }

    /** A template may turn it on. */
    private static boolean isOff(Subject server, String key) {
        boolean unknown =
                server.spec().conf().containsKey(key) && !server.conf().containsKey(key);
        return !unknown && !server.isOn(key) && !server.declares("/templates");
    }

    private static boolean isOptionOfNoCatalog(Subject server, String key) {
        return key.startsWith(CATALOG)
                && !catalog(key).equals("spark_catalog")
                && key.length() > CATALOG.length() + catalog(key).length()
                && !server.spec().conf().containsKey(CATALOG + catalog(key))
                && !server.declares("/templates");
    }

    private static String catalog(String key) {
        int end = key.indexOf('.', CATALOG.length());
        return key.substring(CATALOG.length(), end < 0 ? key.length() : end);
    }

    private static String remedy(String key) {
        return key.startsWith("spark.driver.memoryOverhead")
                ? "delete it; for a container use container.overhead"
                : "delete it";
    }

    private static void tell(String key, String message, String remedy, Findings findings) {
        findings.key(Severity.WARNING, Subject.pointer(key), message, Optional.empty(), remedy);
    }
}
