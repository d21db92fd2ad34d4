package io.connectctl.manager.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * That a daemon was stopped on purpose, kept as a file of its state folder: one that was killed is started again by whatever
 * command needs it, one that somebody stopped is not, until somebody wants it again. Each daemon takes the file away as it starts.
 */
public final class DeliberateStop {
    private static final String FILE = "daemon.stopped";

    private DeliberateStop() {}

    /** Notes it, where there is a state folder. */
    public static void note(Path state) throws IOException {
        if (Files.isDirectory(state) && Files.notExists(state.resolve(FILE))) {
            Files.newByteChannel(
                            state.resolve(FILE),
                            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
                    .close();
        }
    }

    /** A daemon runs again, or still. */
    public static void forget(Path state) throws IOException {
        Files.deleteIfExists(state.resolve(FILE));
    }

    /** When the daemon was stopped on purpose; empty if it wasn't, or runs again. */
    public static Optional<Instant> since(Path state) {
        try {
            return Optional.of(Files.getLastModifiedTime(state.resolve(FILE)).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
