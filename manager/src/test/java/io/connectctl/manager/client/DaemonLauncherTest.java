package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DaemonLauncherTest {
    private Path folder;

    @BeforeEach
    void keep(@TempDir Path temporary) {
        folder = temporary;
    }

    @Test
    void aDaemonThatAnswersIsNotStartedAgain() throws Exception {
        try (FakeDaemon daemon = new FakeDaemon(folder)) {
            daemon.on("GET /healthz", 200, "ok");
            AtomicInteger announced = new AtomicInteger();

            boolean started = launcher(daemon.socket(), List.of("false"), Duration.ofSeconds(5))
                    .ensureRunning(announced::incrementAndGet);

            assertThat(started).isFalse();
            assertThat(announced).hasValue(0);
        }
    }

    @Test
    void aDaemonThatDiesAtOnceIsToldWithItsLastLines() {
        List<String> dies = List.of("setsid", "sh", "-c", "echo the port is taken; exit 3");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), dies, Duration.ofSeconds(20))
                        .ensureRunning(() -> {}))
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.reason())
                        .isEqualTo(DaemonUnreachableException.Reason.NOT_STARTED))
                .hasMessageContaining("exit code 3")
                .hasMessageContaining("the port is taken");
    }

    @Test
    void aStateFolderThatCannotBeWrittenIsNamedWithTheWayOut() throws Exception {
        // Also root can't make a folder below a file.
        Path file = Files.createFile(folder.resolve("file"));
        DaemonLauncher launcher = new DaemonLauncher(
                new ApiClient(folder.resolve("d.sock")),
                file.resolve("state"),
                Map.of(),
                List.of("false"),
                Duration.ofSeconds(5));

        assertThatThrownBy(() -> launcher.ensureRunning(() -> {}))
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.remedy())
                        .contains("CONNECTCTL_STATE_DIR"))
                .hasMessageContaining("the state folder " + file.resolve("state") + " can't be written");
    }

    @Test
    void aDaemonThatFindsTheFolderHeldIsTriedAgain() {
        Path once = folder.resolve("once");
        List<String> holds = List.of("sh", "-c", "test -e '" + once + "' && exit 3; touch '" + once + "'; exit 8");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), holds, Duration.ofSeconds(20))
                        .ensureRunning(() -> {}))
                .isInstanceOf(DaemonUnreachableException.class)
                .hasMessageContaining("exit code 3");
    }

    @Test
    void aDaemonThatNeverListensIsGivenUpInTime() {
        // It ends by itself, soon after the test: it is in a session of its own.
        List<String> hangs = List.of("setsid", "sh", "-c", "exec sleep 2");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), hangs, Duration.ofMillis(200))
                        .ensureRunning(() -> {}))
                .isInstanceOf(DaemonUnreachableException.class)
                .hasMessageContaining("doesn't answer");
    }

    @Test
    void itInheritsNoSecretOfItsFirstCaller() throws Exception {
        Path seen = folder.resolve("seen");
        List<String> tells = List.of("sh", "-c", "env > '" + seen + "'; exit 1");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), tells, Duration.ofSeconds(20))
                        .ensureRunning(() -> {}))
                .isInstanceOf(DaemonUnreachableException.class);

        assertThat(Files.readString(seen)).contains("PATH=").doesNotContain("hunter2");
    }

    private DaemonLauncher launcher(Path socket, List<String> command, Duration patience) {
        return new DaemonLauncher(
                new ApiClient(socket),
                folder.resolve("state"),
                Map.of("PATH", System.getenv("PATH"), "DB_PASSWORD", "hunter2"),
                command,
                patience);
    }
}
