package io.connectctl.manager.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DaemonLockTest {
    @Test
    void aHolderThatStopsIsWaitedForAndAnotherIsNot(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("daemon.lock");
        DaemonLock first = DaemonLock.take(file, "pid 1");
        assertThatThrownBy(() -> DaemonLock.take(file, "pid 2"))
                .isInstanceOf(DaemonLock.HeldException.class)
                .hasMessageContaining("pid 1");

        first.stopping();
        CompletableFuture<DaemonLock> second = CompletableFuture.supplyAsync(() -> {
            try {
                return DaemonLock.take(file, "pid 2");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        first.close();

        try (DaemonLock taken = second.get(20, TimeUnit.SECONDS)) {
            assertThat(taken).isNotNull();
        }
    }
}
