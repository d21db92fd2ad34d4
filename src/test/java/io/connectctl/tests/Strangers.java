package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What looks like a server of connectctl and isn't this installation's: a process, and a container with a volume. */
final class Strangers implements AutoCloseable {
    private final Process process;
    private final Optional<String> container;

    Strangers(Where where, Installation installation) throws IOException {
        Path folder = Files.createDirectories(installation.home().resolve("other/servers/lease-0badcafe"));
        Files.writeString(folder.resolve("deadline"), "another-boot 1 1\n");
        process = new ProcessBuilder("sh", "-c", "exec 9>>lock; exec sleep 600", folder.toString())
                .directory(folder.toFile())
                .start();
        container = where == Where.DOCKER
                ? Optional.of(Docker.ok(
                        "run",
                        "-d",
                        "--name",
                        "connectctl-0badcafe-lease-0badcafe-" + process.pid(),
                        "--label",
                        "io.connectctl.installation=0badcafe",
                        "--label",
                        "io.connectctl.server=lease-0badcafe",
                        "--label",
                        "io.connectctl.lease=lease-0badcafe",
                        "--mount",
                        "type=volume,dst=/kept",
                        Docker.base(),
                        "sleep",
                        "600"))
                : Optional.empty();
    }

    void assertUntouched() {
        assertThat(process.isAlive()).isTrue();
        container.ifPresent(id ->
                assertThat(Docker.inspect(id).at("/State/Running").asBoolean()).isTrue());
    }

    @Override
    public void close() {
        process.destroyForcibly();
        container.ifPresent(id -> Docker.ok("rm", "-fv", id));
    }
}
