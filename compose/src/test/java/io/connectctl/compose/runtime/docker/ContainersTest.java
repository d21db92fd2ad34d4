package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only containers have: hardening, published ports, and people who use docker themselves. */
class ContainersTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final PortChoice AUTO = new PortChoice.Auto();
    private static final PortChoice OFF = new PortChoice.Off();

    @TempDir
    Path root = Path.of("set by JUnit");

    private DockerFixture fixture;
    private DockerRuntime runtime;
    private final LinkedBlockingQueue<Instance> told = new LinkedBlockingQueue<>();

    @BeforeAll
    static void engineIsThere() throws Exception {
        DockerFixture.require();
    }

    @BeforeEach
    void open() {
        fixture = new DockerFixture(root);
        runtime = fixture.daemon();
    }

    @AfterEach
    void end() throws Exception {
        runtime.close();
        fixture.close();
    }

    private Instance launch(ServerSpec spec, int incarnation, String program) throws Exception {
        return runtime.launch(DockerFixture.plan(runtime, spec, incarnation, program));
    }

    private Instance launch() throws Exception {
        return launch(DockerFixture.spec("sales", AUTO, OFF), 1, DockerFixture.OBEDIENT);
    }

    private Instance watched() throws Exception {
        runtime.watch(told::add);
        return launch();
    }

    private ExitStatus exit() throws Exception {
        Instance instance = told.poll(15, TimeUnit.SECONDS);
        assertThat(instance).isNotNull();
        return instance.exit().orElseThrow();
    }

    private static int free() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    // ------------------------------------------------------------------ hardening

    @Test
    void engineReportsTheHardening() throws Exception {
        Instance instance = launch();
        var json = fixture.engine()
                .get(
                        "",
                        Engine.PATIENCE,
                        "/containers/" + instance.containerId().get() + "/json");
        var host = json.path("HostConfig");
        assertThat(json.path("Config").path("User").asText()).isEqualTo("185:185");
        assertThat(host.path("CapDrop").toString()).isEqualTo("[\"ALL\"]");
        assertThat(host.path("SecurityOpt").toString()).contains("no-new-privileges");
        assertThat(host.path("ReadonlyRootfs").asBoolean()).isTrue();
        assertThat(host.path("Init").asBoolean()).isTrue();
        assertThat(host.path("PidsLimit").asInt()).isEqualTo(512);
        // 1 GiB of heap, and 512 MiB beyond it.
        assertThat(host.path("Memory").asLong()).isEqualTo(1536L << 20);
        assertThat(host.path("MemorySwap").asLong()).isEqualTo(1536L << 20);
        // An empty name is "no" to the engine.
        assertThat(host.path("RestartPolicy").path("Name").asText()).isIn("", "no");
        assertThat(host.path("LogConfig").path("Config").path("max-size").asText())
                .isNotEmpty();
        assertThat(json.path("Config").path("Labels").toString())
                .contains(
                        Names.INSTALLATION,
                        "\"" + Names.SERVER + "\":\"sales\"",
                        "\"" + Names.INCARNATION + "\":\"1\"");
    }

    @Test
    void insideItIsAsHard() throws Exception {
        Instance instance = launch();
        assertThat(fixture.inside(instance, "id -u; id -g")).isEqualTo("185\n185\n");
        String status = fixture.inside(instance, "cat /proc/1/status; ps -o comm= -p 1");
        assertThat(status).containsPattern("CapEff:\\s+0{16}\\b").containsPattern("NoNewPrivs:\\s+1\\b");
        assertThat(status).endsWith("docker-init\n");
        assertThat(fixture.inside(instance, "touch /opt/x")).contains("Read-only file system");
        assertThat(fixture.inside(instance, "touch /opt/connectctl/conf/x")).contains("Read-only file system");
        assertThat(fixture.inside(instance, "printf '#!/bin/sh\\necho ran\\n' >/tmp/x; chmod +x /tmp/x; /tmp/x"))
                .isEqualTo("ran\n");
        assertThat(
                        fixture.inside(
                                instance,
                                "stat -c '%n %a %u' /opt/connectctl/conf /opt/connectctl/conf/* /var/lib/connectctl/*; stat -c %a /tmp"))
                .contains("/opt/connectctl/conf 700 185")
                .contains("/opt/connectctl/conf/token 400 185")
                .contains("/opt/connectctl/conf/entrypoint 700 185")
                .contains("/opt/connectctl/conf/spark-defaults.conf 600 185")
                .contains("/var/lib/connectctl/work 700 185")
                .contains("/var/lib/connectctl/warehouse 700 185")
                .endsWith("1777\n");
        assertThat(fixture.inside(instance, "cat /opt/connectctl/conf/token")).isEqualTo("planted-token");
    }

    @Test
    void secretsReachTheServerAndNobodyWhoLooksAtTheContainer() throws Exception {
        Instance instance = launch(
                DockerFixture.spec("sales", AUTO, OFF), 1, "echo \"$SECRET\" | wc -c; " + DockerFixture.OBEDIENT);
        List<String> lines = new ArrayList<>();
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            lines.clear();
            runtime.logs(SALES, LogRequest.tail(1), lines::add);
            assertThat(lines).containsExactly(Integer.toString("planted-variable".length() + 1));
        });
        assertThat(fixture.engine()
                        .get(
                                "",
                                Engine.PATIENCE,
                                "/containers/" + instance.containerId().get() + "/json")
                        .toString())
                .doesNotContain("planted");
    }

    @Test
    void eachPartOfTheHardeningCanBeLoosened() throws Exception {
        ServerSpec spec = DockerFixture.spec("sales", AUTO, OFF, Set.of(Loosening.values()));
        Instance instance = launch(spec, 1, DockerFixture.OBEDIENT);
        var host = fixture.engine()
                .get(
                        "",
                        Engine.PATIENCE,
                        "/containers/" + instance.containerId().get() + "/json")
                .path("HostConfig");
        assertThat(host.path("ReadonlyRootfs").asBoolean()).isFalse();
        assertThat(host.path("Memory").asLong()).isZero();
        assertThat(host.path("Init").asBoolean()).isFalse();
        assertThat(fixture.inside(instance, "id -u")).isEqualTo("0\n");
        assertThat(fixture.inside(instance, "stat -c %u /opt/connectctl/conf/token"))
                .isEqualTo("0\n");
        assertThat(runtime.remarks(spec)).hasSizeGreaterThanOrEqualTo(Loosening.values().length);
    }

    @Test
    void limitAboveTheMachinesMemoryIsRefused() throws Exception {
        ServerSpec spec = DockerFixture.spec(
                "sales",
                AUTO,
                OFF,
                DockerFixture.container(
                        Optional.of(MemorySize.parse("900t")), List.of(), List.of(), List.of(), Set.of()));
        assertThatThrownBy(() -> launch(spec, 1, DockerFixture.OBEDIENT))
                .isInstanceOfSatisfying(
                        LaunchException.class, e -> assertThat(e.code()).isEqualTo("MEMORY_TOO_LARGE"));
    }

    @Test
    void missingNetworkIsNamed() {
        ServerSpec spec = DockerFixture.spec(
                "sales",
                AUTO,
                OFF,
                DockerFixture.container(Optional.empty(), List.of("nowhere-at-all"), List.of(), List.of(), Set.of()));
        assertThatThrownBy(() -> launch(spec, 1, DockerFixture.OBEDIENT))
                .isInstanceOfSatisfying(LaunchException.class, e -> {
                    assertThat(e.code()).isEqualTo("NETWORK_MISSING");
                    assertThat(e.getMessage()).contains("'nowhere-at-all'");
                });
    }

    @Test
    void networksVolumesAndHostsAreJoined() throws Exception {
        String first = fixture.name(SALES) + "-one";
        String second = fixture.name(SALES) + "-two";
        for (String network : List.of(first, second)) {
            fixture.docker(client -> client.createNetworkCmd().withName(network).exec());
        }
        try {
            ServerSpec spec = DockerFixture.spec(
                    "sales",
                    AUTO,
                    OFF,
                    DockerFixture.container(
                            Optional.empty(),
                            List.of(first, second),
                            List.of(root + ":/data:ro"),
                            List.of("elsewhere:10.1.2.3"),
                            Set.of()));
            Instance instance = launch(spec, 1, DockerFixture.OBEDIENT);
            assertThat(fixture.engine()
                            .get(
                                    "",
                                    Engine.PATIENCE,
                                    "/containers/" + instance.containerId().get() + "/json")
                            .path("NetworkSettings")
                            .path("Networks")
                            .toString())
                    .contains(first, second);
            assertThat(fixture.inside(instance, "cat /etc/hosts; ls -d /data"))
                    .containsPattern("10\\.1\\.2\\.3\\s+elsewhere")
                    .contains("/data");
            runtime.halt(SALES, Duration.ZERO);
            runtime.discard(SALES, true);
        } finally {
            for (String network : List.of(first, second)) {
                fixture.docker(client -> client.removeNetworkCmd(network).exec());
            }
        }
    }

    // ------------------------------------------------------------------ ports

    @Test
    void takenPortNamesItsHolder() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ServerSpec spec = DockerFixture.spec("sales", new PortChoice.Fixed(taken.getLocalPort()), OFF);
            assertThatThrownBy(() -> launch(spec, 1, DockerFixture.OBEDIENT))
                    .isInstanceOfSatisfying(LaunchException.class, e -> {
                        assertThat(e.code()).isEqualTo("PORT_TAKEN");
                        assertThat(e.getMessage())
                                .contains(Integer.toString(taken.getLocalPort()))
                                .contains("pid " + ProcessHandle.current().pid());
                    });
        }
        assertThat(runtime.find(SALES)).isEmpty();
    }

    @Test
    void portTakenByAnotherContainerNamesIt() throws Exception {
        int port = free();
        launch(DockerFixture.spec("first", new PortChoice.Fixed(port), OFF), 1, DockerFixture.OBEDIENT);
        assertThatThrownBy(() ->
                        launch(DockerFixture.spec("sales", new PortChoice.Fixed(port), OFF), 1, DockerFixture.OBEDIENT))
                .isInstanceOfSatisfying(
                        LaunchException.class, e -> assertThat(e.getMessage()).contains("server 'first'"));
    }

    @Test
    void takenUiPortMovesUp() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ServerSpec spec = DockerFixture.spec("sales", AUTO, new PortChoice.Fixed(taken.getLocalPort()));
            Instance instance = launch(spec, 1, DockerFixture.OBEDIENT);
            Endpoint endpoint = runtime.endpoint(instance, spec);
            assertThat(endpoint.host()).isEqualTo("localhost");
            assertThat(endpoint.grpcPort()).isPresent();
            assertThat(endpoint.uiPorts()).hasSize(1);
            assertThat(endpoint.uiPorts().get(0)).isBetween(taken.getLocalPort() + 1, taken.getLocalPort() + 16);
        }
    }

    // ------------------------------------------------------------------ how it ended

    @Test
    void personsStopIsNoFault() throws Exception {
        Instance instance = watched();
        fixture.docker(
                client -> client.stopContainerCmd(instance.containerId().get()).exec());
        ExitStatus exit = exit();
        assertThat(exit.outside()).isTrue();
        assertThat(exit.code()).hasValue(143);
        assertThat(runtime.find(SALES).orElseThrow().exit()).contains(exit);
    }

    @Test
    void ourStopIsNobodyElses() throws Exception {
        watched();
        runtime.halt(SALES, Duration.ofSeconds(10));
        ExitStatus exit = exit();
        assertThat(exit.outside()).isFalse();
        assertThat(exit.code()).hasValue(143);
        assertThat(exit.note()).isEmpty();
    }

    @Test
    void killIsAFault() throws Exception {
        Instance instance = watched();
        fixture.docker(
                client -> client.killContainerCmd(instance.containerId().get()).exec());
        ExitStatus exit = exit();
        assertThat(exit.outside()).isFalse();
        assertThat(exit.code()).hasValue(137);
    }

    @Test
    void removalBySomebodyIsToldAndRemembered() throws Exception {
        Instance instance = watched();
        fixture.docker(
                client -> client.removeContainerCmd(instance.containerId().get())
                        .withForce(true)
                        .exec());
        assertThat(exit().note()).contains("removed by somebody");
        assertThat(runtime.find(SALES)).get().satisfies(last -> {
            assertThat(last.incarnation()).isEqualTo(1);
            assertThat(last.exit().orElseThrow().note()).contains("removed by somebody");
        });
        try (DockerRuntime next = fixture.daemon()) {
            assertThat(next.find(SALES)).isEqualTo(runtime.find(SALES));
        }
    }

    @Test
    void stopThatNobodyWatchedIsStillAPersons() throws Exception {
        Instance instance = launch();
        runtime.close();
        fixture.docker(
                client -> client.stopContainerCmd(instance.containerId().get()).exec());
        runtime = fixture.daemon();
        assertThat(runtime.find(SALES).orElseThrow().exit().orElseThrow().outside())
                .isTrue();
    }

    @Test
    void restartByHandIsTheNextIncarnation() throws Exception {
        Instance instance = watched();
        fixture.docker(client ->
                client.restartContainerCmd(instance.containerId().get()).exec());
        ExitStatus exit = exit();
        assertThat(exit.code()).hasValue(143);
        Instance second = told.poll(15, TimeUnit.SECONDS);
        assertThat(second).isNotNull();
        assertThat(second.running()).isTrue();
        assertThat(second.incarnation()).isEqualTo(2);
        assertThat(runtime.find(SALES)).contains(second);
        assertThat(runtime.list()).containsExactly(second);
    }

    @Test
    void outOfMemoryIsTold() throws Exception {
        runtime.watch(told::add);
        ServerSpec spec = DockerFixture.spec(
                "sales",
                AUTO,
                OFF,
                DockerFixture.container(
                        Optional.of(MemorySize.parse("32m")), List.of(), List.of(), List.of(), Set.of()));
        Instance launched = launch(spec, 1, "exec tail /dev/zero");
        ExitStatus exit = exit();
        assertThat(exit.note()).contains("out of memory, killed by the kernel");
        assertThat(exit.code()).hasValue(137);
        if (Files.isReadable(Path.of("/dev/kmsg"))) {
            assertThat(KernelLog.ranOutOfMemory(launched.containerId().orElseThrow(), exit.at()))
                    .as("the kernel says so, too, whatever an engine has heard of it")
                    .isTrue();
        }
    }

    @Test
    void pausedServerCanBeHalted() throws Exception {
        Instance instance = launch();
        fixture.docker(
                client -> client.pauseContainerCmd(instance.containerId().get()).exec());
        assertThat(runtime.find(SALES)).contains(instance);
        assertThat(runtime.halt(SALES, Duration.ofSeconds(5)).orElseThrow().running())
                .isFalse();
    }

    @Test
    void deafServerIsKilledAfterTheGrace() throws Exception {
        launch(DockerFixture.spec("sales", AUTO, OFF), 1, "trap '' TERM; while :; do sleep 0.1; done");
        Instance ended = runtime.halt(SALES, Duration.ofSeconds(1)).orElseThrow();
        assertThat(ended.exit().orElseThrow().code()).hasValue(137);
    }

    // ------------------------------------------------------------------ others, and other daemons

    @Test
    void strangersAreNeitherListedNorTouched() throws Exception {
        launch();
        DockerFixture other = new DockerFixture(root.resolve("other"));
        try (DockerRuntime stranger = other.daemon()) {
            assertThat(stranger.list()).isEmpty();
            assertThat(stranger.find(SALES)).isEmpty();
            assertThat(stranger.halt(SALES, Duration.ZERO)).isEmpty();
            stranger.discard(SALES, true);
        } finally {
            other.close();
        }
        assertThat(runtime.list()).hasSize(1);
    }

    @Test
    void nameHeldByAStrangersContainerIsToldAndLeft() throws Exception {
        Installation.of(fixture.folders.state());
        String name = fixture.name(SALES);
        String id = fixture.docker(client -> client.createContainerCmd(DockerFixture.IMAGE)
                .withName(name)
                .withCmd("/bin/sh")
                .exec()
                .getId());
        try {
            assertThatThrownBy(this::launch).isInstanceOfSatisfying(LaunchException.class, e -> {
                assertThat(e.code()).isEqualTo("ALREADY_RUNNING");
                assertThat(e.getMessage()).contains(name).contains(id.substring(0, 12));
            });
        } finally {
            fixture.docker(client -> client.removeContainerCmd(id).exec());
        }
    }

    @Test
    void leftoversOfAnInterruptedLaunchAreNotInTheWay() throws Exception {
        Names names = new Names(Installation.of(fixture.folders.state()), SALES);
        for (String left : List.of(names.container(), names.helper())) {
            fixture.docker(client -> client.createContainerCmd(DockerFixture.IMAGE)
                    .withName(left)
                    .withLabels(names.labels())
                    .withCmd("/bin/sh")
                    .exec());
        }
        assertThat(runtime.find(SALES)).isEmpty();
        assertThat(runtime.list()).isEmpty();
        assertThat(launch().running()).isTrue();
    }

    @Test
    void nextDaemonKnowsWhatRuns() throws Exception {
        Instance instance = launch();
        try (DockerRuntime next = fixture.daemon()) {
            assertThat(next.find(SALES)).contains(instance);
            assertThat(next.list()).containsExactly(instance);
            next.watch(told::add);
            fixture.inside(instance, "echo 7 >leave");
            assertThat(exit().code()).hasValue(7);
        }
    }

    @Test
    void previousLogOutlivesItsContainer() throws Exception {
        ServerSpec spec = DockerFixture.spec("sales", AUTO, OFF);
        launch(spec, 1, "echo first; echo problem >&2; " + DockerFixture.OBEDIENT);
        runtime.halt(SALES, Duration.ofSeconds(10));
        launch(spec, 2, "echo second; " + DockerFixture.OBEDIENT);
        List<String> lines = new ArrayList<>();
        runtime.logs(SALES, new LogRequest(java.util.OptionalInt.of(5), Optional.empty(), true, false), lines::add);
        assertThat(lines).containsExactlyInAnyOrder("first", "problem");
    }

    @Test
    void followedLogGoesOnWithTheNextIncarnation() throws Exception {
        ServerSpec spec = DockerFixture.spec("sales", AUTO, OFF);
        launch(spec, 1, "echo first; " + DockerFixture.OBEDIENT);
        LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread follower = new Thread(() -> {
            try {
                runtime.logs(
                        SALES,
                        new LogRequest(java.util.OptionalInt.empty(), Optional.empty(), false, true),
                        line -> lines.add(line) && !line.equals("second"));
            } catch (Exception e) {
                lines.add("failed: " + e);
            }
        });
        follower.start();
        assertThat(lines.poll(10, TimeUnit.SECONDS)).isEqualTo("first");
        runtime.halt(SALES, Duration.ofSeconds(10));
        launch(spec, 2, "echo second; " + DockerFixture.OBEDIENT);
        assertThat(lines.poll(10, TimeUnit.SECONDS)).isEqualTo("second");
        follower.join(10_000);
        assertThat(follower.isAlive()).isFalse();
    }

    // ------------------------------------------------------------------ what stays

    @Test
    void warehouseSurvivesLaunchesAndGoesWhenPurged() throws Exception {
        ServerSpec spec = DockerFixture.spec("sales", AUTO, OFF);
        assertThat(runtime.hasWarehouse(SALES)).isFalse();
        Instance first = launch(spec, 1, DockerFixture.OBEDIENT);
        assertThat(runtime.hasWarehouse(SALES)).isFalse();
        fixture.inside(first, "echo 1 >/var/lib/connectctl/warehouse/table; echo 1 >/var/lib/connectctl/work/scratch");
        assertThat(runtime.hasWarehouse(SALES)).isTrue();
        runtime.halt(SALES, Duration.ofSeconds(10));
        Instance second = launch(spec, 2, DockerFixture.OBEDIENT);
        assertThat(fixture.inside(second, "ls /var/lib/connectctl/warehouse /var/lib/connectctl/work"))
                .contains("table")
                .doesNotContain("scratch");
        runtime.halt(SALES, Duration.ofSeconds(10));
        runtime.discard(SALES, false);
        assertThat(runtime.hasWarehouse(SALES)).isTrue();
        runtime.discard(SALES, true);
        assertThat(runtime.hasWarehouse(SALES)).isFalse();
    }
}
