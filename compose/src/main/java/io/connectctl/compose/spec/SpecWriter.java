package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;

/** From a spec to the declaration that says all of it, every default written out. {@link SpecReader} reads it back equal. */
public final class SpecWriter {
    private SpecWriter() {}

    /** The whole declaration. Holds secret values if the spec does: {@link Secrets#redact} it first to show it. */
    public static Declaration write(ServerSpec spec) {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("spark", spec.spark().text());
        tree.put("master", spec.master());
        port(tree, "port", spec.port());
        port(tree, "uiPort", spec.uiPort());
        tree.put("driverMemory", spec.driverMemory().text());
        spec.javaHome().ifPresent(path -> tree.put("javaHome", path.toString()));
        spec.sparkHome().ifPresent(path -> tree.put("sparkHome", path.toString()));
        tree.put("runtime", spec.runtime());
        spec.packages().forEach(tree.putArray("packages")::add);
        texts(tree.putObject("conf"), spec.conf());
        texts(tree.putObject("env"), spec.env());
        tree.putObject("health")
                .put("until", word(spec.health().until()))
                .put("interval", Durations.text(spec.health().interval()))
                .put("timeout", Durations.text(spec.health().timeout()))
                .put("startTimeout", Durations.text(spec.health().startTimeout()))
                .put("failures", spec.health().failures())
                .put("successes", spec.health().successes());
        if (MasterUrl.isCluster(spec.master())) {
            tree.withObject("/health").put("minExecutors", spec.health().minExecutors());
        }
        tree.putObject("restart")
                .put("onFault", spec.restart().onFault())
                .put("backoff", Durations.text(spec.restart().backoff()))
                .put("maxBackoff", Durations.text(spec.restart().maxBackoff()))
                .put("budget", spec.restart().budget())
                .put("resetAfter", Durations.text(spec.restart().resetAfter()));
        tree.putObject("stop")
                .put("grace", Durations.text(spec.stop().grace()))
                .put("drain", Durations.text(spec.stop().drain()));
        tree.put("auth", word(spec.auth()));
        tree.put("expose", word(spec.expose()));
        tree.put("profile", spec.profile());
        spec.templates().ifPresent(path -> tree.put("templates", path.toString()));
        container(tree, spec.container());
        tree.put("archive", spec.archive());
        cluster(tree, spec.cluster());
        return new Declaration(tree, Map.of());
    }

    private static void container(ObjectNode tree, ContainerSpec container) {
        container.image().ifPresent(image -> tree.put("image", image));
        ObjectNode object = tree.putObject("container");
        container.memory().ifPresent(size -> object.put("memory", size.text()));
        container.overhead().ifPresent(size -> object.put("overhead", size.text()));
        object.put("pidsLimit", container.pidsLimit());
        object.put("tmpfs", container.tmpfs().text());
        container.networks().forEach(object.putArray("networks")::add);
        container.volumes().forEach(object.putArray("volumes")::add);
        container.extraHosts().forEach(object.putArray("extraHosts")::add);
        ArrayNode loosen = object.putArray("loosen");
        container.loosen().forEach(part -> loosen.add(word(part)));
    }

    /** Only what is declared: what isn't is Spark's to decide, and most servers have no cluster. */
    private static void cluster(ObjectNode tree, ClusterSpec cluster) {
        cluster.hadoopConf().ifPresent(folder -> tree.put("hadoopConf", folder.toString()));
        cluster.queue().ifPresent(queue -> tree.put("queue", queue));
        ExecutorSpec executors = cluster.executors();
        if (!executors.equals(ExecutorSpec.UNDECLARED)) {
            ObjectNode object = tree.putObject("executors");
            executors.number().ifPresent(number -> object.put("number", number));
            executors.min().ifPresent(number -> object.put("min", number));
            executors.max().ifPresent(number -> object.put("max", number));
            executors.cores().ifPresent(number -> object.put("cores", number));
            executors.memory().ifPresent(size -> object.put("memory", size.text()));
        }
        DriverNetwork driver = cluster.driver();
        if (!driver.equals(DriverNetwork.UNDECLARED)) {
            ObjectNode object = tree.putObject("driver");
            driver.host().ifPresent(host -> object.put("host", host));
            driver.port().ifPresent(number -> object.put("port", number));
            driver.blockManagerPort().ifPresent(number -> object.put("blockManagerPort", number));
        }
    }

    private static void port(ObjectNode tree, String key, PortChoice choice) {
        if (choice instanceof PortChoice.Fixed fixed) {
            tree.put(key, fixed.port());
        } else {
            tree.put(key, choice.toString());
        }
    }

    private static void texts(ObjectNode object, Map<String, String> map) {
        map.forEach(object::put);
    }

    /** An enum's constant as a declaration writes it. */
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
