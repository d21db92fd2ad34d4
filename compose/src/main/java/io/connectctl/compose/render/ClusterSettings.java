package io.connectctl.compose.render;

import io.connectctl.compose.spec.ClusterSpec;
import io.connectctl.compose.spec.ExecutorSpec;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What the declaration says of a cluster, in Spark's own settings. Pure: the same spec and site give the same lines. */
final class ClusterSettings {
    private static final String YARN = "yarn";

    private ClusterSettings() {}

    /** The settings in the order in which they are written; none for a server without a cluster. */
    static Map<String, String> of(ServerSpec spec, Site site) {
        Map<String, String> settings = new LinkedHashMap<>();
        if (!MasterUrl.isCluster(spec.master())) {
            return settings;
        }
        ClusterSpec cluster = spec.cluster();
        executors(spec, settings);
        cluster.driver().host().ifPresent(host -> settings.put("spark.driver.host", host));
        cluster.driver().port().ifPresent(port -> settings.put("spark.driver.port", Integer.toString(port)));
        cluster.driver()
                .blockManagerPort()
                .ifPresent(port -> settings.put("spark.blockManager.port", Integer.toString(port)));
        if (spec.master().equals(YARN)) {
            cluster.queue().ifPresent(queue -> settings.put("spark.yarn.queue", queue));
            yarnJars(spec, site).ifPresent(jars -> settings.put("spark.yarn.jars", jars));
        }
        // Said again in conf, where it comes last: one line is enough.
        settings.keySet().removeAll(spec.conf().keySet());
        return settings;
    }

    private static void executors(ServerSpec spec, Map<String, String> settings) {
        ExecutorSpec executors = spec.cluster().executors();
        boolean standalone = MasterUrl.standalone(spec.master()).isPresent();
        if (executors.dynamic()) {
            settings.put("spark.dynamicAllocation.enabled", "true");
            // Nobody runs Spark's external shuffle service for us, so executors must stay while their shuffle files are
            // needed.
            settings.put("spark.dynamicAllocation.shuffleTracking.enabled", "true");
            executors.min().ifPresent(min -> settings.put("spark.dynamicAllocation.minExecutors", "" + min));
            executors.max().ifPresent(max -> settings.put("spark.dynamicAllocation.maxExecutors", "" + max));
        } else if (executors.number().isPresent()) {
            int number = executors.number().getAsInt();
            settings.put("spark.dynamicAllocation.enabled", "false");
            if (standalone) {
                // A standalone master counts cores, not executors.
                settings.put("spark.cores.max", "" + (long) number * cores(spec));
            } else {
                settings.put("spark.executor.instances", "" + number);
            }
        }
        if (executors.cores().isPresent()) {
            settings.put("spark.executor.cores", "" + executors.cores().getAsInt());
        } else if (standalone && executors.counted()) {
            // Without it an executor takes every core of its worker, and a number of executors means nothing.
            settings.put("spark.executor.cores", "1");
        }
        executors.memory().ifPresent(size -> settings.put("spark.executor.memory", size.text()));
    }

    /** What one executor takes of a standalone worker; what conf says comes last and wins. */
    private static int cores(ServerSpec spec) {
        String said = spec.conf().getOrDefault("spark.executor.cores", "").strip();
        // What is no number there keeps Spark from starting, with its own words.
        return said.matches("[1-9]\\d{0,5}")
                ? Integer.parseInt(said)
                : spec.cluster().executors().cores().orElse(1);
    }

    /**
     * The jars that executors on YARN start from: where a bare folder of jars is used there is no {@code SPARK_HOME} that Spark could
     * find and upload them from. A process' folder is taken to be on the cluster's machines too, since uploading some 300 MB at each
     * start would cost more than the start; a container's can't be.
     */
    private static Optional<String> yarnJars(ServerSpec spec, Site site) {
        return spec.conf().containsKey("spark.yarn.archive")
                ? Optional.empty()
                : site.jars().map(Path::toString).map(jars -> (site.loopback() ? "local:" : "file:") + jars + "/*");
    }
}
