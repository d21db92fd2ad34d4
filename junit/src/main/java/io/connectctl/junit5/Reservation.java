package io.connectctl.junit5;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The place of one server in JUnit's store: started by the first who asks, given back when JUnit closes the store. A start that failed isn't
 * repeated: whoever asks later is told the same.
 *
 * <p>Up to 5.12 JUnit closes a CloseableResource only; from 5.13 on it closes every AutoCloseable.
 */
final class Reservation implements ExtensionContext.Store.CloseableResource, AutoCloseable {
    private final FutureTask<Lease> start;
    private boolean closed;

    Reservation(Callable<Lease> start) {
        this.start = new FutureTask<>(start);
    }

    /**
     * The server; starts it, or waits for somebody else's start.
     *
     * @throws ConnectServerException if it didn't start
     */
    ConnectServerHandle handle() {
        start.run();
        try {
            return start.get().handle();
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            // A new one for each, as it is shown where it is thrown.
            throw new ConnectServerException(String.valueOf(cause.getMessage()), cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectServerException("interrupted while waiting for a server that others start, too", e);
        }
    }

    @Override
    public synchronized void close() {
        // Nobody asked for it where this still can be cancelled.
        if (closed || start.cancel(false)) {
            return;
        }
        closed = true;
        try {
            start.get().release();
        } catch (ExecutionException e) {
            // It never was: whoever asked has been told.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
