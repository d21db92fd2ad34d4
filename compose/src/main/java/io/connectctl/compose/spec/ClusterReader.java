package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads and checks the keys {@code hadoopConf}, {@code queue}, {@code executors} and {@code driver}. */
final class ClusterReader {
    private static final List<String> EXECUTORS = List.of("number", "min", "max", "cores", "memory");
    private static final List<String> DRIVER = List.of("host", "port", "blockManagerPort");

    /** The image of executors on Kubernetes: the second key falls back to the first. */
    private static final List<String> IMAGES =
            List.of("spark.kubernetes.container.image", "spark.kubernetes.executor.container.image");

    /** {@code 2}, or {@code 1-8}: the short way to say how many. */
    private static final Pattern COUNT = Pattern.compile("(\\d{1,6})(?:\\s*-\\s*(\\d{1,6}))?");

    /** A path of queues, as the schedulers of YARN name them. */
    private static final Pattern QUEUE = Pattern.compile("[A-Za-z0-9_.-]{1,200}");

    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|[0-9a-fA-F:]{2,45}|\\[[0-9a-fA-F:]{2,45}]");
    private static final int MOST = 100_000;

    private final ObjectNode tree;
    private final Findings findings;
    private final String master;
    private final boolean looksAtDisk;

    ClusterReader(ObjectNode tree, Findings findings, String master, boolean looksAtDisk) {
        this.tree = tree;
        this.findings = findings;
        this.master = master;
        this.looksAtDisk = looksAtDisk;
    }

    ClusterSpec read(Map<String, String> env) {
        ClusterSpec cluster = new ClusterSpec(hadoopConf(env), queue(), executors(), driver());
        if (!MasterUrl.isCluster(master)) {
            for (String key : List.of("executors", "driver")) {
                if (tree.hasNonNull(key)) {
                    findings.error(
                            "/" + key,
                            "has no meaning with the master '" + Texts.shown(master)
                                    + "', whose tasks run in the server's own JVM: delete it, or declare a cluster's"
                                    + " master (yarn, spark://HOST:PORT)");
                }
            }
        }
        return cluster;
    }

    private Optional<Path> hadoopConf(Map<String, String> env) {
        Optional<String> text = text("/hadoopConf", tree.get("hadoopConf"));
        if (text.isEmpty()) {
            boolean known = env.containsKey("HADOOP_CONF_DIR") || env.containsKey("YARN_CONF_DIR");
            // An image may have its own; and what was accepted before is not forgotten for it.
            boolean contained = tree.path("runtime").asText("").equals("docker");
            if (master.equals("yarn") && !known && !contained && looksAtDisk) {
                findings.error(
                        "/master",
                        "yarn needs the cluster's Hadoop configuration: declare hadoopConf: DIR (--hadoop-conf DIR), the"
                                + " folder with its yarn-site.xml, or set HADOOP_CONF_DIR where you call connectctl");
            }
            return Optional.empty();
        }
        Path folder;
        try {
            folder = Path.of(text.get());
        } catch (InvalidPathException e) {
            findings.error("/hadoopConf", "'" + Texts.shown(text.get()) + "' is no path");
            return Optional.empty();
        }
        if (!folder.isAbsolute()) {
            findings.error(
                    "/hadoopConf",
                    "'" + Texts.shown(text.get())
                            + "' is no absolute path: write it from / on, such as /etc/hadoop/conf");
            return Optional.empty();
        }
        if (looksAtDisk) {
            checkFolder(folder, env);
        }
        return Optional.of(folder.normalize());
    }

    private void checkFolder(Path folder, Map<String, String> env) {
        if (!Files.isDirectory(folder)) {
            findings.error(
                    "/hadoopConf",
                    "'" + folder + "' is no folder: name the one that holds the cluster's "
                            + (master.equals("yarn") ? HadoopConf.YARN_SITE : "core-site.xml"));
            return;
        }
        if (folder.toString().indexOf(':') >= 0) {
            findings.error(
                    "/hadoopConf",
                    "'" + folder + "' has a ':' in its path, which Java's class path can't hold: move the folder, or"
                            + " name a link to it");
        }
        if (master.equals("yarn") && !Files.isRegularFile(folder.resolve(HadoopConf.YARN_SITE))) {
            // Spark would ask 0.0.0.0:8032 for as long as it is left to, and never say why.
            findings.error(
                    "/hadoopConf",
                    "'" + folder + "' holds no " + HadoopConf.YARN_SITE
                            + ", so nobody knows where the ResourceManager is:"
                            + " name the folder that has it (often /etc/hadoop/conf)");
            return;
        }
        try {
            HadoopConf conf = HadoopConf.of(folder, env);
            if (master.equals("yarn") && conf.submissions().isEmpty()) {
                findings.error(
                        "/hadoopConf",
                        "'" + folder.resolve(HadoopConf.YARN_SITE) + "' names no ResourceManager: it sets neither"
                                + " yarn.resourcemanager.hostname nor yarn.resourcemanager.address");
            }
        } catch (IOException e) {
            findings.error("/hadoopConf", String.valueOf(e.getMessage()));
        }
    }

    private Optional<String> queue() {
        Optional<String> queue = text("/queue", tree.get("queue"));
        if (queue.isPresent() && !master.equals("yarn")) {
            findings.error(
                    "/queue",
                    "only YARN has queues, and the master is '" + Texts.shown(master) + "': delete it, or declare"
                            + " 'master: yarn'");
        } else if (queue.isPresent() && !QUEUE.matcher(queue.get()).matches()) {
            findings.error(
                    "/queue",
                    "'" + Texts.shown(queue.get())
                            + "' is no queue: write its path in letters, digits and '._-', such as"
                            + " default or root.analytics");
        }
        return queue;
    }

    private ExecutorSpec executors() {
        JsonNode node = tree.get("executors");
        if (node == null || node.isNull()) {
            return ExecutorSpec.UNDECLARED;
        }
        if (!(node instanceof ObjectNode executors)) {
            return counted("/executors", text("/executors", node), ExecutorSpec.UNDECLARED);
        }
        known(executors, "/executors", EXECUTORS);
        OptionalInt min = count(executors, "/executors/min", 0, MOST);
        OptionalInt max = count(executors, "/executors/max", 1, MOST);
        ExecutorSpec read = new ExecutorSpec(
                OptionalInt.empty(),
                min,
                max,
                count(executors, "/executors/cores", 1, 1024),
                memory(executors.get("memory")));
        if (min.isPresent() != max.isPresent()) {
            findings.error(
                    min.isPresent() ? "/executors/min" : "/executors/max",
                    "dynamic allocation needs both: add " + (min.isPresent() ? "max" : "min")
                            + (min.isPresent() ? ", or it may take the whole cluster" : ", which may be 0"));
        } else if (min.isPresent() && min.getAsInt() > max.getAsInt()) {
            findings.error(
                    "/executors/min",
                    min.getAsInt() + " is more than max, " + max.getAsInt() + ": lower min, or raise max");
        }
        Optional<String> number = text("/executors/number", executors.get("number"));
        if (number.isPresent() && read.dynamic()) {
            findings.error(
                    "/executors/number",
                    "contradicts min and max: declare a fixed number, or min and max for dynamic allocation");
            return read;
        }
        return counted("/executors/number", number, read);
    }

    private ExecutorSpec counted(String pointer, Optional<String> text, ExecutorSpec rest) {
        if (text.isEmpty()) {
            return rest;
        }
        Matcher matcher = COUNT.matcher(text.get());
        boolean range = matcher.matches() && matcher.group(2) != null;
        int first = matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
        int second = range ? Integer.parseInt(matcher.group(2)) : first;
        if (first < (range ? 0 : 1) || second < Math.max(1, first) || second > MOST) {
            findings.error(
                    pointer,
                    "'" + Texts.shown(text.get()) + "' is no number of executors: write one from 1 to " + MOST
                            + ", or MIN-MAX for dynamic allocation, such as 1-8");
            return rest;
        }
        return range
                ? new ExecutorSpec(
                        OptionalInt.empty(), OptionalInt.of(first), OptionalInt.of(second), rest.cores(), rest.memory())
                : new ExecutorSpec(
                        OptionalInt.of(first), OptionalInt.empty(), OptionalInt.empty(), rest.cores(), rest.memory());
    }

    private Optional<MemorySize> memory(@Nullable JsonNode node) {
        String pointer = "/executors/memory";
        Optional<String> text = text(pointer, node);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        MemorySize size;
        try {
            size = MemorySize.parse(text.get());
        } catch (IllegalArgumentException e) {
            findings.error(
                    pointer,
                    "'" + Texts.shown(text.get()) + "' is no memory size: write a whole number and a unit (k, m, g, t),"
                            + " such as 512m or 4g.",
                    ConfRules.memorySuggestion(text.get()));
            return Optional.empty();
        }
        if (size.bytes() < MemoryModel.FLOOR_BYTES) {
            findings.error(
                    pointer,
                    size + " is less than Spark accepts: 1.5 x 300 MiB reserved = 450 MiB; write at least 450m");
            return Optional.empty();
        }
        return Optional.of(size);
    }

    private DriverNetwork driver() {
        JsonNode node = tree.get("driver");
        if (node == null || node.isNull()) {
            return DriverNetwork.UNDECLARED;
        }
        if (!(node instanceof ObjectNode driver)) {
            findings.error("/driver", "must be a mapping with keys " + String.join(", ", DRIVER));
            return DriverNetwork.UNDECLARED;
        }
        known(driver, "/driver", DRIVER);
        Optional<String> host = text("/driver/host", driver.get("host"));
        host.filter(name -> !HOST.matcher(name).matches())
                .ifPresent(name -> findings.error(
                        "/driver/host",
                        "'" + Texts.shown(name) + "' is neither a host name nor an address: write what executors reach"
                                + " this machine by, such as 10.0.0.7"));
        OptionalInt port = count(driver, "/driver/port", 1024, 65535);
        OptionalInt blocks = count(driver, "/driver/blockManagerPort", 1024, 65535);
        if (port.isPresent() && port.equals(blocks)) {
            findings.error(
                    "/driver/blockManagerPort",
                    "port and blockManagerPort are both " + port.getAsInt() + ": give each a port of its own");
        }
        return new DriverNetwork(host.map(DriverNetwork::spoken), port, blocks);
    }

    private void known(ObjectNode object, String above, List<String> keys) {
        object.fieldNames().forEachRemaining(key -> {
            if (!keys.contains(key)) {
                findings.unknown(
                        above + Declaration.pointer(key),
                        "unknown key '" + Texts.shown(key) + "'; known are " + String.join(", ", keys) + ".",
                        Nearest.of(key, keys));
            }
        });
    }

    private OptionalInt count(ObjectNode object, String pointer, int least, int most) {
        Optional<String> text = text(pointer, object.get(pointer.substring(pointer.lastIndexOf('/') + 1)));
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        if (text.get().matches("\\d{1,6}")) {
            int number = Integer.parseInt(text.get());
            if (number >= least && number <= most) {
                return OptionalInt.of(number);
            }
        }
        findings.error(pointer, "'" + Texts.shown(text.get()) + "' is no whole number from " + least + " to " + most);
        return OptionalInt.empty();
    }

    private Optional<String> text(String pointer, @Nullable JsonNode node) {
        if (node == null) {
            return Optional.empty();
        }
        if (node.isContainerNode()
                || node.isNull()
                || !Texts.isWritable(node.asText())
                || node.asText().isBlank()) {
            findings.error(pointer, "must be a single value that isn't empty; for its default, delete the line");
            return Optional.empty();
        }
        return Optional.of(node.asText());
    }

    /** What a whole declaration says of its cluster that can't work in its runtime or with its Spark. */
    static void checkAgainst(ServerSpec spec, Findings findings) {
        if (spec.runtime().equals("docker") && MasterUrl.onLoopback(spec.master())) {
            findings.error(
                    "/master",
                    "'" + Texts.shown(spec.master())
                            + "' is the container's own loopback, where no master is: name this"
                            + " machine by an address that containers reach, such as docker0's (172.17.0.1)");
        }
        if (spec.master().startsWith("k8s://")
                && IMAGES.stream().noneMatch(image -> spec.conf().containsKey(image))) {
            findings.warning(
                    "/master",
                    "executors on Kubernetes are made of an image, and none is named: set " + IMAGES.get(0)
                            + " in conf, to one with Spark " + spec.spark());
        }
    }
}
