package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An engine that goes and comes back: one of the test's own, in a network namespace of its own, so that the machine's engine
 * and its bridge aren't touched. Needs root.
 */
@Timeout(180)
class EngineRestartTest {
    private static final String IMAGE = "connectctl-test-shell";
    private static final Duration SOON = Duration.ofSeconds(40);

    @TempDir
    Path root = Path.of("set by JUnit");

    private Path socket = Path.of("set before each test");
    private @Nullable Process dockerd;
    private DockerRuntime runtime;
    private ServerSpec spec;
    private final LinkedBlockingQueue<Instance> told = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws Exception {
        DockerFixture.requireRoot();
        DockerFixture.require(Files.isExecutable(Path.of("/usr/sbin/dockerd")) ? "" : "there is no /usr/sbin/dockerd");
        // A socket's path must be short.
        socket = Files.createTempDirectory("engine").resolve("docker.sock");
        startEngine();
        Map<String, String> environment = Map.of("DOCKER_HOST", "unix://" + socket, "HOME", root.toString());
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        runtime = new DockerRuntime(folders, environment);
        DockerFixture.build(runtime.engine(), IMAGE + ":1", shellFiles());
        spec = DockerFixture.spec(
                "sales",
                new PortChoice.Auto(),
                new PortChoice.Off(),
                new ContainerSpec(
                        Optional.of(IMAGE + ":1"),
                        Optional.empty(),
                        Optional.empty(),
                        64,
                        MemorySize.parse("8m"),
                        List.of(),
                        List.of(),
                        List.of(),
                        Set.of()));
    }

    private void startEngine() throws Exception {
        runEngine();
        await().atMost(SOON).until(() -> {
            Process running = dockerd;
            if (running != null && !running.isAlive()) {
                // After a kill -9 the first one gives up on what the last one left (containerd, its pid file), the
                // second doesn't.
                Files.deleteIfExists(root.resolve("engine/pid"));
                runEngine();
            }
            try (Engine engine = new Engine(Map.of("DOCKER_HOST", "unix://" + socket))) {
                return engine.version().major() > 0;
            } catch (RuntimeUnavailableException e) {
                return false;
            }
        });
    }

    private void runEngine() throws Exception {
        Path home = root.resolve("engine");
        dockerd = new ProcessBuilder(
                        "unshare",
                        "--net",
                        "sh",
                        "-c",
                        "ip link set lo up; exec dockerd --iptables=false --data-root \"$1/data\" --exec-root \"$1/exec\""
                                + " --pidfile \"$1/pid\" -H \"unix://$2\"",
                        "sh",
                        home.toString(),
                        socket.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        root.resolve("engine.log").toFile()))
                .start();
    }

    private void endEngine(boolean force) throws Exception {
        Process running = dockerd;
        if (running != null) {
            // unshare and sh have become dockerd.
            if (force) {
                running.destroyForcibly();
            } else {
                running.destroy();
            }
            assertThat(running.waitFor(40, TimeUnit.SECONDS)).isTrue();
            Files.deleteIfExists(root.resolve("engine/pid"));
        }
    }

    @AfterEach
    void end() throws Exception {
        if (dockerd != null) {
            // A container that still runs would keep its folders mounted.
            Process running = dockerd;
            if (running != null && running.isAlive()) {
                runtime.halt(spec.name(), Duration.ZERO);
            }
            runtime.close();
            endEngine(false);
            unmount();
            Files.deleteIfExists(socket);
            Files.deleteIfExists(socket.getParent());
        }
    }

    /** An engine leaves some of its mounts behind, and a folder that is one can't be removed. */
    private void unmount() throws Exception {
        List<String> mounts = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
            String place = line.split(" ", -1)[1];
            if (place.startsWith(root.resolve("engine").toString())) {
                mounts.add(0, place);
            }
        }
        for (String mount : mounts) {
            new ProcessBuilder("umount", mount).start().waitFor(10, TimeUnit.SECONDS);
        }
    }

    /** A shell, sleep and their libraries, as this machine has them: enough to run and to be stopped. */
    private static Map<String, byte[]> shellFiles() throws Exception {
        Set<String> files = new LinkedHashSet<>(List.of("/bin/sh", "/bin/sleep"));
        for (String program : List.of("/bin/sh", "/bin/sleep")) {
            Process ldd = new ProcessBuilder("ldd", program).start();
            Matcher library = Pattern.compile("(/\\S+) \\(0x")
                    .matcher(new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            while (library.find()) {
                files.add(library.group(1));
            }
        }
        Map<String, byte[]> content = new HashMap<>();
        for (String file : files) {
            content.put(file, Files.readAllBytes(Path.of(file)));
        }
        content.put("/etc/passwd", "spark:x:185:185::/:/bin/sh\n".getBytes(StandardCharsets.UTF_8));
        return content;
    }

    private Instance launch(int incarnation) throws Exception {
        LaunchPlan plan =
                DockerFixture.plan(runtime, spec, incarnation, "trap 'exit 143' TERM; while :; do sleep 0.05; done");
        return runtime.launch(plan);
    }

    @Test
    void shutdownOfTheEngineIsNoPersonsStop() throws Exception {
        runtime.watch(told::add);
        launch(1);
        endEngine(false);
        assertThatThrownBy(() -> runtime.find(spec.name())).isInstanceOf(RuntimeUnavailableException.class);
        assertThat(told).as("nothing is declared dead while the engine is away").isEmpty();
        startEngine();
        Instance ended = told.poll(40, TimeUnit.SECONDS);
        assertThat(ended).isNotNull();
        ExitStatus exit = ended.exit().orElseThrow();
        assertThat(exit.outside()).isFalse();
        assertThat(exit.note()).contains("the engine was stopped or restarted");
        assertThat(runtime.find(spec.name())).contains(ended);
        assertThat(launch(2).running()).isTrue();
    }

    @Test
    void deathOfTheEngineIsToldApartFromTheServersOwn() throws Exception {
        runtime.watch(told::add);
        Instance first = launch(1);
        endEngine(true);
        assertThatThrownBy(() -> runtime.find(spec.name())).isInstanceOf(RuntimeUnavailableException.class);
        startEngine();
        // Without live-restore the next engine ends what the last one left.
        Instance ended = told.poll(40, TimeUnit.SECONDS);
        assertThat(ended).isNotNull();
        assertThat(ended.incarnation()).isEqualTo(first.incarnation());
        assertThat(ended.exit().orElseThrow().outside()).isFalse();
        assertThat(ended.exit().orElseThrow().note()).contains("the engine was stopped or restarted");
    }
}
