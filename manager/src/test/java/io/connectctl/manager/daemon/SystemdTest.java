package io.connectctl.manager.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What systemd is told, and what its unit tells systemd. */
@Timeout(60)
class SystemdTest {
    @TempDir
    Path folder = Path.of("set by JUnit");

    @Test
    void itIsToldThatTheDaemonAnswersAndThatItEnds() throws IOException {
        Path told = folder.resolve("told");
        Path notify = Files.writeString(folder.resolve("notify"), "#!/bin/sh\necho \"$# $*\" >> '" + told + "'\n");
        Files.setPosixFilePermissions(notify, PosixFilePermissions.fromString("rwxr-xr-x"));

        Systemd nobody = new Systemd(Map.of(), notify.toString());
        nobody.ready("answers");
        assertThat(told).doesNotExist();
        Systemd systemd = new Systemd(Map.of("NOTIFY_SOCKET", "/run/systemd/notify"), notify.toString());
        systemd.ready("answers on /run/a b.sock");
        systemd.stopping();

        assertThat(Files.readAllLines(told))
                .containsExactly(
                        "3 --ready --pid=" + ProcessHandle.current().pid() + " --status=answers on /run/a b.sock",
                        "1 STOPPING=1");
    }

    @Test
    void withoutItsCommandTheDaemonGoesOn() {
        Systemd systemd = new Systemd(
                Map.of("NOTIFY_SOCKET", "/run/systemd/notify"),
                folder.resolve("gone").toString());

        systemd.ready("answers");
        systemd.stopping();
    }

    @Test
    void whatAUnitsShellStartsIsNotThatUnit() {
        String own = Long.toString(ProcessHandle.current().pid());

        assertThat(Systemd.supervises(Map.of("NOTIFY_SOCKET", "/run/systemd/notify")))
                .isTrue();
        assertThat(Systemd.supervises(Map.of("SYSTEMD_EXEC_PID", own))).isTrue();
        assertThat(Systemd.supervises(Map.of("SYSTEMD_EXEC_PID", "1", "INVOCATION_ID", "0a1b")))
                .isFalse();
        assertThat(Systemd.unit(Map.of("INVOCATION_ID", "0a1b"))).isEmpty();
    }

    @Test
    void theUnitLeavesServersAloneAndTimeForACheckoutsFirstBuild() throws IOException {
        List<String> unit = Files.readAllLines(Path.of("../bin/connectctl.service"));

        assertThat(unit)
                .contains(
                        "Type=notify",
                        "NotifyAccess=all",
                        "ExecStart=%h/.local/bin/connectctl daemon run",
                        "KillMode=process",
                        "Restart=on-failure",
                        "RestartPreventExitStatus=" + DaemonMain.CONFLICT,
                        "SuccessExitStatus=143 130",
                        "WantedBy=default.target");
        assertThat(unit)
                .filteredOn(line -> line.startsWith("TimeoutStartSec="))
                .singleElement()
                .asString()
                .matches("TimeoutStartSec=(1\\d|[2-9]\\d)min");
    }
}
