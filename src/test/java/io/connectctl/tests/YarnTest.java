package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Spark 3.5.0 on a real ResourceManager and a real NodeManager. */
class YarnTest {
    private static Cluster cluster;
    private static Installation installation;

    @BeforeAll
    static void build() {
        cluster = Cluster.yarn();
        installation = new Installation();
    }

    @AfterAll
    static void tearDown() {
        installation.close();
        cluster.close();
    }

    private static String[] start(String server, String... more) {
        List<String> arguments = new ArrayList<>(List.of("start", server, "--master", "yarn"));
        arguments.addAll(List.of("--hadoop-conf", cluster.conf().toString()));
        arguments.addAll(List.of("--executors", "1", "--driver-memory", "600m"));
        if (!List.of(more).contains("--executor-memory")) {
            arguments.addAll(List.of("--executor-memory", "512m"));
        }
        arguments.addAll(List.of("--conf", "spark.yarn.am.memory=512m", "--port", "auto", "--ui-port", "auto"));
        arguments.addAll(List.of("--interval", "2s"));
        arguments.addAll(Where.PROCESS.flags(installation, "3.5.0"));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    private static String application(String server) {
        return installation.status(server).at("/cluster/applicationId").asText();
    }

    @Test
    void serverRunsItsWorkOnExecutorsIsReplacedWhereItsApplicationIsKilledAndLeavesNothing() {
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
        cluster.kill(first);
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode now = installation.look("sales");
            return now.path("incarnation").asInt() == 2
                    && now.path("phase").asText().equals("HEALTHY");
        });
        assertThat(news.causes()).contains("APPLICATION_KILLED");
        String second = application("sales");
        assertThat(second).isNotEqualTo(first);

        installation.ok("stop", "sales");
        await().atMost(Installation.PATIENCE).until(() -> cluster.executors().isEmpty());
        assertThat(cluster.state(second)).isIn("FINISHED", "KILLED");
    }

    @Test
    void driverAndDaemonKilledTogetherLeaveExactlyOneApplication() {
        installation.ok(start("twice"));
        String first = application("twice");
        long driver = installation.status("twice").path("pid").asLong();

        ProcessHandle daemon = installation.daemon();
        daemon.destroyForcibly();
        daemon.onExit().join();
        FaultTest.signal("KILL", driver);
        installation.ok("daemon", "start");

        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode now = installation.look("twice");
            return now.path("incarnation").asInt() == 2
                    && now.path("phase").asText().equals("HEALTHY");
        });
        assertThat(cluster.state(first)).isIn("FINISHED", "KILLED", "FAILED");
        assertThat(cluster.applications().stream()
                        .filter(app -> app.path("state").asText().equals("RUNNING"))
                        .filter(app -> app.path("applicationTags").asText().contains(":twice:"))
                        .map(app -> app.path("id").asText()))
                .containsExactly(application("twice"));
        installation.ok("stop", "twice");
    }

    @Test
    void fullQueueIsWaitedForAloudAndEndsInItsCause() {
        Outcome outcome =
                installation.run(start("waits", "--queue", "tiny", "--start-timeout", "30s", "--timeout", "40s"));

        assertThat(outcome.exit()).as(outcome::toString).isNotZero();
        assertThat(outcome.err())
                .contains("ACCEPTED in queue root.tiny for", "cluster has", "MiB")
                .contains("QUEUE_FULL");
        installation.run("stop", "waits");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "nowhere | QUEUE_UNKNOWN      | --queue nope            | nope",
                "huge    | QUEUE_MEMORY_SMALL | --executor-memory 4g    | 2048",
            })
    void whatTheClusterRefusesEndsInItsCause(String server, String code, String flags, String said) {
        Outcome outcome = installation.run(start(server, flags.split(" ")));

        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(4);
        assertThat(installation.status(server).at("/cause/code").asText())
                .as(outcome::toString)
                .isEqualTo(code);
        assertThat(outcome.err()).contains(said);
    }
}
