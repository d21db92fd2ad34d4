package io.connectctl.manager.store.testing;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.LeaseChanges;
import io.connectctl.manager.store.StateStore;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredLeases;
import io.connectctl.manager.store.StoredServer;
import java.util.List;
import java.util.Optional;

/** A store whose disk fills up when a test says so; reading still works then. */
public final class FailingStore implements StateStore {
    private final StateStore store;
    private volatile boolean full;

    /** Keeps what it can in {@code store}. */
    public FailingStore(StateStore store) {
        this.store = store;
    }

    /** From now on every write fails, or none. */
    public void full(boolean now) {
        full = now;
    }

    private void write() throws StoreException {
        if (full) {
            throw new StoreException("the state can't be written: the disk is full");
        }
    }

    @Override
    public List<StoredServer> servers() throws StoreException {
        return store.servers();
    }

    @Override
    public List<ServerEvent> commit(StoredServer server, List<ServerEvent> events) throws StoreException {
        write();
        return store.commit(server, events);
    }

    @Override
    public List<ServerEvent> remove(ServerName server, List<ServerEvent> events) throws StoreException {
        write();
        return store.remove(server, events);
    }

    @Override
    public List<ServerEvent> append(List<ServerEvent> events) throws StoreException {
        write();
        return store.append(events);
    }

    @Override
    public List<ServerEvent> events(Optional<ServerName> server, long after, int limit) throws StoreException {
        return store.events(server, after, limit);
    }

    @Override
    public long lastSequence() throws StoreException {
        return store.lastSequence();
    }

    @Override
    public void skipTo(long sequence) throws StoreException {
        write();
        store.skipTo(sequence);
    }

    @Override
    public StoredLeases leases() throws StoreException {
        return store.leases();
    }

    @Override
    public void commit(LeaseChanges changes) throws StoreException {
        write();
        store.commit(changes);
    }

    @Override
    public void close() {
        store.close();
    }
}
