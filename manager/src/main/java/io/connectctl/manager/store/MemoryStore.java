package io.connectctl.manager.store;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A store that forgets everything with the process: for tests, and for what a fresh installation would do. */
public final class MemoryStore implements StateStore {
    private final Map<ServerName, StoredServer> servers = new TreeMap<>();
    private final List<ServerEvent> events = new ArrayList<>();
    private final TreeMap<String, String> leases = new TreeMap<>();
    private final TreeMap<String, String> pools = new TreeMap<>();
    private final Retention retention;
    private long sequence;

    public MemoryStore() {
        this(Retention.DEFAULT);
    }

    /** A store that keeps so many events. */
    public MemoryStore(Retention retention) {
        this.retention = retention;
    }

    @Override
    public synchronized List<StoredServer> servers() {
        return List.copyOf(servers.values());
    }

    @Override
    public synchronized List<ServerEvent> commit(StoredServer server, List<ServerEvent> news) {
        servers.put(server.name(), server);
        return number(news);
    }

    @Override
    public synchronized List<ServerEvent> remove(ServerName server, List<ServerEvent> news) {
        servers.remove(server);
        return number(news);
    }

    @Override
    public synchronized List<ServerEvent> append(List<ServerEvent> news) {
        return number(news);
    }

    private List<ServerEvent> number(List<ServerEvent> news) {
        List<ServerEvent> numbered = new ArrayList<>();
        for (ServerEvent event : news) {
            numbered.add(event.numbered(++sequence));
        }
        events.addAll(numbered);
        for (ServerEvent event : numbered) {
            drop(event.server());
        }
        while (events.size() > retention.overall()) {
            events.remove(0);
        }
        return List.copyOf(numbered);
    }

    private void drop(ServerName server) {
        long surplus =
                events.stream().filter(event -> event.server().equals(server)).count() - retention.each();
        for (int i = 0; surplus > 0 && i < events.size(); ) {
            if (events.get(i).server().equals(server)) {
                events.remove(i);
                surplus--;
            } else {
                i++;
            }
        }
    }

    @Override
    public synchronized List<ServerEvent> events(Optional<ServerName> server, long after, int limit) {
        return events.stream()
                .filter(event -> event.sequence() > after)
                .filter(event -> server.isEmpty() || server.get().equals(event.server()))
                .limit(Math.max(0, limit))
                .toList();
    }

    @Override
    public synchronized long lastSequence() {
        return sequence;
    }

    @Override
    public synchronized void skipTo(long least) {
        sequence = Math.max(sequence, least);
    }

    @Override
    public synchronized StoredLeases leases() {
        return new StoredLeases(leases, pools);
    }

    @Override
    public synchronized void commit(LeaseChanges changes) {
        leases.putAll(changes.leases());
        leases.keySet().removeAll(changes.dropped());
        pools.putAll(changes.pools());
        pools.keySet().removeAll(changes.deleted());
    }

    @Override
    public void close() {}
}
