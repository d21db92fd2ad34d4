package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * connectctl as a user has it: the distribution this build made, run through its launcher, in a home of its own. Only the
 * cache (Spark's jars) is shared between tests. Closing it stops its daemon and every server it started, containers too.
 */
final class Installation implements AutoCloseable {
    /** Long enough for a start on a loaded machine. */
    static final Duration PATIENCE = Duration.ofMinutes(4);

    /** A look at a server is a process of its own here: ten a second would take a core from the server that is waited for. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(700);

    /** Half a minute on a quiet machine. */
    private static final Duration TRAINING = Duration.ofMinutes(3);

    private static final String DEFAULT_VERSION = "4.0.1";

    /** The commands that may start a server. */
    private static final Set<String> STARTING = Set.of("start", "restart", "run", "lease", "pool", "daemon");

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Path ROOT =
            Path.of(System.getProperty("connectctl.root")).toAbsolutePath();
    private static final Path CACHE = ROOT.resolve("target/tests/cache");
    private static final Path APP = app();

    /** Whoever has time lets the servers under test bring their archive about themselves, in the background. */
    private static final AtomicBoolean TRAINED = new AtomicBoolean(Boolean.getBoolean("connectctl.trained"));

    private static @Nullable Installation trainerOrNull;

    static {
        Awaitility.setDefaultPollInterval(BETWEEN_LOOKS);
    }

    private final Where where;
    private final List<String> prefix;
    private final Path app;
    private final Path home;
    private final Map<String, String> environment = new HashMap<>();
    private final List<Process> spawned = new CopyOnWriteArrayList<>();
    private @Nullable String socket;
    private boolean trainer;

    /** Whose servers are plain processes. */
    Installation() {
        this(Where.PROCESS);
    }

    Installation(Where where) {
        this(where, List.of(), APP);
    }

    /** Whose servers can't use a class data archive, so that none is to be made for them beforehand. */
    static Installation untrained() {
        Installation installation = new Installation();
        installation.trainer = true;
        return installation;
    }

    /**
     * With containers, as another user or in another network.
     *
     * @param prefix the command that every command is run by, and so the daemon that it starts
     * @param owner who owns its home, where that is somebody else; gets a distribution of its own there, as it may see nothing else
     */
    static Installation with(List<String> prefix, Optional<String> owner) {
        Installation installation = new Installation(Where.DOCKER, prefix, APP);
        if (owner.isEmpty()) {
            return installation;
        }
        try {
            Path own = installation.home.resolve("app");
            copy(APP, own);
            finish(
                    new ProcessBuilder("chown", "-R", owner.get(), installation.home.toString()).start(),
                    Duration.ofMinutes(1));
            return new Installation(installation, own);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Installation(Installation other, Path app) {
        this.where = other.where;
        this.prefix = other.prefix;
        this.app = app;
        this.home = other.home;
        environment.putAll(other.environment);
        environment.put("CONNECTCTL_CACHE_DIR", home.resolve("cache").toString());
    }

    private Installation(Where where, List<String> prefix, Path app) {
        this.where = where;
        this.prefix = prefix;
        this.app = app;
        try {
            home = Files.createTempDirectory("connectctl-test-");
            Files.createDirectories(home.resolve("project"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        environment.put("HOME", home.toString());
        environment.put("PATH", System.getenv("PATH"));
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("CONNECTCTL_RUN_DIR", home.resolve("run").toString());
        environment.put("CONNECTCTL_CACHE_DIR", CACHE.toString());
        if (where == Where.PROCESS) {
            // An engine of this machine is none of these tests' business.
            environment.put("DOCKER_HOST", "unix://" + home.resolve("no-engine.sock"));
        } else if (System.getenv("DOCKER_HOST") != null) {
            environment.put("DOCKER_HOST", System.getenv("DOCKER_HOST"));
        }
    }

    /** The module jars, their libraries and the launcher, laid out as a distribution. */
    private static Path app() {
        Path app = ROOT.resolve("target/tests/app");
        Path libraries = ROOT.resolve("manager/target/dist/lib");
        assertThat(libraries).as("made by the manager's package phase").isDirectory();
        try {
            delete(app);
            copy(libraries, app.resolve("lib"));
            copy(ROOT.resolve("bin"), app.resolve("bin"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return app;
    }

    /**
     * Makes the class data archive that every process of the default version takes from then on, as on a user's machine after
     * the first start. Without it, each installation here would begin to train one, and none would live long enough. Whoever
     * starts no server, or has a cache of its own, needn't wait for it.
     */
    private static void trainOnce() {
        synchronized (TRAINED) {
            if (!TRAINED.compareAndSet(false, true)) {
                return;
            }
            try (Installation installation = fetched()) {
                // It gives way to everything else that runs here: where there is no time for it, the tests go on
                // without.
                Process training = installation.spawn("cache", "train", "trained");
                if (!training.waitFor(TRAINING.toSeconds(), TimeUnit.SECONDS)) {
                    training.destroy();
                }
                installation.ok("stop", "trained");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    /** The one whose server brought the default Spark into the shared cache, and then trains. */
    private static synchronized Installation fetched() {
        Installation trainer = trainerOrNull;
        if (trainer == null) {
            trainer = new Installation();
            trainer.trainer = true;
            trainerOrNull = trainer;
            // A run of a single test may fetch and never train.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                if (!TRAINED.get()) {
                    fetched().close();
                }
            }));
            trainer.ok("start", "trained", "--port", "auto", "--ui-port", "auto");
        }
        return trainer;
    }

    /** Its home folder. */
    Path home() {
        return home;
    }

    /** Where commands run. */
    Path project() {
        return home.resolve("project");
    }

    /** Its state folder. */
    Path state() {
        return home.resolve(".local/state/connectctl");
    }

    /** The folder of one server. */
    Path serverFolder(String name) {
        return state().resolve("servers").resolve(name);
    }

    /** The folder of Spark's jars in the shared cache; fetched by a first start where no test did that yet. */
    Path jars(String version) {
        Path spark = CACHE.resolve("spark").resolve(version);
        if (version.equals(DEFAULT_VERSION)) {
            fetched();
        }
        if (!Files.exists(spark.resolve("COMPLETE"))) {
            try (Installation other = new Installation()) {
                other.ok("start", "fetches", "--spark", version, "--port", "auto", "--ui-port", "auto");
                other.ok("stop", "fetches");
            }
        }
        return spark.resolve("jars");
    }

    /** The folder of jars that an earlier start brought into the shared cache, by its name there. */
    Path cached(String name) {
        Path jars = CACHE.resolve("spark").resolve(name).resolve("jars");
        assertThat(jars).isDirectory();
        return jars;
    }

    /** The class data archives of daemons in its cache. */
    List<Path> daemonArchives() throws IOException {
        Path apps = Path.of(environment.get("CONNECTCTL_CACHE_DIR")).resolve("app");
        try (Stream<Path> files = Files.walk(apps)) {
            return files.filter(file -> file.toString().endsWith("-daemon.jsa")).toList();
        }
    }

    /** Its id in the labels of containers and volumes; empty before it made one. */
    Optional<String> id() {
        try {
            Path file = state().resolve("installation");
            return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The container of a server, as status tells it. */
    String containerId(String server) {
        String id = status(server).path("containerId").asText("");
        assertThat(id).as("container of " + server).isNotEmpty();
        return id;
    }

    /** Starts a server of this Spark version where this installation's servers run. */
    Outcome start(String server, String version, String... flags) {
        List<String> arguments = new ArrayList<>(List.of("start", server));
        arguments.addAll(where.flags(this, version));
        arguments.addAll(List.of(flags));
        return ok(arguments.toArray(new String[0]));
    }

    /** The environment of its commands, to be changed. */
    Map<String, String> environment() {
        return environment;
    }

    /** Runs a command to its end. */
    Outcome run(String... arguments) {
        return finish(spawn(arguments), PATIENCE);
    }

    /** Runs a command that must succeed. */
    Outcome ok(String... arguments) {
        Outcome outcome = run(arguments);
        assertThat(outcome.exit())
                .as(() -> String.join(" ", arguments) + "\n" + outcome)
                .isZero();
        return outcome;
    }

    /** Its launcher. */
    Path launcher() {
        return app.resolve("bin/connectctl");
    }

    /** Starts a command. */
    Process spawn(String... arguments) {
        return start(commandLine(arguments));
    }

    /** Starts a command in the foreground of a terminal of its own: what is written to it is typed there. */
    Process spawnOnTerminal(String... arguments) {
        String line = commandLine(arguments).stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" ", "exec ", ""));
        return start(List.of("script", "--quiet", "--return", "--command", line, "/dev/null"));
    }

    private List<String> commandLine(String... arguments) {
        if (!trainer
                && STARTING.contains(arguments[0])
                && CACHE.toString().equals(environment.get("CONNECTCTL_CACHE_DIR"))) {
            trainOnce();
        }
        List<String> command = new ArrayList<>(prefix);
        // As from a terminal: a test that was begun in a script's background would hand on that ^C is ignored.
        command.addAll(List.of("/usr/bin/env", "--default-signal"));
        command.add(launcher().toString());
        command.addAll(List.of(arguments));
        return command;
    }

    private Process start(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(project().toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            spawned.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for a command's end and returns what it wrote. */
    static Outcome finish(Process process, Duration patience) {
        CompletableFuture<String> out = CompletableFuture.supplyAsync(() -> text(process.getInputStream()));
        CompletableFuture<String> err = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
        try {
            process.getOutputStream().close();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        "no end within " + patience + ": " + process.info() + "\n" + out.join() + err.join());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Outcome(process.exitValue(), out.join(), err.join());
    }

    private static String text(InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code status NAME -o json} says of one server, whatever its exit code. */
    JsonNode status(String name) {
        return json(run("status", name, "-o", "json").out()).path("servers").path(0);
    }

    /**
     * What {@link #status} says, asked of the daemon itself: in milliseconds, so that whoever waits takes no processor from
     * what is waited for.
     */
    JsonNode look(String server) {
        return json(get("/v1/servers/" + server));
    }

    /** The answer of a running daemon's API. */
    String get(String path) {
        String known = socket;
        if (known == null) {
            known = json(ok("daemon", "status", "-o", "json").out())
                    .path("socket")
                    .asText();
            socket = known;
        }
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(known))) {
            // In this version the answer ends with the connection, in one piece.
            channel.write(ByteBuffer.wrap(
                    ("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
            String answer = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 200");
            return answer.substring(answer.indexOf("\r\n\r\n") + 4);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads JSON. */
    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    /** Every process whose command line names this installation's home: its daemon, keepers and servers. */
    List<ProcessHandle> processes() {
        // The daemon's command line names the shared cache alone: its home is in its environment.
        return ProcessHandle.allProcesses()
                .filter(process -> commandLine(process.pid()).contains(home.toString())
                        || read(process.pid(), "environ").contains("HOME=" + home + "\0"))
                .toList();
    }

    /** The daemon's process. */
    ProcessHandle daemon() {
        long pid = json(run("daemon", "status", "-o", "json").out()).path("pid").asLong();
        return ProcessHandle.of(pid).orElseThrow();
    }

    /** A process' command line, empty where it is gone. */
    static String commandLine(long pid) {
        return read(pid, "cmdline");
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/" + file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() {
        // What a test that failed would leave running: a command, and what that had started.
        for (Process process : spawned) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        run("daemon", "stop");
        // An engine of the test's own goes as a whole.
        if (where == Where.DOCKER && Objects.equals(environment.get("DOCKER_HOST"), System.getenv("DOCKER_HOST"))) {
            id().ifPresent(Docker::clear);
        }
        processes().forEach(ProcessHandle::destroyForcibly);
        try {
            delete(home);
        } catch (IOException e) {
            // A server that was killed this moment may still have written a file; the folder is a temporary one.
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
