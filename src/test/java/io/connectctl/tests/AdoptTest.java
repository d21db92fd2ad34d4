package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A container that somebody started with docker alone, as the documentation of Apache's image says: its own entrypoint, command,
 * name and ports. It is adopted without a restart, and never made anew, whatever becomes of it.
 */
@Timeout(900)
@Order(Integer.MAX_VALUE - 4)
class AdoptTest {
    /** Inside; another one than Spark's own, which only its command line tells. */
    private static final int INSIDE = 15310;

    private static final String SERVER_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer";

    private static Installation installation;
    private static String image;
    private static int port;
    private static String container;
    private static JsonNode before;
    private static Outcome adoption;
    private static JsonNode after;

    private final List<String> others = new ArrayList<>();
    private News news;

    @BeforeAll
    static void startAndAdopt() throws IOException {
        installation = Where.DOCKER.install();
        image = Docker.official(installation, "4.0.1");
        port = Spark.freePort();
        // What is declared of an adopted server is how it is looked after, never how it is made.
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                """
                servers:
                  analytics:
                    health: {interval: 1s, timeout: 5s, failures: 2}
                    restart: {backoff: 100ms, budget: 100}
                """);
        container = Docker.ok(
                "run",
                "-d",
                "--name",
                installation.home().getFileName() + "-spark",
                "--memory",
                "1g",
                "-p",
                "127.0.0.1:" + port + ":" + INSIDE,
                "-p",
                "127.0.0.1::4040",
                image,
                "/opt/spark/bin/spark-submit",
                "--class",
                SERVER_CLASS,
                "--driver-memory",
                "512m",
                "--conf",
                Where.JAVA_KEY + "=" + Where.JAVA,
                "--conf",
                "spark.connect.grpc.binding.port=" + INSIDE,
                "spark-internal");
        await().atMost(Installation.PATIENCE)
                .until(() -> Docker.run("logs", container).toString().contains("Spark Connect server started at"));
        before = Docker.inspect(container);
        adoption = installation.ok("adopt", before.path("Name").asText().substring(1), "analytics");
        after = Docker.inspect(container);
        // From here on with what the file declares.
        installation.ok("restart", "analytics");
    }

    @AfterAll
    static void end() {
        if (installation != null) {
            installation.run("daemon", "stop");
            if (container != null) {
                Docker.run("rm", "-f", "-v", container);
            }
            installation.close();
        }
    }

    @BeforeEach
    void healthyServer() {
        installation.ok("start", "analytics");
        news = new News(installation, "analytics");
    }

    @AfterEach
    void removeOthers() {
        others.forEach(other -> Docker.run("rm", "-f", "-v", other));
    }

    // ------------------------------------------------------------------ taken over, and let go

    @Test
    void adoptionLeavesTheServerRunning() {
        assertThat(adoption.out().strip()).isEqualTo("sc://localhost:" + port);
        assertThat(adoption.err()).contains("analytics  HEALTHY", "spark=4.0.1");
        for (String pointer : List.of("/Id", "/Name", "/State/Pid", "/State/StartedAt", "/Config", "/HostConfig")) {
            assertThat(after.at(pointer)).as(pointer).isEqualTo(before.at(pointer));
        }
        assertThat(Spark.ask("sc://localhost:" + port, "hello")).isEqualTo("Hello, Spark Connect!");
        assertThat(installation.ok("describe", "analytics").out()).contains("adopted");
    }

    @Test
    void removeForgetsTheServerAndLeavesTheContainerRunning() {
        String started = Docker.inspect(container).at("/State/StartedAt").asText();

        installation.ok("remove", "analytics", "--purge");

        assertThat(installation.run("status", "analytics").exit()).isEqualTo(5);
        assertThat(Docker.inspect(container).at("/State/StartedAt").asText()).isEqualTo(started);
        assertThat(Docker.inspect(container).at("/State/Running").asBoolean()).isTrue();
        assertThat(Spark.ask("sc://localhost:" + port, "hello")).isEqualTo("Hello, Spark Connect!");

        installation.ok("adopt", container, "analytics");
        installation.ok("restart", "analytics");
        assertThat(installation.containerId("analytics")).isEqualTo(container);
    }

    // ------------------------------------------------------------------ by hand and by fault

    @Test
    void stopAndStartKeepTheContainer() {
        installation.ok("stop", "analytics");
        assertThat(Docker.inspect(container).at("/State/Running").asBoolean()).isFalse();

        Outcome start = installation.ok("start", "analytics");

        assertThat(start.out().strip()).isEqualTo("sc://localhost:" + port);
        assertThat(installation.containerId("analytics")).isEqualTo(container);
        assertThat(Docker.inspect(container).at("/State/Running").asBoolean()).isTrue();
    }

    @Test
    void aKillIsAFaultThatTheSameContainerAnswersWithAStart() {
        int incarnation = incarnation();

        Docker.ok("kill", container);

        awaitHealthy(incarnation + 1);
        assertThat(news.causes()).contains("KILLED");
        assertThat(installation.containerId("analytics")).isEqualTo(container);
    }

    // ------------------------------------------------------------------ what is refused

    @Test
    void whatCannotBeAdoptedIsRefusedAndToldWhy() {
        // Words of a server's command line, without one.
        String[] pretender = {"sh", "-c", "sleep 600", SERVER_CLASS};
        String sleeper = other(List.of(), "sleep", "600");
        String unpublished = other(List.of(), pretender);
        String silent = other(List.of("-p", "127.0.0.1::15002"), pretender);
        String stopped = other(List.of("-p", "127.0.0.1::15002"), pretender);
        Docker.ok("kill", stopped);
        String strange = other(
                List.of(
                        "-p",
                        "127.0.0.1::15002",
                        "--label",
                        "io.connectctl.installation=00000000",
                        "--label",
                        "io.connectctl.server=theirs"),
                pretender);

        assertRefused(sleeper, "no Spark Connect server runs in container", "docker top");
        assertRefused(unpublished, "doesn't publish port 15002", "-p 127.0.0.1:15002:15002");
        assertRefused(silent, "doesn't answer", "docker logs");
        assertRefused(stopped, "doesn't run", "docker start");
        assertRefused(strange, "connectctl's own already", "server theirs of installation 00000000");
        assertRefused(container, "is server analytics already");
        assertRefused("no-such-container", "there is no container 'no-such-container'", "docker ps");
        assertThat(installation.ok("status", "-o", "name").out().strip()).isEqualTo("analytics");
        for (String each : List.of(sleeper, unpublished, silent, strange)) {
            assertThat(Docker.inspect(each).at("/State/Running").asBoolean()).isTrue();
        }
    }

    private String other(List<String> flags, String... command) {
        List<String> run = new ArrayList<>(List.of("run", "-d", "--init", "--entrypoint", ""));
        run.addAll(flags);
        run.add(image);
        run.addAll(List.of(command));
        String id = Docker.ok(run.toArray(new String[0]));
        others.add(id);
        return id;
    }

    private static void assertRefused(String what, String... words) {
        Outcome outcome = installation.run("adopt", what, "refused");
        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(1);
        assertThat(outcome.err()).contains(words);
    }

    // ------------------------------------------------------------------ shared

    private static int incarnation() {
        return installation.look("analytics").path("incarnation").asInt();
    }

    private static void awaitHealthy(int incarnation) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode status = installation.look("analytics");
            return status.path("incarnation").asInt() >= incarnation
                    && status.path("phase").asText().equals("HEALTHY");
        });
    }
}
