package io.connectctl.manager.client;

import io.connectctl.manager.client.DaemonUnreachableException.Reason;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Starts the daemon in a session of its own, detached from the caller's terminal and pipes, so that
 * {@code $(connectctl start)} returns while the daemon stays. Several callers at once start one daemon.
 */
public final class DaemonLauncher {
    /** The daemon's main class, run by name so that its libraries stay off the command line's path. */
    private static final String MAIN = "io.connectctl.manager.daemon.DaemonMain";

    /**
     * A cold JVM with SQLite and Jetty answers within 2 s here; the rest is for machines under load, where 20 s were seen to be
     * too short. One that ends is told at once.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** How a daemon exits that finds another one holding the state folder. */
    private static final int HELD = 8;

    /** {@code systemctl start} of a unit that isn't there; from the LSB's "not installed". */
    private static final int NO_SUCH_UNIT = 5;

    /** {@code env} finds no systemctl: no systemd here, or none any more, as in a container with a machine's state. */
    private static final int NO_SUCH_COMMAND = 127;

    /**
     * What a daemon may inherit. Its environment is made anew: whatever else the first caller's shell holds, tokens not the
     * least, would otherwise live as long as the daemon does.
     */
    private static final Set<String> INHERITED = Set.of(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "LANG",
            "TZ",
            "TMPDIR",
            "MALLOC_ARENA_MAX",
            "JAVA_HOME",
            "M2_HOME",
            "MAVEN_HOME",
            "SPARK_HOME",
            "http_proxy",
            "https_proxy",
            "no_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "DOCKER_HOST",
            "DOCKER_CONTEXT",
            "DOCKER_CONFIG",
            "DOCKER_TLS",
            "DOCKER_TLS_VERIFY",
            "DOCKER_CERT_PATH",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_RUNTIME_DIR",
            "XDG_CACHE_HOME");

    private static final Pattern ENVIRONMENT = Pattern.compile("\\$\\{env\\.([A-Za-z_][A-Za-z0-9_]*)\\}");

    private static final List<String> INHERITED_PREFIXES = List.of("LC_", "CONNECTCTL_");

    /** Its log has the mode that the umask leaves. */
    private static final String LAUNCH = "umask 077; exec \"$@\"";

    /**
     * Runs the supervisor of one command ($1 is its state folder), and once more, with the same input, where it was killed: it then
     * goes on, or removes what is left if whoever held the input is gone, too. A few times only, as a crash may come again.
     */
    private static final String LAUNCH_FOR_ONE_COMMAND =
            """
            umask 077
            state=$1 child='' stopped='' code=1
            shift
            trap 'stopped=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
            exec 3<&0 </dev/null
            for nap in 0 1 5 20; do
                sleep "$nap" 3<&-
                "$@" <&3 3<&- &
                child=$!
                [ -z "$stopped" ] || kill -TERM "$child" 2>/dev/null
                while :; do
                    wait "$child"
                    code=$?
                    kill -0 "$child" 2>/dev/null || break
                done
                child=''
                [ "$code" -gt 128 ] && [ -z "$stopped" ] && [ -e "$state/for-one-command" ] || break
            done
            exit "$code"
            """;

    private final ApiClient client;
    private final Path stateFolder;
    private final Map<String, String> environment;
    private final List<String> command;
    private final Duration patience;

    /**
     * @param client of the daemon to start
     * @param stateFolder where its output goes, {@code daemon.out}
     * @param environment the caller's environment, of which the daemon inherits only what it needs
     */
    public DaemonLauncher(ApiClient client, Path stateFolder, Map<String, String> environment) {
        this(client, stateFolder, environment, command(), PATIENCE);
    }

    DaemonLauncher(
            ApiClient client,
            Path stateFolder,
            Map<String, String> environment,
            List<String> command,
            Duration patience) {
        this.client = client;
        this.stateFolder = stateFolder;
        this.environment = Map.copyOf(environment);
        this.command = List.copyOf(command);
        this.patience = patience;
    }

    /**
     * Starts a daemon that serves one command and ends with it: when the returned process' input is closed, however that comes.
     *
     * @param state its state folder, which is its alone and goes with it
     * @param environment its environment, of which it gets only what a daemon needs
     */
    public static Process forOneCommand(Path state, Map<String, String> environment) throws IOException {
        List<String> command = command();
        command.set(command.indexOf(LAUNCH), LAUNCH_FOR_ONE_COMMAND);
        command.add(command.indexOf(LAUNCH_FOR_ONE_COMMAND) + 2, state.toString());
        command.add(command.size() - 1, "-Dconnectctl.oneCommand=true");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        state.resolve("daemon.out").toFile()))
                .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(inherited(environment));
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
        // It takes an archive and records none: nothing may be left running when the command has ended.
        return spawn(builder);
    }

    private static List<String> command() {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("setsid", "sh", "-c", LAUNCH, "sh"));
        command.add(java().toString());
        DaemonArchive.configured().filter(DaemonArchive::exists).ifPresent(archive -> command.addAll(archive.use()));
        command.addAll(options());
        command.add(MAIN);
        return command;
    }

    private static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /** What every JVM of a daemon is given, from its own options to the class path. */
    private static List<String> options() {
        List<String> options = new ArrayList<>();
        String home = System.getProperty("connectctl.home");
        if (home != null) {
            // The same for a daemon in the foreground, which bin/connectctl starts.
            options.add("@" + home + "/lib/daemon.options");
            options.add("-Dconnectctl.home=" + home);
        }
        options.add("-Dconnectctl.detached=true");
        String build = System.getProperty("connectctl.build");
        if (build != null) {
            options.add("-Dconnectctl.build=" + build);
        }
        options.add("-cp");
        options.add(home != null ? home + "/lib/*" : System.getProperty("java.class.path"));
        return options;
    }

    /** Once for each copy of connectctl and each Java, and beside everything else: the daemons to come start faster. */
    private static void recordClasses(Map<String, String> environment) {
        Optional<DaemonArchive> archive = DaemonArchive.configured().filter(wanted -> !wanted.exists());
        if (archive.isEmpty()) {
            return;
        }
        ProcessBuilder builder = new ProcessBuilder(archive.get().record(java(), options()))
                .directory(new File("/"))
                .redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(inherited(environment));
        try {
            builder.start();
        } catch (IOException e) {
            // The daemon that was asked for runs; without an archive the next one only starts as slowly.
        }
    }

    /**
     * Returns once a daemon answers, starting one if none does.
     *
     * @param announce called before one is started
     * @return true if this call started it
     * @throws DaemonUnreachableException NOT_STARTED with its last lines, or what else stands in the way
     */
    public boolean ensureRunning(Runnable announce) throws IOException, InterruptedException {
        if (answers()) {
            return false;
        }
        try {
            return started(announce);
        } catch (FileSystemException e) {
            throw new DaemonUnreachableException(
                    Reason.NOT_STARTED,
                    "the daemon can't be started, as the state folder " + stateFolder + " can't be written: "
                            + e.getMessage(),
                    "make it writable, or name another one: CONNECTCTL_STATE_DIR=DIR",
                    e);
        }
    }

    private boolean started(Runnable announce) throws IOException, InterruptedException {
        createFolder(stateFolder);
        long deadline = System.nanoTime() + patience.toNanos();
        try (FileChannel channel = FileChannel.open(
                        stateFolder.resolve("daemon.start.lock"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                FileLock lock = lock(channel, deadline)) {
            // Whoever had the lock before may have started it meanwhile.
            if (lock.isValid() && answers()) {
                return false;
            }
            announce.run();
            Optional<SystemdUnit> unit = SystemdUnit.ofLastDaemon(stateFolder);
            if (unit.isEmpty() || !startedBySystemd(unit.get(), deadline)) {
                startDaemon(deadline);
            }
            return true;
        }
    }

    /**
     * Has systemd start the unit that ran the daemon before.
     *
     * @return false if this systemd knows no such unit any more, or there is none
     */
    private boolean startedBySystemd(SystemdUnit unit, long deadline) throws IOException, InterruptedException {
        Path told = Files.createTempFile("connectctl-systemctl", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(unit.command("start"))
                    .directory(new File("/"))
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(told.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            Process process = spawn(builder);
            // It returns when the unit is ready; whoever asks while it starts waits for the same start.
            boolean ended = process.waitFor(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (!ended) {
                process.destroyForcibly();
            } else if (process.exitValue() == NO_SUCH_UNIT || process.exitValue() == NO_SUCH_COMMAND) {
                return false;
            } else if (process.exitValue() == 0) {
                while (answersDuringStart().isEmpty() && System.nanoTime() < deadline) {
                    TimeUnit.MILLISECONDS.sleep(20);
                }
                if (answers()) {
                    return true;
                }
            }
            throw new DaemonUnreachableException(
                    Reason.NOT_STARTED,
                    "the daemon is run by systemd, and doesn't answer on " + client.socket() + " after '"
                            + unit.advice("start") + "'"
                            + (ended ? ", which exited with " + process.exitValue() : ", which goes on")
                            + lastLines(told.toFile(), 0),
                    "see: " + unit.advice("status") + "; or run it without systemd: connectctl daemon run",
                    null);
        } finally {
            Files.deleteIfExists(told);
        }
    }

    private FileLock lock(FileChannel channel, long deadline) throws IOException, InterruptedException {
        while (true) {
            FileLock lock = tryLock(channel);
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() > deadline) {
                throw new DaemonUnreachableException(
                        Reason.NOT_STARTED,
                        "another connectctl has been starting the daemon for " + patience.toSeconds() + " s ("
                                + stateFolder.resolve("daemon.start.lock") + " is locked)",
                        "try again; if it stays so, see " + output(),
                        null);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Another thread of this very process has it; only tests do that.
            return null;
        }
    }

    private boolean answers() throws IOException {
        try {
            client.ping(Duration.ofSeconds(10));
            return true;
        } catch (DaemonUnreachableException e) {
            if (e.reason() == Reason.NOT_RUNNING) {
                return false;
            }
            throw e;
        }
    }

    private void startDaemon(long deadline) throws IOException, InterruptedException {
        Path output = output();
        if (Files.notExists(output)) {
            Files.createFile(
                    output, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        long before = Files.size(output);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(inherited(environment));
        // Where this caller, and those that wait beside it, look for it.
        Path run = client.socket().toAbsolutePath().getParent();
        if (run != null) {
            builder.environment().put("CONNECTCTL_RUN_DIR", run.toString());
        }
        // glibc keeps an arena of freed memory for each thread that ever allocated otherwise: tens of MiB.
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
        Process process = spawn(builder);
        while (true) {
            if (answersDuringStart().isPresent()) {
                recordClasses(environment);
                return;
            }
            if (process.waitFor(20, TimeUnit.MILLISECONDS) && !answers()) {
                if (process.exitValue() == HELD && System.nanoTime() < deadline) {
                    // Another daemon holds the folder and doesn't answer: it is about to start, to end, or to make its
                    // removed socket anew. Each takes seconds.
                    TimeUnit.MILLISECONDS.sleep(500);
                    process = spawn(builder);
                    continue;
                }
                throw new DaemonUnreachableException(
                        Reason.NOT_STARTED,
                        "the daemon ended with exit code " + process.exitValue() + " while starting" + lines(before),
                        "see " + output
                                + " and daemon.log beside it; or run it in the foreground: connectctl daemon run",
                        null);
            }
            if (System.nanoTime() > deadline) {
                throw new DaemonUnreachableException(
                        Reason.NOT_STARTED,
                        "the daemon (pid " + process.pid() + ") doesn't answer on " + client.socket() + " after "
                                + patience.toSeconds() + " s" + lines(before),
                        "see " + output + " and daemon.log beside it",
                        null);
            }
        }
    }

    private static Process spawn(ProcessBuilder builder) throws DaemonUnreachableException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new DaemonUnreachableException(
                    Reason.NOT_STARTED,
                    "the daemon can't be started: " + e.getMessage(),
                    "connectctl needs setsid (package util-linux) and the Java it runs on; or run the daemon in the"
                            + " foreground: connectctl daemon run",
                    e);
        }
    }

    /** Present once it answers; between bind and accept it may also answer late, which is no failure yet. */
    private Optional<Boolean> answersDuringStart() {
        try {
            client.ping(Duration.ofSeconds(2));
            return Optional.of(true);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Path output() {
        return stateFolder.resolve("daemon.out");
    }

    /** Variables by which Maven's settings name a user or a password: the daemon fetches Spark with the same settings. */
    private static Set<String> namedInSettings(Map<String, String> environment) {
        Set<String> names = new HashSet<>();
        for (String home : List.of(environment.getOrDefault("HOME", ""), System.getProperty("user.home", ""))) {
            Matcher variable = ENVIRONMENT.matcher(text(Path.of(home, ".m2/settings.xml")));
            while (variable.find()) {
                names.add(variable.group(1));
            }
        }
        return names;
    }

    /** Empty where there is none: what is wrong with one is told by whoever needs it. */
    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static Map<String, String> inherited(Map<String, String> environment) {
        Map<String, String> kept = new TreeMap<>();
        Set<String> mavens = namedInSettings(environment);
        environment.forEach((name, value) -> {
            if (INHERITED.contains(name)
                    || mavens.contains(name)
                    || INHERITED_PREFIXES.stream().anyMatch(name::startsWith)) {
                kept.put(name, value);
            }
        });
        return kept;
    }

    /** What it wrote since, its last lines. */
    private String lines(long from) throws IOException {
        return lastLines(output().toFile(), from);
    }

    private static String lastLines(File of, long from) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(of, "r")) {
            long start = Math.max(from, file.length() - 4096);
            byte[] bytes = new byte[(int) (file.length() - start)];
            file.seek(start);
            file.readFully(bytes);
            List<String> lines =
                    new String(bytes, StandardCharsets.UTF_8).strip().lines().toList();
            List<String> last = lines.subList(Math.max(0, lines.size() - 8), lines.size());
            return last.isEmpty() ? "" : ":\n    " + String.join("\n    ", last);
        }
    }

    private static void createFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rwx------");
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(owner));
    }
}
