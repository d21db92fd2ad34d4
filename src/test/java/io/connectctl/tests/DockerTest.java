package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What only containers have: what people and engines do to them, and what they are kept from. One server, many fates. */
@Timeout(1200)
@Order(Integer.MAX_VALUE - 5)
class DockerTest {
    private static final Duration SOON = Installation.PATIENCE;
    private static Installation installation;
    private static @Nullable Compose compose;

    private News news;

    @BeforeAll
    static void start() throws IOException {
        installation = Where.DOCKER.install();
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                """
                servers:
                  sales:
                    %s
                    port: %d
                    uiPort: auto
                    driverMemory: 512m
                    container: {memory: 1g, tmpfs: 512m}
                    health: {interval: 1s, timeout: 5s, failures: 2}
                    restart: {backoff: 100ms, budget: 100}
                    stop: {grace: 5s}
                """
                        .formatted(Where.DOCKER.lines(installation, "4.0.1"), Spark.freePort()));
    }

    @AfterAll
    static void stop() {
        if (installation != null) {
            installation.close();
        }
    }

    @BeforeEach
    void healthyServer() {
        installation.ok("start", "sales");
        news = new News(installation, "sales");
    }

    // ------------------------------------------------------------------ faults

    @Test
    void aKilledContainerIsReplacedAndTheCauseSaysSo() {
        int incarnation = incarnation();

        Docker.ok("kill", container());

        awaitHealthy(incarnation + 1);
        assertThat(news.causes()).contains("KILLED").doesNotContain("REMOVED", "OUT_OF_MEMORY_KILLED");
        assertOneContainer();
    }

    @Test
    void aRemovedContainerIsReplacedAndTheCauseSaysSo() {
        int incarnation = incarnation();

        Docker.ok("rm", "-f", container());

        awaitHealthy(incarnation + 1);
        assertThat(news.causes()).contains("REMOVED");
        assertOneContainer();
    }

    @Test
    void aPausedContainerIsUnhealthyThenReplaced() {
        int incarnation = incarnation();

        Docker.ok("pause", container());

        awaitHealthy(incarnation + 1);
        assertThat(news.phases()).contains("UNHEALTHY");
        assertThat(news.causes()).contains("PROBE_FAILED");
        assertThat(news.summaries()).anyMatch(text -> text.contains("its container is paused; `docker unpause "));
        assertOneContainer();
    }

    @Test
    void aContainerOutOfMemoryIsReplacedAndTheCauseNamesItsLimit() {
        int incarnation = incarnation();
        String container = container();

        // Pages of a tmpfs count against the limit of 1 GiB, and can't be given back; so do those of a second filler.
        Docker.exec(
                container, "dd if=/dev/zero of=/tmp/fill bs=1M count=500 2>/dev/null; tail -c 700m /dev/zero | tail");

        await().atMost(SOON).until(() -> news.causes().contains("OUT_OF_MEMORY_KILLED"));
        awaitHealthy(incarnation + 1);
        assertThat(news.summaries()).anyMatch(text -> text.contains("container limit 1g"));
        assertThat(news.remedies()).anyMatch(text -> text.contains("--container-memory"));
        assertOneContainer();
    }

    @Test
    void aFrozenServerIsUnhealthyForTheEngineTooThenReplaced() {
        // Before its first success the engine counts no failure.
        awaitEngineSaysHealthy("sales");
        int incarnation = incarnation();
        String container = container();
        String since = Docker.inspect(container).at("/State/StartedAt").asText();

        Docker.signal(container, "STOP");

        awaitHealthy(incarnation + 1);
        assertThat(news.phases()).contains("UNHEALTHY");
        assertThat(news.causes()).contains("PROBE_FAILED");
        assertThat(Docker.ok("events", "--since", since, "--until", "0s", "--filter", "container=" + container))
                .contains("health_status: unhealthy");
        assertOneContainer();
        awaitEngineSaysHealthy("sales");
    }

    @Test
    void aNetworkThatIsCutIsAFaultThatAFreshContainerMends() {
        int incarnation = incarnation();

        Docker.ok("network", "disconnect", "bridge", container());

        awaitHealthy(incarnation + 1);
        assertThat(news.phases()).contains("UNHEALTHY");
        assertOneContainer();
    }

    @Test
    void aFullTmpIsNoFaultOfAServerThatWritesElsewhere() {
        // Every page of the heap in use: what /tmp takes must come out of what is left beyond the heap.
        installation.ok(
                "start",
                "cramped",
                "--runtime",
                "docker",
                "--image",
                Docker.image(installation, "4.0.1"),
                "--port",
                "auto",
                "--ui-port",
                "auto",
                "--driver-memory",
                "1g",
                "--conf",
                Where.JAVA_KEY + "=" + Where.JAVA + " -Xms1g -XX:+AlwaysPreTouch");
        String container = installation.containerId("cramped");
        installation.ok("stop", "sales");

        assertThat(Docker.exec(container, "dd if=/dev/zero of=/tmp/fill bs=1M").err())
                .contains("No space left on device");

        String url = installation.status("cramped").path("url").asText();
        assertThat(Spark.ask(url, "hello")).isEqualTo("Hello, Spark Connect!");
        JsonNode status = installation.status("cramped");
        assertThat(status.path("phase").asText()).isEqualTo("HEALTHY");
        assertThat(status.path("containerId").asText()).isEqualTo(container);
        installation.ok("stop", "cramped");
        installation.ok("remove", "cramped", "--purge");
    }

    // ------------------------------------------------------------------ what people do by hand

    @Test
    void aStopByHandIsHeededAndAStartByHandIsTheNextIncarnation() {
        int incarnation = incarnation();
        String container = container();

        Docker.ok("stop", container);

        await().atMost(SOON).until(() -> phase().equals("STOPPED"));
        JsonNode stopped = installation.status("sales");
        assertThat(stopped.path("desired").asText()).isEqualTo("DOWN");
        assertThat(stopped.path("cause").isNull()).isTrue();
        assertThat(Docker.ok("ps", "-q", "--filter", "id=" + container)).isEmpty();

        Docker.ok("start", container);

        awaitHealthy(incarnation + 1);
        assertThat(container()).isEqualTo(container);
        assertThat(installation.status("sales").path("desired").asText()).isEqualTo("UP");
        assertThat(installation.status("sales").path("restarts").asInt()).isZero();
        assertOneContainer();
    }

    @Test
    void aRestartByHandIsNoFault() {
        int incarnation = incarnation();
        String container = container();

        Docker.ok("restart", container);

        awaitHealthy(incarnation + 1);
        assertThat(container()).isEqualTo(container);
        assertThat(installation.status("sales").path("restarts").asInt()).isZero();
        // A server that was told to end refuses probes before its process is gone; after two of them, a second apart as
        // this declaration has it, it is rightly UNHEALTHY. No end of it may be a fault, though.
        assertThat(news.phases()).doesNotContain("BACKING_OFF", "FAILED");
        assertThat(news.causes()).isSubsetOf("PROBE_FAILED");
    }

    @Test
    void aStopByHandWhileNoDaemonRunsIsHeededByTheNextOne() {
        String container = container();

        installation.ok("daemon", "stop");
        Docker.ok("stop", container);
        installation.ok("daemon", "start");

        await().atMost(SOON).until(() -> phase().equals("STOPPED"));
        JsonNode stopped = installation.status("sales");
        assertThat(stopped.path("desired").asText()).isEqualTo("DOWN");
        assertThat(stopped.path("cause").isNull()).isTrue();
        assertThat(Docker.ok("ps", "-q", "--filter", "id=" + container)).isEmpty();
    }

    @Test
    void strangersAreNeverTouched() {
        String id = installation.id().orElseThrow();
        List<String> strangers = new ArrayList<>();
        try {
            for (List<String> labels : List.of(
                    List.<String>of(),
                    List.of("--label", "io.connectctl.server=sales"),
                    List.of(
                            "--label", "io.connectctl.installation=00000000",
                            "--label", "io.connectctl.server=sales",
                            "--label", "io.connectctl.incarnation=99",
                            "--label", "io.connectctl.marker=sales/99/abc"))) {
                List<String> run = new ArrayList<>(List.of("run", "-d", "--init"));
                run.addAll(labels);
                run.addAll(List.of(Docker.image(installation, "4.0.1"), "sleep", "600"));
                strangers.add(Docker.ok(run.toArray(new String[0])));
            }

            installation.ok("restart", "sales");
            installation.ok("stop", "sales");
            installation.ok("start", "sales");

            for (String stranger : strangers) {
                assertThat(Docker.inspect(stranger).at("/State/Running").asBoolean())
                        .isTrue();
                assertThat(Docker.inspect(stranger).at("/RestartCount").asInt()).isZero();
            }
            assertThat(Docker.containers(id, "sales")).containsExactly(container());
        } finally {
            strangers.forEach(stranger -> Docker.run("rm", "-f", stranger));
        }
    }

    // ------------------------------------------------------------------ what a container is kept from

    @Test
    void theHardeningHoldsFromInside() {
        String container = container();
        String status = Docker.exec(container, "cat /proc/$(pgrep -f '[S]parkSubmit')/status")
                .out();

        assertThat(status.lines().map(line -> line.replace('\t', ' ')))
                .contains("Uid: 185 185 185 185", "Gid: 185 185 185 185", "NoNewPrivs: 1", "CapEff: 0000000000000000");
        assertThat(status).contains("CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000");
        assertThat(Docker.exec(container, "touch /forbidden /opt/forbidden /opt/connectctl/conf/forbidden")
                        .exit())
                .isNotZero();
        assertThat(Docker.exec(
                                container,
                                "printf '#!/bin/sh\\necho ran' > /tmp/tool && chmod +x /tmp/tool && /tmp/tool && rm /tmp/tool")
                        .out()
                        .strip())
                .isEqualTo("ran");
        assertThat(Docker.exec(container, "grep ' /tmp ' /proc/mounts").out())
                .contains("tmpfs", "nosuid", "nodev")
                .doesNotContain("noexec");
        assertThat(Docker.exec(container, "cat /proc/1/comm").out().strip()).isIn("docker-init", "tini");
    }

    @Test
    void theHardeningIsSeenInTheEnginesOwnWords() {
        JsonNode host = Docker.inspect(container()).path("HostConfig");

        assertThat(host.path("ReadonlyRootfs").asBoolean()).isTrue();
        assertThat(host.path("CapDrop").toString()).containsIgnoringCase("all");
        assertThat(host.path("CapAdd")).isEmpty();
        assertThat(host.path("Privileged").asBoolean()).isFalse();
        assertThat(host.path("SecurityOpt").toString()).contains("no-new-privileges");
        assertThat(host.path("PidsLimit").asInt()).isEqualTo(512);
        assertThat(host.path("Memory").asLong()).isEqualTo(1L << 30);
        assertThat(host.path("MemorySwap").asLong()).isEqualTo(1L << 30);
        assertThat(host.path("Init").asBoolean()).isTrue();
        assertThat(host.at("/RestartPolicy/Name").asText()).isIn("no", "");
        host.path("PortBindings")
                .forEach(bindings -> bindings.forEach(
                        binding -> assertThat(binding.path("HostIp").asText()).isEqualTo("127.0.0.1")));
    }

    @Test
    void whatIsLoosenedIsToldAndNothingElseIsLoosened() {
        installation.start(
                "loose",
                "4.0.1",
                "--port",
                "auto",
                "--ui-port",
                "off",
                "--driver-memory",
                "512m",
                "--loosen",
                "read-only,pids");

        JsonNode host = Docker.inspect(installation.containerId("loose")).path("HostConfig");
        assertThat(host.path("ReadonlyRootfs").asBoolean()).isFalse();
        assertThat(host.path("PidsLimit").asInt(0)).isLessThanOrEqualTo(0);
        assertThat(host.path("CapDrop").toString()).containsIgnoringCase("all");
        assertThat(installation.ok("describe", "loose").out()).contains("without", "read-only", "pids");
        installation.ok("stop", "loose");
        installation.ok("remove", "loose", "--purge");
        assertThat(Docker.containers(installation.id().orElseThrow(), "loose")).isEmpty();
        assertThat(Docker.ok(
                        "volume",
                        "ls",
                        "-q",
                        "--filter",
                        "label=io.connectctl.server=loose",
                        "--filter",
                        "label=io.connectctl.installation=" + installation.id().orElseThrow()))
                .isEmpty();
    }

    // ------------------------------------------------------------------ ports

    @Test
    void anotherPortReachesEveryPlaceWithNothingElseEdited() {
        compose();
        int first = Spark.freePort();
        int second = Spark.freePort();
        Outcome start = installation.start(
                "moved",
                "4.0.1",
                "--port",
                "" + first,
                "--ui-port",
                "auto",
                "--master",
                "local[4]",
                "--driver-memory",
                "1512m");
        assertThat(start.out().strip()).isEqualTo("sc://localhost:" + first);
        assertThat(installation.status("moved").at("/memory/observedPoolBytes").asLong())
                .isEqualTo(762524467L);
        awaitEngineSaysHealthy("moved");
        assertComposeSaysHealthy("moved", first);

        Outcome restart = installation.ok("restart", "moved", "--port", "" + second);

        assertThat(restart.out().strip()).isEqualTo("sc://localhost:" + second);
        assertThat(Spark.ask("sc://localhost:" + second, "hello")).isEqualTo("Hello, Spark Connect!");
        awaitEngineSaysHealthy("moved");
        JsonNode status = installation.status("moved");
        assertThat(status.path("port").asInt()).isEqualTo(second);
        assertThat(status.path("incarnation").asInt()).isEqualTo(2);
        assertThat(status.at("/memory/observedPoolBytes").asLong()).isEqualTo(762524467L);
        JsonNode driver = Spark.driver(status.path("uiUrl").asText());
        assertThat(driver.path("totalCores").asInt()).isEqualTo(4);
        assertThat(driver.path("maxMemory").asLong()).isEqualTo(762524467L);
        assertComposeSaysHealthy("moved", second);
        installation.ok("stop", "moved");
        installation.ok("remove", "moved", "--purge");
    }

    /** As {@code docker ps} shows it: the health check goes by the port that the server really has. */
    private static void awaitEngineSaysHealthy(String server) {
        String container = installation.containerId(server);
        await().atMost(SOON).untilAsserted(() -> assertThat(
                        Docker.inspect(container).at("/State/Health/Status").asText())
                .isEqualTo("healthy"));
    }

    private static Compose compose() {
        Compose made = compose;
        if (made == null) {
            made = new Compose(installation);
            compose = made;
        }
        return made;
    }

    /** As {@code docker compose ps} shows it, of a project that no file made: this installation's servers. */
    private static void assertComposeSaysHealthy(String server, int port) {
        String project = "connectctl-" + installation.id().orElseThrow();
        JsonNode service = Installation.json(compose().ok("-p", project, "ps", server, "--format", "json"));
        assertThat(service.path("Health").asText()).isEqualTo("healthy");
        assertThat(service.toString()).contains("\"PublishedPort\":" + port);
    }

    /** Others may have a project of any name: what compose does there never reaches these servers, nor theirs these hands. */
    @Test
    void aProjectOfTheSameServiceTouchesNoServerOfOurs() throws IOException {
        String container = container();
        String started = Docker.inspect(container).at("/State/StartedAt").asText();
        Files.writeString(
                installation.project().resolve("docker-compose.yml"),
                "services:\n  sales:\n    image: " + Docker.base()
                        + "\n    init: true\n    command: [sleep, \"600\"]\n");
        try {
            compose().ok("up", "--detach", "--remove-orphans");
            String theirs = compose().ok("ps", "-q", "sales");
            compose().ok("down", "--volumes", "--remove-orphans", "--timeout", "1");

            assertThat(theirs).isNotEqualTo(container);
            assertThat(Docker.inspect(container).at("/State/StartedAt").asText())
                    .isEqualTo(started);
            assertThat(container()).isEqualTo(container);
        } finally {
            Files.delete(installation.project().resolve("docker-compose.yml"));
        }
    }

    @Test
    void whatComposeStopsByItsProjectIsAStopByHand() {
        String project = "connectctl-" + installation.id().orElseThrow();

        compose().ok("-p", project, "stop", "sales");

        await().atMost(SOON).until(() -> phase().equals("STOPPED"));
        assertThat(installation.status("sales").path("desired").asText()).isEqualTo("DOWN");
    }

    // ------------------------------------------------------------------ what a check costs

    // ------------------------------------------------------------------ shared

    private static String container() {
        return installation.containerId("sales");
    }

    private static int incarnation() {
        return installation.look("sales").path("incarnation").asInt();
    }

    private static String phase() {
        return installation.look("sales").path("phase").asText();
    }

    private static void awaitHealthy(int incarnation) {
        await().atMost(SOON).until(() -> {
            JsonNode status = installation.look("sales");
            return status.path("incarnation").asInt() >= incarnation
                    && status.path("phase").asText().equals("HEALTHY");
        });
    }

    private static void assertOneContainer() {
        assertThat(Docker.containers(installation.id().orElseThrow(), "sales")).containsExactly(container());
    }
}
