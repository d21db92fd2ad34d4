package io.connectctl.compose.runtime.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.zip.CRC32;

/**
 * The folder of one archive, {@code CACHE/archives/KEY}: the archive, {@code use.options} for java, {@code about.properties},
 * and {@code used}, whose time tells when a server was last launched with it.
 */
final class ArchiveEntry {
    private static final String ABOUT = "about.properties";
    private static final String USE = "use.options";
    private static final String USED = "used";

    private final Path folder;
    private final Properties about;

    private ArchiveEntry(Path folder, Properties about) {
        this.folder = folder;
        this.about = about;
    }

    /** Reads one; empty where there is none, or not a whole one. */
    static Optional<ArchiveEntry> read(Path folder) {
        Optional<String> text = Proc.read(folder.resolve(ABOUT));
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Properties about = new Properties();
        try {
            about.load(new StringReader(text.get()));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
        return Optional.of(new ArchiveEntry(folder, about));
    }

    /**
     * Describes an archive that was just made in {@code folder}, which is to be moved to {@code place}.
     *
     * @return its size in bytes
     */
    static long write(Path folder, Path place, ArchiveSubject subject) throws IOException {
        Path file = folder.resolve(subject.kind().file());
        Properties about = new Properties();
        about.setProperty("key", subject.key());
        about.setProperty("about", subject.about());
        about.setProperty("jvm", subject.jvm());
        about.setProperty("javaHome", subject.javaHome().toString());
        about.setProperty("file", subject.kind().file());
        about.setProperty("crc32", crc32(file));
        about.setProperty("identity", identity(file));
        about.setProperty("made", Instant.now().toString());
        PrivateFiles.write(
                folder.resolve(USE),
                subject.kind().useOptions(place.resolve(subject.kind().file())),
                false);
        PrivateFiles.touch(folder.resolve(USED));
        PrivateFiles.force(file);
        store(folder, about);
        return Files.size(file);
    }

    private static void store(Path folder, Properties about) throws IOException {
        StringWriter text = new StringWriter();
        about.store(text, null);
        PrivateFiles.write(folder.resolve(ABOUT), text.toString(), false);
    }

    /**
     * Why it can't be used for this subject; empty if it can. A file that nobody touched since it was last looked at isn't
     * read; one that was (copied with the cache from elsewhere, say) is read once as a whole: a JVM checks an archive's head
     * only, and dies of a damaged rest.
     */
    Optional<String> problem(ArchiveSubject subject) throws IOException {
        if (!subject.key().equals(about("key"))) {
            return Optional.of("it was made for another Spark, JVM or class path (" + about() + ")");
        }
        if (!subject.kind().file().equals(about("file")) || !Files.isRegularFile(file())) {
            return Optional.of("its file is missing");
        }
        String expected = subject.kind().useOptions(file());
        if (!Proc.read(options()).filter(expected::equals).isPresent()) {
            // Its folder was moved, with the cache: where the archive lies is no part of what it is.
            PrivateFiles.write(options(), expected, false);
        }
        String identity = identity(file());
        if (identity.equals(about("identity"))) {
            return Optional.empty();
        }
        if (!crc32(file()).equals(about("crc32"))) {
            return Optional.of("its file is damaged");
        }
        about.setProperty("identity", identity);
        store(folder, about);
        return Optional.empty();
    }

    private String about(String key) {
        return about.getProperty(key, "");
    }

    String key() {
        return about("key");
    }

    /** What it is for, for people. */
    String about() {
        return about("about");
    }

    /** True if its JDK is another one by now, or gone: nobody can ever use it again. */
    boolean orphanOf(ArchiveSubject subject) {
        return subject.javaHome().toString().equals(about("javaHome"))
                && !subject.jvm().equals(about("jvm"));
    }

    Path folder() {
        return folder;
    }

    Path file() {
        // A name out of a file on disk: only ever a name in this very folder.
        Path name = Path.of(about("file")).getFileName();
        return folder.resolve(name == null ? Path.of(USE) : name);
    }

    Path options() {
        return folder.resolve(USE);
    }

    void touch() throws IOException {
        PrivateFiles.touch(folder.resolve(USED));
    }

    Instant lastUsed() {
        return lastUsed(folder);
    }

    static Instant lastUsed(Path folder) {
        for (Path file : new Path[] {folder.resolve(USED), folder}) {
            try {
                return Files.getLastModifiedTime(file).toInstant();
            } catch (IOException e) {
                // Never used, or removed this moment.
            }
        }
        return Instant.EPOCH;
    }

    /** Changes with every write to the file, and with every copy of it; the change time can't be set by anybody. */
    private static String identity(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,ino,dev");
        return attributes.get("dev") + " " + attributes.get("ino") + " " + attributes.get("size") + " "
                + attributes.get("lastModifiedTime") + " " + attributes.get("ctime");
    }

    private static String crc32(Path file) throws IOException {
        CRC32 crc = new CRC32();
        byte[] block = new byte[1 << 20];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(block); read >= 0; read = in.read(block)) {
                crc.update(block, 0, read);
            }
        }
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }
}
