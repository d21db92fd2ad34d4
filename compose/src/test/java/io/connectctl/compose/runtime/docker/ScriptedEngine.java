package io.connectctl.compose.runtime.docker;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An engine that gives canned answers, for what no engine at hand is: of another version, or with a container of any kind. */
final class ScriptedEngine implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    /**
     * Answers at once.
     *
     * @param version what it says of itself at {@code GET /version}
     */
    ScriptedEngine(String version) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        answers.put("/version", version);
        server.createContext("/", this::answer);
        server.start();
    }

    /** Answers {@code GET} and {@code HEAD} of this path, whatever the API's version before it; all others get 404. */
    void answer(String path, String json) {
        answers.put(path, json);
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
        String json = answers.get(path.replaceFirst("^/v\\d+\\.\\d+", ""));
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
        server.stop(0);
    }
}
