package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to the engine's events about this installation's containers, and connects again when the engine was away. What
 * happens to one container is handled in its order; containers don't wait for each other.
 */
final class Watcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watcher.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration RETRY = Duration.ofSeconds(1);

    /** An engine's clock, and its last words, may be this much off. */
    private static final Duration SLACK = Duration.ofSeconds(3);

    /** The actions that matter; health checks alone would make three others each time. */
    private static final List<String> ACTIONS = List.of("start", "die", "stop", "kill", "oom", "destroy");

    private static final int MOST_HANDLERS = 64;
    private static final int SIGTERM = 15;

    private final Engine engine;
    private final String installation;
    private final Handler handler;
    private final Predicate<String> adopted;
    private final Thread thread;
    private final ExecutorService handlers;
    private final Map<String, CompletableFuture<Void>> chains = new ConcurrentHashMap<>();
    private final Map<String, Trace> traces = new ConcurrentHashMap<>();

    private volatile boolean closed;
    private volatile boolean connected;
    /** It was told that nothing is heard. Each outage is news once, and so is its end. */
    private volatile boolean deaf;

    private volatile long lastNanos;
    private volatile @Nullable Instant outageFrom;
    private volatile @Nullable Instant outageTo;

    /** What is done with the news. Each may ask the engine. */
    interface Handler {
        /** Listens from now on: what was missed must be found by looking. */
        void connected() throws RuntimeUnavailableException, InterruptedException;

        /** A container was started. */
        void started(String container) throws RuntimeUnavailableException, InterruptedException;

        /** A container's process ended. */
        void ended(String container, Death death) throws RuntimeUnavailableException, InterruptedException;
    }

    /**
     * How a container ended, in the engine's words.
     *
     * @param server value of its label
     * @param exitCode its exit code
     * @param at when
     */
    record Death(String server, int exitCode, Instant at) {}

    /** What the engine did to a container lately. */
    private static final class Trace {
        private boolean terminated;
        private boolean stopped;

        synchronized void signal(int number) {
            terminated = terminated || number == SIGTERM;
        }

        synchronized void stop() {
            stopped = true;
            notifyAll();
        }

        synchronized void start() {
            terminated = false;
            stopped = false;
        }

        /** The engine tells of a stop after the end that it brought; only after a SIGTERM there is something to wait for. */
        synchronized boolean awaitStop(Duration patience) throws InterruptedException {
            long end = System.nanoTime() + patience.toNanos();
            while (terminated && !stopped) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return false;
                }
                wait(left);
            }
            return stopped;
        }
    }

    /**
     * @param installation whose containers, by their label
     * @param adopted which containers besides, by their id
     */
    Watcher(Engine engine, String installation, Predicate<String> adopted, Handler handler) {
        this.adopted = adopted;
        this.engine = engine;
        this.installation = installation;
        this.handler = handler;
        this.handlers = new ThreadPoolExecutor(
                0,
                MOST_HANDLERS,
                10,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                task -> daemon(task, "docker-news"),
                // Slower is better than lost.
                new ThreadPoolExecutor.CallerRunsPolicy());
        this.thread = daemon(this::work, "docker-events");
        this.thread.start();
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** True while every event is heard. */
    boolean connected() {
        return connected;
    }

    /** When the engine went away, if something that ended at this instant did so while it was; else empty. */
    Optional<Instant> awayAt(Instant instant) {
        Instant from = outageFrom;
        Instant to = outageTo;
        return Optional.ofNullable(from)
                .filter(began ->
                        !instant.isBefore(began.minus(SLACK)) && (to == null || !instant.isAfter(to.plus(SLACK))));
    }

    /** Whether the engine tells, soon enough, that somebody had this container stopped. */
    boolean awaitStop(String container, Duration patience) throws InterruptedException {
        Trace trace = traces.get(container);
        return trace != null && trace.awaitStop(patience);
    }

    private void work() {
        while (!closed) {
            try {
                listen();
            } catch (RuntimeUnavailableException | EngineRefusal | RuntimeException e) {
                if (!closed && !deaf) {
                    LOG.warn("the engine's events can't be heard, trying again every second: {}", e.getMessage());
                    deaf = true;
                }
            } catch (InterruptedException e) {
                return;
            } finally {
                if (connected) {
                    connected = false;
                    outageFrom = Instant.now();
                    outageTo = null;
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(RETRY.toMillis());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void listen() throws RuntimeUnavailableException, EngineRefusal, InterruptedException {
        String filters = Engine.filters(Map.of("type", List.of("container"), "event", ACTIONS));
        // Only what one engine remembers of itself: one that was restarted has forgotten it, and looking finds the
        // rest.
        String since = lastNanos == 0 ? "" : "since=" + Logs.seconds(Instant.ofEpochSecond(0, lastNanos + 1)) + "&";
        engine.stream("listening to its events", "/events?" + since + "filters=" + filters, stream -> {
            outageTo = Instant.now();
            connected = true;
            if (deaf) {
                LOG.info("{} answers again", engine.describe());
                deaf = false;
            }
            chain("", handler::connected);
            read(stream);
        });
    }

    private void read(InputStream stream) throws IOException {
        try (MappingIterator<JsonNode> events = JSON.readerFor(JsonNode.class).readValues(stream)) {
            while (!closed && events.hasNextValue()) {
                JsonNode event = events.nextValue();
                lastNanos = Math.max(lastNanos, event.path("timeNano").asLong());
                take(event);
            }
        }
    }

    private void take(JsonNode event) {
        String action = event.path("Action").asText(event.path("status").asText(""));
        JsonNode actor = event.path("Actor");
        String id = actor.path("ID").asText(event.path("id").asText(""));
        JsonNode attributes = actor.path("Attributes");
        // Not by a filter of the engine's: it knows no "this label, or one of these containers".
        if (!attributes.path(Names.INSTALLATION).asText("").equals(installation) && !adopted.test(id)) {
            return;
        }
        Trace trace = traces.computeIfAbsent(id, container -> new Trace());
        switch (action) {
            case "kill" -> trace.signal(attributes.path("signal").asInt());
            case "stop" -> trace.stop();
            case "start" -> chain(id, () -> handler.started(id));
            case "die" -> {
                long nanos = event.path("timeNano").asLong();
                Death death = new Death(
                        attributes.path(Names.SERVER).asText(""),
                        attributes.path("exitCode").asInt(),
                        Instant.ofEpochSecond(0, nanos));
                chain(id, () -> {
                    handler.ended(id, death);
                    trace.start();
                });
            }
            case "destroy" -> chain(id, () -> traces.remove(id));
            default -> LOG.trace("{} of container {}", action, id);
        }
    }

    /** Work that may ask the engine. */
    @FunctionalInterface
    interface Task {
        void run() throws RuntimeUnavailableException, InterruptedException;
    }

    /** Does it after all else that concerns this container. */
    void chain(String container, Task task) {
        if (closed) {
            return;
        }
        try {
            chains.compute(container, (id, before) -> {
                CompletableFuture<Void> earlier =
                        before == null || before.isDone() ? CompletableFuture.completedFuture(null) : before;
                return earlier.thenRunAsync(() -> attempt(task), handlers);
            });
            chains.values().removeIf(CompletableFuture::isDone);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed before news of container {} was told", container);
        }
    }

    private void attempt(Task task) {
        try {
            task.run();
        } catch (RuntimeUnavailableException e) {
            // It is looked at again as soon as the engine is back.
            LOG.debug("news that couldn't be understood: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("news that couldn't be told", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        handlers.shutdownNow();
    }
}
