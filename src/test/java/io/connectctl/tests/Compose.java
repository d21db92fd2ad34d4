package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Docker's compose plugin as a person uses it, in the folder of a project. Where it isn't installed, the variable
 * CONNECTCTL_TEST_COMPOSE names its file, which then lies in a docker configuration of the test's own.
 */
final class Compose implements AutoCloseable {
    private static final Optional<Path> PLUGIN =
            Optional.ofNullable(System.getenv("CONNECTCTL_TEST_COMPOSE")).map(Path::of);

    private final Path folder;
    private final Map<String, String> environment;

    /**
     * Goes on where the plugin answers; else skips the test, or fails it if the gate requires containers.
     *
     * @param installation whose project folder holds the compose file; the project gets a name that nobody else's has
     */
    Compose(Installation installation) {
        this.folder = installation.project();
        String name = installation.home().getFileName().toString();
        this.environment = PLUGIN.isPresent()
                ? Map.of(
                        "COMPOSE_PROJECT_NAME",
                        name,
                        "DOCKER_CONFIG",
                        configuration(installation.home().resolve("docker"), PLUGIN.get())
                                .toString())
                : Map.of("COMPOSE_PROJECT_NAME", name);
        Outcome version = run("version");
        Docker.require(
                version.exit() == 0
                        ? Optional.empty()
                        : Optional.of("docker compose doesn't answer, and CONNECTCTL_TEST_COMPOSE names no plugin ("
                                + PLUGIN.map(Path::toString).orElse("it isn't set") + "): "
                                + version.err().strip()));
    }

    private static Path configuration(Path folder, Path plugin) {
        try {
            Path plugins = Files.createDirectories(folder.resolve("cli-plugins"));
            Files.createSymbolicLink(plugins.resolve("docker-compose"), plugin.toAbsolutePath());
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs {@code docker compose} to its end. */
    Outcome run(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "compose"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().putAll(environment);
        return Docker.finish(builder);
    }

    /** Runs a command that must succeed; returns what it wrote. */
    String ok(String... arguments) {
        Outcome outcome = run(arguments);
        assertThat(outcome.exit())
                .as(() -> "docker compose " + String.join(" ", arguments) + "\n" + outcome)
                .isZero();
        return outcome.out().strip();
    }

    /** What {@code docker compose ps} says of one service that runs. */
    JsonNode ps(String service) {
        return Installation.json(ok("ps", service, "--format", "json"));
    }

    /** Takes the project away, volumes too. */
    @Override
    public void close() {
        run("down", "--volumes", "--remove-orphans", "--timeout", "2");
    }
}
