package io.connectctl.compose.runtime.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Which of a server's ports speaks gRPC, told by listening alone. A gRPC server of netty's sends its HTTP/2 SETTINGS as soon as somebody
 * connects (RFC 9113, 3.4, asks each side to send them first); Spark's UI, driver and block manager wait for a request. So nothing is
 * sent to them, of which the driver would write a warning into the server's log.
 */
final class Greetings {
    /** A connection on this machine is greeted within some milliseconds; a stopped or busy server is asked again later. */
    private static final Duration PATIENCE = Duration.ofMillis(300);

    /** Length (24 bits), type, flags, stream (32 bits): RFC 9113, 4.1. */
    private static final int FRAME_HEAD = 9;

    private static final byte SETTINGS = 4;

    private Greetings() {}

    /** Those of these ports of 127.0.0.1 that greet as gRPC does. */
    static NavigableSet<Integer> among(Collection<Integer> ports) throws IOException {
        NavigableSet<Integer> greeting = new TreeSet<>();
        List<SocketChannel> channels = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            for (int port : ports) {
                SocketChannel channel = SocketChannel.open();
                channels.add(channel);
                channel.configureBlocking(false);
                Heard heard = new Heard(port, ByteBuffer.allocate(FRAME_HEAD));
                channel.register(selector, SelectionKey.OP_CONNECT, heard);
                if (channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
                    channel.register(selector, SelectionKey.OP_READ, heard);
                }
            }
            listen(selector, greeting);
        } finally {
            for (SocketChannel channel : channels) {
                channel.close();
            }
        }
        return greeting;
    }

    /** What came from a port so far. */
    private record Heard(int port, ByteBuffer head) {
        boolean settings() {
            return !head.hasRemaining() && head.get(3) == SETTINGS && head.getInt(5) == 0;
        }
    }

    private static void listen(Selector selector, NavigableSet<Integer> greeting) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!selector.keys().isEmpty() && !Thread.currentThread().isInterrupted()) {
            long rest = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (rest <= 0) {
                return;
            }
            selector.select(key -> hear(key, greeting), rest);
            // A key that was cancelled leaves with the next look.
            selector.selectNow(key -> hear(key, greeting));
        }
    }

    private static void hear(SelectionKey key, NavigableSet<Integer> greeting) {
        Heard heard = (Heard) key.attachment();
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            if (key.isConnectable()) {
                channel.finishConnect();
                key.interestOps(SelectionKey.OP_READ);
                return;
            }
            if (channel.read(heard.head()) < 0 || !heard.head().hasRemaining()) {
                key.cancel();
            }
            if (heard.settings()) {
                greeting.add(heard.port());
            }
        } catch (IOException e) {
            key.cancel(); // Refused: it listens on another address than this, where no client of this machine
            // would find it.
        }
    }
}
