package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/** Files and folders that only their owner can open, from the moment they exist and whatever the umask is. */
public final class PrivateFiles {
    private static final FileAttribute<Set<PosixFilePermission>> FOLDER = mode("rwx------");
    private static final FileAttribute<Set<PosixFilePermission>> PLAIN = mode("rw-------");
    private static final FileAttribute<Set<PosixFilePermission>> EXECUTABLE = mode("rwx------");

    /** How the names of files end that aren't whole yet. */
    private static final String TEMPORARY = ".new";

    private PrivateFiles() {}

    private static FileAttribute<Set<PosixFilePermission>> mode(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /** Makes the folder and its missing parents, each 0700. A folder that is there already keeps its mode. */
    public static void folder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.getParent();
        if (parent != null) {
            folder(parent);
        }
        try {
            Files.createDirectory(folder, FOLDER);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    /**
     * Makes a folder and its missing parents below one that must be there, each 0700: whoever removes that one meanwhile has removed it
     * for good.
     *
     * @throws NoSuchFileException where {@code top} is gone
     */
    public static void folderBelow(Path top, Path folder) throws IOException {
        Path next = top;
        for (Path name : top.relativize(folder)) {
            next = next.resolve(name);
            try {
                Files.createDirectory(next, FOLDER);
            } catch (FileAlreadyExistsException e) {
                if (!Files.isDirectory(next)) {
                    throw e;
                }
            }
        }
    }

    /** Writes a file of mode 0600, as a whole or not at all, in a folder that is made where it is missing. */
    public static void write(Path file, String text) throws IOException {
        folder(file.toAbsolutePath().resolveSibling(""));
        write(file, text, false);
    }

    /**
     * Writes the file as a whole or not at all: a reader sees the old content or the new, also after a power failure. Of
     * two that write the same file at once the later one wins.
     */
    public static void write(Path file, String text, boolean executable) throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + TEMPORARY);
        Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            try (FileChannel channel = FileChannel.open(fresh, options, executable ? EXECUTABLE : PLAIN)) {
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            discard(fresh, e);
            throw e;
        }
        Path parent = file.getParent();
        if (parent != null) {
            force(parent);
        }
    }

    /** Sets a file's time to now, and makes it if it isn't there. Not forced to the disk: a lost time does no harm. */
    static void touch(Path file) throws IOException {
        try {
            Files.createFile(file, PLAIN);
        } catch (FileAlreadyExistsException e) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        }
    }

    private static void discard(Path fresh, IOException reason) {
        try {
            Files.deleteIfExists(fresh);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Brings a file's content, or the names in a folder, to the disk. */
    static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /**
     * True for a file that {@link #write} may be about to put into its place. One that is older than a minute was left by
     * a writer that was killed.
     */
    static boolean beingWritten(Path path) throws IOException {
        try {
            return path.getFileName().toString().endsWith(TEMPORARY)
                    && Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS)
                            .toInstant()
                            .isAfter(Instant.now().minusSeconds(60));
        } catch (NoSuchFileException e) {
            return true; // it is in its place by now
        }
    }

    /**
     * Removes a file or a whole tree, never following a link out of it. Missing is fine. A process that just dies may still
     * put a file into a folder that was emptied a moment ago, so it is tried again a few times.
     */
    public static void remove(Path path) throws IOException {
        for (int left = 5; ; left--) {
            try {
                removeOnce(path);
                return;
            } catch (DirectoryNotEmptyException e) {
                if (left == 0) {
                    throw e;
                }
            }
        }
    }

    private static void removeOnce(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @org.jspecify.annotations.Nullable IOException e)
                    throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Says of a failed write whether the disk is full or the folder can't be written, and what to do. */
    public static LaunchException failure(String doing, Path path, IOException e) {
        return failure(doing, path, "CONNECTCTL_STATE_DIR or CONNECTCTL_CACHE_DIR", e);
    }

    /** The same, where another setting than connectctl's own names the folder. */
    public static LaunchException failure(String doing, Path path, String setting, IOException e) {
        String reason = e instanceof FileSystemException fileSystem && fileSystem.getReason() != null
                ? fileSystem.getReason()
                : String.valueOf(e.getMessage());
        if (reason.contains("No space left") || reason.contains("Disk quota exceeded")) {
            return new LaunchException(
                    "DISK_FULL",
                    doing + " failed: the disk of " + path + " is full (" + reason + ")",
                    "free space there, or name another folder with " + setting,
                    true,
                    e);
        }
        String what = reason;
        if (e instanceof AccessDeniedException) {
            what = "permission denied";
        } else if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
            what = "a file lies where a folder should be";
        } else if (e instanceof NoSuchFileException) {
            what = "it doesn't exist, and can't be made";
        }
        String where = e instanceof FileSystemException fileSystem && fileSystem.getFile() != null
                ? fileSystem.getFile()
                : path.toString();
        return new LaunchException(
                "FOLDER_UNWRITABLE",
                doing + " failed: " + where + ": " + what,
                "make the folder writable for the user that runs the daemon, or name another one with " + setting,
                false,
                e);
    }
}
