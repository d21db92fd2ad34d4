package io.connectctl.manager.supervise;

import io.connectctl.manager.lifecycle.Now;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machine's time. Java has no boot clock: {@code System.nanoTime} stands still while the machine is suspended. So the
 * boot clock is nanoTime plus an offset that is set anew from /proc/uptime (which counts suspension, in steps of 10 ms).
 */
public final class SystemTime implements Time, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SystemTime.class);
    private static final Path UPTIME = Path.of("/proc/uptime");
    /** How long an offset is trusted; a suspension is noticed this late at most. */
    private static final long TRUSTED = Duration.ofSeconds(1).toNanos();
    /** A difference above the file's resolution is a suspension, not rounding. */
    private static final long NOTICEABLE = Duration.ofMillis(50).toNanos();

    private final ScheduledThreadPoolExecutor timers;
    private long offset;
    private long checked;

    public SystemTime() {
        timers = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "timer");
            thread.setDaemon(true);
            return thread;
        });
        timers.setRemoveOnCancelPolicy(true);
        checked = System.nanoTime();
        offset = uptime() - checked;
    }

    @Override
    public synchronized Now now() {
        long nano = System.nanoTime();
        if (nano - checked > TRUSTED) {
            checked = nano;
            long seen = uptime() - nano;
            if (Math.abs(seen - offset) > NOTICEABLE) {
                offset = seen;
            }
        }
        return new Now(Duration.ofNanos(nano + offset), Instant.now());
    }

    private static long uptime() {
        try {
            String text = Files.readString(UPTIME);
            return Math.round(Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1e9);
        } catch (IOException e) {
            throw new UncheckedIOException("can't read the time since boot from " + UPTIME, e);
        }
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        ScheduledFuture<?> future = timers.schedule(
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.error("a timed task failed", e);
                    }
                },
                Math.max(0, delay.toNanos()),
                TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    @Override
    public void close() {
        timers.shutdownNow();
    }
}
