package io.connectctl.compose.runtime;

import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.runtime.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The mark of a state folder that was made for one command, and goes with its last server: the file {@code for-one-command}. It names the
 * process that starts the folder's supervisor again, should that be killed: PID, START and BOOT as in {@link ProcessIdentity}.
 */
public final class OneCommand {
    private static final String FILE = "for-one-command";

    /** What is just being made is nobody's yet. */
    private static final Duration MAKING = Duration.ofMinutes(1);

    private OneCommand() {}

    /** Marks a folder, before anything is done in it. */
    public static void mark(Path state) throws IOException {
        Files.createFile(state.resolve(FILE));
    }

    /** Writes down who keeps its supervisor running; one that is gone already is nobody. */
    public static void keptBy(Path state, long pid) throws IOException {
        Optional<ProcessIdentity> keeper = ProcessIdentity.of(pid);
        if (keeper.isPresent()) {
            PrivateFiles.write(
                    state.resolve(FILE),
                    keeper.get().pid() + " " + keeper.get().start() + " "
                            + keeper.get().boot() + "\n",
                    false);
        }
    }

    /** Whether the folder bears the mark. */
    public static boolean marks(Path state) {
        return Files.isRegularFile(state.resolve(FILE));
    }

    /** Whether it bears the mark, and nobody will start its supervisor any more. It may run, though: its lock tells. */
    public static boolean abandoned(Path state) throws IOException {
        Path file = state.resolve(FILE);
        return marks(state)
                && Files.getLastModifiedTime(file)
                        .toInstant()
                        .isBefore(Instant.now().minus(MAKING))
                && ProcessIdentity.parse(Files.readString(file))
                        .filter(ProcessIdentity::alive)
                        .isEmpty();
    }
}
