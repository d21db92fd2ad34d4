package io.connectctl.health.testing;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A TCP server on loopback that accepts and then does one unhelpful thing with each connection. */
public final class RawServer implements AutoCloseable {
    /** What is done with a connection. */
    @FunctionalInterface
    public interface Conversation {
        /** Talks; {@code end} opens when the server is closed. */
        void hold(Socket socket, CountDownLatch end) throws IOException, InterruptedException;
    }

    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int ACK = 1;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    private final ServerSocket listener;
    private final CountDownLatch end = new CountDownLatch(1);
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    /** Open as soon as somebody has connected. */
    public final CountDownLatch connected = new CountDownLatch(1);

    private RawServer(Conversation conversation) {
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon(() -> {
            while (true) {
                Socket socket = listener.accept();
                open.add(socket);
                connected.countDown();
                daemon(() -> {
                    try (socket) {
                        conversation.hold(socket, end);
                    }
                });
            }
        });
    }

    /** Accepts and says nothing. */
    public static RawServer mute() {
        return new RawServer((socket, end) -> end.await());
    }

    /** Accepts and hangs up. */
    public static RawServer hangingUp() {
        return new RawServer((socket, end) -> {});
    }

    /** Answers every request with an HTTP status and a body that gains a byte each 20 ms and never ends. */
    public static RawServer trickling() {
        return trickling("HTTP/1.1 200 OK\r\n\r\n[".getBytes(StandardCharsets.US_ASCII));
    }

    /** Sends these bytes, whatever it is asked, and then a blank each 20 ms that never ends. */
    public static RawServer trickling(byte[] first) {
        return new RawServer((socket, end) -> {
            socket.getOutputStream().write(first);
            while (!end.await(20, TimeUnit.MILLISECONDS)) {
                socket.getOutputStream().write(' ');
            }
        });
    }

    /** Sends {@code text}, whatever it is asked, and hangs up. */
    public static RawServer saying(String text) {
        return saying(text, Duration.ZERO);
    }

    /** The same, and takes its time. */
    public static RawServer saying(String text, Duration after) {
        return new RawServer((socket, end) -> {
            if (end.await(after.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            // Read what was asked, so that closing doesn't reset the connection before the answer was read.
            socket.getInputStream().readAllBytes();
        });
    }

    /** Speaks HTTP/2 and answers every request with this status and nothing else, as a proxy does that knows no such path. */
    public static RawServer http2(int status) {
        return new RawServer((socket, end) -> {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            frame(out, SETTINGS, 0, 0, new byte[0]);
            in.skipNBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length());
            while (true) {
                int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
                int type = in.readUnsignedByte();
                int flags = in.readUnsignedByte();
                int stream = in.readInt();
                in.skipNBytes(length);
                if (type == SETTINGS && (flags & ACK) == 0) {
                    frame(out, SETTINGS, ACK, 0, new byte[0]);
                } else if (type == HEADERS) {
                    // RFC 7541, 6.2.2: a literal without indexing whose name is number 8 of the static table, :status.
                    byte[] head = ("\u0008\u0003" + status).getBytes(StandardCharsets.US_ASCII);
                    frame(out, HEADERS, END_STREAM | END_HEADERS, stream, head);
                }
            }
        });
    }

    private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] payload)
            throws IOException {
        out.writeShort(payload.length >> 8);
        out.writeByte(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        out.flush();
    }

    /** A port on which nothing listens. */
    public static int deadPort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The port. */
    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        end.countDown();
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }

    private interface Talk {
        void run() throws IOException, InterruptedException;
    }

    private static void daemon(Talk talk) {
        Thread thread = new Thread(
                () -> {
                    try {
                        talk.run();
                    } catch (IOException | InterruptedException e) {
                        // The peer or the test is done with this connection; there is nothing to clean up.
                        return;
                    }
                },
                "raw-server");
        thread.setDaemon(true);
        thread.start();
    }
}
