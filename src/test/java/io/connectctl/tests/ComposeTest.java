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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An exported project, started by docker's own compose, then adopted: from there on both hands are on one container. One
 * server, the classic service {@code connect}, on ports of its own, with secrets planted wherever a declaration takes one.
 */
@Timeout(900)
class ComposeTest {
    private static final String IN_CONF = "conf-s3cret-Hw5kR2";
    private static final String IN_ENV = "env-s3cret-Ny7bD9";

    private static Installation installation;
    private static Compose compose;
    private static int port;
    private static String config;
    private static JsonNode psAfterUp;
    private static JsonNode before;
    private static Outcome adoption;
    private static JsonNode after;

    private News news;

    @BeforeAll
    static void exportStartAndAdopt() throws IOException {
        installation = Where.DOCKER.install();
        compose = new Compose(installation);
        port = Spark.freePort();
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                """
                servers:
                  connect:
                    spark: 4.0.1
                    image: %s
                    port: %d
                    uiPort: auto
                    auth: token
                    driverMemory: 512m
                    env: {DB_PASSWORD: %s}
                    conf: {spark.hadoop.fs.s3a.secret.key: %s, %s: %s}
                    restart: {backoff: 100ms, budget: 100}
                """
                        .formatted(
                                Docker.official(installation, "4.0.1"),
                                port,
                                IN_ENV,
                                IN_CONF,
                                Where.JAVA_KEY,
                                Where.JAVA));

        installation.ok("export", "compose");
        config = compose.ok("config");
        compose.ok("up", "--wait");
        psAfterUp = compose.ps("connect");
        before = Docker.inspect(container());
        adoption = installation.ok("adopt", before.path("Name").asText().substring(1));
        after = Docker.inspect(container());
    }

    @AfterAll
    static void end() {
        if (compose != null) {
            installation.run("daemon", "stop");
            compose.close();
        }
        if (installation != null) {
            installation.close();
        }
    }

    @BeforeEach
    void healthyServer() {
        installation.ok("start", "connect");
        news = new News(installation, "connect");
    }

    // ------------------------------------------------------------------ from nothing to adopted

    @Test
    void upWaitsUntilTheServerIsHealthyOnItsOwnPort() {
        assertThat(config).contains("published: \"" + port + "\"");
        assertThat(psAfterUp.path("Health").asText()).isEqualTo("healthy");
        assertThat(psAfterUp.toString()).contains("\"PublishedPort\":" + port);
    }

    @Test
    void adoptionLeavesTheServerRunning() {
        assertThat(adoption.out()).startsWith("sc://localhost:" + port);
        for (String pointer : List.of("/Id", "/State/Pid", "/State/StartedAt", "/RestartCount")) {
            assertThat(after.at(pointer)).as(pointer).isEqualTo(before.at(pointer));
        }
        assertThat(installation.status("connect").path("containerId")).isEqualTo(before.path("Id"));
    }

    @Test
    void realClientCanQuery() throws IOException {
        String token = Files.readString(installation.project().resolve("connect/token"))
                .strip();

        assertThat(Spark.ask("sc://localhost:" + port + "/;token=" + token, "hello"))
                .isEqualTo("Hello, Spark Connect!");
    }

    @Test
    void secretsLieInFilesThatOnlyTheirOwnerReadsAndNowhereElse() throws IOException {
        Path folder = installation.project().resolve("connect");
        String token = Files.readString(folder.resolve("token")).strip();
        List<String> secrets = List.of(IN_CONF, IN_ENV, token);

        List<String> said = new ArrayList<>();
        said.add(Files.readString(installation.project().resolve("docker-compose.yml")));
        said.add(config);
        for (String each : compose.ok("ps", "-aq").lines().toList()) {
            JsonNode json = Docker.inspect(each);
            said.add(json.toString());
            said.add(Docker.run("logs", each).toString());
            said.add(Docker.run("image", "inspect", json.path("Image").asText()).toString());
        }
        said.add(Docker.run("exec", container(), "env").toString());
        said.add(compose.run("top").toString());
        said.add(adoption.toString());
        for (String command : List.of("status", "describe", "events", "logs")) {
            said.add(installation.run(command, "connect").toString());
        }

        assertThat(said).allSatisfy(text -> assertThat(text).doesNotContain(secrets));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isNotEmpty().allSatisfy(file -> assertThat(
                            PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .as(file.toString())
                    .matches("rw-------|rwx------"));
        }
        assertThat(Docker.exec(container(), "stat -c '%a %u' /opt/connectctl/conf/token")
                        .out()
                        .strip())
                .isEqualTo("400 185");
    }

    @Test
    void exportedContainerIsAsHardAsOurOwn() {
        JsonNode host = before.path("HostConfig");

        assertThat(before.at("/Config/User").asText()).isEqualTo("185:185");
        assertThat(host.path("ReadonlyRootfs").asBoolean()).isTrue();
        assertThat(host.path("CapDrop").toString()).containsIgnoringCase("all");
        assertThat(host.path("SecurityOpt").toString()).contains("no-new-privileges");
        assertThat(host.path("PidsLimit").asInt()).isEqualTo(512);
        assertThat(host.path("Memory").asLong()).isEqualTo(1L << 30);
        assertThat(host.path("MemorySwap").asLong()).isEqualTo(1L << 30);
        assertThat(host.path("Init").asBoolean()).isTrue();
        assertThat(host.path("PortBindings")).isNotEmpty();
        host.path("PortBindings")
                .forEach(bindings -> bindings.forEach(
                        binding -> assertThat(binding.path("HostIp").asText()).isEqualTo("127.0.0.1")));
    }

    // ------------------------------------------------------------------ by compose's hand

    /** The other two, stop and restart, are below. */
    @Test
    void classicCommandsShowTheServiceConnect() {
        assertThat(compose.ok("ps", "connect")).contains("(healthy)", ":" + port + "->" + port + "/tcp");
        assertThat(compose.ok("top", "connect")).contains("org.apache.spark.sql.connect.service.SparkConnectServer");
    }

    @Test
    void restartByComposeIsTheNextIncarnationAndNoFault() {
        int incarnation = incarnation();
        String container = container();

        compose.ok("restart", "connect");

        await().atMost(Installation.PATIENCE).until(() -> incarnation() > incarnation);
        awaitHealthyInBoth();
        assertThat(incarnation()).isEqualTo(incarnation + 1);
        assertThat(container()).isEqualTo(container);
        assertThat(installation.status("connect").path("restarts").asInt()).isZero();
        assertThat(news.causes()).isEmpty();
    }

    @Test
    void stopByComposeIsHeededAndStartByConnectctlTakesTheSameContainer() {
        String container = container();

        compose.ok("stop", "connect");

        await().atMost(Installation.PATIENCE)
                .until(() -> installation.look("connect").path("phase").asText().equals("STOPPED"));
        JsonNode stopped = installation.status("connect");
        assertThat(stopped.path("desired").asText()).isEqualTo("DOWN");
        assertThat(stopped.path("cause").isNull()).isTrue();
        assertThat(compose.ok("ps", "-q", "--status", "running", "connect")).isEmpty();

        installation.ok("start", "connect");

        awaitHealthyInBoth();
        assertThat(container()).isEqualTo(container);
        assertThat(compose.ok("ps", "-aq", "connect")).isEqualTo(container);
    }

    // ------------------------------------------------------------------ by connectctl's hand

    @Test
    void stopAndRestartByConnectctlKeepTheContainer() {
        String container = container();

        installation.ok("restart", "connect");
        awaitHealthyInBoth();
        assertThat(container()).isEqualTo(container);

        installation.ok("stop", "connect");
        assertThat(compose.ok("ps", "-q", "--status", "running", "connect")).isEmpty();
        assertThat(container()).isEqualTo(container);
    }

    // ------------------------------------------------------------------ shared

    /** The service's container, running or not. */
    private static String container() {
        return compose.ok("ps", "-aq", "connect");
    }

    private static int incarnation() {
        return installation.look("connect").path("incarnation").asInt();
    }

    private static void awaitHealthyInBoth() {
        await().atMost(Installation.PATIENCE)
                .until(() -> installation.look("connect").path("phase").asText().equals("HEALTHY"));
        await().atMost(Installation.PATIENCE)
                .until(() -> compose.ps("connect").path("Health").asText().equals("healthy"));
    }
}
