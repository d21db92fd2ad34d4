package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ServerName;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListeningPortsTest {
    @Test
    void portsComeAndGoWithTheirSockets(@TempDir Path folder) throws Exception {
        RunFolder run = RunFolder.create(
                folder.resolve("1"), new ServerName("sales"), 1, "sales/1/ab", Instant.now(), OptionalInt.empty());
        Proc.Identity self =
                Proc.stat(ProcessHandle.current().pid()).orElseThrow().identity();
        Files.writeString(run.path().resolve("instance"), self.pid() + " " + self.start() + " " + self.boot() + "\n");
        ListeningPorts ports = new ListeningPorts(run);
        try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(ports.now()).contains(first.getLocalPort());
            int gone;
            try (ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                gone = second.getLocalPort();
                assertThat(ports.now()).contains(first.getLocalPort(), gone);
            }
            assertThat(ports.now()).contains(first.getLocalPort()).doesNotContain(gone);
        }
    }

    @Test
    void portsOfOthersAreNotItsOwn(@TempDir Path folder) throws Exception {
        RunFolder run = RunFolder.create(
                folder.resolve("1"), new ServerName("sales"), 1, "sales/1/ab", Instant.now(), OptionalInt.empty());
        Process other = new ProcessBuilder("sleep", "60").start();
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Proc.Identity identity = Proc.stat(other.pid()).orElseThrow().identity();
            Files.writeString(
                    run.path().resolve("instance"),
                    identity.pid() + " " + identity.start() + " " + identity.boot() + "\n");
            ListeningPorts ports = new ListeningPorts(run);

            assertThat(ports.now()).doesNotContain(socket.getLocalPort());
            other.destroyForcibly().waitFor();
            assertThat(ports.now()).isEmpty();
        }
    }

    @Test
    void whileConnectionsAreRefusedTheTableIsLeftAloneForASecondAtMost(@TempDir Path folder) throws Exception {
        RunFolder run = RunFolder.create(
                folder.resolve("1"), new ServerName("sales"), 1, "sales/1/ab", Instant.now(), OptionalInt.empty());
        ProcessRuntime.Listener listener = new ProcessRuntime.Listener(run);
        OptionalInt port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = OptionalInt.of(socket.getLocalPort());
            assertThat(listener.worthALook(port)).as("the first time").isTrue();
            assertThat(listener.worthALook(port)).as("somebody answers").isTrue();
            assertThat(listener.worthALook(OptionalInt.empty())).as("any port").isTrue();
        }
        int refused = 0;
        while (!listener.worthALook(port)) {
            refused++;
        }
        assertThat(refused).isPositive();
    }
}
