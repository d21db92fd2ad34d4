package io.connectctl.manager.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.manager.api.RawHttp;
import io.connectctl.manager.api.ScriptedFleet;
import io.connectctl.manager.client.DeliberateStop;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DaemonTest {
    private static final BuildInfo BUILD = new BuildInfo("0.1.0", "0a1b2c3d4e5f");

    private final ScriptedFleet fleet = new ScriptedFleet();
    private Path home;
    private Folders folders;
    private Daemon daemon;

    @BeforeEach
    void open(@TempDir Path fresh) throws Exception {
        home = fresh;
        folders = new Folders(home.resolve("config"), home.resolve("a/state"), home.resolve("run"), home.resolve("c"));
        daemon = start(Map.of());
    }

    @AfterEach
    void close() {
        daemon.close();
    }

    private Daemon start(Map<String, String> environment) throws Exception {
        return Daemon.open(
                folders,
                environment,
                BUILD,
                (where, probes) -> new Daemon.Supervision(
                        fleet,
                        Leases.NONE,
                        new Leftovers(fleet, Leases.NONE, List.of(), List::of),
                        Optional::empty,
                        List.of(),
                        Optional.empty()));
    }

    private RawHttp settings(String body) throws IOException {
        return RawHttp.send(daemon.socket(), "PUT", "/v1/daemon/settings", body);
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void itAnswersAndItsFoldersAreItsOwnersOnly() throws Exception {
        assertThat(RawHttp.send(daemon.socket(), "GET", "/healthz").body()).isEqualTo("ok\n");
        assertThat(mode(folders.state())).isEqualTo("rwx------");
        assertThat(mode(folders.run())).isEqualTo("rwx------");
        assertThat(mode(daemon.socket())).isEqualTo("rw-------");
        assertThat(mode(folders.state().resolve("daemon.lock"))).isEqualTo("rw-------");
        assertThat(RawHttp.send(daemon.socket(), "GET", "/v1/daemon")
                        .json()
                        .path("socket")
                        .asText())
                .isEqualTo(daemon.socket().toString());
    }

    @Test
    void aSecondDaemonIsKeptOutAndToldWhoHoldsTheFolder() throws Exception {
        assertThatThrownBy(() -> start(Map.of()))
                .isInstanceOf(DaemonLock.HeldException.class)
                .hasMessageContaining("pid " + ProcessHandle.current().pid())
                .hasMessageContaining("build 0a1b2c3d4e5f")
                .hasMessageContaining("connectctl daemon stop");
        assertThat(RawHttp.send(daemon.socket(), "GET", "/healthz").body()).isEqualTo("ok\n");
        daemon.close();
        assertThat(daemon.socket()).doesNotExist();
        daemon = start(Map.of());
    }

    @Test
    void settingsOpenAndCloseListenersAndAreKept() throws Exception {
        assertThat(settings("{\"tcpPort\":21521,\"healthPort\":21522}").status).isEqualTo(200);
        Path token = folders.state().resolve("api-token");
        assertThat(mode(token)).isEqualTo("rw-------");
        String bearer = "Authorization: Bearer " + Files.readString(token).strip();
        assertThat(RawHttp.tcp(21521, "/healthz", "Host: localhost:21521", bearer)
                        .body())
                .isEqualTo("ok\n");
        daemon.close();
        daemon = start(Map.of());
        assertThat(RawHttp.tcp(21521, "/healthz", "Host: localhost:21521", bearer).status)
                .isEqualTo(200);
        assertThat(RawHttp.send(daemon.socket(), "GET", "/v1/daemon")
                        .json()
                        .path("healthPort")
                        .asInt())
                .isEqualTo(21522);
        assertThat(settings("{}").status).isEqualTo(200);
        assertThatThrownBy(() -> RawHttp.tcp(21521, "/healthz", "Host: localhost:21521", bearer))
                .isInstanceOf(IOException.class);
        assertThat(Files.readString(folders.state().resolve("daemon.json"))).doesNotContain("21521");
    }

    @Test
    void aPortThatIsTakenIsAConflictThatNamesItsHolderAndChangesNothing() throws Exception {
        settings("{\"tcpPort\":21523}");
        try (ServerSocket taken = new ServerSocket(21524, 1, InetAddress.getLoopbackAddress())) {
            RawHttp answer = settings("{\"healthPort\":21524}");
            assertThat(answer.status).isEqualTo(409);
            String problem = answer.body();
            assertThat(problem)
                    .contains("PORT_HELD")
                    .contains("21524")
                    .contains("pid " + ProcessHandle.current().pid());
            assertThat(RawHttp.send(daemon.socket(), "GET", "/v1/daemon/settings")
                            .body())
                    .contains("21523")
                    .doesNotContain("21524");
            daemon.close();
            daemon = start(Map.of("CONNECTCTL_HEALTH_PORT", "" + taken.getLocalPort(), "CONNECTCTL_TCP_PORT", "off"));
            assertThat(RawHttp.send(daemon.socket(), "GET", "/healthz").status).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"tcpPort\":80}", "{\"healthPort\":70000}", "{\"tcpPort\":21525,\"healthPort\":21525}"})
    void settingsThatCannotBeAreRefused(String body) throws Exception {
        assertThat(settings(body).status).isEqualTo(422);
    }

    @Test
    void aStopAskedForIsHeardAndServersAreLeftAlone() throws Exception {
        assertThat(RawHttp.send(daemon.socket(), "POST", "/v1/daemon/stop").status)
                .isEqualTo(202);
        daemon.awaitStop();
        daemon.close();
        assertThat(fleet.calls).containsExactly("close");
    }

    @Test
    void aDaemonThatStartsIsNoLongerStoppedOnPurpose() throws Exception {
        daemon.close();
        DeliberateStop.note(folders.state());
        daemon = start(Map.of());
        assertThat(DeliberateStop.since(folders.state())).isEmpty();
    }

    @Test
    void anOrderlyEndCountsAsDeliberateUnderSystemdOnly() throws Exception {
        daemon.stop();
        daemon.awaitStop();
        assertThat(DeliberateStop.since(folders.state())).isEmpty();
        daemon.close();
        daemon = start(Map.of("NOTIFY_SOCKET", "/nowhere"));
        daemon.stop();
        daemon.awaitStop();
        assertThat(DeliberateStop.since(folders.state())).isPresent();
    }

    @Test
    void aRemovedSocketIsMadeAnew() throws Exception {
        Files.delete(daemon.socket());
        daemon.look();
        assertThat(RawHttp.send(daemon.socket(), "GET", "/healthz").body()).isEqualTo("ok\n");
        assertThat(mode(daemon.socket())).isEqualTo("rw-------");
    }

    @Test
    void aRemovedRunFolderIsMadeAnew() throws Exception {
        Files.delete(daemon.socket());
        Files.delete(folders.run());
        daemon.look();
        assertThat(RawHttp.send(daemon.socket(), "GET", "/healthz").body()).isEqualTo("ok\n");
        assertThat(mode(folders.run())).isEqualTo("rwx------");
    }

    @Test
    void aSocketThatIsStillItsOwnIsLeftAlone() throws Exception {
        Object key = Files.getAttribute(daemon.socket(), "unix:ino");
        daemon.look();
        assertThat(Files.getAttribute(daemon.socket(), "unix:ino")).isEqualTo(key);
    }

    @Test
    void aDaemonWhoseStateFolderWasRemovedEnds() throws Exception {
        Files.move(folders.state(), home.resolve("elsewhere"));
        assertThatThrownBy(daemon::awaitStop)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(folders.state().toString())
                .hasMessageContaining("removed or replaced");
    }

    @Test
    void aRunFolderThatIsALinkIsNotTrusted() throws Exception {
        Path link = home.resolve("link");
        Files.createSymbolicLink(link, Files.createDirectory(home.resolve("elsewhere")));
        assertThatThrownBy(() -> PrivateFolder.make(link)).hasMessageContaining("isn't trusted");
    }

    @Test
    void aFolderOfOursWithALooseModeIsPutRight() throws Exception {
        Path loose = Files.createDirectory(home.resolve("loose"));
        Files.setPosixFilePermissions(loose, PosixFilePermissions.fromString("rwxrwxrwx"));
        PrivateFolder.make(loose);
        assertThat(mode(loose)).isEqualTo("rwx------");
    }

    @Test
    void aFolderOfSomebodyElseIsRefused() throws Exception {
        assumeTrue(PrivateFolder.uid() == 0, "only root can give a folder away");
        Path foreign = Files.createDirectory(home.resolve("foreign"));
        Files.setAttribute(foreign, "unix:uid", 65534);
        assertThatThrownBy(() -> PrivateFolder.make(foreign)).hasMessageContaining("belongs to user id 65534");
    }

    @Test
    void aDamagedSettingsFileIsNamed() throws Exception {
        daemon.close();
        Files.writeString(folders.state().resolve("daemon.json"), "{");
        assertThatThrownBy(() -> start(Map.of())).hasMessageContaining("daemon.json");
        Files.delete(folders.state().resolve("daemon.json"));
        assertThatThrownBy(() -> start(Map.of("CONNECTCTL_TCP_PORT", "http")))
                .hasMessageContaining("CONNECTCTL_TCP_PORT=http");
        daemon = start(Map.of());
    }
}
