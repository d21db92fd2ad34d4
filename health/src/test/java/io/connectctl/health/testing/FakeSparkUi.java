package io.connectctl.health.testing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP server on loopback that answers as the UI of one Spark application. */
public final class FakeSparkUi implements AutoCloseable {
    private record Page(int status, String body) {}

    private final HttpServer server;
    private final Map<String, Page> pages = new ConcurrentHashMap<>();
    private final Map<String, Queue<Page>> firsts = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();

    private FakeSparkUi() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            requests.add(path);
            Queue<Page> first = firsts.get(path);
            Page once = first == null ? null : first.poll();
            Page page = once != null ? once : pages.getOrDefault(path, new Page(404, "not found"));
            byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(page.status(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    /** The UI of application {@code id}, whose configuration holds {@code marker}. */
    public static FakeSparkUi of(String id, String marker) {
        FakeSparkUi ui = new FakeSparkUi();
        ui.page(
                "/api/v1/applications",
                200,
                """
                [ {"id": "%s", "name": "Spark Connect server", "attempts": [ {"appSparkVersion": "4.0.1"} ]} ]
                """
                        .formatted(id));
        ui.page(
                "/api/v1/applications/" + id + "/environment",
                200,
                """
                {"sparkProperties": [["spark.app.id", "%s"], ["spark.connectctl.instance", "%s"]]}
                """
                        .formatted(id, marker));
        ui.page(
                "/api/v1/applications/" + id + "/executors",
                200,
                """
                [ {"id": "1", "maxMemory": 7}, {"id": "driver", "maxMemory": 762524467, "totalCores": 4} ]
                """);
        return ui;
    }

    /** Changes what a path answers. */
    public void page(String path, int status, String body) {
        pages.put(path, new Page(status, body));
    }

    /** What a path answers once, before what it answers then. */
    public void once(String path, int status, String body) {
        firsts.computeIfAbsent(path, key -> new ConcurrentLinkedQueue<>()).add(new Page(status, body));
    }

    /** The port. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Paths asked for so far, in order. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** Stops answering for good, as the UI does with its SparkContext. */
    public void stop() {
        server.stop(0);
    }

    @Override
    public void close() {
        stop();
    }
}
