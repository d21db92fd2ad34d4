package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.MemoryStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who follows late hears what a server is busy with, and only that. */
@Timeout(60)
class JournalTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final ServerName HR = new ServerName("hr");

    private final Journal journal = new Journal(new MemoryStore());
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        journal.close();
    }

    @Test
    void whoFollowsLateHearsWhatIsGoingOn() {
        live(SALES, "draining: 2 operations, at most 60 s more");
        live(SALES, "draining: 1 operation, at most 40 s more");
        live(HR, "waiting for executors");

        assertThat(heard(Optional.of(SALES), 1)).containsExactly("draining: 1 operation, at most 40 s more");
        assertThat(heard(Optional.empty(), 2)).hasSize(2);
    }

    @Test
    void whatIsOverIsNotToldToWhoComesAfterIt() {
        live(SALES, "draining: 1 operation, at most 40 s more");
        journal.live(event(SALES, "drain", "drained"));
        journal.passing(event(SALES, "progress", "what happened can't be stored"));

        List<String> told = follow(Optional.of(SALES));
        live(SALES, "stopping");

        await().until(() -> !told.isEmpty());
        assertThat(told).containsExactly("stopping");
    }

    private void live(ServerName server, String message) {
        journal.live(event(server, "progress", message));
    }

    private static ServerEvent event(ServerName server, String type, String message) {
        return new ServerEvent(0, Instant.EPOCH, server, 1, type, Phase.STOPPING, message, Optional.empty());
    }

    private List<String> heard(Optional<ServerName> server, int count) {
        List<String> told = follow(server);
        await().until(() -> told.size() >= count);
        return told;
    }

    private List<String> follow(Optional<ServerName> server) {
        List<String> told = new CopyOnWriteArrayList<>();
        open.add(journal.follow(server, 0, event -> told.add(event.message())));
        return told;
    }
}
