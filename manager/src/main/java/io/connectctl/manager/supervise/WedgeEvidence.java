package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.ProbeFailure;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a server that lives and doesn't answer looked like before it was replaced: its threads, its heap, what the kernel knew of it, and
 * the last lines of its log. Lies in {@code servers/NAME/run/N/wedge}, so it goes with what else is kept of that incarnation.
 *
 * <p>Bounded in time, since the server is down meanwhile, and in size: below 9 MiB an incarnation, the newest {@value #KEPT} are kept.
 */
final class WedgeEvidence {
    private static final Logger LOG = LoggerFactory.getLogger(WedgeEvidence.class);

    /** The folder's name in the one of the incarnation. */
    static final String FOLDER = "wedge";

    /** As many as the logs of incarnations that are kept. */
    private static final int KEPT = 3;

    /**
     * For the JVM's answer: it comes within a tenth of a second or, with some exceptions, never. With the rest it stays below the 15 s by which
     * a halt may be late (Lifecycle.STOP_SLACK).
     */
    private static final Duration ANSWER = Duration.ofSeconds(3);

    /** A JVM that was sent SIGQUIT writes its threads at its next safepoint: soon, or never. */
    private static final Duration DUMP_PATIENCE = Duration.ofSeconds(2);

    private static final long LOOK_MILLIS = 200;
    private static final int LAST_LINES = 1_000;
    /** A thread dump in the log comes after the last lines, and takes some 20 lines a thread. */
    private static final int LAST_LINES_WITH_DUMP = 12_000;

    private static final int LONGEST_REMARK = 160;

    private static final String DUMP_BEGINS = "Full thread dump ";
    /** What is held of a log at once, in characters: a line may be 64 KiB long, and the daemon's heap is small. */
    private static final int MOST_HELD = 2 * Snapshot.LARGEST;

    private final Path servers;

    /** The folder of the servers' folders. */
    WedgeEvidence(Path servers) {
        this.servers = servers;
    }

    /** Where evidence of an incarnation lies, or would. */
    static Path folder(Path servers, ServerName server, int incarnation) {
        return servers.resolve(server.value())
                .resolve("run")
                .resolve(Integer.toString(incarnation))
                .resolve(FOLDER);
    }

    /** Every incarnation of which evidence lies there, the newest first. */
    static List<Path> all(Path servers, ServerName server) {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> runs =
                Files.newDirectoryStream(servers.resolve(server.value()).resolve("run"), "[0-9]*")) {
            for (Path run : runs) {
                if (run.getFileName().toString().matches("\\d{1,9}") && Files.isDirectory(run.resolve(FOLDER))) {
                    all.add(run.resolve(FOLDER));
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return List.of(); // it never ran
        }
        all.sort(Comparator.comparingInt(WedgeEvidence::incarnation).reversed());
        return all;
    }

    /** Of which incarnation a folder tells. */
    static int incarnation(Path folder) {
        return Integer.parseInt(folder.getName(folder.getNameCount() - 2).toString());
    }

    /**
     * Saves what can be had within some ten seconds. Whatever fails is told in the daemon's log: the server's replacement must not
     * depend on it.
     *
     * @return one line for people, with the place; empty where nothing ran, or nothing could be saved
     */
    Optional<String> save(ServerRuntime runtime, ServerName server, int incarnation, Optional<ProbeFailure> probe)
            throws InterruptedException {
        try {
            // Somebody may have asked for a dump before.
            Optional<String> earlier =
                    dump(log(runtime, server, LAST_LINES_WITH_DUMP)).map(Dump::stamp);
            Optional<Snapshot> seen = runtime.snapshot(server, ANSWER);
            return seen.isEmpty()
                    ? Optional.empty()
                    : Optional.of(write(runtime, server, incarnation, probe, seen.get(), earlier));
        } catch (RuntimeUnavailableException | IOException | RuntimeException e) {
            LOG.warn("{}: what it looked like before its replacement can't be saved: {}", server, e.toString());
            return Optional.empty();
        }
    }

    private String write(
            ServerRuntime runtime,
            ServerName server,
            int incarnation,
            Optional<ProbeFailure> probe,
            Snapshot seen,
            Optional<String> earlier)
            throws IOException, InterruptedException {
        SortedMap<String, String> files = new TreeMap<>(seen.parts());
        List<String> remarks = new ArrayList<>(seen.remarks());
        List<String> log = seen.dumpInLog() ? logWithDump(runtime, server, earlier) : log(runtime, server, LAST_LINES);
        Optional<Dump> dump = seen.dumpInLog() ? fresh(log, earlier) : Optional.empty();
        List<String> last = new ArrayList<>(log);
        if (dump.isPresent()) {
            List<String> dumped = last.subList(dump.get().begin(), dump.get().end());
            files.putIfAbsent("threads.txt", String.join("\n", dumped) + "\n");
            dumped.clear();
            remarks.add(
                    "the threads and the heap are from the server's own log, where the JVM writes them after SIGQUIT");
        } else if (seen.dumpInLog()) {
            remarks.add("its JVM wrote no threads into its log within " + DUMP_PATIENCE.toSeconds()
                    + " s of SIGQUIT: it is busy, or hangs as a whole");
        }
        files.put("log.txt", end(last));
        StringBuilder about = new StringBuilder()
                .append("server ")
                .append(server)
                .append(", incarnation ")
                .append(incarnation)
                .append(", at ")
                .append(Instant.now().truncatedTo(ChronoUnit.SECONDS))
                .append(", before it was replaced\n");
        probe.ifPresent(failure -> about.append("its last probe failed at ")
                .append(failure.rung())
                .append(": ")
                .append(failure.detail())
                .append('\n'));
        remarks.forEach(remark -> about.append("note: ").append(remark).append('\n'));
        files.put("about.txt", about.toString());

        Path folder = folder(servers, server, incarnation);
        PrivateFiles.folderBelow(servers.resolve(server.value()), folder);
        for (Map.Entry<String, String> file : files.entrySet()) {
            PrivateFiles.write(folder.resolve(file.getKey()), bounded(file.getValue()), false);
        }
        prune(server);
        return "it was wedged: "
                + what(files.containsKey("threads.txt"), files.containsKey("heap.txt"), dump.isPresent())
                + " and its last log lines are in " + folder
                + (remarks.isEmpty() ? "" : " (" + brief(remarks.get(0)) + ")");
    }

    private static String what(boolean threads, boolean heap, boolean fromLog) {
        return threads ? heap || fromLog ? "its threads, its heap" : "its threads" : "the kernel's view of its threads";
    }

    /** A remark may quote a tool. */
    private static String brief(String text) {
        return text.length() <= LONGEST_REMARK ? text : text.substring(0, LONGEST_REMARK - 3) + "...";
    }

    /** The beginning: a thread dump's newest threads come first. */
    private static String bounded(String text) {
        return text.length() <= Snapshot.LARGEST
                ? text
                : text.substring(0, Snapshot.LARGEST) + "\n... cut at " + Snapshot.LARGEST + " characters\n";
    }

    /** As many of the last lines as a file may hold. */
    private static String end(List<String> lines) {
        List<String> last = lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
        String text = String.join("\n", last) + "\n";
        return text.length() <= Snapshot.LARGEST ? text : text.substring(text.length() - Snapshot.LARGEST);
    }

    private static List<String> logWithDump(ServerRuntime runtime, ServerName server, Optional<String> earlier)
            throws InterruptedException {
        long end = System.nanoTime() + DUMP_PATIENCE.toNanos();
        while (true) {
            List<String> log = log(runtime, server, LAST_LINES_WITH_DUMP);
            if (fresh(log, earlier).filter(Dump::whole).isPresent() || System.nanoTime() >= end) {
                return log;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    /**
     * A thread dump in a log.
     *
     * @param stamp when it was written, as the JVM says it in the line before
     * @param begin its first line
     * @param end the line behind its last one
     * @param whole whether it ends in the log: the heap comes last, and then an empty line
     */
    private record Dump(String stamp, int begin, int end, boolean whole) {}

    /** The last dump of a log, unless it is the one that was there before. */
    private static Optional<Dump> fresh(List<String> log, Optional<String> earlier) {
        return dump(log).filter(dump -> !earlier.equals(Optional.of(dump.stamp())));
    }

    private static Optional<Dump> dump(List<String> log) {
        for (int begin = log.size() - 1; begin >= 0; begin--) {
            if (log.get(begin).startsWith(DUMP_BEGINS)) {
                int heap = begin + log.subList(begin, log.size()).indexOf("Heap");
                int empty = heap < begin ? -1 : log.subList(heap, log.size()).indexOf("");
                return Optional.of(new Dump(
                        begin == 0 ? "" : log.get(begin - 1),
                        begin,
                        empty < 0 ? log.size() : heap + empty,
                        empty >= 0));
            }
        }
        return Optional.empty();
    }

    private static List<String> log(ServerRuntime runtime, ServerName server, int lines) throws InterruptedException {
        Deque<String> log = new ArrayDeque<>();
        long[] held = {0};
        try {
            runtime.logs(server, LogRequest.tail(lines), line -> {
                log.addLast(line);
                held[0] += line.length();
                while (held[0] > MOST_HELD) {
                    held[0] -= log.removeFirst().length();
                }
                return true;
            });
        } catch (RuntimeUnavailableException | RuntimeException e) {
            LOG.debug("{}: its log can't be read: {}", server, e.toString());
        }
        return List.copyOf(log);
    }

    private void prune(ServerName server) throws IOException {
        List<Path> all = all(servers, server);
        for (Path old : all.subList(Math.min(KEPT, all.size()), all.size())) {
            PrivateFiles.remove(old);
        }
    }
}
