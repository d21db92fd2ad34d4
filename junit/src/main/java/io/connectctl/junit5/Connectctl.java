package io.connectctl.junit5;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The command line of connectctl, which is all that this package knows of it. */
final class Connectctl {
    /** JUnit's configuration parameter, which a system property or junit-platform.properties may set. */
    static final String PARAMETER = "connectctl.command";

    /** For whoever can't pass a system property to the tests. */
    static final String VARIABLE = "CONNECTCTL";

    /** There is no such lease: it ended by itself. */
    static final int GONE = 5;

    /** A command that was told to end gives its lease back first, which takes as long as a server takes to die. */
    private static final Duration LAST_WORD = Duration.ofSeconds(30);

    private final Path command;

    private Connectctl(Path command) {
        this.command = command;
    }

    /**
     * Finds it.
     *
     * @param parameter the configuration parameter
     * @param variable the environment variable
     * @param path the folders of PATH, separated by colons
     */
    static Connectctl find(Optional<String> parameter, Optional<String> variable, String path) {
        if (parameter.isPresent()) {
            return named(parameter.get(), "the configuration parameter " + PARAMETER, path);
        }
        if (variable.isPresent()) {
            return named(variable.get(), "the environment variable " + VARIABLE, path);
        }
        return onPath("connectctl", path)
                .orElseThrow(() -> new ConnectServerException("there is no connectctl on the PATH (" + path
                        + "): put the bin folder of a connectctl checkout on it, or name its bin/connectctl by the system property "
                        + PARAMETER + " or the environment variable " + VARIABLE));
    }

    private static Connectctl named(String name, String by, String path) {
        Optional<Connectctl> found = name.contains("/") ? executable(name) : onPath(name, path);
        return found.orElseThrow(
                () -> new ConnectServerException(
                        by + " names '" + name
                                + "', which is no program that this user may execute: name the bin/connectctl of a connectctl checkout"));
    }

    private static Optional<Connectctl> onPath(String name, String path) {
        return Stream.of(path.split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .flatMap(folder -> executable(folder + "/" + name).stream())
                .findFirst();
    }

    private static Optional<Connectctl> executable(String name) {
        try {
            Path file = Path.of(name).toAbsolutePath();
            return Files.isRegularFile(file) && Files.isExecutable(file)
                    ? Optional.of(new Connectctl(file))
                    : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /**
     * How a command ended.
     *
     * @param exit its exit code
     * @param out what it wrote to stdout: may hold a token
     * @param err what it wrote to stderr: never holds one
     */
    record Outcome(int exit, String out, String err) {}

    /**
     * Runs a command that must succeed.
     *
     * @param patience how long it may take
     * @param words the command and its options
     * @return what it wrote to stdout
     * @throws ConnectServerException if it failed: with its own words
     */
    String ok(Duration patience, String... words) {
        return ok(patience, List.of(words));
    }

    /** The same. */
    String ok(Duration patience, List<String> words) {
        Outcome outcome = run(patience, words);
        if (outcome.exit() != 0) {
            throw new ConnectServerException(failure(words.get(0), outcome));
        }
        return outcome.out();
    }

    /** What is told of a command that failed. */
    static String failure(String what, Outcome outcome) {
        return "connectctl " + what + " failed (exit code " + outcome.exit() + ")"
                + (outcome.err().isBlank()
                        ? " and didn't say why"
                        : ":\n" + outcome.err().strip());
    }

    /** Runs a command to its end, whatever that is. */
    Outcome run(Duration patience, List<String> words) {
        List<String> all = new ArrayList<>(List.of(command.toString()));
        all.addAll(words);
        Process process;
        try {
            process =
                    new ProcessBuilder(all).redirectInput(new File("/dev/null")).start();
        } catch (IOException e) {
            throw new ConnectServerException(command + " can't be executed: " + e.getMessage(), e);
        }
        FutureTask<String> out = reading(process.getInputStream());
        FutureTask<String> err = reading(process.getErrorStream());
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroy();
                if (!process.waitFor(LAST_WORD.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                }
                throw new ConnectServerException(
                        "connectctl " + words.get(0) + " didn't end within " + patience.toSeconds()
                                + " s and was ended; connectctl status and the daemon's log may tell why");
            }
            return new Outcome(process.exitValue(), out.get(), err.get());
        } catch (InterruptedException e) {
            // What it may have leased goes with it, or with this JVM.
            process.destroy();
            Thread.currentThread().interrupt();
            throw new ConnectServerException("interrupted while connectctl " + words.get(0) + " ran", e);
        } catch (ExecutionException e) {
            throw new ConnectServerException(
                    "the output of connectctl " + words.get(0) + " can't be read: " + e.getCause(), e);
        }
    }

    /** On a thread of its own: a full pipe would stop the command, and the common pool may be busy with tests. */
    private static FutureTask<String> reading(InputStream stream) {
        FutureTask<String> text = new FutureTask<>(() -> {
            try (stream) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            }
        });
        Thread thread = new Thread(text, "connectctl-output");
        thread.setDaemon(true);
        thread.start();
        return text;
    }
}
