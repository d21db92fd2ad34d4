package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.CacheEntry;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** The cache of servers that run as processes: Spark's jars, those of packages, and class data archives. */
final class ProcessCache implements Cache {
    /**
     * Between the moment when a launch picks something and the one when its process opens it; what was picked so recently
     * is in use, whatever the processes say.
     */
    private static final Duration PICKED = Duration.ofSeconds(10);

    private final SparkDistributions distributions;
    private final Packages packages;
    private final ClassDataArchives archives;

    ProcessCache(SparkDistributions distributions, Packages packages, ClassDataArchives archives) {
        this.distributions = distributions;
        this.packages = packages;
        this.archives = archives;
    }

    @Override
    public Archives archives() {
        return archives;
    }

    @Override
    public long archiveLimit() {
        return archives.limit();
    }

    @Override
    public List<CacheEntry> entries() throws IOException {
        List<CacheEntry> entries = new ArrayList<>();
        for (Path runtime : distributions.folders()) {
            String version = runtime.getFileName().toString();
            entries.add(entry(
                    CacheEntry.Kind.SPARK, version, "Spark " + version, runtime, FetchedFolders.lastUsed(runtime)));
        }
        for (Path set : packages.folders()) {
            entries.add(entry(
                    CacheEntry.Kind.PACKAGES,
                    set.getFileName().toString(),
                    FetchedFolders.about(set),
                    set,
                    FetchedFolders.lastUsed(set)));
        }
        for (ArchiveEntry archive : archives.entries()) {
            entries.add(entry(
                    CacheEntry.Kind.ARCHIVE,
                    archive.folder().getFileName().toString(),
                    archive.about(),
                    archive.folder(),
                    archive.lastUsed()));
        }
        for (Path failure : archives.failures()) {
            String name = failure.getFileName().toString();
            entries.add(new CacheEntry(
                    CacheEntry.Kind.FAILURE,
                    name.substring(0, name.lastIndexOf('.')),
                    Proc.read(failure).orElse("").strip(),
                    size(failure),
                    Files.getLastModifiedTime(failure).toInstant(),
                    false,
                    failure));
        }
        entries.sort(Comparator.comparing(CacheEntry::kind).thenComparing(CacheEntry::name));
        return List.copyOf(entries);
    }

    private static CacheEntry entry(CacheEntry.Kind kind, String name, String about, Path path, Instant lastUsed)
            throws IOException {
        boolean picked = lastUsed.isAfter(Instant.now().minus(PICKED));
        return new CacheEntry(kind, name, about, size(path), lastUsed, picked || inUse(path), path);
    }

    @Override
    public List<CacheEntry> prune(Duration unused) throws IOException {
        Instant before = Instant.now().minus(unused);
        List<CacheEntry> removed = new ArrayList<>();
        for (CacheEntry entry : entries()) {
            if (!entry.inUse() && !entry.lastUsed().isAfter(before)) {
                if (entry.kind() == CacheEntry.Kind.SPARK || entry.kind() == CacheEntry.Kind.PACKAGES) {
                    FetchedFolders.remove(entry.path());
                } else {
                    PrivateFiles.remove(entry.path());
                }
                removed.add(entry);
            }
        }
        return List.copyOf(removed);
    }

    /** True if any process that we may look at has a file below this folder open or mapped. */
    static boolean inUse(Path folder) {
        return Proc.all().stream().anyMatch(process -> Proc.uses(process.pid(), folder));
    }

    /** What a file, or all files below a folder, take. */
    static long size(Path path) throws IOException {
        AtomicLong bytes = new AtomicLong();
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes.addAndGet(attributes.size());
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE; // removed this moment
                }
                throw e;
            }
        });
        return bytes.get();
    }
}
