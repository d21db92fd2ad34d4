package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both versions of control groups, as files; that they are a real container's is asserted where containers run. */
class ContainerGroupTest {
    private static final String ID = "4f1c09ab".repeat(8);

    private static void write(Path folder, Map<String, String> files) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue() + "\n");
        }
    }

    @Test
    void groupsOfVersionOneAreReadByTheirControllers(@TempDir Path root) throws IOException {
        write(
                root.resolve("memory/docker/" + ID),
                Map.of(
                        "memory.usage_in_bytes", "5000",
                        "memory.limit_in_bytes", "9000",
                        "memory.stat", "cache 9\ninactive_file 7\ntotal_inactive_file 1000"));
        write(root.resolve("cpuacct/docker/" + ID), Map.of("cpuacct.usage", "2000000000"));
        write(root.resolve("pids/docker/" + ID), Map.of("pids.current", "40"));
        String membership =
                "9:memory:/docker/%s\n4:pids:/docker/%s\n2:cpuacct:/docker/%s\n0::/\n".formatted(ID, ID, ID);

        Usage usage = ContainerGroup.usage(Optional.of(membership), ID, root).orElseThrow();

        assertThat(usage.cpu()).isEqualTo(Duration.ofSeconds(2));
        assertThat(usage.threads()).isEqualTo(40);
        assertThat(usage.limitBytes()).isEqualTo(OptionalLong.of(9000));
        assertThat(usage.residentBytes()).isEqualTo(4000);
    }

    @Test
    void theGroupOfVersionTwoHasThemAll(@TempDir Path root) throws IOException {
        String inside = "system.slice/docker-" + ID + ".scope";
        write(
                root.resolve(inside),
                Map.of(
                        "memory.current", "5000",
                        "memory.max", "max",
                        "memory.stat", "anon 9\ninactive_file 1000",
                        "cpu.stat", "usage_usec 3000000\nuser_usec 1",
                        "pids.current", "40"));

        Usage usage = ContainerGroup.usage(Optional.of("0::/" + inside + "\n"), ID, root)
                .orElseThrow();

        assertThat(usage.residentBytes()).isEqualTo(4000);
        assertThat(usage.cpu()).isEqualTo(Duration.ofSeconds(3));
        assertThat(usage.limitBytes().orElse(0)).as("what this machine has").isGreaterThan(1L << 20);
        write(root.resolve("system.slice"), Map.of("memory.max", "7000"));
        assertThat(ContainerGroup.usage(Optional.of("0::/" + inside + "\n"), ID, root)
                        .orElseThrow()
                        .limitBytes())
                .as("of the group around it")
                .isEqualTo(OptionalLong.of(7000));
    }

    @Test
    void aProcessOfSomethingElseIsNoneOfTheContainers(@TempDir Path root) throws IOException {
        write(root.resolve("system.slice/ssh.service"), Map.of("memory.current", "5000", "pids.current", "1"));

        assertThat(ContainerGroup.usage(Optional.of("0::/system.slice/ssh.service\n"), ID, root))
                .as("the pid was given to another process, or is one of another machine's")
                .isEmpty();
        assertThat(ContainerGroup.usage(Optional.empty(), ID, root)).isEmpty();
        assertThat(ContainerGroup.usage(0, ID)).isEmpty();
    }
}
