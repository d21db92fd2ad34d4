package io.connectctl.compose.runtime.process;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A Maven repository on this machine; the settings.xml of a home that it is told of names it as the mirror of all. */
final class SmallRepository implements AutoCloseable {
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Set<String> cut = ConcurrentHashMap.newKeySet();
    private final AtomicInteger asked = new AtomicInteger();
    private final HttpServer server;

    SmallRepository() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    /** One that doesn't answer. */
    static SmallRepository closed() {
        try {
            SmallRepository closed = new SmallRepository();
            closed.close();
            return closed;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        asked.incrementAndGet();
        String path = exchange.getRequestURI().getPath();
        byte[] body = files.get(path);
        if (body == null) {
            exchange.sendResponseHeaders(404, -1);
        } else {
            exchange.sendResponseHeaders(200, body.length);
            // Closing with bytes still owed makes the server end the connection.
            exchange.getResponseBody().write(cut.contains(path) ? Arrays.copyOf(body, body.length / 2) : body);
        }
        exchange.close();
    }

    /** What lies in it, by its path; may be changed. */
    Map<String, byte[]> files() {
        return files;
    }

    /** Paths of files of which only half arrives; may be changed. */
    Set<String> cut() {
        return cut;
    }

    /** How many requests there were. */
    int asked() {
        return asked.get();
    }

    /** Has the Maven of this home ask here, and only here. */
    void mirrorFor(Path home) throws IOException {
        Files.createDirectories(home.resolve(".m2"));
        mirrorIn(home.resolve(".m2/settings.xml"));
    }

    /** Settings by which a Maven asks here, and only here. */
    void mirrorIn(Path settings) throws IOException {
        Files.writeString(settings, "<settings>" + mirror("http://127.0.0.1:" + port()) + "</settings>");
    }

    /** A mirror of everything. */
    static String mirror(String url) {
        return "<mirrors><mirror><id>near</id><mirrorOf>*</mirrorOf><url>" + url + "</url></mirror></mirrors>";
    }

    /** Where it listens, on 127.0.0.1. */
    int port() {
        return server.getAddress().getPort();
    }

    /** Where a file of an artifact lies. */
    static String place(String coordinates, String extension) {
        String[] parts = coordinates.split(":", -1);
        return "/" + parts[0].replace('.', '/') + "/" + parts[1] + "/" + parts[2] + "/" + parts[1] + "-" + parts[2]
                + "." + extension;
    }

    /** Publishes a jar that depends on these others, each {@code group:artifact:version}. */
    void publish(String coordinates, String... dependencies) throws IOException {
        pom(coordinates, "jar", dependencies);
        ByteArrayOutputStream jar = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(jar)) {
            zip.putNextEntry(new ZipEntry(coordinates.split(":", -1)[1] + ".txt"));
            zip.write(new byte[1000]);
        }
        files.put(place(coordinates, "jar"), jar.toByteArray());
    }

    /** Publishes no more than a POM. */
    void pom(String coordinates, String packaging, String... dependencies) {
        StringBuilder pom = new StringBuilder("<project><modelVersion>4.0.0</modelVersion>")
                .append(elements(coordinates))
                .append("<packaging>" + packaging + "</packaging><dependencies>");
        for (String dependency : dependencies) {
            pom.append("<dependency>").append(elements(dependency)).append("</dependency>");
        }
        pom.append("</dependencies></project>");
        files.put(place(coordinates, "pom"), pom.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String elements(String coordinates) {
        String[] parts = coordinates.split(":", -1);
        return "<groupId>" + parts[0] + "</groupId><artifactId>" + parts[1] + "</artifactId><version>" + parts[2]
                + "</version>";
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
