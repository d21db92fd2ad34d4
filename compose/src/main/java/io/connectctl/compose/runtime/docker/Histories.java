package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** The histories of all servers: kept in memory, written when they change. One daemon owns them, which its lock sees to. */
final class Histories {
    private final Folders folders;
    private final Map<ServerName, History> known = new ConcurrentHashMap<>();

    Histories(Folders folders) {
        this.folders = folders;
    }

    /** What is known of a server. */
    synchronized History of(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        History history = known.get(server);
        if (history == null) {
            try {
                history = History.read(folders, server);
            } catch (IOException e) {
                throw broken(server, e);
            }
            known.put(server, history);
        }
        return history;
    }

    /** Changes it, on disk first. */
    synchronized History change(ServerName server, UnaryOperator<History> change)
            throws RuntimeUnavailableException, InterruptedException {
        History old = of(server);
        History fresh = change.apply(old);
        if (!fresh.equals(old)) {
            try {
                fresh.write(folders, server);
            } catch (IOException e) {
                throw broken(server, e);
            }
            known.put(server, fresh);
        }
        return fresh;
    }

    synchronized void forget(ServerName server) {
        known.remove(server);
    }

    /** A file channel answers an interrupt of its thread by closing itself: that is no fault of the folder's. */
    private RuntimeUnavailableException broken(ServerName server, IOException e) throws InterruptedException {
        if (e instanceof ClosedByInterruptException) {
            Thread.interrupted();
            throw new InterruptedException(
                    "interrupted while " + History.file(folders, server) + " was read or written");
        }
        return new RuntimeUnavailableException(
                History.file(folders, server) + " can't be read or written: " + e.getMessage(), e);
    }
}
