package io.connectctl.manager.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Room on the state's disk that is given up once the disk is full: a {@code stop} of whatever fills the disk is an intent that must be
 * stored first. Not for use by several threads at once.
 */
final class Reserve {
    /** As much as SQLite's write-ahead log takes until it is written over from its begin, 1000 pages, and some more. */
    static final int BYTES = 5 << 20;

    /** A disk with less than so many times that left is nearly full by itself. */
    private static final int SHARE = 4;

    /** More than a commit of this daemon takes. */
    private static final int SLICE = 256 << 10;

    private static final long LOOK_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Path file;
    private boolean kept;
    private long lookedAt = System.nanoTime() - LOOK_AGAIN_NANOS;

    /**
     * @param store the file whose writes it is for; it lies beside it
     */
    Reserve(Path store) {
        file = store.resolveSibling(store.getFileName() + "-reserve");
    }

    /** Has it made where there is room for it; looks at most once a minute. Without it all works but a write to a full disk. */
    void keep() {
        if (kept || System.nanoTime() - lookedAt < LOOK_AGAIN_NANOS) {
            return;
        }
        lookedAt = System.nanoTime();
        try {
            if (Files.exists(file) && Files.size(file) == BYTES) {
                kept = true;
            } else if (room() > (long) SHARE * BYTES) {
                make();
                kept = true;
            }
        } catch (IOException e) {
            // A quota, of which the disk's own room tells nothing: others have felt it too just now.
            giveUp();
            lookedAt += LOOK_AGAIN_NANOS * 60;
        }
    }

    private long room() throws IOException {
        return Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace();
    }

    private void make() throws IOException {
        Files.deleteIfExists(file);
        // Noise: a file system that compresses would keep no room for zeros.
        byte[] noise = new byte[BYTES];
        new Random(lookedAt).nextBytes(noise);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, noise);
    }

    /**
     * Gives up a slice of it: what filled the disk takes whatever is given up and not needed at once.
     *
     * @return false if nothing was left of it
     */
    boolean giveUpSome() {
        kept = false;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            long size = channel.size();
            if (size == 0) {
                return false;
            }
            channel.truncate(Math.max(0, size - SLICE));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void giveUp() {
        kept = false;
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // Then it stays as it is.
        }
    }
}
