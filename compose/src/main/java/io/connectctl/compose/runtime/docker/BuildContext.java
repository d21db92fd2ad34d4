package io.connectctl.compose.runtime.docker;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What is sent to the engine for a build: a tar archive that depends on names and contents alone. Entries are sorted, belong
 * to root, and have one time, so that the engine finds every step of an equal context in its cache. Files are read while
 * they are sent; nothing is copied before.
 */
final class BuildContext {
    private static final int BLOCK = 512;
    /** What the name field of a header holds. */
    private static final int NAME = 100;
    /** 2020-01-01, a time that no jar's reader objects to. */
    private static final long TIME = 1_577_836_800L;

    private static final int FOLDER = 0755;
    private static final int FILE = 0644;

    /** Content by name; a folder's name ends with a slash and has no content. */
    private final SortedMap<String, Content> entries = new TreeMap<>();

    private interface Content {
        long size() throws IOException;

        InputStream open() throws IOException;
    }

    /** Adds a small file. */
    BuildContext text(String name, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        entries.put(name, new Content() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(bytes);
            }
        });
        return this;
    }

    /** Adds a file of this machine. */
    BuildContext file(String name, Path file) {
        entries.put(name, new Content() {
            @Override
            public long size() throws IOException {
                return Files.size(file);
            }

            @Override
            public InputStream open() throws IOException {
                return Files.newInputStream(file);
            }
        });
        return this;
    }

    /**
     * Adds a file that comes from elsewhere, and only once.
     *
     * @param stream its content; closed when it was read
     */
    BuildContext stream(String name, InputStream stream, long size) {
        entries.put(name, new Content() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public InputStream open() {
                return stream;
            }
        });
        return this;
    }

    /** Adds an empty folder. */
    BuildContext folder(String name) {
        return text(name + "/", "");
    }

    /** How many bytes the archive has. */
    long size() throws IOException {
        long size = 2 * BLOCK;
        for (Content content : entries.values()) {
            size += BLOCK + padded(content.size());
        }
        return size;
    }

    /**
     * The archive.
     *
     * @param sent hears now and then how many bytes were read of it; must not block
     */
    InputStream open(LongConsumer sent) {
        List<InputStream> pieces = new ArrayList<>();
        entries.forEach((name, content) -> pieces.add(new Piece(name, content)));
        pieces.add(new ByteArrayInputStream(new byte[2 * BLOCK]));
        return new Counted(new SequenceInputStream(Collections.enumeration(pieces)), sent);
    }

    /** An entry with its header; opened when it is its turn, or hundreds of files would be open at once. */
    private static final class Piece extends InputStream {
        private final String name;
        private final Content content;
        private @Nullable InputStream open;

        Piece(String name, Content content) {
            this.name = name;
            this.content = content;
        }

        private InputStream opened() throws IOException {
            InputStream now = open;
            if (now == null) {
                long size = content.size();
                now = new SequenceInputStream(Collections.enumeration(List.of(
                        new ByteArrayInputStream(header(name, size)),
                        new Exactly(content.open(), name, size),
                        new ByteArrayInputStream(new byte[(int) (padded(size) - size)]))));
                open = now;
            }
            return now;
        }

        @Override
        public int read() throws IOException {
            return opened().read();
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            return opened().read(buffer, offset, length);
        }

        @Override
        public void close() throws IOException {
            if (open != null) {
                open.close();
            }
        }
    }

    private static long padded(long size) {
        return (size + BLOCK - 1) / BLOCK * BLOCK;
    }

    /** A header of POSIX ustar. */
    private static byte[] header(String name, long size) throws IOException {
        byte[] header = new byte[BLOCK];
        byte[] whole = name.getBytes(StandardCharsets.UTF_8);
        int split = -1;
        if (whole.length > NAME) {
            // The folder goes into a field of its own.
            split = name.lastIndexOf('/', name.length() - 2);
            if (split < 0 || name.substring(split + 1).getBytes(StandardCharsets.UTF_8).length > NAME) {
                throw new IOException("the name " + name + " is too long for an archive");
            }
        }
        put(header, 0, split < 0 ? name : name.substring(split + 1));
        octal(header, 100, 8, name.endsWith("/") ? FOLDER : FILE);
        octal(header, 108, 8, 0);
        octal(header, 116, 8, 0);
        octal(header, 124, 12, size);
        octal(header, 136, 12, TIME);
        header[156] = (byte) (name.endsWith("/") ? '5' : '0');
        put(header, 257, "ustar\00000");
        if (split >= 0) {
            put(header, 345, name.substring(0, split));
        }
        // Computed as if its own field were blank.
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        octal(header, 148, 7, sum);
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    /** Digits that fill the field up to its closing zero. */
    private static void octal(byte[] header, int at, int length, long value) throws IOException {
        String digits = Long.toOctalString(value);
        if (digits.length() > length - 1) {
            throw new IOException(value + " is too large for an archive of this kind");
        }
        put(header, at, "0".repeat(length - 1 - digits.length()) + digits);
        header[at + length - 1] = 0;
    }

    /** Fails where a file isn't as long as its header said: the archive would be broken from there on. */
    private static final class Exactly extends FilterInputStream {
        private final String name;
        private long left;

        Exactly(InputStream in, String name, long size) {
            super(in);
            this.name = name;
            this.left = size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            left -= Math.max(count, 0);
            if (count < 0 ? left > 0 : left < 0) {
                throw new IOException(name + " changed while it was sent");
            }
            return count;
        }
    }

    private static final class Counted extends FilterInputStream {
        private final LongConsumer sent;
        private long count;

        Counted(InputStream in, LongConsumer sent) {
            super(in);
            this.sent = sent;
        }

        @Override
        public int read() throws IOException {
            int one = super.read();
            tell(one < 0 ? -1 : 1);
            return one;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            tell(read);
            return read;
        }

        private void tell(int read) {
            if (read > 0) {
                count += read;
                sent.accept(count);
            }
        }
    }
}
