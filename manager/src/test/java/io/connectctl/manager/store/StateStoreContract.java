package io.connectctl.manager.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store keeps to. */
abstract class StateStoreContract {
    static final ServerName SALES = new ServerName("sales");
    static final ServerName HR = new ServerName("hr");
    static final Retention SMALL = new Retention(100, 60);

    private StateStore store;

    /** A new, empty store that keeps {@link #SMALL}. */
    abstract StateStore create() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = create();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    static ServerEvent event(ServerName server, String message) {
        return new ServerEvent(
                0,
                Instant.parse("2026-11-22T10:00:00Z"),
                server,
                1,
                "phase",
                Phase.STARTING,
                message,
                Optional.empty());
    }

    static StoredServer server(ServerName name, String state) {
        return new StoredServer(name, "{\"port\":15002}", state);
    }

    @Test
    void anEmptyStoreHoldsNothing() throws Exception {
        assertThat(store.servers()).isEmpty();
        assertThat(store.events(Optional.empty(), 0, 10)).isEmpty();
        assertThat(store.lastSequence()).isZero();
    }

    @Test
    void whatAStepOfLeasingChangedIsStoredTogether() throws Exception {
        store.commit(new LeaseChanges(Map.of("a", "1", "b", "2"), Set.of(), Map.of("ci", "x", "old", "y"), Set.of()));

        store.commit(new LeaseChanges(Map.of("a", "3"), Set.of("b", "c"), Map.of(), Set.of("old")));

        assertThat(store.leases().leases()).containsExactly(Map.entry("a", "3"));
        assertThat(store.leases().pools()).containsExactly(Map.entry("ci", "x"));
    }

    @Test
    void aCommitHoldsTheServerAndItsEventsTogether() throws Exception {
        Cause cause = new Cause("KILLED", "killed", "look", List.of("line 'one'", "zwei ü"), true);
        ServerEvent died = new ServerEvent(
                0,
                Instant.parse("2026-11-22T10:00:00.123Z"),
                SALES,
                2,
                "exit",
                Phase.BACKING_OFF,
                "ended",
                Optional.of(cause));

        List<ServerEvent> numbered = store.commit(server(SALES, "{\"a\":1}"), List.of(event(SALES, "one"), died));

        assertThat(numbered).extracting(ServerEvent::sequence).containsExactly(1L, 2L);
        assertThat(store.servers()).containsExactly(server(SALES, "{\"a\":1}"));
        assertThat(store.events(Optional.empty(), 0, 10)).isEqualTo(numbered);
        assertThat(numbered.get(1)).isEqualTo(died.numbered(2));
        assertThat(store.lastSequence()).isEqualTo(2);
    }

    @Test
    void aLaterCommitReplacesTheServer() throws Exception {
        store.commit(server(SALES, "{\"a\":1}"), List.of());
        store.commit(server(HR, "{}"), List.of());
        store.commit(server(SALES, "{\"a\":2}"), List.of());

        assertThat(store.servers()).containsExactly(server(HR, "{}"), server(SALES, "{\"a\":2}"));
    }

    @Test
    void eventsAreReadByServerAfterANumberAndUpToALimit() throws Exception {
        store.commit(server(SALES, "{}"), List.of(event(SALES, "1"), event(SALES, "2")));
        store.commit(server(HR, "{}"), List.of(event(HR, "3")));
        store.commit(server(SALES, "{}"), List.of(event(SALES, "4")));

        assertThat(store.events(Optional.of(SALES), 1, 10))
                .extracting(ServerEvent::message)
                .containsExactly("2", "4");
        assertThat(store.events(Optional.empty(), 1, 2))
                .extracting(ServerEvent::message)
                .containsExactly("2", "3");
    }

    @Test
    void aRemovedServerLeavesItsEvents() throws Exception {
        store.commit(server(SALES, "{}"), List.of(event(SALES, "1")));

        store.remove(SALES, List.of(event(SALES, "removed")));

        assertThat(store.servers()).isEmpty();
        assertThat(store.events(Optional.of(SALES), 0, 10))
                .extracting(ServerEvent::message)
                .containsExactly("1", "removed");
    }

    @Test
    void newsOfStrangersCanBeStored() throws Exception {
        store.append(List.of(event(HR, "a stranger")));

        assertThat(store.servers()).isEmpty();
        assertThat(store.events(Optional.of(HR), 0, 10)).hasSize(1);
    }

    @Test
    void eventsAreBoundedAndTheirNumbersNeverReturn() throws Exception {
        store.commit(server(HR, "{}"), List.of(event(HR, "of the quiet one")));
        for (int i = 0; i < 500; i++) {
            store.commit(server(SALES, "{}"), List.of(event(SALES, "n" + i)));
        }

        List<ServerEvent> kept = store.events(Optional.empty(), 0, 1000);
        assertThat(kept.size()).isLessThan(SMALL.each() + 70);
        assertThat(kept)
                .extracting(ServerEvent::message)
                .contains("n499", "of the quiet one")
                .doesNotContain("n1");
        assertThat(store.lastSequence()).isEqualTo(501);
    }
}
