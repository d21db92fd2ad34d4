package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Spark 3.5.0 on a real ResourceManager and a real NodeManager, which are taken down at the end, one after the other. */
@Order(1)
@TestMethodOrder(OrderAnnotation.class)
class YarnTest {
    /** Seconds in which a server comes up on a loaded machine, and its executors don't. */
    private static final int WAIT = 60;

    /** Spark keeps its gRPC port closed for 30 s otherwise, waiting for executors that don't come. */
    private static final String SOON_UP = "spark.scheduler.maxRegisteredResourcesWaitingTime=5s";

    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private static Cluster cluster;
    private static Installation installation;

    @BeforeAll
    static void build() {
        cluster = Cluster.yarn("127.0.0.1");
        installation = Installation.untrained();
    }

    @AfterAll
    static void tearDown() {
        installation.close();
        cluster.close();
    }

    private static String[] start(String server, String... more) {
        List<String> arguments = new ArrayList<>(List.of("start", server, "--master", "yarn"));
        if (!List.of(more).contains("--hadoop-conf")) {
            arguments.addAll(List.of("--hadoop-conf", cluster.conf().toString()));
        }
        arguments.addAll(List.of("--executors", "1", "--driver-memory", "600m"));
        if (!List.of(more).contains("--executor-memory")) {
            arguments.addAll(List.of("--executor-memory", "512m"));
        }
        arguments.addAll(List.of("--conf", "spark.yarn.am.memory=512m", "--port", "auto", "--ui-port", "auto"));
        arguments.addAll(List.of("--interval", INTERVAL.toSeconds() + "s"));
        arguments.addAll(Where.PROCESS.flags(installation, "3.5.0"));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    private static String application(String server) {
        return installation.status(server).at("/cluster/applicationId").asText();
    }

    /** Waits until a later incarnation than this one is HEALTHY. */
    private static void awaitReplaced(String server, int incarnation) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode now = installation.look(server);
            return now.path("incarnation").asInt() > incarnation
                    && now.path("phase").asText().equals("HEALTHY");
        });
    }

    @Test
    @Order(1)
    void serverRunsItsWorkOnExecutorsIsReplacedWithItsApplicationAndLeavesNothing() {
        Outcome start = installation.ok(start("sales"));
        assertThat(start.err()).contains("rung=query", "application_");

        JsonNode status = installation.status("sales");
        assertThat(status.path("rung").asText()).isEqualTo("QUERY");
        assertThat(status.at("/cluster/executorsRegistered").asInt()).isEqualTo(1);
        assertThat(status.at("/cluster/executorsWanted").asText()).isEqualTo("1");
        assertThat(status.at("/cluster/queue").asText()).isEqualTo("root.default");
        String first = application("sales");
        assertThat(cluster.state(first)).isEqualTo("RUNNING");
        assertThat(cluster.get("/ws/v1/cluster/apps/" + first)
                        .at("/app/applicationTags")
                        .asText())
                .contains("connectctl:", ":sales:1");
        assertThat(installation.ok("describe", "sales").out())
                .contains(first + "  RUNNING in queue root.default", "1 registered, wanted 1")
                .contains("512 MiB heap + 384 MiB overhead (the larger of 384 MiB and a tenth of the heap) = 896 MiB");
        String url = status.path("url").asText();
        assertThat(Spark.ask(url, "hello")).isEqualTo("Hello, Spark Connect!");
        assertThat(Spark.ask(url, "shuffle")).isEqualTo("17");

        News news = new News(installation, "sales");
        Instant killed = Instant.now();
        cluster.kill(first);
        awaitReplaced("sales", 1);
        assertThat(news.causes()).contains("APPLICATION_KILLED");
        // The driver learns of it at its own pace, once a second; from then on it is one probe's work.
        assertThat(Duration.between(killed, news.firstAt("UNHEALTHY")))
                .isLessThan(INTERVAL.plus(Duration.ofSeconds(10)));
        String second = application("sales");
        assertThat(second).isNotEqualTo(first);

        driverAndDaemonKilledTogetherLeaveExactlyOneApplication(second);
        String third = application("sales");

        installation.ok("restart", "sales");
        String fourth = application("sales");
        assertThat(fourth).isNotEqualTo(third);
        assertThat(cluster.state(third)).isIn("FINISHED", "KILLED");

        whatRunsIsKnownThroughTheProxyAndParted();
        await().atMost(Installation.PATIENCE).until(() -> cluster.executors().isEmpty());
        assertThat(cluster.state(fourth)).isIn("FINISHED", "KILLED");
    }

    /** The driver shows its UI to the ResourceManager's address alone, which isn't the one that it is asked from. */
    private static void whatRunsIsKnownThroughTheProxyAndParted() {
        Process endless =
                Spark.client(installation.status("sales").path("url").asText() + "/;user_id=etl", "sleep:600000");
        DrainTest.awaitOperations(installation, 1);

        Outcome refused = installation.run("stop", "sales");
        assertThat(refused.exit()).as(refused::toString).isEqualTo(9);
        assertThat(refused.err()).contains("1 operation of user etl is running; use --drain 5m or --force");
        Outcome stopped = installation.ok("stop", "sales", "--drain", "1s");
        assertThat(stopped.err()).contains("1 operation of user etl is running after 1 s: interrupted");
        assertThat(Installation.finish(endless, Installation.PATIENCE).err()).contains("OPERATION_CANCELED");
    }

    private static void driverAndDaemonKilledTogetherLeaveExactlyOneApplication(String before) {
        JsonNode status = installation.status("sales");
        ProcessHandle daemon = installation.daemon();
        daemon.destroyForcibly();
        daemon.onExit().join();
        FaultTest.signal("KILL", status.path("pid").asLong());
        installation.ok("daemon", "start");

        awaitReplaced("sales", status.path("incarnation").asInt());
        assertThat(cluster.state(before)).isIn("FINISHED", "KILLED", "FAILED");
        assertThat(cluster.applications().stream()
                        .filter(app -> app.path("state").asText().equals("RUNNING"))
                        .filter(app -> app.path("applicationTags").asText().contains(":sales:"))
                        .map(app -> app.path("id").asText()))
                .containsExactly(application("sales"));
    }

    @Test
    @Order(3)
    void wrongHadoopConfIsRefusedBeforeAnythingIsLaunched() throws IOException {
        Path empty = Files.createDirectories(installation.home().resolve("no-hadoop"));

        Outcome outcome = installation.run(start("lost", "--hadoop-conf", empty.toString()));

        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(6);
        assertThat(outcome.err()).contains(empty.toString(), "holds no yarn-site.xml", "/etc/hadoop/conf");
    }

    @Test
    @Order(4)
    void whatTheClusterRefusesEndsInItsCauseAtOnce() throws IOException {
        Refusals.all(
                installation,
                Refusals.of("nowhere", start("nowhere", "--queue", "nope"), "QUEUE_UNKNOWN", "'nope'", "--queue"),
                Refusals.of(
                        "huge",
                        start("huge", "--executor-memory", "4g"),
                        "QUEUE_MEMORY_SMALL",
                        "2048 MiB",
                        "--executor-memory"),
                Refusals.of(
                        "bare",
                        start("bare", "--spark-home", withoutYarn().toString()),
                        "BAD_MASTER",
                        "spark-yarn",
                        "leave sparkHome out"));
    }

    /** The jars of Spark alone, as a user may have them in a folder of his own. */
    private static Path withoutYarn() throws IOException {
        Path home = Files.createDirectories(installation.home().resolve("bare"));
        try (Stream<Path> jars = Files.list(installation.cached("3.5.0-yarn"))) {
            for (Path jar : (Iterable<Path>) jars::iterator) {
                if (!jar.getFileName().toString().startsWith("spark-yarn")) {
                    Files.createSymbolicLink(home.resolve(jar.getFileName()), jar);
                }
            }
        }
        return home;
    }

    @Test
    @Order(5)
    void whatIsWaitedForIsSaidAndEndsInItsCauseInTime() throws IOException {
        try (ServerSocket silent = Refusals.socketElsewhere()) {
            Refusals.all(
                    installation,
                    Refusals.of(
                                    "waits",
                                    start("waits", Refusals.within(WAIT, "--queue", "tiny")),
                                    "QUEUE_FULL",
                                    "tiny",
                                    "--queue")
                            .saying("ACCEPTED in queue root.tiny for", "cluster has", "MiB"),
                    // Its master gets in, and its executor doesn't fit in what is left beside the masters.
                    Refusals.of(
                            "wide",
                            start("wide", Refusals.within(WAIT, "--executor-memory", "1g", "--conf", SOON_UP)),
                            "NO_EXECUTORS",
                            "of 2048 MiB",
                            "--executor-memory"),
                    misled("silent", silent.getLocalPort()));
        }
    }

    @Test
    @Order(6)
    void wrongAddressOfTheDriverIsToldAtOnceWhereItAnswers() throws IOException {
        try (ServerSocket ends = Refusals.socketElsewhere()) {
            Thread stranger = new Thread(() -> endEach(ends), "stranger");
            stranger.setDaemon(true);
            stranger.start();

            Refusals.all(installation, misled("refused", 0), misled("ended", ends.getLocalPort()));
        }
    }

    private static Refusals.Refusal misled(String server, int port) {
        return Refusals.of(
                server,
                start(
                        server,
                        Refusals.elsewhere(
                                WAIT,
                                "--conf",
                                SOON_UP,
                                "--conf",
                                "spark.driver.port=" + port,
                                "--conf",
                                "spark.yarn.maxAppAttempts=1")),
                "DRIVER_UNREACHABLE",
                Refusals.ELSEWHERE,
                "--driver-host");
    }

    private static void endEach(ServerSocket socket) {
        try {
            while (true) {
                socket.accept().close();
            }
        } catch (IOException closed) {
            // The test has ended.
        }
    }

    @Test
    @Order(7)
    void clusterWithoutMachinesIsToldAsThat() {
        cluster.kill9("nm");
        cluster.awaitNodes(0);

        Refusals.all(
                installation,
                Refusals.of("idle", start("idle", Refusals.within(20)), "NODES_DOWN", "NodeManager", "start them")
                        .saying("no working NodeManager"));
    }

    @Test
    @Order(8)
    void resourceManagerThatDoesNotAnswerIsToldAsThat() {
        cluster.kill9("rm");

        Refusals.all(
                installation,
                Refusals.of(
                                "alone",
                                start("alone", Refusals.within(20)),
                                "YARN_UNREACHABLE",
                                "ResourceManager",
                                "--hadoop-conf")
                        .saying("no ResourceManager answers"),
                // Its driver isn't up by then and can't say so itself.
                Refusals.of(
                        "hasty",
                        start("hasty", Refusals.within(5)),
                        "YARN_UNREACHABLE",
                        "ResourceManager",
                        "--hadoop-conf"));
    }
}
