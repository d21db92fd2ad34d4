package io.connectctl.manager.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Finds a command as a shell does, so that a mistyped one is told before a server is started for it. */
final class Executable {
    /** Shells answer a command that isn't there with this. */
    static final int NOT_FOUND = 127;

    /** And one that is there and can't be executed with this. */
    static final int NOT_EXECUTABLE = 126;

    private Executable() {}

    /** Why a command can't be run: {@link #NOT_FOUND} or {@link #NOT_EXECUTABLE}; empty where it can be, as far as files tell. */
    static Optional<Integer> obstacle(String command, Path folder, Map<String, String> environment) {
        try {
            if (command.indexOf('/') >= 0) {
                return judge(folder.resolve(command));
            }
            Optional<Integer> worst = Optional.of(NOT_FOUND);
            for (String each : environment.getOrDefault("PATH", "/usr/bin:/bin").split(":", -1)) {
                Optional<Integer> found = judge(folder.resolve(each).resolve(command));
                if (found.isEmpty()) {
                    return found;
                }
                if (found.get() == NOT_EXECUTABLE) {
                    worst = found;
                }
            }
            return command.isEmpty() ? Optional.of(NOT_FOUND) : worst;
        } catch (InvalidPathException e) {
            return Optional.of(NOT_FOUND);
        }
    }

    private static Optional<Integer> judge(Path file) {
        if (!Files.exists(file)) {
            return Optional.of(NOT_FOUND);
        }
        return Files.isRegularFile(file) && Files.isExecutable(file) ? Optional.empty() : Optional.of(NOT_EXECUTABLE);
    }
}
