package io.connectctl.manager.store;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.util.List;
import java.util.Optional;

/**
 * What survives the daemon: every server, and the journal of events. Thread-safe. A call that returned is on disk, whatever
 * happens to the process or the machine after; a call that threw changed nothing.
 */
public interface StateStore extends AutoCloseable {
    /** Every server, by name. */
    List<StoredServer> servers() throws StoreException;

    /**
     * Stores a server and its news together.
     *
     * @param events not yet numbered
     * @return the same events with their sequence numbers, ascending and never used before
     */
    List<ServerEvent> commit(StoredServer server, List<ServerEvent> events) throws StoreException;

    /** Forgets a server and stores the news of it together. Its events stay. Unknown servers are no error. */
    List<ServerEvent> remove(ServerName server, List<ServerEvent> events) throws StoreException;

    /** Stores news of a server that isn't kept here. */
    List<ServerEvent> append(List<ServerEvent> events) throws StoreException;

    /** Events with a sequence number above {@code after}, oldest first, at most {@code limit}; old ones may be gone. */
    List<ServerEvent> events(Optional<ServerName> server, long after, int limit) throws StoreException;

    /** The newest sequence number ever given; 0 if none was. */
    long lastSequence() throws StoreException;

    /**
     * The next event gets a number above this one, as it would after the events that a lost store held: whoever follows has heard
     * of those, and asks for what came after.
     */
    void skipTo(long sequence) throws StoreException;

    /** What is kept of every lease and pool. */
    StoredLeases leases() throws StoreException;

    /** Stores what a step of leasing changed, all of it or nothing. */
    void commit(LeaseChanges changes) throws StoreException;

    @Override
    void close();
}
