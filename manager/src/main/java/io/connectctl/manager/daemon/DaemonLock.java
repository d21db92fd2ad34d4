package io.connectctl.manager.daemon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a second daemon off a state folder. The kernel lets go of it when the process ends, however it ends, so a lock
 * can't be left behind; the file says who holds it.
 */
final class DaemonLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DaemonLock.class);

    private static final String STOPPING = "stopping";

    /** A daemon closes its API first and this lock last; between them lie its probes and its store. */
    private static final Duration LONGEST_STOP = Duration.ofSeconds(10);

    private final Path file;
    private final @Nullable Object key;
    private final FileChannel channel;

    /** Another daemon holds the state folder. */
    static final class HeldException extends Exception {
        private static final long serialVersionUID = 1L;

        HeldException(String message) {
            super(message);
        }
    }

    private DaemonLock(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.key = key(file);
        this.channel = channel;
    }

    private static @Nullable Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    /**
     * Whether it still keeps others out: a lock belongs to a file, and another daemon locks the file that it finds under this
     * name.
     */
    boolean holds() {
        try {
            return Objects.equals(key, key(file));
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Takes the lock.
     *
     * @param file {@code STATE/daemon.lock}
     * @param holder one line that tells a second daemon who holds it
     * @throws HeldException names the holder
     */
    static DaemonLock take(Path file, String holder) throws IOException, HeldException {
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        boolean taken = false;
        try {
            if (!lock(channel, file)) {
                throw new HeldException("another daemon (" + holder(file) + ") holds " + file
                        + ": stop it with 'connectctl daemon stop'; its servers stay");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((holder + "\n").getBytes(StandardCharsets.UTF_8)));
            DaemonLock lock = new DaemonLock(file, channel);
            taken = true;
            return lock;
        } finally {
            if (!taken) {
                channel.close();
            }
        }
    }

    /** Tries at once, and again for as long as the holder says that it stops. */
    private static boolean lock(FileChannel channel, Path file) throws IOException {
        long deadline = System.nanoTime() + LONGEST_STOP.toNanos();
        while (lock(channel) == null) {
            if (!holder(file).endsWith(STOPPING) || System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(20_000_000);
        }
        return true;
    }

    /** Tells a daemon that is to follow that this one is about to let go. */
    void stopping() {
        try {
            channel.write(ByteBuffer.wrap((STOPPING + "\n").getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            LOG.warn("the lock can't tell that this daemon stops: one that starts now gives up at once", e);
        }
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // Held by this very process.
        }
    }

    private static String holder(Path file) throws IOException {
        String text = Files.readString(file).strip();
        return text.isEmpty() ? "just starting" : text;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
