package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of containers, and what isn't any more once their servers are removed. */
class HistoriesTest {
    private static final ServerName SERVER = new ServerName("lease-0badcafe");
    private static final History.Ending KILLED =
            new History.Ending("2026-11-23T10:00:00Z", 137, "2026-11-23T10:00:09Z", null, false);

    private final Folders folders;
    private final Histories histories;

    HistoriesTest(@TempDir Path root) {
        this.folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        this.histories = new Histories(folders);
    }

    private Path folder() {
        return folders.servers().resolve(SERVER.value());
    }

    private void discard() throws Exception {
        histories.discard(SERVER);
        PrivateFiles.remove(folder());
    }

    @Test
    void lateNewsOfARemovedContainerMakeNoFolderAnew() throws Exception {
        histories.change(SERVER, history -> history.launched("c0ffee", 1, "lease-0badcafe/1/0a1b2c3d"));
        discard();

        History told = histories.change(SERVER, history -> history.launched("c0ffee", 1, "lease-0badcafe/1/0a1b2c3d")
                .ended(KILLED));

        assertThat(told.ending()).as("it is told").isEqualTo(KILLED);
        assertThat(folder()).doesNotExist();
        assertThat(histories.of(SERVER)).isEqualTo(History.EMPTY);
    }

    @Test
    void aServerThatIsMadeAnewIsKept() throws Exception {
        histories.change(SERVER, history -> history.launched("c0ffee", 1, "lease-0badcafe/1/0a1b2c3d"));
        discard();

        History anew = histories.change(SERVER, history -> history.launched("decaf", 1, "lease-0badcafe/1/4e5f6a7b"));

        assertThat(new Histories(folders).of(SERVER)).isEqualTo(anew);
    }

    @Test
    void aForgottenContainerThatGoesOnMayBeTakenAgain() throws Exception {
        histories.change(SERVER, history -> history.launched("c0ffee", 1, "lease-0badcafe/1/0a1b2c3d"));
        histories.forget(SERVER);
        PrivateFiles.remove(folder());

        History again = histories.change(SERVER, history -> history.launched("c0ffee", 1, "lease-0badcafe/1/0a1b2c3d"));

        assertThat(new Histories(folders).of(SERVER)).isEqualTo(again);
    }
}
