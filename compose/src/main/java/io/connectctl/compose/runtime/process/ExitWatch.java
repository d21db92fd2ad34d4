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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of exits: at once through inotify when a keeper writes the exit file, within half a second where the keeper was
 * killed too, or where inotify is used up (fs.inotify.max_user_instances, max_user_watches). Holds the one thread that this package needs; the JDK's inotify service has another inside.
 */
final class ExitWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExitWatch.class);
    private static final long SLOW_CHECK_MILLIS = 500;

    private final Consumer<Instance> listener;
    private final @Nullable WatchService service;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<Path, Watched> watched = new ConcurrentHashMap<>();
    private final Thread thread;

    /** A run without a key is only looked at each half second. */
    private record Watched(RunFolder run, @Nullable WatchKey key) {}

    /** A watch with inotify, or without where that is used up. */
    static ExitWatch start(Consumer<Instance> listener) {
        WatchService service = null;
        try {
            service = FileSystems.getDefault().newWatchService();
        } catch (IOException e) {
            LOG.warn("exits are told half a second late; is fs.inotify.max_user_instances used up? {}", e.toString());
        }
        return new ExitWatch(listener, service);
    }

    ExitWatch(Consumer<Instance> listener, @Nullable WatchService service) {
        this.listener = listener;
        this.service = service;
        this.thread = new Thread(this::work, "process-exits");
        this.thread.setDaemon(true);
        this.thread.start();
    }

    /** Goes on until this incarnation ended; asked before its keeper starts, no exit can be missed. */
    void add(RunFolder run) {
        if (watched.containsKey(run.path())) {
            return;
        }
        WatchKey key = null;
        try {
            key = service == null ? null : run.path().register(service, StandardWatchEventKinds.ENTRY_CREATE);
        } catch (IOException e) {
            LOG.warn("an exit of {} is told half a second late, {}: {}", run.server(), run.path(), e.toString());
        } catch (ClosedWatchServiceException e) {
            LOG.debug("closed before {} was watched", run.path());
        }
        watched.putIfAbsent(run.path(), new Watched(run, key));
    }

    private void work() {
        try {
            while (!pause()) {
                watched.values().forEach(this::check);
            }
        } catch (ClosedWatchServiceException e) {
            LOG.debug("no longer watching exits");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Until something happens or half a second went by; true once this watch is closed. */
    private boolean pause() throws InterruptedException {
        if (service == null) {
            return closed.await(SLOW_CHECK_MILLIS, TimeUnit.MILLISECONDS);
        }
        WatchKey key = service.poll(SLOW_CHECK_MILLIS, TimeUnit.MILLISECONDS);
        if (key != null) {
            key.pollEvents();
            key.reset();
        }
        return false;
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
        WatchKey key = entry.key();
        if (key != null) {
            key.cancel();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        if (service == null) {
            return;
        }
        try {
            service.close();
        } catch (IOException e) {
            LOG.debug("closing the watch of exits", e);
        }
    }
}
