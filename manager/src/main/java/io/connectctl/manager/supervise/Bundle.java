package io.connectctl.manager.supervise;

import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One archive with all that somebody needs who is to find out what is wrong with a server, and isn't here. Every byte of it goes through the
 * redaction of the secrets of all servers, as the daemon's log tells of all.
 *
 * <p>What can't be had is left out, and named in its README: whoever makes one has trouble already.
 */
final class Bundle {
    private static final Logger LOG = LoggerFactory.getLogger(Bundle.class);

    /** Of each log, from its end. */
    private static final int MOST_LINES = 50_000;

    private static final int MOST_BYTES = 5 << 20;
    private static final int DAEMON_LOG_BYTES = 1 << 20;
    private static final int MOST_CRASH_REPORTS = 3;
    private static final String CRASH_REPORTS = "hs_err_pid*.log";
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final ServerName server;
    private final ServerSpec spec;
    private final int incarnation;
    private final Surroundings around;
    private final UnaryOperator<String> scrubber;
    private final Map<String, String> about = new TreeMap<>();
    private final List<String> missing = new ArrayList<>();

    /**
     * @param spec with its secrets: only what is redacted of it gets into the archive
     * @param incarnation the last one
     * @param scrubber takes every secret out of a text
     */
    Bundle(ServerName server, ServerSpec spec, int incarnation, Surroundings around, UnaryOperator<String> scrubber) {
        this.server = server;
        this.spec = spec;
        this.incarnation = incarnation;
        this.around = around;
        this.scrubber = scrubber;
    }

    /**
     * Writes it.
     *
     * @param more further files, by name
     */
    void write(Map<String, String> more, OutputStream out) throws IOException, InterruptedException {
        Instant now = around.time().now().wall();
        try (TarGz tar = new TarGz(out, "connectctl-" + server + "-" + STAMP.format(now), now)) {
            for (Map.Entry<String, String> file : more.entrySet()) {
                add(tar, file.getKey(), file.getValue(), "what the API answers");
            }
            files(tar);
            logs(tar);
            run(tar);
            add(tar, "machine.txt", machine(), "this machine: system, memory, disks, limits, runtimes");
            copy(
                    tar,
                    around.folders().state().resolve("daemon.log"),
                    DAEMON_LOG_BYTES,
                    "daemon.log",
                    "the end of the daemon's own log, of all servers");
            tar.add("README.txt", scrubber.apply(readme(now)).getBytes(StandardCharsets.UTF_8));
        }
    }

    private void add(TarGz tar, String name, String text, String what) throws IOException {
        tar.add(name, scrubber.apply(text).getBytes(StandardCharsets.UTF_8));
        about.put(name, what);
    }

    /** Not what lies on the disk: its preview, which holds no secret to begin with. */
    private void files(TarGz tar) throws IOException {
        ServerRuntime runtime = around.runtimes().get(spec.runtime());
        if (runtime == null) {
            missing.add("files/: it was never started, so where it will run isn't chosen yet");
            return;
        }
        try {
            for (RenderedFile file :
                    around.planner().preview(spec, runtime.plannedSite(spec)).files()) {
                add(tar, "files/" + file.name(), file.text(), "rendered from the templates, secrets redacted");
            }
        } catch (RenderException | RuntimeException e) {
            missing.add("files/: " + e.getMessage());
        }
    }

    private void logs(TarGz tar) throws IOException, InterruptedException {
        ServerRuntime runtime = around.runtimes().get(spec.runtime());
        if (runtime == null) {
            missing.add("logs/: it never ran");
            return;
        }
        for (boolean previous : new boolean[] {false, true}) {
            String name = previous ? "logs/previous.log" : "logs/current.log";
            Deque<String> lines = new ArrayDeque<>();
            long[] length = {0};
            try {
                LogRequest request = new LogRequest(OptionalInt.of(MOST_LINES), Optional.empty(), previous, false);
                runtime.logs(server, request, line -> {
                    lines.addLast(line);
                    length[0] += line.length() + 1;
                    while (length[0] > MOST_BYTES) {
                        length[0] -= lines.removeFirst().length() + 1;
                    }
                    return true;
                });
            } catch (RuntimeUnavailableException | RuntimeException e) {
                missing.add(name + ": " + e.getMessage());
            }
            if (lines.isEmpty()) {
                missing.add(name + ": no line of it is there");
            } else {
                add(tar, name, String.join("\n", lines) + "\n", "the end of the server's log, at most 5 MiB");
            }
        }
    }

    /** Evidence of wedges, what the keeper said, and the JVM's own reports of its crashes. */
    private void run(TarGz tar) throws IOException {
        Path servers = around.folders().servers();
        for (Path wedge : WedgeEvidence.all(servers, server)) {
            for (Path file : files(wedge, "*.txt")) {
                copy(
                        tar,
                        file,
                        "wedge/" + WedgeEvidence.incarnation(wedge) + "/" + file.getFileName(),
                        "saved before a wedged incarnation was replaced");
            }
        }
        Path home = servers.resolve(server.value());
        Path run = home.resolve("run").resolve(Integer.toString(incarnation));
        for (String name : List.of("keeper.log", "launch.json", "instance.json")) {
            if (Files.isRegularFile(run.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                copy(tar, run.resolve(name), "run/" + name, "of the last incarnation");
            }
        }
        crashes(tar, home);
    }

    /** The newest reports: a JVM writes its own where it works, and its keeper takes it from there. */
    private void crashes(TarGz tar, Path home) throws IOException {
        if (spec.runtime().equals("docker")) {
            missing.add(
                    "crashes/: a container's JVM writes reports of its crashes (hs_err_pid*.log) into the container's own volume");
            return;
        }
        List<Path> crashes = files(home.resolve("work"), CRASH_REPORTS);
        try (DirectoryStream<Path> runs = Files.newDirectoryStream(home.resolve("run"), "[0-9]*")) {
            for (Path each : runs) {
                crashes.addAll(files(each, CRASH_REPORTS));
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.debug("{} isn't looked into: {}", home, e.toString());
        }
        crashes.sort(Comparator.comparingLong((Path crash) -> crash.toFile().lastModified())
                .reversed());
        for (Path crash : crashes.subList(0, Math.min(MOST_CRASH_REPORTS, crashes.size()))) {
            copy(tar, crash, "crashes/" + crash.getFileName(), "the JVM's report of its crash");
        }
    }

    private void copy(TarGz tar, Path file, String name, String what) throws IOException {
        copy(tar, file, MOST_BYTES, name, what);
    }

    private void copy(TarGz tar, Path file, int most, String name, String what) throws IOException {
        Optional<String> text = tail(file, most);
        if (text.isPresent()) {
            add(tar, name, text.get(), what);
        } else {
            missing.add(name + ": " + file + " can't be read");
        }
    }

    private static List<Path> files(Path folder, String pattern) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, pattern)) {
            for (Path file : stream) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    files.add(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.debug("{} isn't looked into: {}", folder, e.toString());
        }
        files.sort(Comparator.naturalOrder());
        return files;
    }

    /** The end of a file; empty where it isn't there or can't be read. */
    private static Optional<String> tail(Path file, int bytes) {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
            long length = open.length();
            open.seek(Math.max(0, length - bytes));
            byte[] end = new byte[(int) Math.min(bytes, length)];
            open.readFully(end);
            String text = new String(end, StandardCharsets.UTF_8);
            // Half a line could be half a secret, which no redaction knows.
            return Optional.of(length > bytes ? text.substring(text.indexOf('\n') + 1) : text);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private String machine() throws InterruptedException {
        StringBuilder text = new StringBuilder();
        for (String property :
                List.of("os.name", "os.version", "os.arch", "java.version", "java.vendor", "java.home")) {
            line(text, property, System.getProperty(property, ""));
        }
        line(text, "processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        Folders folders = around.folders();
        for (Path folder : List.of(folders.state(), folders.cache(), Path.of("/tmp"))) {
            line(text, "disk of " + folder, room(folder));
        }
        for (ServerRuntime runtime : around.runtimes().values()) {
            String condition;
            try {
                condition = runtime.condition();
            } catch (RuntimeUnavailableException e) {
                condition = "can't be asked: " + e.getMessage();
            }
            line(text, "runtime " + runtime.name(), condition);
        }
        for (String file : List.of(
                "/etc/os-release",
                "/proc/version",
                "/proc/uptime",
                "/proc/loadavg",
                "/proc/meminfo",
                "/proc/pressure/cpu",
                "/proc/pressure/memory",
                "/proc/pressure/io",
                "/proc/self/limits",
                "/proc/self/cgroup")) {
            try {
                text.append("\n== ").append(file).append('\n').append(Files.readString(Path.of(file)));
            } catch (IOException e) {
                text.append("can't be read: ").append(e.getMessage()).append('\n');
            }
        }
        return text.toString();
    }

    private static String room(Path folder) {
        try {
            FileStore store = Files.getFileStore(folder);
            return (store.getUsableSpace() >> 20) + " MiB of " + (store.getTotalSpace() >> 20) + " MiB free, "
                    + store.type();
        } catch (IOException e) {
            return "can't be asked: " + e.getMessage();
        }
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(": ").append(value).append('\n');
    }

    private String readme(Instant now) {
        StringBuilder text = new StringBuilder();
        text.append("What is known of the Spark Connect server ")
                .append(server)
                .append(", made by connectctl at ")
                .append(now)
                .append(".\n\n")
                .append(
                        "Values of secrets that the declarations of this installation hold now, its tokens, and what looks like a secret\n")
                .append(
                        "(password=..., Bearer ..., user:password@host) are replaced in every file. What users wrote into logs by other\n")
                .append("means is there as they wrote it: look through the logs before you publish this.\n\n");
        about.forEach(
                (name, what) -> text.append(name).append("\n    ").append(what).append('\n'));
        if (!missing.isEmpty()) {
            text.append("\nNot in it:\n");
            missing.forEach(each -> text.append("    ").append(each).append('\n'));
        }
        return text.toString();
    }
}
