package io.connectctl.compose.runtime.docker;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An engine that gives canned answers, for what no engine at hand is: of another version, or with a container of any kind. */
final class ScriptedEngine implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final Set<String> hanging = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /**
     * Answers at once.
     *
     * @param version what it says of itself at {@code GET /version}
     */
    ScriptedEngine(String version) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        answers.put("/version", version);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    /** Answers {@code GET} and {@code HEAD} of this path, whatever the API's version before it; all others get 404. */
    void answer(String path, String json) {
        answers.put(path, json);
    }

    /** Answers this path no more. */
    void hang(String path) {
        hanging.add(path);
    }

    /** Everything that was asked for, the API's version in it. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    /** Value of DOCKER_HOST. */
    String host() {
        return "tcp://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString();
        asked.add(path);
        String plain = path.replaceFirst("^/v\\d+\\.\\d+", "");
        if (hanging.contains(plain)) {
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        String json = answers.getOrDefault(plain, answers.get(plain.replaceFirst("\\?.*", "")));
        byte[] body = (json == null ? "{\"message\":\"no such thing\"}" : json).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(json == null ? 404 : 200, head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
