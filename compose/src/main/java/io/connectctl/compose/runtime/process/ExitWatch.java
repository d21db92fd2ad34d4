package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.Instance;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of exits: at once through inotify when a keeper writes the exit file, within half a second where the keeper was
 * killed too. Holds the one thread that this package needs; the JDK's inotify service has another inside.
 */
final class ExitWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExitWatch.class);
    private static final long SLOW_CHECK_MILLIS = 500;

    private final Consumer<Instance> listener;
    private final WatchService service;
    private final Map<Path, Watched> watched = new ConcurrentHashMap<>();
    private final Thread thread;

    private record Watched(RunFolder run, WatchKey key) {}

    ExitWatch(Consumer<Instance> listener) throws IOException {
        this.listener = listener;
        this.service = FileSystems.getDefault().newWatchService();
        this.thread = new Thread(this::work, "process-exits");
        this.thread.setDaemon(true);
        this.thread.start();
    }

    /** Goes on until this incarnation ended; asked before its keeper starts, no exit can be missed. */
    void add(RunFolder run) {
        if (watched.containsKey(run.path())) {
            return;
        }
        try {
            WatchKey key = run.path().register(service, StandardWatchEventKinds.ENTRY_CREATE);
            watched.putIfAbsent(run.path(), new Watched(run, key));
        } catch (IOException e) {
            LOG.warn("{} can't be watched for an exit of {}: {}", run.path(), run.server(), e.toString());
        } catch (ClosedWatchServiceException e) {
            LOG.debug("closed before {} was watched", run.path());
        }
    }

    private void work() {
        try {
            while (true) {
                WatchKey key = service.poll(SLOW_CHECK_MILLIS, TimeUnit.MILLISECONDS);
                if (key != null) {
                    key.pollEvents();
                    key.reset();
                }
                watched.values().forEach(this::check);
            }
        } catch (ClosedWatchServiceException e) {
            LOG.debug("no longer watching exits");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void check(Watched entry) {
        try {
            RunFolder.State state = entry.run().state();
            if (state == RunFolder.State.LOST) {
                state = entry.run().settle(Duration.ZERO);
            }
            if (state == RunFolder.State.ENDED || state == RunFolder.State.NEVER_STARTED) {
                forget(entry);
            }
            if (state == RunFolder.State.ENDED) {
                listener.accept(entry.run().instance());
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("the exit of {} couldn't be told", entry.run().server(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void forget(Watched entry) {
        watched.remove(entry.run().path());
        entry.key().cancel();
    }

    @Override
    public void close() {
        try {
            service.close();
        } catch (IOException e) {
            LOG.debug("closing the watch of exits", e);
        }
    }
}
