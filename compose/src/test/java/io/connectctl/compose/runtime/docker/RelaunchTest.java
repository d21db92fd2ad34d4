package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An engine that is slow to remove a container which ended, a leased one that goes by itself or one that somebody removes: its name is
 * taken until then, and its log can't be had. The engine is scripted, as a real one is slow only now and then.
 */
@Timeout(60)
class RelaunchTest {
    private static final String ENDED =
            """
            {"Id":"c0ffee","Name":"/connectctl-0badcafe-lease-0badcafe",
            "State":{"Status":"removing","Running":false,"StartedAt":"2026-11-23T10:00:00Z","FinishedAt":"2026-11-23T10:00:09Z",
            "ExitCode":137},"Config":{"Labels":{"io.connectctl.installation":"0badcafe","io.connectctl.server":"lease-0badcafe",
            "io.connectctl.incarnation":"1","io.connectctl.marker":"lease-0badcafe/1/0a1b2c3d"}},"NetworkSettings":{"Ports":{}}}""";

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final CountDownLatch removalAwaited = new CountDownLatch(1);
    private final CountDownLatch removed = new CountDownLatch(1);
    private final ServerSpec spec = Plans.spec("lease-0badcafe", new PortChoice.Auto());
    private final ExecutorService answering = Executors.newCachedThreadPool();
    private final HttpServer engine;

    @TempDir
    Path root = Path.of("set by JUnit");

    RelaunchTest() throws IOException {
        engine = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    }

    @BeforeEach
    void listen() {
        engine.setExecutor(answering);
        engine.createContext("/", this::answer);
        engine.start();
    }

    @AfterEach
    void end() {
        removed.countDown();
        engine.stop(0);
        answering.shutdownNow();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString().replaceFirst("^/v1\\.\\d+", "");
        String request = exchange.getRequestMethod() + " " + path;
        asked.add(request);
        if (path.equals("/version")) {
            say(exchange, 200, "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}");
        } else if (request.equals("GET /containers/connectctl-0badcafe-lease-0badcafe/json")
                && removed.getCount() > 0) {
            say(exchange, 200, ENDED);
        } else if (request.startsWith("DELETE /containers/c0ffee")) {
            say(exchange, 409, "{\"message\":\"removal of container c0ffee is already in progress\"}");
        } else if (request.startsWith("POST /containers/c0ffee/wait")) {
            removalAwaited.countDown();
            try {
                removed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            say(exchange, 200, "{\"StatusCode\":137}");
        } else if (path.startsWith("/containers/c0ffee/logs")) {
            say(exchange, 409, "{\"message\":\"can not get logs from container which is dead or marked for removal\"}");
        } else {
            say(exchange, 404, "{\"message\":\"no such thing\"}");
        }
    }

    private static void say(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theNextLaunchWaitsUntilTheEngineHasRemovedTheLast(boolean leased) throws Exception {
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        PrivateFiles.write(root.resolve("state/installation"), "0badcafe\n");
        if (leased) {
            new Deadline("boot", Duration.ofSeconds(60), Duration.ofSeconds(60)).write(folders, spec.name());
        }
        Map<String, String> environment =
                Map.of("DOCKER_HOST", "tcp://127.0.0.1:" + engine.getAddress().getPort(), "HOME", root.toString());
        try (DockerRuntime runtime = new DockerRuntime(folders, environment)) {
            LaunchPlan plan = Plans.shell(runtime, spec, 2, "true");
            CompletableFuture<Object> launched = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return runtime.launch(plan);
                        } catch (LaunchException | InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    answering);

            assertThat(removalAwaited.await(30, TimeUnit.SECONDS))
                    .as("%s", asked)
                    .isTrue();
            assertThat(launched).as("%s", asked).isNotDone();
            assertThat(asked).last().asString().contains("/c0ffee/wait", "condition=removed");
            removed.countDown();

            // It goes on, as far as this engine goes.
            assertThatThrownBy(() -> launched.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(IllegalStateException.class);
            assertThat(asked).last().asString().doesNotContain("c0ffee");
        }
    }
}
