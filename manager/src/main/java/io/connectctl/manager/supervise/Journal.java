package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.StateStore;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Stores news and tells it to whoever follows. Numbering and telling happen under one lock, so that followers hear events
 * of all servers in the order of their numbers.
 */
final class Journal {
    private static final Logger LOG = LoggerFactory.getLogger("io.connectctl.story");
    /** What a slow follower may lag behind before it reads from the store again. */
    private static final int BACKLOG = 1024;

    private static final int PAGE = 500;
    private static final String PROGRESS = "progress";
    /** What a server was busy with is over with its next step. */
    private static final Set<String> ENDS_PROGRESS = Set.of("phase", "drain", "rung", "exit", "removed");
    /** A store that can't be read now is asked again this often. */
    private static final long READ_AGAIN_MILLIS = 1_000;

    private final StateStore store;
    private final List<Follower> followers = new CopyOnWriteArrayList<>();
    /** What a server is busy with, for who begins to follow meanwhile: the same isn't told again for seconds, or at all. */
    private final Map<ServerName, ServerEvent> busy = new HashMap<>();

    Journal(StateStore store) {
        this.store = store;
    }

    /** One way to write. */
    @FunctionalInterface
    interface Write {
        List<ServerEvent> to(StateStore store) throws StoreException;
    }

    /** @param visible makes the state visible that is stored by now: whoever hears of it may look at once */
    synchronized void commit(StoredServer server, List<ServerEvent> events, Runnable visible) throws StoreException {
        List<ServerEvent> numbered = store.commit(server, events);
        visible.run();
        tell(numbered);
    }

    synchronized void write(Write write) throws StoreException {
        tell(write.to(store));
    }

    /** Tells what isn't worth storing, nor told to who follows later. */
    synchronized void passing(ServerEvent event) {
        tell(List.of(event));
    }

    /** Tells what isn't worth storing. */
    synchronized void live(ServerEvent event) {
        if (event.type().equals(PROGRESS)) {
            busy.put(event.server(), event);
        }
        tell(List.of(event));
    }

    private void tell(List<ServerEvent> events) {
        for (ServerEvent event : events) {
            if (ENDS_PROGRESS.contains(event.type())) {
                busy.remove(event.server());
            }
            log(event);
            for (Follower follower : followers) {
                follower.hear(event);
            }
        }
    }

    private static void log(ServerEvent event) {
        Map<String, String> outer = MDC.getCopyOfContextMap();
        MDC.put("server", event.server().value());
        MDC.put("incarnation", Integer.toString(event.incarnation()));
        try {
            if (event.sequence() == 0) {
                LOG.debug("{}: {} {}", event.server(), event.type(), event.message());
            } else if (event.cause().isPresent()) {
                LOG.info(
                        "{}: {} {} [{}]",
                        event.server(),
                        event.type(),
                        event.message(),
                        event.cause().get().code());
            } else {
                LOG.info("{}: {} {}", event.server(), event.type(), event.message());
            }
        } finally {
            if (outer == null) {
                MDC.clear();
            } else {
                MDC.setContextMap(outer);
            }
        }
    }

    List<ServerEvent> events(Optional<ServerName> server, long after, int limit) {
        try {
            return store.events(server, after, limit);
        } catch (StoreException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    long lastSequence() {
        try {
            return store.lastSequence();
        } catch (StoreException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    synchronized AutoCloseable follow(Optional<ServerName> server, long after, Consumer<ServerEvent> listener) {
        Follower follower = new Follower(server, after, listener);
        busy.values().forEach(follower::hear);
        followers.add(follower);
        follower.thread.start();
        return follower::close;
    }

    void close() {
        followers.forEach(Follower::close);
    }

    private final class Follower {
        private final Optional<ServerName> server;
        private final Consumer<ServerEvent> listener;
        private final BlockingQueue<ServerEvent> news = new LinkedBlockingQueue<>(BACKLOG);
        private final Thread thread;
        private long last;
        /** Stored events may be missing in the queue: at first, and after it overflowed. */
        private volatile boolean behind = true;

        private volatile boolean closed;

        Follower(Optional<ServerName> server, long after, Consumer<ServerEvent> listener) {
            this.server = server;
            this.last = after;
            this.listener = listener;
            this.thread = new Thread(this::run, "events");
            thread.setDaemon(true);
        }

        private void hear(ServerEvent event) {
            if ((server.isEmpty() || server.get().equals(event.server()))
                    && !news.offer(event)
                    && event.sequence() > 0) {
                behind = true;
            }
        }

        private void run() {
            try {
                while (!closed) {
                    if (behind) {
                        behind = false;
                        catchUp();
                    }
                    ServerEvent event = news.take();
                    if (behind) {
                        // Something after this one was lost: the store tells both, in order.
                        continue;
                    }
                    pass(event);
                }
            } catch (InterruptedException e) {
                // Closed: nothing more is told.
            } finally {
                followers.remove(this);
            }
        }

        private void catchUp() throws InterruptedException {
            while (!closed) {
                List<ServerEvent> page;
                try {
                    page = events(server, last, PAGE);
                } catch (RuntimeException e) {
                    LOG.warn("the events after {} can't be read now, and are told later: {}", last, e.toString());
                    TimeUnit.MILLISECONDS.sleep(READ_AGAIN_MILLIS);
                    continue;
                }
                page.forEach(this::pass);
                if (page.size() < PAGE) {
                    return;
                }
            }
        }

        private void pass(ServerEvent event) {
            if (closed) {
                return;
            }
            if (event.sequence() == 0) {
                tell(event);
            } else if (event.sequence() > last) {
                last = event.sequence();
                tell(event);
            }
        }

        /** A listener that fails at one event hears the next ones all the same. */
        private void tell(ServerEvent event) {
            try {
                listener.accept(event);
            } catch (RuntimeException e) {
                LOG.error("a follower failed at event {} ({})", event.sequence(), event.type(), e);
            }
        }

        private void close() {
            closed = true;
            thread.interrupt();
        }
    }
}
