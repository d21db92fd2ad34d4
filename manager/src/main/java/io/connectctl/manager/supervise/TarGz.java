package io.connectctl.manager.supervise;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** Writes a tar.gz of small files (POSIX ustar), all in one folder, mode 0600. */
final class TarGz implements AutoCloseable {
    private static final int BLOCK = 512;
    private static final int LONGEST_NAME = 100;
    private static final int LONGEST_FOLDER = 155;

    private final OutputStream out;
    private final String folder;
    private final Instant at;

    /**
     * @param folder what all lies in
     * @param at the time of every file
     */
    TarGz(OutputStream out, String folder, Instant at) throws IOException {
        if (folder.getBytes(StandardCharsets.US_ASCII).length > LONGEST_FOLDER) {
            throw new IllegalArgumentException("folder '" + folder + "' is longer than " + LONGEST_FOLDER);
        }
        this.out = new GZIPOutputStream(out);
        this.folder = folder;
        this.at = at;
    }

    /** Adds a file; {@code name} may have folders. */
    void add(String name, byte[] content) throws IOException {
        if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
            throw new IllegalArgumentException("file name '" + name + "' is longer than " + LONGEST_NAME);
        }
        byte[] header = new byte[BLOCK];
        put(header, 0, name);
        put(header, 100, "0000600");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, String.format(Locale.ROOT, "%011o", content.length));
        put(header, 136, String.format(Locale.ROOT, "%011o", Math.max(0, at.getEpochSecond())));
        put(header, 148, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar");
        put(header, 263, "00");
        put(header, 345, folder);
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        // Counted with blanks in its own place.
        put(header, 148, String.format(Locale.ROOT, "%06o\0 ", sum));
        out.write(header);
        out.write(content);
        out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.close();
    }
}
