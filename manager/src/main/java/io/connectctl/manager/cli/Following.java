package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.EventStream;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Events of one server, or of all, across the daemon's own restart: where the stream ends, it goes on after the last event that was read.
 * A daemon that stays away ends it with {@link DaemonUnreachableException}.
 */
final class Following implements Closeable {
    /** A daemon that is replaced by a newer one answers again within 3 s here; the rest is for machines under load. */
    private static final Duration ABSENCE = Duration.ofSeconds(15);

    private static final Duration PAUSE = Duration.ofMillis(250);

    private final ApiClient client;
    private final Optional<String> server;
    private OptionalLong last;
    private EventStream events;

    /** Follows one server from after {@code last}, or from now on. */
    Following(ApiClient client, String server, OptionalLong last) throws IOException {
        this(client, Optional.of(server), last);
    }

    /** Follows one server, or all, from after {@code last}, or from now on. */
    Following(ApiClient client, Optional<String> server, OptionalLong last) throws IOException {
        this.client = client;
        this.server = server;
        this.last = last;
        this.events = open();
    }

    private EventStream open() throws IOException {
        return client.events(last, server, OptionalInt.empty(), true);
    }

    /** The next event; empty if none came in time. */
    Optional<EventView> next(Duration timeout) throws IOException {
        Optional<EventView> event = Optional.empty();
        boolean lost = false;
        try {
            event = events.next(timeout);
        } catch (DaemonUnreachableException e) {
            lost = true;
        } catch (ApiException e) {
            if (!e.code().equals("TOO_SLOW")) {
                throw e;
            }
            lost = true;
        }
        if (event.isPresent()) {
            // Progress is told live only, and has the sequence 0.
            if (event.get().sequence() > 0) {
                last = OptionalLong.of(event.get().sequence());
            }
        } else if (lost || events.ended()) {
            reopen();
        }
        return event;
    }

    /** The one server as it is now. */
    ServerView server() throws IOException {
        String one = server.orElseThrow();
        try {
            return client.server(one);
        } catch (DaemonUnreachableException e) {
            reopen();
            return client.server(one);
        }
    }

    private void reopen() throws IOException {
        events.close();
        long deadline = System.nanoTime() + ABSENCE.toNanos();
        while (true) {
            LockSupport.parkNanos(PAUSE.toNanos());
            try {
                events = open();
                return;
            } catch (DaemonUnreachableException e) {
                if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        events.close();
    }
}
