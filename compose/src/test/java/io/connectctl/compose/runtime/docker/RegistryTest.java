package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PushResponseItem;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.spec.SparkVersion;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from a real registry on loopback (Debian's docker-registry). */
@Timeout(120)
class RegistryTest {
    private static final Path BINARY = Path.of("/usr/bin/docker-registry");
    private static final SparkVersion SPARK = SparkVersion.parse("4.0.1");
    private static final int LAYER = 16 << 20;

    @TempDir
    Path root = Path.of("set by JUnit");

    private DockerFixture fixture;
    private Images images;
    private @Nullable Process registry;
    private int port;

    @BeforeEach
    void serve() throws Exception {
        DockerFixture.require();
        DockerFixture.require(Files.isExecutable(BINARY) ? "" : BINARY + " is missing: install docker-registry");
        fixture = new DockerFixture(root);
        images = new Images(fixture.engine());
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path config = Files.writeString(
                root.resolve("registry.yml"),
                "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: " + root.resolve("registry")
                        + "\nhttp:\n  addr: 127.0.0.1:" + port + "\n");
        registry = new ProcessBuilder(BINARY.toString(), "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("registry.log").toFile())
                .start();
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
                return true;
            } catch (java.io.IOException e) {
                return false;
            }
        });
    }

    @AfterEach
    void stop() throws Exception {
        Process running = registry;
        if (running != null) {
            running.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
            forget(image("1"));
            fixture.close();
        }
    }

    private String image(String tag) {
        return "127.0.0.1:" + port + "/connectctl-test/tiny:" + tag;
    }

    private void forget(String image) throws Exception {
        if (images.find(image).isPresent()) {
            fixture.docker(
                    client -> client.removeImageCmd(image).withForce(true).exec());
        }
    }

    /** One layer of noise, so that nothing of it is here already, nor compressed away. */
    private void push() throws Exception {
        byte[] noise = new byte[LAYER];
        new Random().nextBytes(noise);
        DockerFixture.build(fixture.engine(), image("1"), Map.of("/noise", noise));
        fixture.docker(client -> client.pushImageCmd(image("1"))
                .exec(new ResultCallback.Adapter<PushResponseItem>())
                .awaitCompletion(15, TimeUnit.SECONDS));
        forget(image("1"));
    }

    @Test
    void pullTellsItsBytes() throws Exception {
        push();
        assertThat(images.find(image("1"))).isEmpty();
        assertThat(images.registry(image("1"), SPARK)).isEmpty();
        List<Long> totals = new ArrayList<>();
        List<Long> done = new ArrayList<>();
        images.require(image("1"), SPARK, (stage, now, total) -> {
            assertThat(stage).contains(image("1"));
            done.add(now);
            totals.add(total);
        });
        assertThat(images.find(image("1"))).isPresent();
        assertThat(totals.get(totals.size() - 1)).isGreaterThanOrEqualTo(LAYER);
        assertThat(done.get(done.size() - 1)).isGreaterThanOrEqualTo(LAYER);
    }

    @Test
    void missingTagIsTold() throws Exception {
        push();
        assertThatThrownBy(() -> images.require(image("2"), SPARK, Progress.SILENT))
                .isInstanceOfSatisfying(LaunchException.class, e -> {
                    assertThat(e.code()).isEqualTo("IMAGE_MISSING");
                    assertThat(e.getMessage()).contains(image("2")).contains("manifest unknown");
                    assertThat(e.remedy()).contains("connectctl image build --spark 4.0.1");
                });
    }

    @Test
    void registryThatIsDownIsToldWithinSeconds() throws Exception {
        Process running = registry;
        if (running != null) {
            running.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
        long start = System.nanoTime();
        assertThatThrownBy(() -> images.require(image("1"), SPARK, Progress.SILENT))
                .isInstanceOfSatisfying(LaunchException.class, e -> {
                    assertThat(e.code()).isEqualTo("REGISTRY_UNREACHABLE");
                    assertThat(e.remedy()).contains("connectctl image build").contains("--runtime process");
                });
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void registryThatHangsIsBounded() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            String image = "127.0.0.1:" + deaf.getLocalPort() + "/connectctl-test/tiny:1";
            assertThat(images.registry(image, SPARK)).get().satisfies(e -> assertThat(e.code())
                    .isEqualTo("REGISTRY_UNREACHABLE"));
        }
    }
}
