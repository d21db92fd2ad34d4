package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** The histories of all servers: kept in memory, written when they change. One daemon owns them, which its lock sees to. */
final class Histories {
    /** News of a removed container come within seconds of its removal; that many aren't removed meanwhile. */
    private static final int REMOVED_AT_MOST = 1000;

    private final Folders folders;
    private final Map<ServerName, History> known = new ConcurrentHashMap<>();
    private final Set<String> removed = new LinkedHashSet<>();

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

    /**
     * Changes it, on disk first. What changes by news of a container that was removed with its server is told, and kept nowhere: they
     * may come after the folder of the server was removed, and would make it anew.
     */
    synchronized History change(ServerName server, UnaryOperator<History> change)
            throws RuntimeUnavailableException, InterruptedException {
        History old = of(server);
        History fresh = change.apply(old);
        if (!fresh.equals(old) && (fresh.containerId() == null || !removed.contains(fresh.containerId()))) {
            try {
                fresh.write(folders, server);
            } catch (IOException e) {
                throw broken(server, e);
            }
            known.put(server, fresh);
        }
        return fresh;
    }

    /** Forgets a server whose container goes on. */
    synchronized void forget(ServerName server) {
        known.remove(server);
    }

    /** Forgets a server whose container was removed with it, as what is known of it has it. */
    synchronized void discard(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        String container = of(server).containerId();
        if (container != null) {
            removed(container);
        }
        known.remove(server);
    }

    /** This container was removed with its server. */
    synchronized void removed(String container) {
        removed.add(container);
        if (removed.size() > REMOVED_AT_MOST) {
            removed.remove(removed.iterator().next());
        }
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
