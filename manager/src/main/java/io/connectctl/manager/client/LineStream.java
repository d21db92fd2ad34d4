package io.connectctl.manager.client;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** An answer that comes line by line, perhaps without an end. Not thread-safe. */
public final class LineStream implements Closeable {
    private final Exchange exchange;
    private final byte[] piece = new byte[8192];
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    private int position;
    private int filled;
    private boolean ended;

    LineStream(Exchange exchange) {
        this.exchange = exchange;
    }

    /**
     * The next line without its line end.
     *
     * @param timeout how long to wait for it
     * @return empty if none came in time, or at the end: {@link #ended} tells
     * @throws DaemonUnreachableException if the daemon went away half way
     */
    public Optional<String> next(Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!ended) {
            while (position < filled) {
                byte next = piece[position++];
                if (next == '\n') {
                    return Optional.of(take());
                }
                line.write(next);
            }
            long rest = deadline - System.nanoTime();
            int read = exchange.read(piece, Duration.ofNanos(Math.max(0, rest)));
            if (read == 0) {
                return Optional.empty();
            }
            position = 0;
            filled = Math.max(0, read);
            ended = read < 0;
        }
        return line.size() > 0 ? Optional.of(take()) : Optional.empty();
    }

    private String take() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** True once every line was taken. */
    public boolean ended() {
        return ended && line.size() == 0;
    }

    @Override
    public void close() throws IOException {
        exchange.close();
    }
}
