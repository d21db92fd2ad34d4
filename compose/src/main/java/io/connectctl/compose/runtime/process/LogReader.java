package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the logs of one server: over the files that rotation made, from the end where only the last lines are wanted, and on
 * over rotations and restarts where it follows. Bytes that are no UTF-8 are replaced.
 */
final class LogReader {
    /** Longer lines are cut: one line must not take the daemon's memory. */
    private static final int LONGEST_LINE = 64 * 1024;

    private static final int BLOCK = 64 * 1024;
    private static final int ROTATED_FILES = 3;
    private static final long FOLLOW_MILLIS = 100;

    /** ISO date and time at a line's start, with or without a zone: {@code 2026-11-22T15:04:05.123Z}. */
    private static final Pattern TIME = Pattern.compile(
            "^(\\d{4}-\\d\\d-\\d\\d)[T ](\\d\\d:\\d\\d:\\d\\d)(?:[.,](\\d{1,9}))?(Z|[+-]\\d\\d(?::?\\d\\d)?)?.*",
            Pattern.DOTALL);

    private final ServerFolder folder;
    private final LogRequest request;
    private final LogSink sink;

    LogReader(ServerFolder folder, LogRequest request, LogSink sink) {
        this.folder = folder;
        this.request = request;
        this.sink = sink;
    }

    /** Gives every line that was asked for; returns at the end, or when the sink or the thread says stop. */
    void read() throws IOException, InterruptedException {
        List<RunFolder> runs = folder.runs();
        int wanted = request.previous() ? 1 : 0;
        if (runs.size() <= wanted) {
            if (!request.follow() || request.previous()) {
                return;
            }
            Optional<RunFolder> first = next(0);
            if (first.isEmpty()) {
                return;
            }
            runs = List.of(first.get());
        }
        RunFolder run = runs.get(wanted);
        Cursor cursor = new Cursor(run);
        boolean follows = request.follow() && !request.previous();
        if (!past(run, cursor, follows)) {
            return;
        }
        if (follows) {
            follow(run, cursor);
        }
    }

    // ------------------------------------------------------------------ what was written so far

    private boolean past(RunFolder run, Cursor cursor, boolean keepOpenLine) throws IOException, InterruptedException {
        Lines lines;
        Deque<String> last = new ArrayDeque<>();
        int tail = request.tail().orElse(-1);
        if (tail == 0) {
            cursor.skipToEnd();
            return true;
        }
        if (tail > 0) {
            lines = new Lines(line -> {
                last.addLast(line);
                if (last.size() > tail) {
                    last.removeFirst();
                }
                return true;
            });
        } else {
            lines = new Lines(sink);
        }
        lines.since(request.since(), run.launchedAt());
        if (tail > 0 && request.since().isEmpty()) {
            cursor.skipToLast(tail);
        }
        while (cursor.readInto(lines)) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (lines.stopped()) {
                return false;
            }
        }
        if (keepOpenLine) {
            cursor.giveBackOpenLine(lines);
        } else {
            lines.finish();
        }
        if (lines.stopped()) {
            return false;
        }
        for (String line : last) {
            if (!sink.line(line)) {
                return false;
            }
        }
        return true;
    }

    // ------------------------------------------------------------------ what is written from now on

    private void follow(RunFolder first, Cursor firstCursor) throws IOException, InterruptedException {
        RunFolder run = first;
        Cursor cursor = firstCursor;
        Lines lines = new Lines(sink);
        lines.since(request.since(), run.launchedAt());
        while (true) {
            boolean news = cursor.readInto(lines);
            if (lines.stopped()) {
                return;
            }
            if (news) {
                continue;
            }
            Optional<RunFolder> newer = newer(run.incarnation());
            if (newer.isPresent()) {
                // Its predecessor ended before it could start: one more look finds the rest of that log.
                cursor.readRest(lines);
                lines.finish();
                if (lines.stopped()) {
                    return;
                }
                run = newer.get();
                cursor = new Cursor(run);
                continue;
            }
            if (!Files.isDirectory(folder.path())) {
                lines.finish();
                return;
            }
            TimeUnit.MILLISECONDS.sleep(FOLLOW_MILLIS);
        }
    }

    private Optional<RunFolder> newer(int incarnation) {
        RunFolder oldest = null;
        for (RunFolder run : folder.runs()) {
            if (run.incarnation() > incarnation && Files.exists(run.log())) {
                oldest = run;
            }
        }
        return Optional.ofNullable(oldest);
    }

    private Optional<RunFolder> next(int incarnation) throws InterruptedException {
        while (Files.isDirectory(folder.path())) {
            Optional<RunFolder> run = newer(incarnation);
            if (run.isPresent()) {
                return run;
            }
            TimeUnit.MILLISECONDS.sleep(FOLLOW_MILLIS);
        }
        return Optional.empty();
    }

    /**
     * A place in everything that an incarnation ever wrote. Counts bytes from its first one; the keeper tells in
     * {@code rotated} how many of them it moved out of server.log.
     */
    private static final class Cursor {
        private final Path log;
        private final Path rotated;
        private long place;

        Cursor(RunFolder run) {
            this.log = run.log();
            this.rotated = run.path().resolve("rotated");
            this.place = oldest();
        }

        private long moved() {
            try {
                return Proc.read(rotated)
                        .map(text -> Long.parseLong(text.strip()))
                        .orElse(0L);
            } catch (NumberFormatException e) {
                return 0;
            }
        }

        private Path part(int number) {
            return number == 0 ? log : log.resolveSibling(log.getFileName() + "." + number);
        }

        private static long size(Path file) {
            try {
                return Files.size(file);
            } catch (IOException e) {
                return 0;
            }
        }

        private long oldest() {
            long place = moved();
            for (int part = 1; part <= ROTATED_FILES; part++) {
                place -= size(part(part));
            }
            return Math.max(0, place);
        }

        void skipToEnd() {
            place = moved() + size(log);
        }

        /** Goes to where the last lines start, reading backwards. */
        void skipToLast(int lines) throws IOException {
            long end = moved();
            long lineEnds = 0;
            boolean last = true;
            for (int part = 0; part <= ROTATED_FILES; part++) {
                long size = size(part(part));
                long from = part == 0 ? end : end - size;
                try (FileChannel channel = FileChannel.open(part(part), StandardOpenOption.READ)) {
                    long upTo = size;
                    ByteBuffer block = ByteBuffer.allocate(BLOCK);
                    while (upTo > 0) {
                        long start = Math.max(0, upTo - BLOCK);
                        block.clear().limit((int) (upTo - start));
                        int read = channel.read(block, start);
                        for (int i = read - 1; i >= 0; i--) {
                            if (block.get(i) == '\n') {
                                boolean ends = last && start + i == size - 1;
                                last = false;
                                if (!ends && ++lineEnds == lines) {
                                    place = from + start + i + 1;
                                    return;
                                }
                            }
                            last = false;
                        }
                        upTo = start;
                    }
                } catch (NoSuchFileException e) {
                    break;
                }
                end = from;
            }
            place = Math.max(0, end);
        }

        /** Goes back to the start of an unfinished line: it will be read again when there is more of it. */
        void giveBackOpenLine(Lines lines) {
            place -= lines.open();
            lines.drop();
        }

        /** Reads all there is, until the sink has enough. */
        void readRest(Lines lines) throws IOException {
            boolean more = true;
            while (more && !lines.stopped()) {
                more = readInto(lines);
            }
        }

        /** Reads one block, if there is one. */
        boolean readInto(Lines lines) throws IOException {
            long moved = moved();
            if (place > moved + size(log)) {
                return false; // truncated this moment; the keeper is about to tell how much it moved
            }
            if (place >= moved) {
                return block(log, place - moved, lines);
            }
            long end = moved;
            for (int part = 1; part <= ROTATED_FILES; part++) {
                long size = size(part(part));
                if (place >= end - size) {
                    if (moved() != moved) {
                        return true; // rotated meanwhile: the names have moved on
                    }
                    return block(part(part), place - (end - size), lines);
                }
                end -= size;
            }
            place = Math.max(place + 1, end); // what lay here was rotated out of existence
            return true;
        }

        private boolean block(Path file, long offset, Lines lines) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                ByteBuffer block = ByteBuffer.allocate(BLOCK);
                int read = channel.read(block, offset);
                if (read <= 0) {
                    return false;
                }
                place += read;
                lines.take(block.array(), read);
                return true;
            } catch (NoSuchFileException e) {
                return false;
            }
        }
    }

    /** Cuts bytes into lines and drops those that are too old. */
    private static final class Lines {
        private final LogSink sink;
        private final ByteArrayOutputStream open = new ByteArrayOutputStream();
        private long cut;
        private boolean stopped;
        private @Nullable Instant since;
        private Instant latest = Instant.MIN;

        Lines(LogSink sink) {
            this.sink = sink;
        }

        void since(Optional<Instant> instant, Instant launchedAt) {
            since = instant.orElse(null);
            latest = launchedAt;
        }

        boolean stopped() {
            return stopped;
        }

        long open() {
            return open.size() + cut;
        }

        void drop() {
            open.reset();
            cut = 0;
        }

        void take(byte[] bytes, int length) {
            int start = 0;
            for (int i = 0; i < length && !stopped; i++) {
                if (bytes[i] == '\n') {
                    add(bytes, start, i - start);
                    give();
                    start = i + 1;
                }
            }
            if (!stopped) {
                add(bytes, start, length - start);
            }
        }

        private void add(byte[] bytes, int from, int length) {
            int room = Math.max(0, Math.min(length, LONGEST_LINE - open.size()));
            open.write(bytes, from, room);
            cut += length - room;
        }

        void finish() {
            if (!stopped && (open.size() > 0 || cut > 0)) {
                give();
            }
        }

        private void give() {
            String line = open.toString(StandardCharsets.UTF_8);
            if (line.endsWith("\r")) {
                line = line.substring(0, line.length() - 1);
            }
            if (cut > 0) {
                line += " [" + cut + " more bytes cut]";
            }
            drop();
            if (since != null) {
                latest = time(line).orElse(latest);
                if (latest.isBefore(since)) {
                    return;
                }
            }
            stopped = !sink.line(line);
        }
    }

    /** When a line was written, where it says so. */
    static Optional<Instant> time(String line) {
        Matcher matcher = TIME.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String fraction = matcher.group(3);
        String zone = matcher.group(4);
        String text = matcher.group(1) + "T" + matcher.group(2) + (fraction == null ? "" : "." + fraction);
        try {
            if (zone == null) {
                return Optional.of(
                        LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant());
            }
            String offset = zone.replace(":", "");
            if (offset.length() == 3) {
                offset += "00";
            }
            String iso = offset.equals("Z") ? "Z" : offset.substring(0, 3) + ":" + offset.substring(3);
            return Optional.of(OffsetDateTime.parse(text + iso).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** The start of what an incarnation wrote, as far as it is still there. */
    static List<String> head(RunFolder run, int lines) throws IOException {
        List<String> head = new ArrayList<>();
        Cursor cursor = new Cursor(run);
        Lines cutter = new Lines(line -> {
            head.add(line);
            return head.size() < lines;
        });
        cursor.readRest(cutter);
        return head;
    }
}
