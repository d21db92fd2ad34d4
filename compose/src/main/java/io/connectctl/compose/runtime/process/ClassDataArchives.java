package io.connectctl.compose.runtime.process;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Training;
import io.connectctl.compose.runtime.TrainingPlan;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Class data archives of servers that run as processes, in {@code CACHE/archives}: a folder each, named by its key, and
 * {@code KEY.failed} where a training failed. Several daemons may share a cache: folders appear and vanish as a whole.
 */
final class ClassDataArchives implements Archives {
    private static final Logger LOG = LoggerFactory.getLogger(ClassDataArchives.class);
    private static final String FAILED = ".failed";
    private static final String TRAINING = ".training-";

    private final Path folder;
    private final long limit;
    private final Function<LaunchPlan, Map<String, String>> environment;

    /**
     * @param cache the cache folder
     * @param limit how many bytes of archives are kept at most
     * @param environment the whole environment of a process with this plan
     */
    ClassDataArchives(Path cache, long limit, Function<LaunchPlan, Map<String, String>> environment) {
        this.folder = cache.resolve("archives");
        this.limit = limit;
        this.environment = environment;
    }

    long limit() {
        return limit;
    }

    @Override
    public Archive of(LaunchPlan plan) {
        if (!plan.spec().archive()) {
            return new Archive.NotWanted();
        }
        try {
            ArchiveSubject subject = ArchiveSubject.of(plan);
            Optional<String> failure = Proc.read(failure(subject.key())).map(String::strip);
            Path place = folder.resolve(subject.key());
            Optional<ArchiveEntry> entry = ArchiveEntry.read(place);
            Optional<String> problem = entry.isPresent() ? entry.get().problem(subject) : Optional.empty();
            if (entry.isEmpty() || problem.isPresent()) {
                PrivateFiles.remove(place);
                return new Archive.Missing(
                        subject.key(), failure, problem.map(why -> "the archive for " + subject.about() + ": " + why));
            }
            entry.get().touch();
            return new Archive.Ready(
                    subject.key(), entry.get().options(), entry.get().file());
        } catch (ArchiveUnfitException e) {
            return new Archive.Unfit(e.why());
        } catch (IOException e) {
            return new Archive.Unfit("the cache can't be read or written: " + e);
        }
    }

    private Path failure(String key) {
        return folder.resolve(key + FAILED);
    }

    @Override
    public void failed(LaunchPlan plan, String why) throws IOException {
        try {
            PrivateFiles.folder(folder);
            PrivateFiles.write(failure(ArchiveSubject.of(plan).key()), why + "\n", false);
        } catch (ArchiveUnfitException e) {
            // It has no key any more: nobody would look for it.
            LOG.debug("the failure of a training isn't kept: {}", e.why());
        }
    }

    @Override
    public boolean used(Instance instance, Archive.Ready archive) {
        return instance.pid().isPresent() && Proc.maps(instance.pid().getAsLong(), archive.file());
    }

    // ------------------------------------------------------------------ training

    @Override
    public Training train(LaunchPlan plan) throws LaunchException, InterruptedException {
        try {
            ArchiveSubject subject = ArchiveSubject.of(plan);
            PrivateFiles.folder(folder);
            FileChannel lock = lock();
            try {
                removeLeftovers();
                return TrainingServer.start(this, folder, TRAINING, subject, plan, environment, lock);
            } catch (LaunchException | IOException | InterruptedException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (ArchiveUnfitException e) {
            throw new LaunchException(
                    "ARCHIVE_UNFIT", plan.spec().name() + " can't use a class data archive: " + e.why(), "", false);
        } catch (IOException e) {
            throw PrivateFiles.failure("training a class data archive", folder, e);
        }
    }

    /** Held while a training runs; the kernel gives it back with the daemon. */
    private FileChannel lock() throws IOException, LaunchException {
        FileChannel channel =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            LOG.trace("this very daemon trains already", e);
        }
        channel.close();
        throw new LaunchException(
                "ALREADY_RUNNING",
                "another class data archive is being trained in " + folder,
                "try again when it is done",
                true);
    }

    /** Whatever an earlier training left lies here because its daemon, and the shell beside it, were killed at once. */
    private void removeLeftovers() throws IOException {
        for (Path left : ServerFolder.children(folder)) {
            String name = left.getFileName().toString();
            if (name.startsWith(TRAINING)) {
                TrainingServer.killAll(TrainingPlan.marker(name.substring(TRAINING.length())));
                PrivateFiles.remove(left);
            }
        }
    }

    /**
     * Puts a finished archive into its place, and makes room.
     *
     * @param made a folder that holds nothing but the archive
     * @return its size in bytes
     */
    long publish(Path made, ArchiveSubject subject) throws IOException {
        Path place = folder.resolve(subject.key());
        long bytes = ArchiveEntry.write(made, place, subject);
        PrivateFiles.remove(place);
        try {
            Files.move(made, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException e) {
            // Another machine's daemon on a shared cache was faster: its archive is as good.
            LOG.debug("{} is there already", place);
        }
        PrivateFiles.force(folder);
        Files.deleteIfExists(failure(subject.key()));
        for (ArchiveEntry entry : entries()) {
            if (entry.orphanOf(subject)) {
                LOG.info("removing the archive for {}: its JDK changed", entry.about());
                PrivateFiles.remove(entry.folder());
            }
        }
        bound(subject.key());
        return bytes;
    }

    /** Removes the least recently used ones until the rest is small enough; never the one with this key, nor one in use. */
    private void bound(String newest) throws IOException {
        List<ArchiveEntry> entries = new ArrayList<>(entries());
        entries.sort(Comparator.comparing(ArchiveEntry::lastUsed));
        long bytes = 0;
        for (ArchiveEntry entry : entries) {
            bytes += ProcessCache.size(entry.folder());
        }
        for (ArchiveEntry entry : entries) {
            if (bytes <= limit) {
                return;
            }
            if (!entry.folder().equals(folder.resolve(newest)) && !ProcessCache.inUse(entry.folder())) {
                LOG.info("removing the archive for {}: archives take more than {} bytes", entry.about(), limit);
                bytes -= ProcessCache.size(entry.folder());
                PrivateFiles.remove(entry.folder());
            }
        }
    }

    /** Every whole archive. */
    List<ArchiveEntry> entries() throws IOException {
        List<ArchiveEntry> entries = new ArrayList<>();
        for (Path child : ServerFolder.children(folder)) {
            if (!child.getFileName().toString().startsWith(".")) {
                ArchiveEntry.read(child).ifPresent(entries::add);
            }
        }
        return entries;
    }

    /** What is remembered of failed trainings: a file each. */
    List<Path> failures() throws IOException {
        return ServerFolder.children(folder).stream()
                .filter(file -> file.getFileName().toString().endsWith(FAILED))
                .toList();
    }
}
