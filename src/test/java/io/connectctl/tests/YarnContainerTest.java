package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Drivers in containers on a real YARN: one of this machine's, and one that is a compose project's own. */
@Order(2)
class YarnContainerTest {
    private static final String VERSION = "3.5.0";
    private static final String IMAGE = "connectctl-test-yarn:" + VERSION;

    private static Installation installation;

    @BeforeAll
    static void build() {
        Docker.require();
        installation = new Installation(Where.DOCKER);
        installation.ok(
                "image",
                "build",
                "--yarn",
                "--spark",
                VERSION,
                "--base",
                Docker.base(),
                "--tag",
                IMAGE,
                "--no-archive");
    }

    @AfterAll
    static void tearDown() {
        if (installation != null) {
            installation.close();
        }
    }

    /** Its files go to the executors as they do on a real cluster, over a file system that both sides see; here that is a folder. */
    @Test
    void driverInAContainerRunsItsWorkOnExecutorsOutsideAndLeavesNothing() throws IOException {
        Path staging = Files.createDirectory(installation.home().resolve("staging"));
        Files.setPosixFilePermissions(staging, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (Cluster cluster = Cluster.yarn(Docker.gateway())) {
            List<String> start = new ArrayList<>(List.of("start", "sales", "--spark", VERSION, "--master", "yarn"));
            start.addAll(List.of("--runtime", "docker", "--image", IMAGE));
            start.addAll(List.of("--hadoop-conf", cluster.conf().toString()));
            start.addAll(List.of("--volume", staging + ":" + staging));
            start.addAll(List.of("--conf", "spark.yarn.stagingDir=file:" + staging));
            start.addAll(List.of("--conf", "spark.yarn.am.memory=512m", "--conf", Where.JAVA_KEY + "=" + Where.JAVA));
            start.addAll(List.of("--executors", "1", "--executor-memory", "512m", "--driver-memory", "600m"));
            start.addAll(List.of("--port", "auto", "--ui-port", "auto", "--interval", "2s"));

            Outcome started = installation.ok(start.toArray(new String[0]));

            assertThat(started.err()).contains("rung=query", "application_");
            JsonNode status = installation.status("sales");
            assertThat(status.path("containerId").asText()).isNotEmpty();
            assertThat(status.at("/cluster/executorsRegistered").asInt()).isEqualTo(1);
            assertThat(Spark.ask(status.path("url").asText(), "shuffle")).isEqualTo("17");
            String first = status.at("/cluster/applicationId").asText();
            assertThat(cluster.state(first)).isEqualTo("RUNNING");

            Docker.ok("kill", status.path("containerId").asText());
            await().atMost(Installation.PATIENCE).until(() -> {
                JsonNode now = installation.look("sales");
                return now.path("incarnation").asInt() > 1
                        && now.path("phase").asText().equals("HEALTHY");
            });
            String second =
                    installation.status("sales").at("/cluster/applicationId").asText();
            assertThat(second).isNotEqualTo(first);
            assertThat(cluster.state(first)).isIn("FINISHED", "KILLED", "FAILED");

            installation.ok("stop", "sales");
            await().atMost(Installation.PATIENCE)
                    .until(() -> cluster.executors().isEmpty());
            assertThat(cluster.state(second)).isIn("FINISHED", "KILLED");
        }
    }

    @Test
    void exportedProjectBringsItsYarnAlong() throws IOException {
        try (Compose compose = new Compose(installation)) {
            int port = Spark.freePort();
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"),
                    """
                    servers:
                      connect:
                        spark: %s
                        port: %d
                        uiPort: auto
                        driverMemory: 600m
                        executors: {number: 1, memory: 512m}
                        conf: {%s: %s}
                    """
                            .formatted(VERSION, port, Where.JAVA_KEY, Where.JAVA));

            installation.ok("export", "compose", "--with-cluster", "yarn", "--image", IMAGE);
            compose.ok("up", "--wait");

            assertThat(Spark.ask("sc://localhost:" + port, "shuffle")).isEqualTo("17");
            String page = "http://" + compose.ok("port", "cluster-resourcemanager", "8088");
            assertThat(Spark.get(page + "/ws/v1/cluster/apps?states=RUNNING").at("/apps/app"))
                    .hasSize(1);
        }
    }
}
