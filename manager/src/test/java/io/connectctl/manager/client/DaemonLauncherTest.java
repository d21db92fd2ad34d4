package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void itInheritsWhatMavensSettingsNameToFetchSparkAsTheCallerWould() throws Exception {
        Path seen = folder.resolve("seen");
        Files.createDirectories(folder.resolve(".m2"));
        Files.writeString(folder.resolve(".m2/settings.xml"), "<password>${env.NEXUS_PASS}</password>");
        for (String home : List.of(folder.toString(), System.getProperty("user.home"))) {
            DaemonLauncher launcher = new DaemonLauncher(
                    new ApiClient(folder.resolve("d.sock")),
                    folder.resolve("state"),
                    Map.of("PATH", System.getenv("PATH"), "HOME", home, "NEXUS_PASS", "s3cret", "OTHER", "hunter2"),
                    List.of("sh", "-c", "env > '" + seen + "'; exit 1"),
                    Duration.ofSeconds(20));

            assertThatThrownBy(() -> launcher.ensureRunning(() -> {})).isInstanceOf(DaemonUnreachableException.class);

            assertThat(Files.readString(seen)).doesNotContain("hunter2");
            if (home.equals(folder.toString())) {
                assertThat(Files.readString(seen)).contains("NEXUS_PASS=s3cret");
            }
        }
    }

    @Test
    void theDaemonOfAUnitIsStartedBySystemdAlone() throws Exception {
        Path state = Files.createDirectories(folder.resolve("state"));
        SystemdUnit.note(state, Optional.of(new SystemdUnit("connectctl.service", true)));
        Path asked = folder.resolve("asked");
        Path own = folder.resolve("own");
        String path = systemctl("echo \"$*\" > '" + asked + "'; echo Unit is masked. >&2; exit 1");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), List.of("touch", own.toString()), path)
                        .ensureRunning(() -> {}))
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.remedy())
                        .contains("systemctl --user status connectctl.service"))
                .hasMessageContaining("Unit is masked.");

        assertThat(asked).hasContent("--user --no-ask-password start connectctl.service");
        assertThat(own).doesNotExist();
    }

    @Test
    void aDaemonThatSystemdStartedIsTheOneThatWasWanted() throws Exception {
        Path state = Files.createDirectories(folder.resolve("state"));
        SystemdUnit.note(state, Optional.of(new SystemdUnit("connectctl.service", false)));
        Path listens = folder.resolve("listens");
        String path = systemctl("mv '" + folder.resolve("d.sock") + "' '" + listens + "'");

        try (FakeDaemon daemon = new FakeDaemon(folder)) {
            daemon.on("GET /healthz", 200, "ok");
            assertThat(launcher(listens, List.of("false"), path).ensureRunning(() -> {}))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 5", ""})
    void whereTheUnitIsGoneADaemonIsStartedAsAnyOther(String systemctl) throws Exception {
        Path state = Files.createDirectories(folder.resolve("state"));
        SystemdUnit.note(state, Optional.of(new SystemdUnit("connectctl.service", true)));
        // Without a systemctl there is no folder on this PATH that has one.
        String path = systemctl.isEmpty()
                ? Files.createDirectory(folder.resolve("none")).toString()
                : systemctl(systemctl);
        List<String> own = List.of("sh", "-c", "echo its own; exit 3");

        assertThatThrownBy(() -> launcher(folder.resolve("d.sock"), own, path).ensureRunning(() -> {}))
                .hasMessageContaining("its own");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/connectctl.service|connectctl.service|true",
                "0::/system.slice/lake-spark@1.service|lake-spark@1.service|false",
                "12:pids:/x~1:name=systemd:/system.slice/connectctl.service|connectctl.service|false",
                "0::/user.slice/user-1000.slice/session-3.scope|-|-",
                "0::/system.slice/-rf.service|-|-",
                "0::/|-|-"
            })
    void theUnitIsKnownByTheControlGroup(String cgroup, @Nullable String name, @Nullable Boolean user)
            throws Exception {
        Optional<SystemdUnit> unit = SystemdUnit.of(cgroup.replace('~', '\n') + "\n");

        assertThat(unit.map(SystemdUnit::name)).isEqualTo(Optional.ofNullable(name));
        assertThat(unit.map(SystemdUnit::user)).isEqualTo(Optional.ofNullable(user));
        SystemdUnit.note(folder, unit);
        assertThat(SystemdUnit.ofLastDaemon(folder)).isEqualTo(unit);
    }

    /** A PATH whose systemctl does this. */
    private String systemctl(String does) throws IOException {
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path systemctl = Files.writeString(bin.resolve("systemctl"), "#!/bin/sh\n" + does + "\n");
        Files.setPosixFilePermissions(systemctl, PosixFilePermissions.fromString("rwxr-xr-x"));
        return bin + ":" + System.getenv("PATH");
    }

    private DaemonLauncher launcher(Path socket, List<String> command, String path) {
        return new DaemonLauncher(
                new ApiClient(socket), folder.resolve("state"), Map.of("PATH", path), command, Duration.ofSeconds(20));
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
