package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.PoolSettings;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Flags that declare a server; each stands for the key of connectctl.yaml that it is named after. */
final class DeclarationOptions {
    private static final String HADOOP_CONF = "HADOOP_CONF_DIR";

    @Option(names = "--spark", paramLabel = "VERSION", description = "The Spark version, such as 4.0.1.")
    @Nullable
    String spark;

    @Option(names = "--master", paramLabel = "URL", description = "Spark's master, such as 'local[4]'.")
    @Nullable
    String master;

    @Option(
            names = "--hadoop-conf",
            paramLabel = "DIR",
            description = "The cluster's Hadoop configuration; with the master yarn, HADOOP_CONF_DIR unless said.")
    @Nullable
    String hadoopConf;

    @Option(names = "--queue", paramLabel = "QUEUE", description = "YARN's queue.")
    @Nullable
    String queue;

    @Option(
            names = "--executors",
            paramLabel = "N|MIN-MAX",
            description = "Executors on a cluster: a fixed number, or a range for dynamic allocation.")
    @Nullable
    String executors;

    @Option(names = "--executor-cores", paramLabel = "N", description = "Cores of each executor.")
    @Nullable
    String executorCores;

    @Option(names = "--executor-memory", paramLabel = "SIZE", description = "The heap of each executor, such as 4g.")
    @Nullable
    String executorMemory;

    @Option(
            names = "--min-executors",
            paramLabel = "N",
            description = "Executors that must be there for the server to be HEALTHY.")
    @Nullable
    String minExecutors;

    @Option(
            names = "--driver-host",
            paramLabel = "ADDR",
            description = "The address by which executors reach the driver; found out unless said.")
    @Nullable
    String driverHost;

    @Option(names = "--port", paramLabel = "PORT", description = "The gRPC port: 1024-65535 or auto.")
    @Nullable
    String port;

    @Option(names = "--ui-port", paramLabel = "PORT", description = "The UI's port: 1024-65535, auto or off.")
    @Nullable
    String uiPort;

    @Option(names = "--driver-memory", paramLabel = "SIZE", description = "The driver's heap, such as 1512m or 2g.")
    @Nullable
    String driverMemory;

    @Option(names = "--conf", paramLabel = "K=V", description = "A Spark setting; repeatable.")
    List<String> conf = new ArrayList<>();

    @Option(
            names = "--packages",
            paramLabel = "G:A:V",
            split = ",",
            description = "Maven coordinates that Spark adds at its start; repeatable.")
    List<String> packages = new ArrayList<>();

    @Option(
            names = "--env",
            paramLabel = "K[=V]",
            description = "A variable of the server's environment; without a value it is taken from your own"
                    + " environment, which keeps secrets off the command line. Repeatable.")
    List<String> env = new ArrayList<>();

    @Option(names = "--java-home", paramLabel = "DIR", description = "The JDK that Spark runs on.")
    @Nullable
    String javaHome;

    @Option(names = "--spark-home", paramLabel = "DIR", description = "A Spark distribution, instead of a fetched one.")
    @Nullable
    String sparkHome;

    @Option(names = "--runtime", paramLabel = "NAME", description = "Where it runs: auto, docker or process.")
    @Nullable
    String runtime;

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description = "The container's image; apache/spark:VERSION unless said.")
    @Nullable
    String image;

    @Option(
            names = "--container-memory",
            paramLabel = "SIZE",
            description =
                    "The container's memory limit; the heap and the larger of 512m and a quarter of it unless said.")
    @Nullable
    String containerMemory;

    @Option(names = "--network", paramLabel = "NAME", description = "A network that the container joins; repeatable.")
    List<String> networks = new ArrayList<>();

    @Option(
            names = "--volume",
            paramLabel = "SRC:DIR[:ro]",
            description = "A further mount of the container; repeatable.")
    List<String> volumes = new ArrayList<>();

    @Option(names = "--add-host", paramLabel = "NAME:ADDR", description = "A further host name; repeatable.")
    List<String> extraHosts = new ArrayList<>();

    @Option(
            names = "--loosen",
            paramLabel = "PART",
            split = ",",
            description = "A part of the container's hardening to do without: user, capabilities, new-privileges,"
                    + " read-only, pids, memory, swap, init. Repeatable.")
    List<String> loosen = new ArrayList<>();

    @Option(names = "--no-archive", arity = "0", description = "Start without a class data archive.")
    boolean noArchive;

    @Option(names = "--archive", arity = "0", description = "With one again, where an earlier start said --no-archive.")
    boolean archive;

    @Option(names = "--templates", paramLabel = "DIR", description = "Templates that win over the built-in ones.")
    @Nullable
    String templates;

    @Option(names = "--profile", paramLabel = "NAME", description = "The profile: a folder of templates.")
    @Nullable
    String profile;

    @Option(names = "--auth", paramLabel = "none|token", description = "Who may connect.")
    @Nullable
    String auth;

    @Option(names = "--expose", paramLabel = "loopback|all", description = "From where it can be reached.")
    @Nullable
    String expose;

    @Option(
            names = "--until",
            paramLabel = "RUNG",
            description = "The rung that makes it HEALTHY: port, rpc, session (default) or query.")
    @Nullable
    String until;

    @Option(names = "--interval", paramLabel = "TIME", description = "Time between probes, such as 10s.")
    @Nullable
    String interval;

    @Option(
            names = "--start-timeout",
            paramLabel = "TIME",
            description = "From the launch to the first pass, before the start counts as failed.")
    @Nullable
    String startTimeout;

    /**
     * The flags as a declaration, its places being the flags.
     *
     * @throws CliFailure USAGE for what can't be told to a daemon at all
     */
    Declaration declaration(CliContext context) throws CliFailure {
        Builder builder = new Builder();
        builder.text("spark", spark, "--spark");
        builder.text("master", master, "--master");
        builder.text("hadoopConf", path(context, hadoopConf), "--hadoop-conf");
        builder.text("queue", queue, "--queue");
        builder.nested("executors", "number", executors, "--executors");
        builder.nested("executors", "cores", executorCores, "--executor-cores");
        builder.nested("executors", "memory", executorMemory, "--executor-memory");
        builder.nested("driver", "host", driverHost, "--driver-host");
        builder.nested("health", "minExecutors", minExecutors, "--min-executors");
        builder.number("port", port, "--port");
        builder.number("uiPort", uiPort, "--ui-port");
        builder.text("driverMemory", driverMemory, "--driver-memory");
        builder.text("javaHome", path(context, javaHome), "--java-home");
        builder.text("sparkHome", path(context, sparkHome), "--spark-home");
        builder.text("runtime", runtime, "--runtime");
        builder.text("image", image, "--image");
        builder.nested("container", "memory", containerMemory, "--container-memory");
        builder.list("container", "networks", networks, "--network");
        builder.list("container", "volumes", volumes, "--volume");
        builder.list("container", "extraHosts", extraHosts, "--add-host");
        builder.list("container", "loosen", loosen, "--loosen");
        if (archive && noArchive) {
            throw CliFailure.usage("--archive and --no-archive contradict each other", "leave one of them out");
        }
        builder.flag(
                "archive",
                noArchive ? Boolean.FALSE : archive ? Boolean.TRUE : null,
                noArchive ? "--no-archive" : "--archive");
        builder.text("templates", path(context, templates), "--templates");
        builder.text("profile", profile, "--profile");
        builder.text("auth", auth, "--auth");
        builder.text("expose", expose, "--expose");
        builder.nested("health", "until", until, "--until");
        builder.nested("health", "interval", interval, "--interval");
        builder.nested("health", "startTimeout", startTimeout, "--start-timeout");
        for (String entry : conf) {
            int equals = entry.indexOf('=');
            if (equals <= 0) {
                throw CliFailure.usage("--conf '" + entry + "' has no value", "write --conf KEY=VALUE");
            }
            builder.nested("conf", entry.substring(0, equals), entry.substring(equals + 1), "--conf");
        }
        for (String entry : env) {
            int equals = entry.indexOf('=');
            String key = equals < 0 ? entry : entry.substring(0, equals);
            String value = equals < 0 ? context.environment().get(entry) : entry.substring(equals + 1);
            if (key.isEmpty() || value == null) {
                throw CliFailure.usage(
                        key.isEmpty()
                                ? "--env has no name"
                                : "--env " + key + ": " + key + " isn't set in your environment",
                        "write --env KEY=VALUE, or set and export it");
            }
            builder.nested("env", key, value, "--env " + key);
        }
        builder.packages(packages);
        return withCallersHadoop(context, builder.build(), Declaration.empty());
    }

    /**
     * The flags, and where they or the file want YARN and nobody says where its configuration is, the caller's HADOOP_CONF_DIR: the
     * daemon's own environment is the one of whoever happened to start it.
     */
    static Declaration withCallersHadoop(CliContext context, Declaration flags, Declaration file) {
        ObjectNode tree = flags.patchedBy(file).tree();
        String callers = context.environment().getOrDefault(HADOOP_CONF, "");
        boolean known = tree.has("hadoopConf")
                || tree.path("env").has(HADOOP_CONF)
                || tree.path("env").has("YARN_CONF_DIR");
        if (callers.isEmpty() || known || !tree.path("master").asText("").equals("yarn")) {
            return flags;
        }
        Builder builder = new Builder();
        builder.text("hadoopConf", path(context, callers), HADOOP_CONF);
        return flags.patchedBy(builder.build());
    }

    /** A file as this caller's commands would take it, to be checked only: what is stored of it is the file itself. */
    static ProjectFile withCallersHadoop(CliContext context, ProjectFile file) {
        Map<ServerName, Declaration> servers = new LinkedHashMap<>();
        file.servers().forEach((name, declared) -> servers.put(name, withCallersHadoop(context, declared)));
        Map<ServerName, PoolSettings> pools = new LinkedHashMap<>();
        file.pools()
                .forEach((name, pool) -> pools.put(
                        name,
                        new PoolSettings(
                                pool.size(),
                                pool.maxAge(),
                                pool.memoryBudget(),
                                withCallersHadoop(context, pool.server()))));
        return new ProjectFile(file.path(), servers, file.daemon(), pools, file.problems());
    }

    /** A whole declaration, with the caller's HADOOP_CONF_DIR where it needs it. */
    static Declaration withCallersHadoop(CliContext context, Declaration declared) {
        return withCallersHadoop(context, declared, Declaration.empty());
    }

    /** The daemon stands elsewhere: paths are made absolute here. */
    private static @Nullable String path(CliContext context, @Nullable String path) {
        return path == null || path.isEmpty()
                ? path
                : context.workingFolder().resolve(path).normalize().toString();
    }

    /** A tree under construction, with the flag behind every value. */
    private static final class Builder {
        private final ObjectNode tree = JsonNodeFactory.instance.objectNode();
        private final Map<String, Location> places = new HashMap<>();

        void text(String key, @Nullable String value, String flag) {
            if (value != null) {
                tree.put(key, value);
                places.put("/" + key, Location.flag(flag));
            }
        }

        /** A number as YAML would read it; words such as auto stay words. */
        void number(String key, @Nullable String value, String flag) {
            text(key, value, flag);
            if (value != null && value.matches("\\d{1,9}")) {
                tree.put(key, Integer.parseInt(value));
            }
        }

        void nested(String parent, String key, @Nullable String value, String flag) {
            if (value == null) {
                return;
            }
            if (!(tree.get(parent) instanceof ObjectNode)) {
                tree.putObject(parent);
            }
            ((ObjectNode) tree.get(parent)).put(key, value);
            places.put("/" + parent + "/" + pointer(key), Location.flag(flag));
        }

        void flag(String key, @Nullable Boolean value, String flag) {
            if (value != null) {
                tree.put(key, value);
                places.put("/" + key, Location.flag(flag));
            }
        }

        void list(String parent, String key, List<String> values, String flag) {
            if (!values.isEmpty()) {
                if (!(tree.get(parent) instanceof ObjectNode)) {
                    tree.putObject(parent);
                }
                ArrayNode array = ((ObjectNode) tree.get(parent)).putArray(key);
                values.forEach(array::add);
                places.put("/" + parent + "/" + key, Location.flag(flag));
            }
        }

        void packages(List<String> coordinates) {
            if (!coordinates.isEmpty()) {
                ArrayNode array = tree.putArray("packages");
                coordinates.forEach(array::add);
                places.put("/packages", Location.flag("--packages"));
            }
        }

        private static String pointer(String key) {
            return key.replace("~", "~0").replace("/", "~1");
        }

        Declaration build() {
            return new Declaration(tree, places);
        }
    }
}
