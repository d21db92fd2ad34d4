package io.connectctl.manager.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A daemon that answers as a test scripts it, over a real Unix socket. Answers to one request line come in the order they were
 * scripted; the last one stays.
 */
public final class FakeDaemon implements AutoCloseable {
    private final Path socket;
    private final ServerSocketChannel server;
    private final Map<String, Deque<byte[]>> answers = new ConcurrentHashMap<>();
    private final Map<String, Gate> gates = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<SocketChannel> open = new CopyOnWriteArrayList<>();

    /** What an answer waits for. */
    @FunctionalInterface
    public interface Gate {
        void pass() throws InterruptedException;
    }

    public FakeDaemon(Path folder) throws IOException {
        socket = folder.resolve("d.sock");
        Files.deleteIfExists(socket);
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread thread = new Thread(this::accept, "fake-daemon");
        thread.setDaemon(true);
        thread.start();
    }

    public Path socket() {
        return socket;
    }

    /** Every request so far: {@code POST /v1/servers/a/start}, with its body after a blank. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** Answers with JSON. */
    public FakeDaemon on(String request, int status, String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        return raw(request, "HTTP/1.1 " + status + " X\r\nContent-Length: " + body.length + "\r\n\r\n" + json);
    }

    /** Answers with a problem. */
    public FakeDaemon problem(String request, int status, String code, String detail) {
        return on(
                request,
                status,
                "{\"code\":\"" + code + "\",\"status\":" + status + ",\"title\":\"t\",\"detail\":\"" + detail
                        + "\",\"remedy\":null,\"problems\":[]}");
    }

    /** Answers with lines, chunked, and ends. */
    public FakeDaemon lines(String request, String... lines) {
        return raw(request, chunked(lines) + "0\r\n\r\n");
    }

    private static String chunked(String... lines) {
        StringBuilder text = new StringBuilder("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (String line : lines) {
            int length = line.getBytes(StandardCharsets.UTF_8).length + 1;
            text.append(Integer.toHexString(length)).append("\r\n").append(line).append("\n\r\n");
        }
        return text.toString();
    }

    /** Answers with lines, chunked, and leaves the connection open. */
    public FakeDaemon endless(String request, String... lines) {
        return raw(request, chunked(lines));
    }

    /** Answers with a body that is no text. */
    public FakeDaemon bytes(String request, byte[] body) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        answer.write(
                ("HTTP/1.1 200 X\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        answer.write(body);
        answers.computeIfAbsent(request, key -> new ArrayDeque<>()).add(answer.toByteArray());
        return this;
    }

    /** Answers with exactly these bytes. */
    public FakeDaemon raw(String request, String answer) {
        answers.computeIfAbsent(request, key -> new ArrayDeque<>()).add(answer.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Lets the answers to this request wait for something. */
    public FakeDaemon before(String request, Gate gate) {
        gates.put(request, gate);
        return this;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel channel = server.accept();
                Thread thread = new Thread(() -> serve(channel), "fake-answer");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(SocketChannel channel) {
        open.add(channel);
        try {
            String request = read(channel);
            requests.add(request);
            String line = request.split(" \\{", 2)[0];
            Deque<byte[]> queue = answers.get(line);
            if (queue == null && line.endsWith("?activity=true")) {
                // Most tests' servers have no clients: they are what they are without having been asked for them.
                queue = answers.get(line.substring(0, line.length() - "?activity=true".length()));
            }
            byte[] answer;
            if (queue == null) {
                answer = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8);
            } else {
                synchronized (queue) {
                    answer = queue.size() > 1 ? queue.removeFirst() : queue.getFirst();
                }
            }
            gates.getOrDefault(line, () -> {}).pass();
            channel.write(ByteBuffer.wrap(answer));
            String text = new String(answer, StandardCharsets.UTF_8);
            if (!text.contains("chunked") || text.endsWith("0\r\n\r\n")) {
                channel.close();
            }
        } catch (IOException e) {
            open.remove(channel);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String read(SocketChannel channel) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer piece = ByteBuffer.allocate(4096);
        while (true) {
            String text = bytes.toString(StandardCharsets.UTF_8);
            int end = text.indexOf("\r\n\r\n");
            if (end >= 0) {
                int at = text.indexOf("Content-Length: ");
                int length = at < 0 ? 0 : Integer.parseInt(text.substring(at + 16, text.indexOf("\r", at)));
                if (bytes.size() - end - 4 >= length) {
                    String first = text.substring(0, text.indexOf(" HTTP/1.1"));
                    return length == 0 ? first : first + " " + text.substring(end + 4);
                }
            }
            piece.clear();
            if (channel.read(piece) < 0) {
                throw new IOException("the client went away");
            }
            bytes.write(piece.array(), 0, piece.position());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (SocketChannel channel : open) {
            channel.close();
        }
        Files.deleteIfExists(socket);
    }
}
