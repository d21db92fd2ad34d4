package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Spark 4.0.1 on a real standalone master and worker. */
@Order(4)
class StandaloneTest {
    /** Seconds in which a server comes up on a loaded machine, and its executors don't. */
    private static final int WAIT = 45;

    private static final String VERSION = "4.0.1";
    private static final String OTHER = "3.5.0";

    private static String[] start(
            String server, String version, Installation installation, Where where, String... more) {
        List<String> arguments = new ArrayList<>(List.of("start", server));
        arguments.addAll(List.of("--executors", "1", "--executor-memory", "512m"));
        arguments.addAll(List.of("--port", "auto", "--ui-port", "auto", "--interval", "2s"));
        arguments.addAll(where.flags(installation, version));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    @Test
    void processRunsItsWorkOnExecutorsOutlivesOneAndItsMasterAndIsToldWhatRefusesIt() {
        try (Installation installation = new Installation();
                Cluster cluster = Cluster.standalone(installation.jars(VERSION), "127.0.0.1")) {
            works(installation, Where.PROCESS, cluster);
            outlivesAnExecutor(installation, cluster);
            refuses(installation, cluster);
            outlivesItsMaster(installation, Where.PROCESS, cluster);
            stops(installation, cluster);
        }
    }

    private static void outlivesAnExecutor(Installation installation, Cluster cluster) {
        long incarnation = installation.status("sales").path("incarnation").asLong();

        cluster.executors().forEach(ProcessHandle::destroyForcibly);
        await().atMost(Installation.PATIENCE)
                .until(() ->
                        installation.look("sales").at("/cluster/executorsLost").asInt() == 1);
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode now = installation.look("sales");
            return now.at("/cluster/executorsRegistered").asInt() == 1
                    && now.path("phase").asText().equals("HEALTHY");
        });

        JsonNode status = installation.status("sales");
        assertThat(status.path("incarnation").asLong()).isEqualTo(incarnation);
        assertThat(Spark.ask(status.path("url").asText(), "shuffle")).isEqualTo("17");
    }

    private static void outlivesItsMaster(Installation installation, Where where, Cluster cluster) {
        cluster.kill9("master");
        await().atMost(Installation.PATIENCE).until(() -> installation
                .look("sales")
                .at("/cluster/diagnostics")
                .asText()
                .contains("no standalone master answers"));
        assertThat(installation.ok("events", "sales").out())
                .contains("no standalone master answers", "none that is lost is replaced");
        assertThat(Spark.ask(installation.status("sales").path("url").asText(), "shuffle"))
                .as("what runs goes on without it")
                .isEqualTo("17");
        assertThat(installation.status("sales").path("phase").asText()).isEqualTo("HEALTHY");
        Refusals.all(
                installation,
                Refusals.of(
                        "late",
                        start("late", VERSION, installation, where, Refusals.within(10, "--master", cluster.master())),
                        "MASTER_UNREACHABLE",
                        cluster.master(),
                        "start that master"));
    }

    private static void stops(Installation installation, Cluster cluster) {
        installation.ok("stop", "sales");
        await().atMost(Installation.PATIENCE).until(() -> cluster.executors().isEmpty());
    }

    /** A cluster of another Spark, workers of another Spark, and a driver that nobody reaches. */
    private static void refuses(Installation installation, Cluster cluster) {
        try (Cluster mixed = Cluster.mixed(installation.jars(VERSION), installation.jars(OTHER), "127.0.0.1")) {
            Refusals.all(
                    installation,
                    Refusals.of(
                            "older",
                            start("older", OTHER, installation, Where.PROCESS, "--master", cluster.master()),
                            "SPARK_VERSION_DIFFERS",
                            "3.5.0",
                            "--spark"),
                    Refusals.of(
                            "foreign",
                            start(
                                    "foreign",
                                    VERSION,
                                    installation,
                                    Where.PROCESS,
                                    Refusals.within(WAIT, "--master", mixed.master())),
                            "NO_EXECUTORS",
                            "0 of at least 1",
                            "another Spark version"),
                    Refusals.of(
                            "elsewhere",
                            start(
                                    "elsewhere",
                                    VERSION,
                                    installation,
                                    Where.PROCESS,
                                    Refusals.elsewhere(WAIT, "--master", cluster.master())),
                            "DRIVER_UNREACHABLE",
                            Refusals.ELSEWHERE,
                            "--driver-host"));
        }
    }

    @Test
    void containerRunsItsWorkOnExecutorsOutsideOfItAndOutlivesOneAndItsMaster() {
        Docker.require();
        try (Installation installation = new Installation(Where.DOCKER);
                // A container reaches this machine by the address of its bridge, and is reached by it.
                Cluster cluster = Cluster.standalone(installation.jars(VERSION), Docker.gateway())) {
            works(installation, Where.DOCKER, cluster);
            outlivesAnExecutor(installation, cluster);
            outlivesItsMaster(installation, Where.DOCKER, cluster);
            stops(installation, cluster);
        }
    }

    @Test
    void exportedProjectBringsItsClusterAlong() throws IOException {
        Docker.require();
        try (Installation installation = new Installation(Where.DOCKER);
                Compose compose = new Compose(installation)) {
            int port = Spark.freePort();
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"),
                    """
                    servers:
                      connect:
                        spark: 4.0.1
                        image: %s
                        port: %d
                        uiPort: auto
                        driverMemory: 600m
                        executors: {number: 1, memory: 512m}
                        conf: {%s: %s}
                    """
                            .formatted(Docker.official(installation, VERSION), port, Where.JAVA_KEY, Where.JAVA));

            installation.ok("export", "compose", "--with-cluster", "standalone");
            compose.ok("up", "--wait");

            assertThat(Spark.ask("sc://localhost:" + port, "shuffle")).isEqualTo("17");
            String page = "http://" + compose.ok("port", "cluster-master", "8080");
            assertThat(Spark.get(page + "/json/").path("activeapps")).hasSize(1);
        }
    }

    private static void works(Installation installation, Where where, Cluster cluster) {
        Outcome start = installation.ok(start("sales", VERSION, installation, where, "--master", cluster.master()));
        assertThat(start.err()).contains("rung=query");
        JsonNode status = installation.status("sales");
        assertThat(status.path("rung").asText()).isEqualTo("QUERY");
        assertThat(status.at("/cluster/executorsRegistered").asInt()).isEqualTo(1);
        assertThat(status.at("/cluster/applicationId").asText()).startsWith("app-");
        String url = status.path("url").asText();
        assertThat(Spark.ask(url, "hello")).isEqualTo("Hello, Spark Connect!");
        assertThat(Spark.ask(url, "shuffle")).isEqualTo("17");
    }
}
