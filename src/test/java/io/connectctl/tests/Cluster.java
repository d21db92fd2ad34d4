package io.connectctl.tests;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A real cluster on ports of its own: a ResourceManager and a NodeManager, or a standalone master and workers, as processes of this
 * machine. Closing it ends every process that it started, and what those started.
 */
final class Cluster implements AutoCloseable {
    private static final Path HADOOP =
            Path.of(System.getProperty("connectctl.root")).resolve("target/tests-hadoop/lib");

    /** Some ten seconds on a quiet machine. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final Path home;
    private final Map<String, Process> parts = new LinkedHashMap<>();
    private final String host;
    private String web = "";
    private String master = "";

    private Cluster(String host) {
        this.host = host;
        try {
            this.home = Files.createTempDirectory("connectctl-cluster-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ------------------------------------------------------------------ YARN

    /**
     * A ResourceManager and one NodeManager of 2 GiB at this address; its queues are {@code default} and {@code tiny}, which has room for
     * next to nothing.
     */
    static Cluster yarn(String host) {
        Cluster cluster = new Cluster(host);
        try {
            Files.createDirectories(cluster.conf());
            cluster.writeConf();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cluster.startResourceManager();
        cluster.startNodeManager();
        cluster.awaitNodes(1);
        return cluster;
    }

    /** Its Hadoop configuration, as {@code hadoopConf} names it. */
    Path conf() {
        return home.resolve("conf");
    }

    void startResourceManager() {
        startHadoop("rm", "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager");
    }

    void startNodeManager() {
        startHadoop("nm", "org.apache.hadoop.yarn.server.nodemanager.NodeManager");
    }

    /** Waits until so many NodeManagers are there, by the ResourceManager. */
    void awaitNodes(int number) {
        awaitNumber("/ws/v1/cluster/metrics", "/clusterMetrics/activeNodes", number);
    }

    private void startHadoop(String part, String main) {
        start(
                part,
                List.of(
                        JAVA,
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        Where.JAVA,
                        "--add-opens=java.base/java.lang=ALL-UNNAMED",
                        "-cp",
                        conf() + ":" + HADOOP + "/*",
                        main),
                Map.of());
    }

    private void writeConf() throws IOException {
        Map<String, String> yarn = new LinkedHashMap<>();
        yarn.put("yarn.resourcemanager.hostname", host);
        yarn.put("yarn.resourcemanager.bind-host", host);
        for (String address : List.of(
                "resourcemanager.address",
                "resourcemanager.scheduler.address",
                "resourcemanager.resource-tracker.address",
                "resourcemanager.admin.address",
                "resourcemanager.webapp.address",
                "nodemanager.address",
                "nodemanager.localizer.address",
                "nodemanager.webapp.address",
                "nodemanager.collector-service.address")) {
            yarn.put("yarn." + address, host + ":" + Spark.freePort());
        }
        web = "http://" + yarn.get("yarn.resourcemanager.webapp.address");
        yarn.put("yarn.nodemanager.hostname", host);
        yarn.put("yarn.nodemanager.bind-host", host);
        yarn.put("yarn.nodemanager.local-dirs", home.resolve("local").toString());
        yarn.put("yarn.nodemanager.log-dirs", home.resolve("logs").toString());
        yarn.put("yarn.nodemanager.resource.memory-mb", "2048");
        yarn.put("yarn.nodemanager.resource.cpu-vcores", "4");
        yarn.put("yarn.scheduler.minimum-allocation-mb", "128");
        yarn.put("yarn.scheduler.maximum-allocation-mb", "2048");
        yarn.put("yarn.nodemanager.vmem-check-enabled", "false");
        yarn.put("yarn.nodemanager.pmem-check-enabled", "false");
        // A full disk of the machine that tests is none of these tests' business.
        yarn.put("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100");
        yarn.put("yarn.nodemanager.env-whitelist", "JAVA_HOME,PATH,LANG,TZ");
        // A machine that is lost is told of within seconds.
        yarn.put("yarn.nm.liveness-monitor.expiry-interval-ms", "10000");
        yarn.put("yarn.timeline-service.enabled", "false");
        write("yarn-site.xml", yarn);
        write(
                "core-site.xml",
                Map.of(
                        "fs.defaultFS",
                        "file:///",
                        "hadoop.tmp.dir",
                        home.resolve("tmp").toString()));
        write(
                "capacity-scheduler.xml",
                Map.of(
                        "yarn.scheduler.capacity.root.queues", "default,tiny",
                        "yarn.scheduler.capacity.root.default.capacity", "99",
                        "yarn.scheduler.capacity.root.tiny.capacity", "1",
                        "yarn.scheduler.capacity.root.tiny.maximum-capacity", "1",
                        "yarn.scheduler.capacity.maximum-am-resource-percent", "1.0"));
        Files.writeString(
                conf().resolve("log4j.properties"),
                """
                log4j.rootLogger=INFO,stderr
                log4j.appender.stderr=org.apache.log4j.ConsoleAppender
                log4j.appender.stderr.target=System.err
                log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
                log4j.appender.stderr.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
                """);
    }

    private void write(String file, Map<String, String> properties) throws IOException {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\"?>\n<configuration>\n");
        properties.forEach((name, value) -> xml.append("  <property><name>")
                .append(name)
                .append("</name><value>")
                .append(value)
                .append("</value></property>\n"));
        Files.writeString(conf().resolve(file), xml.append("</configuration>\n"));
    }

    /** What the ResourceManager's REST API says. */
    JsonNode get(String path) {
        return Spark.get(web + path);
    }

    /** Every application that ever was, by the ResourceManager. */
    List<JsonNode> applications() {
        List<JsonNode> all = new ArrayList<>();
        get("/ws/v1/cluster/apps").at("/apps/app").forEach(all::add);
        return all;
    }

    /** The state of one application. */
    String state(String application) {
        return get("/ws/v1/cluster/apps/" + application).at("/app/state").asText();
    }

    /** As {@code yarn application -kill} does. */
    void kill(String application) {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create(web + "/ws/v1/cluster/apps/" + application + "/state?user.name=somebody")
                            .toURL()
                            .openConnection();
            connection.setRequestMethod("PUT");
            connection.setDoOutput(true);
            connection.setRequestProperty("Content-Type", "application/json");
            try (OutputStream out = connection.getOutputStream()) {
                out.write("{\"state\":\"KILLED\"}".getBytes(StandardCharsets.UTF_8));
            }
            if (connection.getResponseCode() > 299) {
                throw new AssertionError("killing " + application + ": HTTP " + connection.getResponseCode());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ------------------------------------------------------------------ standalone

    /** A standalone master and a worker of 2 cores and 2 GiB at this address, both of these jars. */
    static Cluster standalone(Path jars, String host) {
        Cluster cluster = standaloneMaster(jars, host);
        cluster.startWorker(jars);
        cluster.awaitNumber("/json/", "/aliveworkers", 1);
        return cluster;
    }

    /** A standalone master, and a worker of another Spark that tries to register with it. */
    static Cluster mixed(Path jars, Path workers, String host) {
        Cluster cluster = standaloneMaster(jars, host);
        cluster.startWorker(workers);
        await().atMost(PATIENCE).until(() -> cluster.log("master").contains("InvalidClassException"));
        return cluster;
    }

    private static Cluster standaloneMaster(Path jars, String host) {
        Cluster cluster = new Cluster(host);
        int port = Spark.freePort();
        int ui = Spark.freePort();
        cluster.master = "spark://" + host + ":" + port;
        cluster.web = "http://" + host + ":" + ui;
        try {
            // What Spark's own scripts look for before they start an executor.
            Path spark = Files.createDirectories(cluster.home.resolve("spark"));
            Files.createSymbolicLink(spark.resolve("jars"), jars);
            Files.writeString(spark.resolve("RELEASE"), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cluster.startSpark(
                "master",
                jars,
                "org.apache.spark.deploy.master.Master",
                "--host",
                host,
                "--port",
                "" + port,
                "--webui-port",
                "" + ui);
        cluster.awaitNumber("/json/", "/aliveworkers", 0);
        return cluster;
    }

    private void startWorker(Path jars) {
        startSpark(
                "worker",
                jars,
                "org.apache.spark.deploy.worker.Worker",
                "--host",
                host,
                "--cores",
                "2",
                "--memory",
                "2g",
                "--webui-port",
                "" + Spark.freePort(),
                "--work-dir",
                home.resolve("work").toString(),
                master);
    }

    /** Where a driver registers. */
    String master() {
        return master;
    }

    private void awaitNumber(String path, String pointer, int value) {
        await().atMost(PATIENCE).until(() -> {
            try {
                return get(path).at(pointer).asInt() == value;
            } catch (UncheckedIOException e) {
                return false;
            }
        });
    }

    private void startSpark(String part, Path jars, String main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                JAVA,
                "-Xmx256m",
                "-XX:+UseSerialGC",
                Where.JAVA,
                "-XX:+IgnoreUnrecognizedVMOptions",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/java.net=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                jars + "/*",
                main));
        command.addAll(List.of(arguments));
        start(part, command, Map.of("SPARK_HOME", home.resolve("spark").toString(), "SPARK_SCALA_VERSION", "2.13"));
    }

    // ------------------------------------------------------------------ all of it

    private void start(String part, List<String> command, Map<String, String> variables) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        home.resolve(part + ".log").toFile()));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(variables);
        try {
            parts.put(part, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The process ids of what this cluster's machines run for an application, such as executors. */
    List<ProcessHandle> executors() {
        return ProcessHandle.allProcesses()
                .filter(process -> Installation.commandLine(process.pid()).contains("CoarseGrainedExecutorBackend"))
                .filter(process -> Installation.commandLine(process.pid()).contains("--driver-url"))
                .filter(process -> parts.values().stream()
                        .anyMatch(part -> part.descendants().anyMatch(process::equals)))
                .toList();
    }

    /** Kills a part, as a machine that fails does. */
    void kill9(String part) {
        Process process = parts.remove(part);
        if (process == null) {
            throw new AssertionError("no " + part + " runs");
        }
        process.destroyForcibly();
        finish(process);
    }

    /** What a part said. */
    String log(String part) {
        try {
            return Files.readString(home.resolve(part + ".log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>();
        for (Process part : parts.values()) {
            part.descendants().forEach(all::add);
            all.add(part.toHandle());
        }
        // A NodeManager takes leave of its containers for seconds; nobody needs that here.
        all.forEach(ProcessHandle::destroyForcibly);
        parts.values().forEach(Cluster::finish);
        try {
            Installation.delete(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void finish(Process process) {
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                throw new AssertionError("it survived SIGKILL: " + process.info());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
