package io.connectctl.manager.client;

import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.EventView;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Events as they come, oldest first. Not thread-safe. */
public final class EventStream implements Closeable {
    private final LineStream lines;

    EventStream(LineStream lines) {
        this.lines = lines;
    }

    /**
     * The next event.
     *
     * @param timeout how long to wait for it
     * @return empty if none came in time, or at the end: {@link #ended} tells
     */
    public Optional<EventView> next(Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            Optional<String> line = lines.next(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            if (line.isEmpty()) {
                return Optional.empty();
            }
            // An empty line only keeps the connection alive.
            if (!line.get().isBlank()) {
                // A stream that must be cut ends with a problem instead of an event.
                if (!line.get().contains("\"sequence\"")) {
                    throw new ApiException(Wire.read(line.get(), ApiProblem.class));
                }
                return Optional.of(ServerReader.event(line.get()));
            }
        }
    }

    /** True once every event was taken. */
    public boolean ended() {
        return lines.ended();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
