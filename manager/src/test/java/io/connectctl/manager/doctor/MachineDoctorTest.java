package io.connectctl.manager.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.health.doctor.Check;
import io.connectctl.health.doctor.Doctor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a machine, from files that stand for it. */
class MachineDoctorTest {
    private Path root;
    private Path memory;

    @BeforeEach
    void machine(@TempDir Path temporary) throws Exception {
        root = temporary;
        memory = root.resolve("meminfo");
        Files.writeString(memory, "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n");
    }

    @Test
    void aFreshMachineIsFineAndNothingIsMade() throws Exception {
        Map<String, Check> checks = examine();

        assertThat(checks.keySet()).containsExactlyElementsOf(MachineDoctor.CHECKS);
        assertThat(told(checks, "folders").detail()).isEqualTo("none is made yet");
        assertThat(told(checks, "memory").detail()).isEqualTo("8.0 GiB of 16.0 GiB are available");
        assertThat(root).isDirectoryNotContaining("glob:**/{config,state,run,cache}");
    }

    @Test
    void tooLittleMemoryForTheDefaultServerIsAWarning() throws Exception {
        Files.writeString(memory, "MemTotal:       16777216 kB\nMemAvailable:     262144 kB\n");

        Check check = told(examine(), "memory");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.WARNING);
        assertThat(check.code()).isEqualTo("MEMORY_LOW");
    }

    @Test
    void aStateFolderThatOthersMayReadIsNamed() throws Exception {
        Path state = Files.createDirectory(root.resolve("state"));
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxr-xr-x"));

        Check check = told(examine(), "folders");

        assertThat(check.code()).isEqualTo("FOLDER_OPEN");
        assertThat(check.detail()).contains(state.toString());
    }

    @Test
    void aFileWhereAFolderShouldBeIsAFailure() throws Exception {
        Path cache = Files.createFile(root.resolve("cache"));

        Check check = told(examine(), "folders");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.FAILED);
        assertThat(check.detail()).contains(cache.toString());
    }

    private static Check told(Map<String, Check> checks, String name) {
        return Objects.requireNonNull(checks.get(name), name);
    }

    private Map<String, Check> examine() throws InterruptedException {
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        Map<String, Check> checks = new LinkedHashMap<>();
        new MachineDoctor(folders, Map.of(), root.resolve("jvm"), memory, new Doctor.Listener() {
                    @Override
                    public void begins(String check) {}

                    @Override
                    public void ended(Check check) {
                        checks.put(check.name(), check);
                    }
                })
                .examine();
        return checks;
    }
}
