package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Who isn't root and is in the group docker has the same servers in containers: no folder of the engine's need be theirs. */
class OrdinaryUserTest {
    private static final String USER = "connectctl-test";

    @Test
    void aUserInTheGroupDockerStartsStopsAndRemovesAServer() throws IOException {
        Docker.require();
        Docker.requireRoot();
        Path socket = Path.of("/var/run/docker.sock");
        Docker.require(
                System.getenv("DOCKER_HOST") == null && Files.exists(socket)
                        ? Optional.empty()
                        : Optional.of("the engine isn't at " + socket + ", so no group says who may use it"));
        String group =
                Files.readAttributes(socket, PosixFileAttributes.class).group().getName();
        Docker.require(
                group.equals("root")
                        ? Optional.of("the engine's socket is root's alone: no group docker")
                        : Optional.empty());
        String image;
        try (Installation root = Where.DOCKER.install()) {
            image = Docker.image(root, "4.0.1");
        }

        run("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--groups", group, USER);
        try (Installation installation = Installation.with(
                List.of("setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--"), Optional.of(USER + ":"))) {
            Outcome start = installation.ok(
                    "start",
                    "sales",
                    "--runtime",
                    "docker",
                    "--image",
                    image,
                    "--port",
                    "auto",
                    "--ui-port",
                    "auto",
                    "--driver-memory",
                    "512m",
                    "--conf",
                    Where.JAVA_KEY + "=" + Where.JAVA);
            assertThat(start.err()).contains("rung=query");
            assertThat(Files.getOwner(installation.state()).getName()).isEqualTo(USER);
            JsonNode container = Docker.inspect(installation.containerId("sales"));
            assertThat(container.path("Mounts"))
                    .as("nothing of the user's own folders is mounted")
                    .allMatch(mount -> mount.path("Type").asText().equals("volume"));
            assertThat(Spark.ask(start.out().strip(), "hello")).isEqualTo("Hello, Spark Connect!");
            installation.ok("stop", "sales");
            installation.ok("remove", "sales", "--purge");
            assertThat(Docker.containers(installation.id().orElseThrow(), "sales"))
                    .isEmpty();
        } finally {
            run("userdel", USER);
        }
    }

    private static void run(String... command) {
        Outcome outcome = Docker.finish(List.of(command));
        assertThat(outcome.exit()).as(outcome::toString).isZero();
    }
}
