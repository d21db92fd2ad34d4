package io.connectctl.manager.supervise;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Writes a tar.gz of small files, all in one folder, mode 0600. */
final class TarGz implements AutoCloseable {
    private static final int OWNER_ALONE = 0100600;

    private final TarArchiveOutputStream out;
    private final String folder;
    private final Instant at;

    /**
     * @param folder what all lies in
     * @param at the time of every file
     */
    TarGz(OutputStream out, String folder, Instant at) throws IOException {
        this.out = new TarArchiveOutputStream(new GZIPOutputStream(out), StandardCharsets.UTF_8.name());
        this.out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        this.folder = folder;
        this.at = at;
    }

    /** Adds a file; {@code name} may have folders. */
    void add(String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(folder + "/" + name);
        entry.setSize(content.length);
        entry.setMode(OWNER_ALONE);
        entry.setModTime(at.toEpochMilli());
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
