package io.connectctl.manager.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The smallest HTTP client that can be wrong on purpose: one connection a request, over a Unix socket or TCP. */
public final class RawHttp implements AutoCloseable {
    private final SocketChannel channel;
    private final InputStream in;
    private int chunks;

    /** Status of the answer. */
    public final int status;

    /** Headers of the answer, names in lower case. */
    public final Map<String, String> headers = new TreeMap<>();

    private RawHttp(SocketAddress address, byte[] request) throws IOException {
        channel = SocketChannel.open(address);
        ByteBuffer bytes = ByteBuffer.wrap(request);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        in = new BufferedInputStream(Channels.newInputStream(channel));
        status = Integer.parseInt(line().split(" ", -1)[1]);
        for (String header = line(); !header.isEmpty(); header = line()) {
            int colon = header.indexOf(':');
            headers.put(
                    header.substring(0, colon).toLowerCase(Locale.ROOT),
                    header.substring(colon + 1).strip());
        }
    }

    /** Sends a request without a body. */
    public static RawHttp send(Path socket, String method, String path) throws IOException {
        return send(socket, method, path, null);
    }

    /** Sends a request. */
    public static RawHttp send(Path socket, String method, String path, @Nullable String body) throws IOException {
        byte[] bytes = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                + (body == null ? "" : "Content-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n")
                + "\r\n";
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(bytes);
        return new RawHttp(UnixDomainSocketAddress.of(socket), request.toByteArray());
    }

    /** Sends these very characters. */
    public static RawHttp raw(Path socket, String request) throws IOException {
        return new RawHttp(UnixDomainSocketAddress.of(socket), request.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends GET over TCP with these header lines. */
    public static RawHttp tcp(int port, String path, String... headers) throws IOException {
        StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        return new RawHttp(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The whole body as text. */
    public String body() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if ("chunked".equals(headers.get("transfer-encoding"))) {
            for (String chunk = chunk(); !chunk.isEmpty(); chunk = chunk()) {
                body.writeBytes(chunk.getBytes(StandardCharsets.UTF_8));
            }
        } else if (status != 204) {
            body.writeBytes(in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0"))));
        }
        close();
        return body.toString(StandardCharsets.UTF_8);
    }

    /** The whole body as JSON. */
    public JsonNode json() throws IOException {
        return Json.MAPPER.readTree(body());
    }

    /** The next chunk of a stream; empty at its end. Waits for it. */
    public String chunk() throws IOException {
        // Jetty sends the line end of a chunk together with the next one.
        if (chunks++ > 0) {
            line();
        }
        int size = Integer.parseInt(line(), 16);
        return new String(in.readNBytes(size), StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the server closed the connection after '" + line + "'");
            }
            if (next != '\r') {
                line.write(next);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
