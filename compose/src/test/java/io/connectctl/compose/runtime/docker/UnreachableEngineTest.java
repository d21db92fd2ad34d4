package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No engine, or one that hangs: told quickly, and nothing is declared dead. Needs no engine. */
@Timeout(60)
class UnreachableEngineTest {
    private final ServerSpec spec = Plans.spec("sales", new PortChoice.Auto());

    @TempDir
    Path root = Path.of("set by JUnit");

    private DockerRuntime runtime(String host) {
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        try {
            // It had containers before.
            PrivateFiles.write(root.resolve("state/installation"), "0badcafe\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DockerRuntime(folders, Map.of("DOCKER_HOST", host, "HOME", root.toString()));
    }

    @Test
    void noSocketIsToldAtOnce() {
        try (DockerRuntime runtime = runtime("unix://" + root.resolve("nobody.sock"))) {
            assertThatThrownBy(() -> runtime.find(spec.name()))
                    .isInstanceOf(RuntimeUnavailableException.class)
                    .hasMessageContaining("nobody.sock")
                    .hasMessageContaining("is Docker installed and started?");
        }
    }

    @Test
    void launchNamesCauseAndRemedy() {
        try (DockerRuntime runtime = runtime("unix://" + root.resolve("nobody.sock"))) {
            assertThatThrownBy(() -> runtime.prepare(spec, Progress.SILENT))
                    .isInstanceOfSatisfying(LaunchException.class, e -> {
                        assertThat(e.code()).isEqualTo("ENGINE_UNREACHABLE");
                        assertThat(e.remedy()).contains("--runtime process");
                    });
        }
    }

    @Test
    void obstacleSaysWhyInWords() throws Exception {
        try (DockerRuntime runtime = runtime("unix://" + root.resolve("nobody.sock"))) {
            assertThat(runtime.obstacle(spec)).get().asString().contains("nobody.sock");
        }
        try (DockerRuntime runtime = runtime("ssh://me@far.example")) {
            assertThat(runtime.obstacle(spec)).get().asString().contains("ssh -NL");
        }
    }

    @Test
    void nobodyIsAskedForWhatAnInstallationWithoutAnIdCannotHave() throws Exception {
        try (DockerRuntime runtime = runtime("unix://" + root.resolve("nobody.sock"))) {
            Files.delete(root.resolve("state/installation"));

            assertThat(runtime.traces()).isEmpty();
            assertThat(runtime.list()).isEmpty();
            assertThat(runtime.find(spec.name())).isEmpty();
            assertThat(runtime.halt(spec.name(), Duration.ZERO)).isEmpty();
            assertThat(runtime.usage(spec.name())).isEmpty();
            assertThat(runtime.hasWarehouse(spec.name())).isFalse();
            runtime.rearm(spec.name());
            runtime.discard(spec.name(), false);
            runtime.collect(spec.name(), false);
            runtime.watch(instance -> {}).close();
            assertThat(root.resolve("state")).as("nor did it get one by that").isEmptyDirectory();
        }
    }

    @Test
    void closedPortIsTold() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (DockerRuntime runtime = runtime("tcp://127.0.0.1:" + port)) {
            assertThatThrownBy(() -> runtime.list())
                    .isInstanceOf(RuntimeUnavailableException.class)
                    .hasMessageContaining("127.0.0.1:" + port);
        }
    }

    @Test
    void hangingSocketIsBounded() throws Exception {
        Path socket = root.resolve("hangs.sock");
        try (ServerSocketChannel deaf = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            deaf.bind(UnixDomainSocketAddress.of(socket), 16);
            try (DockerRuntime runtime = runtime("unix://" + socket)) {
                long start = System.nanoTime();
                assertThatThrownBy(() -> runtime.find(spec.name()))
                        .isInstanceOf(RuntimeUnavailableException.class)
                        .hasMessageContaining("no answer within");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
            }
        }
    }

    @Test
    void hangingPortIsBoundedToo() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
                DockerRuntime runtime = runtime("tcp://127.0.0.1:" + deaf.getLocalPort())) {
            assertThatThrownBy(() -> runtime.list())
                    .isInstanceOf(RuntimeUnavailableException.class)
                    .hasMessageContaining("no answer within");
        }
    }

    @Test
    void callerThatGivesUpIsNotHeld() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
                DockerRuntime runtime = runtime("tcp://127.0.0.1:" + deaf.getLocalPort())) {
            CompletableFuture<Throwable> ended = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    runtime.find(spec.name());
                    ended.complete(new AssertionError("nobody could answer"));
                } catch (RuntimeUnavailableException | InterruptedException e) {
                    ended.complete(e);
                }
            });
            caller.start();
            // It was taken: the call is under way.
            deaf.accept();
            caller.interrupt();
            assertThat(ended.get(5, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void whatAnswersMustBeAnEngine() throws Exception {
        assertThat(saidOf("200 OK", "{}")).contains("no Docker engine");
        assertThat(saidOf("404 Not Found", "<html>nothing here</html>")).contains("no Docker engine", "nothing here");
    }

    @Test
    void whoSpeaksPlainlyToAnEngineBehindTlsIsTold() throws Exception {
        // An engine's own answer, 20.10 to 29: that of every server in Go.
        assertThat(saidOf("400 Bad Request", "Client sent an HTTP request to an HTTPS server.\n"))
                .contains("DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH");
    }

    /** What is said of something that answers in this way. */
    private String saidOf(String status, String body) throws Exception {
        try (ServerSocket web = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
                DockerRuntime runtime = runtime("tcp://127.0.0.1:" + web.getLocalPort())) {
            Thread server = new Thread(() -> {
                try (var client = web.accept()) {
                    client.getInputStream().read(new byte[4096]);
                    client.getOutputStream()
                            .write(("HTTP/1.1 " + status + "\r\nContent-Length: " + body.length()
                                            + "\r\nConnection: close\r\n\r\n" + body)
                                    .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            server.start();
            return String.valueOf(
                    catchThrowableOfType(RuntimeUnavailableException.class, () -> runtime.find(spec.name()))
                            .getMessage());
        }
    }

    @Test
    void hostIsKnownWithoutAnybodyAnswering() {
        try (DockerRuntime runtime = runtime("tcp://far.example:2375")) {
            assertThat(runtime.host()).isEqualTo("far.example");
        }
    }

    @Test
    void aNameThatNoImageCanHaveIsToldBeforeTheEngineIsAsked() {
        try (ImageBuilder builder =
                new ImageBuilder(root, Map.of("DOCKER_HOST", "unix://" + root.resolve("nobody.sock"), "HOME", ""))) {
            for (String name : List.of("My/Spark:4", "a b", "spark:", "-x", "spark/", "spark::4", "host:port/spark")) {
                assertThat(refusal(builder, name).getMessage()).as(name).contains("'" + name + "' is no name");
            }
            for (String name :
                    List.of("spark", "lake/spark:4.0.1", "localhost/spark", "localhost:5000/lake/spark-4:Latest")) {
                assertThat(refusal(builder, name).code()).as(name).isEqualTo("ENGINE_UNREACHABLE");
            }
        }
    }

    private static LaunchException refusal(ImageBuilder builder, String name) {
        ImageBuilder.Order order =
                new ImageBuilder.Order(SparkVersion.parse("4.0.1"), "debian", List.of(), name, false, false);
        return catchThrowableOfType(LaunchException.class, () -> builder.build(order, Progress.SILENT, server -> {}));
    }
}
