package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A second engine that a test may stop, kill and start again. It has a network of its own: two engines in one would take
 * each other's bridge down. Whoever wants to reach its containers must be in that network as well ({@link #prefix}).
 */
final class OwnEngine implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int MOST_TRIES = 4;

    private final Path folder;
    private final Process network;
    private @Nullable Process engine;
    private int tries;

    OwnEngine() {
        Docker.requireRoot();
        Docker.require(
                onPath("dockerd") && onPath("ip")
                        ? Optional.empty()
                        : Optional.of("an engine of one's own needs dockerd and ip"));
        try {
            folder = Files.createTempDirectory("connectctl-engine-");
            network = new ProcessBuilder(
                            "unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 3600")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(network.getInputStream().read())
                    .as("the network's loopback device")
                    .isEqualTo('u');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean onPath(String program) {
        for (String entry : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(entry, program))) {
                return true;
            }
        }
        return Files.isExecutable(Path.of("/usr/sbin", program)) || Files.isExecutable(Path.of("/sbin", program));
    }

    /** Runs a command in the engine's network. */
    List<String> prefix() {
        return List.of("nsenter", "--net=/proc/" + network.pid() + "/ns/net");
    }

    /** Value of DOCKER_HOST. */
    String host() {
        return "unix://" + folder.resolve("docker.sock");
    }

    /** Starts it, and waits until it answers. */
    void start(String... further) {
        List<String> command = new ArrayList<>(prefix());
        command.addAll(List.of(
                "dockerd",
                "--host=" + host(),
                "--data-root=" + folder.resolve("data"),
                "--exec-root=" + folder.resolve("exec"),
                "--pidfile=" + folder.resolve("docker.pid"),
                "--containerd-namespace=connectctl-test",
                "--containerd-plugins-namespace=connectctl-test-plugins"));
        command.addAll(List.of(further));
        tries = 0;
        await("the engine answers").atMost(PATIENCE).until(() -> {
            // After a kill -9 the first try may find the containerd of the one before on its way out, and end.
            Process running = engine;
            if (running == null || !running.isAlive()) {
                assertThat(tries++).as(this::lastWords).isLessThan(MOST_TRIES);
                engine = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                        .start();
            }
            return docker("version").exit() == 0;
        });
    }

    private Path log() {
        return folder.resolve("dockerd.log");
    }

    private String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log());
            return "dockerd ended:\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
        } catch (IOException e) {
            return "dockerd ended, and left no log: " + e;
        }
    }

    /** Stops it as its service would. */
    void stop() {
        end(false);
    }

    /** Kills it, with no chance to end anything. */
    void kill() {
        end(true);
    }

    private void end(boolean force) {
        Process running = engine;
        if (running == null) {
            return;
        }
        if (force) {
            running.destroyForcibly();
        } else {
            running.destroy();
        }
        try {
            assertThat(running.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("dockerd ends")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        engine = null;
    }

    /** Runs a docker command against it. */
    Outcome docker(String... arguments) {
        List<String> command = new ArrayList<>(List.of("--host", host()));
        command.addAll(List.of(arguments));
        return Docker.run(command.toArray(new String[0]));
    }

    /** Gives it an image of the other engine. */
    void take(String image) {
        try {
            Path file = folder.resolve("image.tar");
            Docker.ok("save", "-o", file.toString(), image);
            Outcome loaded = docker("load", "-q", "-i", file.toString());
            assertThat(loaded.exit()).as(loaded::toString).isZero();
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The containers of one server, running or not. */
    List<String> containers(String server) {
        return docker("ps", "-aq", "--no-trunc", "--filter", "label=io.connectctl.server=" + server)
                .out()
                .lines()
                .toList();
    }

    @Override
    public void close() {
        try {
            if (engine != null) {
                docker("ps", "-aq").out().lines().forEach(container -> docker("rm", "-f", "-v", container));
            }
            end(false);
        } finally {
            network.destroyForcibly();
        }
        // Layers hold what only their owner may remove, and mounts that went with the engine.
        Docker.finish(List.of("rm", "-rf", folder.toString()));
    }
}
