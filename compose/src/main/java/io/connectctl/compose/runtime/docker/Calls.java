package io.connectctl.compose.runtime.docker;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds calls in time, and ends them with their caller's interrupt. A Unix socket of the JDK knows no timeout, and a TCP
 * socket no interrupt; so each call runs on a thread of its own, whose interrupt closes a Unix socket, while the client's
 * own timeout ends a TCP one some time later.
 */
final class Calls implements AutoCloseable {
    /** Far above one call a server and thread; reached only where an engine hangs for long. */
    private static final int MOST = 128;

    private final AtomicInteger number = new AtomicInteger();
    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(0, MOST, 15, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                Thread thread = new Thread(task, "docker-call-" + number.incrementAndGet());
                thread.setDaemon(true);
                return thread;
            });

    /**
     * What the call gives.
     *
     * @throws TimeoutException when the limit is over, or too many calls hang already
     * @throws ExecutionException with what the call threw
     */
    <T> T within(Duration limit, Callable<T> call) throws TimeoutException, ExecutionException, InterruptedException {
        Future<T> result = submit(call);
        try {
            return result.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } finally {
            result.cancel(true);
        }
    }

    /** The same without a limit: for what goes on until somebody says stop. */
    <T> T untilDone(Callable<T> call) throws TimeoutException, ExecutionException, InterruptedException {
        Future<T> result = submit(call);
        try {
            return result.get();
        } finally {
            result.cancel(true);
        }
    }

    private <T> Future<T> submit(Callable<T> call) throws TimeoutException {
        try {
            return threads.submit(call);
        } catch (RejectedExecutionException e) {
            TimeoutException late = new TimeoutException(MOST + " calls hang already");
            late.initCause(e);
            throw late;
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
