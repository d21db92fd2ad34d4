package io.connectctl.manager.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sqlite.util.OSInfo;

/**
 * The state file of a daemon that must come up whatever became of it. A damaged file is set aside together with what SQLite keeps beside
 * it, byte for byte as it was, and never under a name that is taken; a new one takes its place. A file that is only out of reach stays
 * where it is, and nothing is opened.
 */
public final class StateFile {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final String LOG = "-wal";
    private static final List<String> BESIDE = List.of(LOG, "-shm");
    /** What every log of SQLite begins with, but for the last bit: that tells in which order its checksums take their bytes. */
    private static final int LOG_MAGIC = 0x377f0682;

    private StateFile() {}

    /**
     * An open store.
     *
     * @param store the store
     * @param notice that and why it is a new one, where the old one was damaged: for people
     */
    public record Opened(SqliteStore store, Optional<String> notice) {}

    /**
     * SQLite's library as it lies in the installation; where it has none for this machine, sqlite-jdbc unpacks it into the folder of
     * temporary files at each start, and a daemon that is killed leaves it there.
     */
    private static void useInstalledLibrary() {
        String home = System.getProperty("connectctl.home");
        if (home != null && System.getProperty("org.sqlite.lib.path") == null) {
            System.setProperty(
                    "org.sqlite.lib.path",
                    home + "/lib/org/sqlite/native/" + OSInfo.getNativeLibFolderPathForCurrentOS());
        }
    }

    /**
     * Opens the store, or a new one where the old one is damaged.
     *
     * @param now names what is set aside. Its millisecond is also where the numbers of events begin in the new file: events come more slowly
     *     than milliseconds, so that no number is given twice, also after a second damage; and a double holds them
     * @throws StoreException if it can't be opened now, or the damaged one can't be set aside: says why, and nothing is lost
     */
    public static Opened open(Path file, Instant now) throws StoreException {
        useInstalledLibrary();
        List<String> told = new ArrayList<>();
        Path aside = free(beside(file, ".damaged-" + STAMP.format(now)));
        try {
            Optional<String> nothing = cutToNothing(file);
            if (nothing.isPresent()) {
                told.add(setAside(file, nothing.get(), aside));
            } else {
                Optional<String> lost = lostLog(file, aside);
                SqliteStore store = SqliteStore.open(
                        file,
                        Retention.DEFAULT,
                        SqliteStore.MIGRATIONS,
                        finding -> told.add(setAside(file, finding, aside)));
                // Numbers go on from what it knows: with those of the transcripts, that tells what went with the log.
                return marked(store, file, lost);
            }
        } catch (DamagedStoreException e) {
            if (told.isEmpty()) {
                throw e;
            }
        }
        SqliteStore store;
        try {
            store = SqliteStore.open(file);
        } catch (StoreException e) {
            throw new StoreException(told.get(0) + "; a new one can't be made: " + e.getMessage(), e);
        }
        return renumbered(store, file, told.get(0), now);
    }

    private static Opened renumbered(SqliteStore store, Path file, String notice, Instant now) throws StoreException {
        try {
            store.skipTo(now.toEpochMilli());
        } catch (StoreException e) {
            store.close();
            throw e;
        }
        return marked(store, file, Optional.of(notice));
    }

    private static Opened marked(SqliteStore store, Path file, Optional<String> notice) throws StoreException {
        try {
            Path mark = SqliteStore.openMark(file);
            if (Files.notExists(mark)) {
                Files.createFile(
                        mark, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            return new Opened(store, notice);
        } catch (IOException e) {
            store.close();
            throw new StoreException(
                    "can't write beside the state file " + file + ": " + e + ". Make room, or check the folder's owner",
                    e);
        }
    }

    /** What SQLite would take for a new file, and remove the log beside it. */
    private static Optional<String> cutToNothing(Path file) {
        if (size(file) == 1) {
            return Optional.of("it holds one byte");
        }
        return size(file) == 0 && size(beside(file, LOG)) > 0
                ? Optional.of("it is empty, but its log isn't")
                : Optional.empty();
    }

    /** What became of the log, where it isn't what was left there: one that is none is set aside before SQLite begins a new one. */
    private static Optional<String> lostLog(Path file, Path aside) throws StoreException {
        Path log = beside(file, LOG);
        if (isNoise(log)) {
            Path kept = beside(aside, LOG);
            try {
                move(log, kept);
            } catch (IOException e) {
                throw new StoreException(
                        "the log " + log + " was overwritten and can't be set aside as " + kept + ": " + e
                                + ". Check the folder's owner, or move it away by hand",
                        e);
            }
            return Optional.of("the log " + log + " was overwritten, and is set aside, unchanged, as " + kept
                    + ": commits that were in it alone are lost");
        }
        return Files.exists(SqliteStore.openMark(file)) && Files.notExists(log)
                ? Optional.of("the log " + log + " is gone, although the daemon before this one was killed:"
                        + " it was folded into the file, as sqlite3 does where it ends, or it is lost")
                : Optional.empty();
    }

    private static boolean isNoise(Path log) {
        try (InputStream in = Files.newInputStream(log)) {
            byte[] head = in.readNBytes(Integer.BYTES);
            return head.length > 0
                    && (head.length < Integer.BYTES || (ByteBuffer.wrap(head).getInt() & ~1) != LOG_MAGIC);
        } catch (IOException e) {
            return false; // not there, or not to be read: opening it tells
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0; // not there, or not to be read: opening it tells
        }
    }

    private static Path beside(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }

    private static String setAside(Path file, String finding, Path aside) throws StoreException {
        try {
            // The file first: where this ends in between, a log without a file is set aside next time.
            move(file, aside);
            for (String suffix : BESIDE) {
                if (Files.exists(beside(aside, suffix), LinkOption.NOFOLLOW_LINKS)) {
                    // The one that lay there was set aside already; this one SQLite made since, for a file that goes.
                    Files.deleteIfExists(beside(file, suffix));
                } else {
                    move(beside(file, suffix), beside(aside, suffix));
                }
            }
        } catch (IOException e) {
            throw new StoreException(
                    "the state file " + file + " is damaged (" + finding + ") and can't be set aside as " + aside + ": "
                            + e + ". Check the folder's owner, or move the file and its -wal and -shm away by hand",
                    e);
        }
        return "the state file " + file + " was damaged (" + finding + ") and is set aside, unchanged, as " + aside
                + ", and leases and pools with it: sqlite3 " + aside + " .recover shows what is left in it";
    }

    private static void move(Path from, Path to) throws IOException {
        if (Files.exists(from, LinkOption.NOFOLLOW_LINKS)) {
            // Without REPLACE_EXISTING: what lies there is somebody's.
            Files.move(from, to);
        }
    }

    private static Path free(Path wanted) {
        Path name = wanted;
        for (int i = 2; taken(name); i++) {
            name = beside(wanted, "-" + i);
        }
        return name;
    }

    private static boolean taken(Path name) {
        return Files.exists(name, LinkOption.NOFOLLOW_LINKS)
                || BESIDE.stream().anyMatch(suffix -> Files.exists(beside(name, suffix), LinkOption.NOFOLLOW_LINKS));
    }
}
