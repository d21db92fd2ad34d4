package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs of containers: read from the engine, with stdout and stderr in the order in which they came, and kept as files in
 * {@code STATE/servers/NAME/run/N/server.log} when a container makes room for the next.
 */
final class Logs {
    private static final Logger LOG = LoggerFactory.getLogger(Logs.class);
    /** Longer lines are cut: one line must not take the daemon's memory. */
    private static final int LONGEST_LINE = 64 * 1024;

    private static final int KEPT_LINES = 20_000;
    private static final long KEPT_BYTES = 10L << 20;
    private static final int KEPT_RUNS = 3;
    private static final long LOOK_MILLIS = 500;
    /** From the end of a container to the end of its log. */
    private static final long LAST_LINES_MILLIS = 2_000;

    private static final String FILE = "server.log";

    private final Engine engine;
    private final Folders folders;
    private final Histories histories;
    private final Adoptions adoptions;
    private final Map<ServerName, Follower> followers = new ConcurrentHashMap<>();

    /** Who copies the log of a leased server's container, which has one start. */
    private record Follower(String container, Thread thread) {}

    Logs(Engine engine, Folders folders, Histories histories, Adoptions adoptions) {
        this.adoptions = adoptions;
        this.engine = engine;
        this.folders = folders;
        this.histories = histories;
    }

    // ------------------------------------------------------------------ reading

    /** Gives every line that was asked for. */
    void read(Names names, LogRequest request, LogSink sink)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        if (request.previous()) {
            previous(names, request, sink);
            return;
        }
        Optional<Container> container = owned(names);
        String seen = "";
        if (container.isPresent()) {
            seen = start(container.get());
            try {
                if (!give(names, container.get(), request, sink)) {
                    return;
                }
            } catch (EngineRefusal e) {
                // An engine that is just removing a container refuses its log.
                if (Files.exists(Deadline.file(folders, names.server()))) {
                    kept(names, request, sink);
                    return;
                }
                if (e.status() != EngineRefusal.CONFLICT) {
                    throw e;
                }
            }
        } else if (Files.exists(Deadline.file(folders, names.server()))) {
            kept(names, request, sink);
            return;
        }
        LogRequest rest = new LogRequest(OptionalInt.empty(), request.since(), false, true);
        while (request.follow()) {
            container = owned(names);
            if (container.isPresent() && !start(container.get()).equals(seen)) {
                seen = start(container.get());
                if (!give(names, container.get(), rest, sink)) {
                    return;
                }
            } else if (container.isEmpty()
                    && !Files.isDirectory(
                            folders.servers().resolve(names.server().value()))) {
                return; // the server was removed
            } else {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        }
    }

    private Optional<Container> owned(Names names) throws RuntimeUnavailableException, InterruptedException {
        Optional<Adoptions.Adopted> adopted = adoptions.of(names.server());
        Optional<Container> container = adopted.isPresent()
                ? engine.container(adopted.get().containerId())
                : engine.container(names.container()).filter(names::owns);
        return container.filter(Container::everStarted);
    }

    private static String start(Container container) {
        return container.id() + " " + container.startedAt();
    }

    private boolean give(Names names, Container container, LogRequest request, LogSink sink)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        History history = histories.of(names.server());
        // A container that was started again goes on writing to the same log.
        Instant from = history.starts().indexOf(container.startedAt()) > 0
                ? Container.time(container.startedAt())
                : Instant.EPOCH;
        if (request.since().isPresent() && request.since().get().isAfter(from)) {
            from = request.since().get();
        }
        return lines(container, request.tail(), from, Optional.empty(), request.follow(), sink);
    }

    private void previous(Names names, LogRequest request, LogSink sink)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        History history = histories.of(names.server());
        Optional<Container> container = owned(names);
        int starts = history.starts().size();
        if (starts > 1 && container.isPresent() && container.get().id().equals(history.containerId())) {
            Instant from = Container.time(history.starts().get(starts - 2));
            lines(
                    container.get(),
                    request.tail(),
                    request.since().filter(from::isBefore).orElse(from),
                    Optional.of(Container.time(history.starts().get(starts - 1))),
                    false,
                    sink);
            return;
        }
        Path file = null;
        for (Path run : saved(names.server()).descendingMap().values()) {
            if (file == null && Integer.parseInt(run.getFileName().toString()) < Math.max(1, history.lastNumber())) {
                file = run.resolve(FILE);
            }
        }
        if (file != null && Files.exists(file)) {
            print(file, request, sink);
        }
    }

    private static void print(Path file, LogRequest request, LogSink sink) throws RuntimeUnavailableException {
        try {
            Lines lines = new Lines(sink, request.tail().orElse(-1));
            try (InputStream stream = Files.newInputStream(file)) {
                lines.copy(stream);
            }
            lines.finish();
        } catch (IOException e) {
            throw new RuntimeUnavailableException(file + " can't be read: " + e.getMessage(), e);
        }
    }

    /** @return false if the sink has enough */
    private boolean lines(
            Container container, OptionalInt tail, Instant from, Optional<Instant> until, boolean follow, LogSink sink)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        String path = "/containers/" + container.id() + "/logs?stdout=1&stderr=1&follow=" + (follow ? 1 : 0)
                + "&tail=" + (tail.isPresent() ? Integer.toString(tail.getAsInt()) : "all")
                + (from.isAfter(Instant.EPOCH) ? "&since=" + seconds(from) : "")
                + until.map(end -> "&until=" + seconds(end)).orElse("");
        Lines out = new Lines(sink, -1);
        Lines err = new Lines(sink, -1);
        try {
            engine.stream("reading the log of " + container.name(), path, stream -> {
                if (container.tty()) {
                    out.copy(stream);
                } else {
                    demultiplex(stream, out, err);
                }
            });
        } catch (EngineRefusal e) {
            if (e.status() != EngineRefusal.NOT_FOUND) {
                throw e;
            }
            // It was removed this moment: there is no more to read.
        }
        out.finish();
        err.finish();
        return !out.stopped() && !err.stopped();
    }

    /** Seconds and a fraction since the epoch, as the API takes them. */
    static String seconds(Instant instant) {
        return String.format(java.util.Locale.ROOT, "%d.%09d", instant.getEpochSecond(), instant.getNano());
    }

    /** Each piece has 8 bytes before it: which stream, three zeros, and its length as a big-endian number. */
    private static void demultiplex(InputStream stream, Lines out, Lines err) throws IOException {
        DataInputStream data = new DataInputStream(new BufferedInputStream(stream, 64 * 1024));
        byte[] buffer = new byte[64 * 1024];
        while (!out.stopped() && !err.stopped()) {
            int which;
            int left;
            try {
                which = data.readInt() >>> 24;
                left = data.readInt();
            } catch (EOFException e) {
                return;
            }
            while (left > 0) {
                int read = data.read(buffer, 0, Math.min(left, buffer.length));
                if (read < 0) {
                    return;
                }
                (which == 2 ? err : out).take(buffer, read);
                left -= read;
            }
        }
    }

    /** Cuts bytes into lines. Bytes that are no UTF-8 are replaced. */
    private static final class Lines {
        private final LogSink sink;
        private final int tail;
        private final java.util.ArrayDeque<String> last = new java.util.ArrayDeque<>();
        private final ByteArrayOutputStream open = new ByteArrayOutputStream();
        private long cut;
        private boolean stopped;

        /** @param tail only the last lines, given at the end; -1 for all at once */
        Lines(LogSink sink, int tail) {
            this.sink = sink;
            this.tail = tail;
        }

        boolean stopped() {
            return stopped;
        }

        void copy(InputStream stream) throws IOException {
            byte[] buffer = new byte[64 * 1024];
            int read = stream.read(buffer);
            while (read >= 0 && !stopped) {
                take(buffer, read);
                read = stream.read(buffer);
            }
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

        private void give() {
            String line = open.toString(StandardCharsets.UTF_8);
            if (line.endsWith("\r")) {
                line = line.substring(0, line.length() - 1);
            }
            if (cut > 0) {
                line += " [" + cut + " more bytes cut]";
            }
            open.reset();
            cut = 0;
            if (tail < 0) {
                stopped = !sink.line(line);
                return;
            }
            last.addLast(line);
            if (last.size() > tail) {
                last.removeFirst();
            }
        }

        void finish() {
            if (!stopped && (open.size() > 0 || cut > 0)) {
                give();
            }
            while (!stopped && !last.isEmpty()) {
                stopped = !sink.line(last.removeFirst());
            }
        }
    }

    // ------------------------------------------------------------------ of leased servers

    /**
     * Keeps a leased server's log as it is written, on a thread of its own: the engine removes such a container as soon as it ends,
     * and its log with it. Does nothing where that is done already.
     */
    void follow(Names names, Container container) {
        follow(
                names,
                container.id(),
                () -> copy(names, new Source() {
                    @Override
                    public int incarnation() throws RuntimeUnavailableException, InterruptedException {
                        return histories.of(names.server()).seen(container).lastNumber();
                    }

                    @Override
                    public void give(LogSink sink)
                            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
                        lines(container, OptionalInt.empty(), Instant.EPOCH, Optional.empty(), true, sink);
                    }
                }));
    }

    /**
     * As {@link #follow(Names, Container)}, for a container of ours that is about to be started: one that ends at once would be gone before
     * its log could be asked for. Returns when everything that it writes will be heard, or where the engine doesn't let us; then what it
     * logged is asked for once it runs.
     */
    void followFromItsStart(Names names, String container, int incarnation) throws InterruptedException {
        CountDownLatch attached = new CountDownLatch(1);
        follow(names, container, () -> {
            try {
                copy(names, new Source() {
                    @Override
                    public int incarnation() {
                        return incarnation;
                    }

                    @Override
                    public void give(LogSink sink)
                            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
                        Lines out = new Lines(sink, -1);
                        Lines err = new Lines(sink, -1);
                        engine.attach("attaching to " + names.container(), container, stream -> {
                            attached.countDown();
                            // Containers of ours have no terminal.
                            demultiplex(stream, out, err);
                        });
                        out.finish();
                        err.finish();
                    }
                });
            } finally {
                if (attached.getCount() > 0) {
                    followers.computeIfPresent(
                            names.server(), (server, known) -> known.container().equals(container) ? null : known);
                    attached.countDown();
                }
            }
        });
        if (!attached.await(Engine.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            LOG.debug("{} is started, though nobody hears yet what it writes", names.container());
        }
    }

    private void follow(Names names, String container, Runnable copying) {
        followers.compute(names.server(), (server, known) -> {
            if (known != null && known.container().equals(container)) {
                return known;
            }
            Thread thread = new Thread(copying, "log-" + server);
            thread.setDaemon(true);
            thread.start();
            return new Follower(container, thread);
        });
    }

    /** What one incarnation of a leased server writes. */
    private interface Source {
        int incarnation() throws RuntimeUnavailableException, InterruptedException;

        /** Gives each line as it is written, until the end. */
        void give(LogSink sink) throws EngineRefusal, RuntimeUnavailableException, InterruptedException;
    }

    private void copy(Names names, Source source) {
        try {
            Path run = run(names.server(), source.incarnation());
            PrivateFiles.write(run.resolve(FILE), "", false);
            try (Writer file = Files.newBufferedWriter(run.resolve(FILE))) {
                AtomicLong written = new AtomicLong();
                source.give(line -> {
                    try {
                        file.write(line + "\n");
                        file.flush();
                    } catch (IOException e) {
                        return false; // its folder was removed, or the disk is full: nothing more is kept
                    }
                    return written.addAndGet(line.length()) < KEPT_BYTES;
                });
            }
        } catch (IOException | EngineRefusal | RuntimeUnavailableException e) {
            LOG.debug("the log of {} isn't kept any further: {}", names.server(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What was kept of a leased server whose container is gone; the last lines may still be on their way. */
    private void kept(Names names, LogRequest request, LogSink sink)
            throws RuntimeUnavailableException, InterruptedException {
        Follower follower = followers.get(names.server());
        if (follower != null) {
            follower.thread().join(LAST_LINES_MILLIS);
        }
        Path run = saved(names.server()).get(histories.of(names.server()).lastNumber());
        if (run != null) {
            print(run.resolve(FILE), request, sink);
        }
    }

    void forget(ServerName server) {
        Follower follower = followers.remove(server);
        if (follower != null) {
            follower.thread().interrupt();
        }
    }

    // ------------------------------------------------------------------ keeping

    private Path runs(ServerName server) {
        return folders.servers().resolve(server.value()).resolve("run");
    }

    /** Makes the folder of an incarnation, unless the server's own is gone: then nothing more is to be kept of it. */
    private Path run(ServerName server, int incarnation) throws IOException {
        Path run = runs(server).resolve(Integer.toString(incarnation));
        PrivateFiles.folderBelow(folders.servers().resolve(server.value()), run);
        return run;
    }

    private NavigableMap<Integer, Path> saved(ServerName server) {
        NavigableMap<Integer, Path> saved = new TreeMap<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(runs(server), "[0-9]*")) {
            for (Path run : stream) {
                if (run.getFileName().toString().matches("\\d{1,9}") && Files.exists(run.resolve(FILE))) {
                    saved.put(Integer.parseInt(run.getFileName().toString()), run);
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            return saved; // nothing was kept yet
        }
        return saved;
    }

    /** Keeps the last lines of a container that is about to be removed. */
    void keep(Names names, Container container)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        StringBuilder text = new StringBuilder();
        History history = histories.of(names.server()).seen(container);
        give(names, container, new LogRequest(OptionalInt.of(KEPT_LINES), Optional.empty(), false, false), line -> {
            text.append(line).append('\n');
            return text.length() < KEPT_BYTES;
        });
        try {
            Path run = run(names.server(), history.lastNumber());
            PrivateFiles.write(run.resolve(FILE), text.toString(), false);
            NavigableMap<Integer, Path> saved = saved(names.server());
            while (saved.size() > KEPT_RUNS) {
                PrivateFiles.remove(saved.pollFirstEntry().getValue());
            }
        } catch (IOException e) {
            throw new RuntimeUnavailableException(runs(names.server()) + " can't be written: " + e.getMessage(), e);
        }
    }
}
