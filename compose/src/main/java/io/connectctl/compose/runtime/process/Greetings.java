package io.connectctl.compose.runtime.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Which of a server's ports speaks what, told without a line in its log. A gRPC server of netty's sends its HTTP/2 SETTINGS as soon as
 * somebody connects (RFC 9113, 3.4, asks each side to send them first); Spark's UI, driver and block manager wait for a request. To the
 * UI's Jetty seven bytes are a request, if a bad one; driver and block manager wait for the eight bytes of a frame's length
 * (TransportFrameDecoder, 3.4 to 4.2), and say nothing when they don't come. A ninth byte would be a warning in the log.
 */
final class Greetings {
    /** A connection on this machine is greeted within some milliseconds; a stopped or busy server is asked again later. */
    private static final Duration PATIENCE = Duration.ofMillis(300);

    /** Length (24 bits), type, flags, stream (32 bits): RFC 9113, 4.1. */
    private static final int FRAME_HEAD = 9;

    private static final byte SETTINGS = 4;

    /** For the first answer of a web server that was just started: its classes are loaded with it. */
    private static final Duration WEB_PATIENCE = Duration.ofSeconds(2);

    private static final String BAD_REQUEST = "GET /\n\n";
    private static final String HTTP = "HTTP/";

    private Greetings() {}

    /** Those of these ports of 127.0.0.1 that greet as gRPC does. */
    static NavigableSet<Integer> among(Collection<Integer> ports) throws IOException {
        return heard(ports, "", FRAME_HEAD, PATIENCE, false);
    }

    /** Those of these ports of 127.0.0.1 that answer as HTTP does; waits for the first that does, and for the others no longer than that. */
    static NavigableSet<Integer> web(Collection<Integer> ports) throws IOException {
        return heard(ports, BAD_REQUEST, HTTP.length(), WEB_PATIENCE, true);
    }

    private static NavigableSet<Integer> heard(
            Collection<Integer> ports, String say, int length, Duration patience, boolean one) throws IOException {
        NavigableSet<Integer> heard = new TreeSet<>();
        List<SocketChannel> channels = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            for (int port : ports) {
                SocketChannel channel = SocketChannel.open();
                channels.add(channel);
                channel.configureBlocking(false);
                Talk talk = new Talk(port, say, ByteBuffer.allocate(length));
                SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT, talk);
                if (channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
                    connected(key, channel, talk);
                }
            }
            listen(selector, heard, patience, one);
        } finally {
            for (SocketChannel channel : channels) {
                channel.close();
            }
        }
        return heard;
    }

    /**
     * What is said to a port, and what came from it so far.
     *
     * @param say sent once it is connected; nothing for those that speak first
     */
    private record Talk(int port, String say, ByteBuffer head) {
        boolean understood() {
            if (head.hasRemaining()) {
                return false;
            }
            return say.isEmpty()
                    ? head.get(3) == SETTINGS && head.getInt(5) == 0
                    : StandardCharsets.US_ASCII
                            .decode(head.duplicate().flip())
                            .toString()
                            .equals(HTTP);
        }
    }

    private static void connected(SelectionKey key, SocketChannel channel, Talk talk) throws IOException {
        if (!talk.say().isEmpty()) {
            // Seven bytes fit into a connection that has carried none.
            channel.write(StandardCharsets.US_ASCII.encode(talk.say()));
        }
        key.interestOps(SelectionKey.OP_READ);
    }

    private static void listen(Selector selector, NavigableSet<Integer> heard, Duration patience, boolean one)
            throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!selector.keys().isEmpty()
                && !(one && !heard.isEmpty())
                && !Thread.currentThread().isInterrupted()) {
            long rest = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (rest <= 0) {
                return;
            }
            selector.select(key -> hear(key, heard), rest);
            // A key that was cancelled leaves with the next look.
            selector.selectNow(key -> hear(key, heard));
        }
    }

    private static void hear(SelectionKey key, NavigableSet<Integer> heard) {
        Talk talk = (Talk) key.attachment();
        SocketChannel channel = (SocketChannel) key.channel();
        try {
            if (key.isConnectable()) {
                channel.finishConnect();
                connected(key, channel, talk);
                return;
            }
            if (channel.read(talk.head()) < 0 || !talk.head().hasRemaining()) {
                key.cancel();
            }
            if (talk.understood()) {
                heard.add(talk.port());
            }
        } catch (IOException e) {
            key.cancel(); // Refused: it listens on another address than this, where no client of this machine
            // would find it.
        }
    }
}
