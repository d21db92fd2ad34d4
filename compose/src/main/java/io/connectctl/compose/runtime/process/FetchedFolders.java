package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folders of jars that were fetched, one for each name: {@code ROOT/NAME/jars}, whole exactly when {@code COMPLETE} lies beside
 * it. What is whole needs no network and takes no time. Several threads and daemons may share a root.
 *
 * <p>The jars are hard links into Maven's local repository where both lie on one disk, so that nothing is stored twice.
 */
final class FetchedFolders {
    private static final Logger LOG = LoggerFactory.getLogger(FetchedFolders.class);
    private static final String COMPLETE = "COMPLETE";
    private static final String USED = "USED";
    private static final long LOCK_CHECK_MILLIS = 1000;

    /** Of this whole JVM: a lock on a file excludes other processes, and is an error where two threads of one want it. */
    private static final Map<Path, Turn> TURNS = new ConcurrentHashMap<>();

    private final Path root;

    /**
     * Who fetches a folder in this process, and all who want it: how far the one gets is told to every one, since a
     * preparation of which nothing is heard runs into its deadline.
     */
    private record Turn(ReentrantLock lock, List<Progress> listeners) implements Progress {
        Turn() {
            this(new ReentrantLock(), new CopyOnWriteArrayList<>());
        }

        @Override
        public void report(String stage, long done, long total) {
            listeners.forEach(listener -> listener.report(stage, done, total));
        }
    }

    /** Fetches; ends soon after it was cancelled. */
    interface Fetch<T> {
        T run(Progress progress, AtomicBoolean cancelled) throws LaunchException, IOException;
    }

    /**
     * What a folder is to hold.
     *
     * @param jars where each jar lies now, by the name that it gets
     * @param about what they are for, for people
     * @param marks names of empty files to lie beside the jars
     */
    record Contents(Map<String, Path> jars, String about, List<String> marks) {
        Contents {
            jars = Map.copyOf(jars);
            marks = List.copyOf(marks);
        }
    }

    FetchedFolders(Path root) {
        this.root = root;
    }

    /** Where the jars of this name lie or will lie. */
    Path jars(String name) {
        return root.resolve(name).resolve("jars");
    }

    /** True if this name's folder is here as a whole. */
    boolean complete(String name) {
        return Files.exists(root.resolve(name).resolve(COMPLETE));
    }

    /** True if this name's folder is here, or can be made here: a cache of several users' may be read-only. */
    boolean serves(String name) {
        Path there = root.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        return complete(name) || (Files.isDirectory(there) && Files.isWritable(there));
    }

    /** True if its folder was stored with this mark. */
    boolean marked(String name, String mark) {
        return Files.exists(root.resolve(name).resolve(mark));
    }

    /** Every folder that is here as a whole. */
    List<Path> all() throws IOException {
        return ServerFolder.children(root).stream()
                .filter(folder -> Files.exists(folder.resolve(COMPLETE)))
                .toList();
    }

    /** What its jars are for, for people. */
    static String about(Path folder) {
        return Proc.read(folder.resolve(COMPLETE)).orElse("").strip();
    }

    /** When a launch last wanted it. */
    static Instant lastUsed(Path folder) {
        for (Path file : List.of(folder.resolve(USED), folder.resolve(COMPLETE))) {
            try {
                return Files.getLastModifiedTime(file).toInstant();
            } catch (IOException e) {
                LOG.trace("{} was never used, or is being removed", folder, e);
            }
        }
        return Instant.EPOCH;
    }

    /** Removes a folder; the mark of being whole goes first, so that nobody takes a part of it for the whole. */
    static void remove(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(COMPLETE));
        PrivateFiles.remove(folder);
    }

    /** Notes that a launch wants it; who can't write there (a cache that is shared read-only) launches all the same. */
    private void use(String name) {
        try {
            PrivateFiles.touch(root.resolve(name).resolve(USED));
        } catch (IOException e) {
            LOG.debug("the use of {} can't be noted", root.resolve(name), e);
        }
    }

    /**
     * Makes this name's folder whole. Two threads or two daemons that want the same one wait for each other.
     *
     * @param what what is fetched, for people: {@code Spark 4.0.1}
     * @return its folder of jars
     * @throws LaunchException of the fetch, or {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    Path fetch(String name, String what, Progress progress, Fetch<Contents> fetch)
            throws LaunchException, InterruptedException {
        if (!complete(name)) {
            Turn turn = TURNS.computeIfAbsent(jars(name).toAbsolutePath(), any -> new Turn());
            turn.listeners().add(progress);
            try {
                turn.lock().lockInterruptibly();
                try {
                    fetchInTurn(name, what, turn, fetch);
                } finally {
                    turn.lock().unlock();
                }
            } finally {
                turn.listeners().remove(progress);
            }
        }
        use(name);
        return jars(name);
    }

    private void fetchInTurn(String name, String what, Progress progress, Fetch<Contents> fetch)
            throws LaunchException, InterruptedException {
        try {
            PrivateFiles.folder(root);
            try (FileChannel channel = FileChannel.open(
                            root.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = lock(channel, what, progress)) {
                if (held.isValid() && !complete(name)) {
                    int jars = interruptibly(what, progress, (listener, cancelled) -> {
                        Contents contents = fetch.run(listener, cancelled);
                        store(name, contents);
                        return contents.jars().size();
                    });
                    LOG.debug("{} is complete: {} jars", what, jars);
                }
            }
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while another process fetches " + what);
        } catch (IOException e) {
            throw PrivateFiles.failure("fetching " + what, root, e);
        }
    }

    /** Waits for other processes that fetch the same, and says so again and again: it may take them minutes. */
    private static FileLock lock(FileChannel channel, String what, Progress progress)
            throws IOException, InterruptedException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                LOG.debug("{} is fetched by another object of this process", what);
            }
            progress.report("waiting for another connectctl that fetches " + what, 0, 0);
            TimeUnit.MILLISECONDS.sleep(LOCK_CHECK_MILLIS);
        }
    }

    /**
     * maven-resolver swallows interrupts while its own threads download. So it gets a thread, and its listener learns of the
     * interrupt of ours.
     */
    static <T> T interruptibly(String what, Progress progress, Fetch<T> fetch)
            throws LaunchException, InterruptedException, IOException {
        AtomicBoolean cancelled = new AtomicBoolean();
        FutureTask<T> task = new FutureTask<>(() -> fetch.run(progress, cancelled));
        Thread thread = new Thread(task, "fetch " + what);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get();
        } catch (InterruptedException e) {
            cancelled.set(true);
            thread.join();
            throw e;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof LaunchException launch) {
                throw launch;
            }
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof UncheckedIOException unchecked) {
                throw unchecked.getCause();
            }
            throw new IllegalStateException("fetching " + what + " failed unexpectedly", cause);
        }
    }

    private void store(String name, Contents contents) throws IOException {
        Path fresh = root.resolve("." + name + "." + UUID.randomUUID() + ".new");
        try {
            Path jars = fresh.resolve("jars");
            PrivateFiles.folder(jars);
            for (Map.Entry<String, Path> each : contents.jars().entrySet()) {
                Path jar = jars.resolve(each.getKey());
                try {
                    Files.createLink(jar, each.getValue());
                } catch (FileSystemException | UnsupportedOperationException e) {
                    // Another disk, or a file system or a kernel setting that forbids links.
                    Files.copy(each.getValue(), jar, StandardCopyOption.REPLACE_EXISTING);
                }
                // Before COMPLETE says so, also of a link: Maven may have fetched its file just now. What lies on the
                // disk already takes no time.
                PrivateFiles.force(jar);
            }
            PrivateFiles.force(jars);
            for (String mark : contents.marks()) {
                PrivateFiles.write(fresh.resolve(mark), "", false);
            }
            PrivateFiles.write(fresh.resolve(COMPLETE), contents.about() + "\n", false);
            Path target = root.resolve(name);
            PrivateFiles.remove(target);
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            PrivateFiles.force(root);
        } finally {
            PrivateFiles.remove(fresh);
        }
    }
}
