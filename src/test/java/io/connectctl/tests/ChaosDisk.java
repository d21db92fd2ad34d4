package io.connectctl.tests;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/** A small disk of memory below an installation's state folder: database, logs and work folders lie on it, and it can be filled up. */
final class ChaosDisk implements AutoCloseable {
    private static final int MEBIBYTES = 400;

    private final Path folder;
    private final Path balloon;

    private ChaosDisk(Path folder) {
        this.folder = folder;
        this.balloon = folder.resolve("balloon");
    }

    /** Mounts one at this folder; empty where that can't be done here, as only root may. */
    static Optional<ChaosDisk> mount(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Outcome mounted = Docker.finish(
                List.of("mount", "-t", "tmpfs", "-o", "size=" + MEBIBYTES + "m,mode=700", "chaos", folder.toString()));
        return mounted.exit() == 0 ? Optional.of(new ChaosDisk(folder)) : Optional.empty();
    }

    /** Takes the last byte. */
    void fill() {
        for (int size : new int[] {1 << 20, 4096, 1}) {
            byte[] piece = new byte[size];
            try (OutputStream out =
                    Files.newOutputStream(balloon, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                while (true) {
                    out.write(piece);
                }
            } catch (IOException e) {
                // That is what it is for.
            }
        }
    }

    /** Gives it back. */
    void free() {
        try {
            Files.deleteIfExists(balloon);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        free();
        Docker.finish(List.of("umount", "--lazy", folder.toString()));
    }
}
