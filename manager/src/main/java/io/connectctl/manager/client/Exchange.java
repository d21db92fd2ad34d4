package io.connectctl.manager.client;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 request and its answer over a Unix socket, on a connection of its own. Written by hand because the JDK's
 * HttpClient can't speak to Unix sockets and costs more to load than the whole command takes. Not thread-safe, but
 * {@link #close} may come from anywhere and ends a waiting read.
 */
final class Exchange implements Closeable {
    /** Longest line of a head or of a chunk's size: more is no answer of our daemon. */
    private static final int LONGEST_LINE = 16 * 1024;

    /** Between two tries to connect to a daemon whose queue is full. */
    private static final long RETRY_NANOS = 20_000_000;

    private final Path socket;
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer input = ByteBuffer.allocate(16 * 1024).limit(0);
    private final Map<String, String> headers = new HashMap<>();
    private int status;
    private boolean chunked;
    /** Bytes left of the body, or of the current chunk; -1 where the end of the connection ends the body. */
    private long left;

    private boolean firstChunk = true;
    private boolean ended;

    private Exchange(Path socket, SocketChannel channel) throws IOException {
        this.socket = socket;
        this.channel = channel;
        channel.configureBlocking(false);
        this.selector = Selector.open();
        this.key = channel.register(selector, SelectionKey.OP_READ);
    }

    /**
     * Sends a request and reads the answer's head.
     *
     * @param timeout for the whole of it
     * @throws DaemonUnreachableException if nobody listens, it may not be opened, or there is no answer in time
     */
    static Exchange send(Path socket, String method, String target, byte @Nullable [] body, Duration timeout)
            throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        Exchange exchange = connect(socket, deadline);
        try {
            exchange.write(head(method, target, body), deadline);
            if (body != null) {
                exchange.write(body, deadline);
            }
            exchange.readHead(deadline);
            return exchange;
        } catch (IOException e) {
            exchange.close();
            throw e instanceof DaemonUnreachableException ? e : exchange.lost(e);
        }
    }

    private static Exchange connect(Path socket, long deadline) throws IOException {
        while (true) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                Ownership.checkFolder(socket);
                Exchange exchange = new Exchange(socket, channel);
                // A Unix socket connects at once, or not at all where its queue is full: then only a new try helps.
                if (channel.connect(UnixDomainSocketAddress.of(socket))) {
                    Ownership.checkPeer(socket, channel);
                    return exchange;
                }
                exchange.close();
            } catch (IOException e) {
                channel.close();
                throw e instanceof DaemonUnreachableException ? e : refused(socket, e);
            }
            if (System.nanoTime() > deadline) {
                throw DaemonUnreachableException.noAnswer(socket, "it takes no more connections", null);
            }
            LockSupport.parkNanos(RETRY_NANOS);
        }
    }

    private static DaemonUnreachableException refused(Path socket, IOException failure) {
        String message = String.valueOf(failure.getMessage());
        if (message.contains("Permission denied")) {
            return new DaemonUnreachableException(
                    DaemonUnreachableException.Reason.FORBIDDEN,
                    "the daemon on " + socket + " belongs to another user" + owner(socket) + ": permission denied",
                    "run this as that user, or unset CONNECTCTL_RUN_DIR and CONNECTCTL_STATE_DIR to use a daemon of your own",
                    failure);
        }
        boolean absent = failure instanceof ConnectException
                || message.contains("No such file")
                || message.contains("Connection refused")
                || message.contains("Not a directory");
        return absent
                ? DaemonUnreachableException.notRunning(socket, failure)
                : DaemonUnreachableException.noAnswer(socket, message, failure);
    }

    private static String owner(Path socket) {
        // The socket itself may be hidden by its folder: the nearest thing that may be looked at tells.
        for (Path path = socket; path != null; path = path.getParent()) {
            Optional<String> owner = ownerOf(path);
            if (owner.isPresent()) {
                return " (" + owner.get() + ")";
            }
        }
        return "";
    }

    private static Optional<String> ownerOf(Path path) {
        try {
            return Optional.of(Files.getOwner(path).getName());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static byte[] head(String method, String target, byte @Nullable [] body) {
        StringBuilder head = new StringBuilder(160)
                .append(method)
                .append(' ')
                .append(target)
                .append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: connectctl\r\n");
        if (body != null) {
            head.append("Content-Type: application/json\r\nContent-Length: ")
                    .append(body.length)
                    .append("\r\n");
        } else if (!method.equals("GET")) {
            head.append("Content-Length: 0\r\n");
        }
        return head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void write(byte[] bytes, long deadline) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (true) {
            channel.write(buffer);
            if (!buffer.hasRemaining()) {
                return;
            }
            if (!await(SelectionKey.OP_WRITE, deadline)) {
                throw DaemonUnreachableException.noAnswer(socket, "it doesn't read the request", null);
            }
        }
    }

    private void readHead(long deadline) throws IOException {
        String line = headLine(deadline);
        String[] parts = line.split(" ", 3);
        if (parts.length < 2 || !parts[0].startsWith("HTTP/1.") || !parts[1].matches("\\d{3}")) {
            throw DaemonUnreachableException.noAnswer(socket, "what listens there speaks no HTTP", null);
        }
        status = Integer.parseInt(parts[1]);
        for (line = headLine(deadline); !line.isEmpty(); line = headLine(deadline)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        String length = headers.get("content-length");
        chunked = headers.getOrDefault("transfer-encoding", "")
                .toLowerCase(Locale.ROOT)
                .contains("chunked");
        if (chunked) {
            left = 0;
        } else if (status == 204) {
            ended = true;
        } else {
            left = length == null ? -1 : Long.parseLong(length);
            ended = left == 0;
        }
    }

    private String headLine(long deadline) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(64);
        while (line.size() < LONGEST_LINE) {
            while (!input.hasRemaining()) {
                if (!fill(deadline)) {
                    throw DaemonUnreachableException.noAnswer(socket, "no answer in time", null);
                }
            }
            byte next = input.get();
            if (next == '\n') {
                return line.toString(StandardCharsets.UTF_8).stripTrailing();
            }
            line.write(next);
        }
        throw DaemonUnreachableException.noAnswer(socket, "its answer has an endless line", null);
    }

    /** Reads more; false if the deadline came first. */
    private boolean fill(long deadline) throws IOException {
        while (true) {
            input.clear();
            int read;
            try {
                read = channel.read(input);
            } finally {
                input.flip();
            }
            if (read > 0) {
                return true;
            }
            if (read < 0) {
                throw new EOFException("the connection was closed");
            }
            if (!await(SelectionKey.OP_READ, deadline)) {
                return false;
            }
        }
    }

    private boolean await(int operation, long deadline) throws IOException {
        long rest = deadline - System.nanoTime();
        if (rest <= 0) {
            return false;
        }
        key.interestOps(operation);
        selector.select(Math.max(1, rest / 1_000_000));
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted() || !channel.isOpen()) {
            throw new EOFException("the wait was interrupted");
        }
        return true;
    }

    /** The answer's status code. */
    int status() {
        return status;
    }

    /** A header of the answer, named in lower case. */
    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    /** True once the whole body was read. */
    boolean ended() {
        return ended;
    }

    /**
     * Reads a piece of the body.
     *
     * @return how much was read; 0 if nothing came until the timeout, -1 at the end of the body
     */
    int read(byte[] target, Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            while (!ended) {
                if (chunked && left == 0 && !nextChunk(deadline)) {
                    if (ended) {
                        break;
                    }
                    return 0;
                }
                if (!input.hasRemaining() && !fill(deadline)) {
                    return 0;
                }
                int length = Math.min(target.length, input.remaining());
                if (left >= 0) {
                    length = (int) Math.min(length, left);
                    left -= length;
                }
                input.get(target, 0, length);
                if (!chunked && left == 0) {
                    ended = true;
                }
                return length;
            }
            return -1;
        } catch (EOFException e) {
            if (!chunked && left < 0) {
                ended = true;
                return -1;
            }
            throw lost(e);
        }
    }

    private final ByteArrayOutputStream sizeLine = new ByteArrayOutputStream(16);

    /** Reads the next chunk's size line, which may come in pieces; false at the end of the body or of the time. */
    private boolean nextChunk(long deadline) throws IOException {
        while (true) {
            while (!input.hasRemaining()) {
                if (!fill(deadline)) {
                    return false;
                }
            }
            byte next = input.get();
            if (next != '\n') {
                sizeLine.write(next);
                if (sizeLine.size() > LONGEST_LINE) {
                    throw new IOException("a chunk's size line is endless");
                }
                continue;
            }
            String line = sizeLine.toString(StandardCharsets.US_ASCII).strip();
            sizeLine.reset();
            if (line.isEmpty() && !firstChunk) {
                // The line end after the chunk before.
                continue;
            }
            int extension = line.indexOf(';');
            try {
                left = Long.parseLong(extension < 0 ? line : line.substring(0, extension), 16);
            } catch (NumberFormatException e) {
                throw new IOException("'" + line + "' is no chunk size", e);
            }
            firstChunk = false;
            if (left == 0) {
                ended = true;
                return false;
            }
            return true;
        }
    }

    /** The whole body. */
    byte[] all(Duration timeout) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream(4096);
        byte[] piece = new byte[8192];
        while (true) {
            int read = read(piece, timeout);
            if (read < 0) {
                return body.toByteArray();
            }
            if (read == 0) {
                throw DaemonUnreachableException.noAnswer(socket, "its answer stopped half way", null);
            }
            body.write(piece, 0, read);
        }
    }

    private DaemonUnreachableException lost(IOException failure) {
        return DaemonUnreachableException.noAnswer(
                socket, "the connection was lost (" + failure.getMessage() + "); the daemon may have ended", failure);
    }

    @Override
    public void close() throws IOException {
        try {
            selector.close();
        } finally {
            channel.close();
        }
    }
}
