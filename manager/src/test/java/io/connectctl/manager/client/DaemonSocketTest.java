package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonSocketTest {
    @Test
    void aDaemonThatAnswersElsewhereIsSpokenToThere(@TempDir Path state) throws Exception {
        Path usual = state.resolve("usual.sock");
        assertThat(new DaemonSocket(state, usual).get()).isEqualTo(usual);
        Path elsewhere = Files.createDirectory(state.resolve("run"));
        try (FakeDaemon daemon = new FakeDaemon(elsewhere)) {
            DaemonSocket.note(state, daemon.socket());
            assertThat(new DaemonSocket(state, usual).get()).isEqualTo(daemon.socket());
        }
        assertThat(new DaemonSocket(state, usual).get())
                .as("it was killed: another one will answer at the usual place")
                .isEqualTo(usual);
    }

    @Test
    void aFolderThatAnybodyMayWriteIsNotTrustedWhoeverListensThere(@TempDir Path state) throws Exception {
        Path usual = state.resolve("usual.sock");
        Path open = Files.createDirectory(state.resolve("run"));
        try (FakeDaemon daemon = new FakeDaemon(open)) {
            DaemonSocket.note(state, daemon.socket());
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));

            assertThat(new DaemonSocket(state, usual).get()).isEqualTo(usual);
        }
    }

    @Test
    void aNoteThatIsDamagedIsNone(@TempDir Path state) throws Exception {
        Path usual = state.resolve("usual.sock");
        for (String damaged : new String[] {"", "\0", "relative.sock", "/" + "x".repeat(200)}) {
            Files.writeString(state.resolve("daemon.socket"), damaged);
            assertThat(new DaemonSocket(state, usual).get()).isEqualTo(usual);
        }
    }
}
