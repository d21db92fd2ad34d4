package io.connectctl.health.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * A TCP connection whose whole life ends at one deadline, and at once when its thread is interrupted. A blocking socket
 * keeps neither bound: its timeout starts anew with each byte that trickles in, and an interrupt isn't noticed. No proxy
 * is ever used, whatever the environment says.
 */
public final class TimedSocket implements AutoCloseable {
    private final SocketChannel channel;
    private final Selector selector;
    private final long end;
    private final String address;

    private TimedSocket(SocketChannel channel, Selector selector, long end, String address) {
        this.channel = channel;
        this.selector = selector;
        this.end = end;
        this.address = address;
    }

    /**
     * Connects.
     *
     * @param nanos how long the connection may be used, in nanoseconds from now
     * @throws SocketTimeoutException if the time is over
     * @throws IOException if nothing listens there; the message says what the system said
     */
    public static TimedSocket connect(String host, int port, long nanos) throws IOException, InterruptedException {
        long end = System.nanoTime() + Math.max(0, nanos);
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new ConnectException("the name " + host + " has no address");
        }
        Selector selector = Selector.open();
        SocketChannel channel;
        try {
            channel = SocketChannel.open();
        } catch (IOException e) {
            selector.close();
            throw e;
        }
        TimedSocket socket = new TimedSocket(channel, selector, end, host + ":" + port);
        try {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            if (!channel.connect(address)) {
                do {
                    socket.await();
                } while (!channel.finishConnect());
            }
            key.interestOps(0);
            return socket;
        } catch (IOException | InterruptedException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Sends all of {@code bytes}. */
    public void write(byte[] bytes) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            if (channel.write(buffer) == 0) {
                interest(SelectionKey.OP_WRITE);
                await();
            }
        }
    }

    /**
     * Everything the peer sends until it closes.
     *
     * @throws IOException also if it sends more than {@code maxBytes}
     */
    public byte[] readToEnd(int maxBytes) throws IOException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        interest(SelectionKey.OP_READ);
        while (true) {
            int read = channel.read(buffer);
            if (read < 0) {
                return all.toByteArray();
            }
            if (read == 0) {
                await();
                continue;
            }
            if (all.size() + read > maxBytes) {
                throw new IOException(address + " sent more than " + maxBytes + " bytes");
            }
            all.write(buffer.array(), 0, read);
            buffer.clear();
            remaining();
        }
    }

    /** The first bytes the peer sends: {@code count} of them, fewer only if it closes before. */
    public byte[] readFirst(int count) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        interest(SelectionKey.OP_READ);
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer);
            if (read < 0) {
                break;
            }
            if (read == 0) {
                await();
            }
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    @Override
    public void close() {
        try (selector) {
            channel.close();
        } catch (IOException e) {
            // Nothing is lost with a connection that is given up anyway, and there is nobody to tell.
            return;
        }
    }

    private void interest(int operation) {
        channel.keyFor(selector).interestOps(operation);
    }

    private void await() throws IOException, InterruptedException {
        long left = remaining();
        // Zero would mean for ever.
        selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
        selector.selectedKeys().clear();
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted while waiting for " + address);
        }
    }

    private long remaining() throws SocketTimeoutException {
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw new SocketTimeoutException(address + " was not done within the deadline");
        }
        return left;
    }
}
