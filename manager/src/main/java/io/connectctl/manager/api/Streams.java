package io.connectctl.manager.api;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** Every open stream: bounded in number, and ended together with the daemon. */
final class Streams {
    /** A dozen terminals and dashboards; each costs a follower in the fleet. */
    private static final int MOST = 64;

    private final Set<Stream> open = ConcurrentHashMap.newKeySet();
    private final Semaphore room = new Semaphore(MOST);
    private final Duration heartbeat;
    private final Duration patience;
    private volatile boolean closed;

    /**
     * @param heartbeat how often a silent event stream says that it lives
     * @param patience how long a follower waits for a client that doesn't read before it is dropped
     */
    Streams(Duration heartbeat, Duration patience) {
        this.heartbeat = heartbeat;
        this.patience = patience;
    }

    Duration heartbeat() {
        return heartbeat;
    }

    Duration patience() {
        return patience;
    }

    /** Refuses where one more would be too many. */
    Stream open(Call call, String contentType) throws ApiException {
        if (closed) {
            throw new ApiException(503, "STOPPING", "the daemon stops", null);
        }
        // Taken before the headers leave: whoever has read them must be counted already.
        if (!room.tryAcquire()) {
            throw new ApiException(
                    503,
                    "TOO_MANY_STREAMS",
                    MOST + " streams are open already",
                    "Close some 'logs -f' or 'events -f'.");
        }
        Stream stream;
        try {
            stream = Stream.open(call, contentType);
        } catch (RuntimeException e) {
            room.release();
            throw e;
        }
        open.add(stream);
        stream.whenOver(() -> {
            open.remove(stream);
            room.release();
        });
        if (closed) {
            stream.end();
        }
        return stream;
    }

    int size() {
        return open.size();
    }

    void close() {
        closed = true;
        open.forEach(Stream::end);
    }
}
