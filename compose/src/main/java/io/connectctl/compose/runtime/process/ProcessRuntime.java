package io.connectctl.compose.runtime.process;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.ArchiveKey;
import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.DriverReach;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Inherited;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.JavaChoice;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.Recalled;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.Trace;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkHome;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Servers as plain processes of this machine, each under a small keeper (keeper.sh) in a session of its own. Everything that
 * is known of a server lies in its folder, so a daemon that was killed at any instant is followed by one that knows as much.
 *
 * <p>At most one instance of a server lives: the keeper takes the lock on the server's folder before it starts anything, and
 * the server inherits the locked descriptor, so that the lock outlives a killed keeper.
 */
public final class ProcessRuntime implements ServerRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessRuntime.class);

    /** From here on a log is rotated; with three older files a server's logs stay below 40 MiB a run. */
    private static final long LOG_LIMIT = 10L << 20;

    private static final int LOG_CHECK_SECONDS = 2;

    /** Room for the archives of some Spark versions and JDKs: one takes 90 to 200 MiB. */
    private static final long ARCHIVE_LIMIT = 1L << 30;

    /** A keeper needs some milliseconds; a machine that swaps may need seconds. */
    private static final Duration LAUNCH_PATIENCE = Duration.ofSeconds(15);

    /** For an incarnation that is just being launched or just ending when somebody asks. */
    private static final Duration SETTLE_PATIENCE = Duration.ofSeconds(2);

    /** From SIGKILL to the exit: the kernel may have much memory to free. */
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(3);

    /** From the server's exit to its keeper's word on it, which takes milliseconds; a stopped keeper never says it. */
    private static final Duration KEEPER_PATIENCE = Duration.ofSeconds(2);

    private static final String TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";

    /** Less than a keeper's few small files may take, a block each. */
    private static final int FULL_BYTES = 64 << 10;

    private static final int LOCK_HELD = 75;
    private static final int FLOCK_MISSING = 69;
    private static final int UI_RETRIES = 16;
    private static final long LOOK_AGAIN = 500;
    /** A look may also have waited for a port to greet, which costs nothing. */
    private static final long LOOK_AGAIN_AT_LAST = TimeUnit.MINUTES.toNanos(1);

    private static final long LOOK_AT_LEAST = TimeUnit.SECONDS.toNanos(1);

    /** How long a port that nobody is found to hold may still be the one of a process that ends. */
    private static final long FREED_SOON = TimeUnit.SECONDS.toNanos(3);

    /** How often a port is asked whether it is the UI's. */
    private static final int WEB_TRIES = 5;

    private static final int CONNECT_MILLIS = 200;
    private static final int LOG_HEAD_LINES = 2000;

    /** {@code Utils: Successfully started service 'sparkDriver' on port 35271.} (Spark 3.4 to 4.2) */
    private static final Pattern STARTED = Pattern.compile("Successfully started service '([^']+)' on port (\\d+)");

    /** {@code NettyBlockTransferService: Server created on localhost:39137} or {@code host 127.0.0.1:39137} */
    private static final Pattern BLOCKS = Pattern.compile("Server created on .*?:(\\d+)\\s*$");

    private final Folders folders;
    private final Map<String, String> environment;
    private final SparkDistributions distributions;
    private final Packages packages;
    private final ProcessCache cache;
    private final JavaHomes javaHomes;
    private final long logLimit;
    private final int logCheckSeconds;
    private final Map<ServerName, Known> listeners = new ConcurrentHashMap<>();
    private final List<ExitWatch> watches = new CopyOnWriteArrayList<>();

    /**
     * @param folders where servers and the Spark cache lie
     * @param environment the daemon's own environment: where to find Java, Maven's settings, PATH, HOME
     */
    public ProcessRuntime(Folders folders, Map<String, String> environment) {
        this(folders, environment, LOG_LIMIT, LOG_CHECK_SECONDS);
    }

    ProcessRuntime(Folders folders, Map<String, String> environment, long logLimit, int logCheckSeconds) {
        this.folders = folders;
        this.environment = Map.copyOf(environment);
        this.distributions = new SparkDistributions(folders.cache(), environment);
        this.packages = new Packages(folders.cache(), environment);
        this.cache = new ProcessCache(
                distributions,
                packages,
                new ClassDataArchives(folders.cache(), ARCHIVE_LIMIT, this::serverEnvironment));
        this.javaHomes = new JavaHomes(environment, Path.of(System.getProperty("java.home")), Path.of("/usr/lib/jvm"));
        this.logLimit = logLimit;
        this.logCheckSeconds = logCheckSeconds;
    }

    @Override
    public String name() {
        return "process";
    }

    @Override
    public String host() {
        return "localhost";
    }

    @Override
    public Optional<JavaChoice> java(SparkVersion spark) throws LaunchException {
        return Optional.of(javaHomes.choose(spark));
    }

    @Override
    public Optional<String> obstacle(ServerSpec spec) {
        return Optional.empty();
    }

    @Override
    public List<String> remarks(ServerSpec spec) {
        return List.of();
    }

    @Override
    public Optional<Cache> cache() {
        return Optional.of(cache);
    }

    /** The Spark runtimes resolved from Maven coordinates that this runtime uses. */
    public SparkDistributions distributions() {
        return distributions;
    }

    @Override
    public Site plannedSite(ServerSpec spec) {
        return site(spec, javaHomes.planned(spec), packages(spec));
    }

    /** What is fetched here; empty also where it can't be: then Spark's own resolver does it, into the server's own folder. */
    private Optional<PackageSet> packages(ServerSpec spec) {
        return PackageSet.of(spec).filter(packages::serves);
    }

    @Override
    public Map<String, String> ingredients(ServerSpec spec) {
        Site site = plannedSite(spec);
        Path jars = site.sparkHome()
                .map(home -> home.resolve("jars"))
                .or(site::jars)
                .orElseThrow();
        try {
            List<String> lines = new ArrayList<>();
            for (Path jar : ArchiveSubject.jars(jars)) {
                // Its time says when it was fetched, which is no difference.
                lines.add(jar.getFileName() + " " + Files.size(jar));
            }
            return lines.isEmpty() ? Map.of() : Map.of("jars", ArchiveKey.of(lines));
        } catch (IOException e) {
            // Not fetched yet, or gone: the launch will say so.
            return Map.of();
        }
    }

    private Site site(ServerSpec spec, Path javaHome, Optional<PackageSet> wanted) {
        ServerFolder folder = ServerFolder.of(folders, spec.name());
        Optional<SparkHome> home = spec.sparkHome().map(SparkHome::of);
        Site site = new Site(
                folder.conf(),
                folder.work(),
                folder.warehouse(),
                javaHome,
                home.flatMap(SparkHome::distribution),
                home.isPresent()
                        ? home.flatMap(SparkHome::bareJars)
                        : Optional.of(distributions.jarsFolder(SparkRuntime.of(spec))),
                true);
        return site.with(wanted.map(packages::jarsFolder))
                .withHadoopConf(spec.cluster().hadoopConf());
    }

    @Override
    public Site prepare(ServerSpec spec, Progress progress) throws LaunchException, InterruptedException {
        ServerFolder folder = ServerFolder.of(folders, spec.name());
        try {
            folder.create();
        } catch (IOException e) {
            throw PrivateFiles.failure("making the folders of " + spec.name(), folder.path(), e);
        }
        Path javaHome = javaHomes.find(spec);
        if (spec.sparkHome().isPresent()) {
            checkSparkHome(spec.sparkHome().get());
        } else {
            distributions.fetch(SparkRuntime.of(spec), progress);
        }
        Optional<PackageSet> wanted = packages(spec);
        if (wanted.isPresent()) {
            packages.fetch(wanted.get(), distributions.jarsFolder(SparkRuntime.of(spec)), progress);
        }
        return site(spec, javaHome, wanted);
    }

    private static void checkSparkHome(Path home) throws LaunchException {
        Optional<String> problem = SparkHome.of(home).problem();
        if (problem.isPresent()) {
            throw new LaunchException(
                    "SPARK_UNRESOLVABLE",
                    "sparkHome " + problem.get(),
                    "correct sparkHome, or leave it out to have Spark fetched",
                    false);
        }
    }

    // ------------------------------------------------------------------ launch

    @Override
    public Instance launch(LaunchPlan plan) throws LaunchException, InterruptedException {
        ServerName server = plan.spec().name();
        ServerFolder folder = ServerFolder.of(folders, server);
        Path setsid = tool("setsid");
        tool("flock");
        RunFolder run;
        Path keeper;
        try {
            folder.create();
            Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
            if (newest.isPresent() && newest.get().state() != RunFolder.State.ENDED) {
                throw alreadyRunning(server, newest.get().instance().toString());
            }
            if (newest.isPresent()
                    && newest.get().incarnation() >= plan.ticket().incarnation()) {
                throw new LaunchException(
                        "ALREADY_RUNNING",
                        "incarnation " + plan.ticket().incarnation() + " of " + server
                                + " can't be launched: incarnation "
                                + newest.get().incarnation() + " was launched before",
                        "launch with a higher incarnation",
                        false);
            }
            checkPort(plan);
            // What the last run left behind (such as Python workers) would hold memory, and its files.
            newest.ifPresent(last -> last.processes().forEach(process -> process.signal(true)));
            folder.writeConf(plan.rendering());
            folder.prune();
            run = RunFolder.create(
                    folder.run(plan.ticket().incarnation()),
                    server,
                    plan.ticket().incarnation(),
                    plan.ticket().marker(),
                    Instant.now().truncatedTo(ChronoUnit.MILLIS),
                    askedPort(plan));
            keeper = run.path().resolve("keeper.sh");
            // Each run has its own copy: a shell reads its script while it runs, so it must never change under it.
            PrivateFiles.write(keeper, keeperScript(), true);
            PrivateFiles.write(run.path().resolve("keeper.log"), "", false);
        } catch (IOException e) {
            throw PrivateFiles.failure("preparing the launch of " + server, folder.path(), e);
        }
        watches.forEach(watch -> watch.add(run));
        return start(plan, folder, run, keeperCommand(setsid, folder, run, keeper, plan));
    }

    private List<String> keeperCommand(Path setsid, ServerFolder folder, RunFolder run, Path keeper, LaunchPlan plan) {
        List<String> command = new ArrayList<>(List.of(
                setsid.toString(),
                "/bin/sh",
                keeper.toString(),
                folder.lock().toString(),
                run.path().toString(),
                folder.work().toString(),
                Long.toString(logLimit),
                Integer.toString(logCheckSeconds)));
        command.addAll(plan.command());
        return command;
    }

    private Instance start(LaunchPlan plan, ServerFolder folder, RunFolder run, List<String> command)
            throws LaunchException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.path().toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        run.path().resolve("keeper.log").toFile()));
        builder.environment().clear();
        builder.environment()
                .putAll(serverEnvironment(DriverReach.ofProcess(plan.spec()).in(plan)));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new LaunchException(
                    "UNKNOWN",
                    "the keeper of " + run.server() + " can't be started: " + e.getMessage(),
                    "see whether this user may start more processes (ulimit -u) and whether /bin/sh works",
                    true,
                    e);
        }
        long end = System.nanoTime() + LAUNCH_PATIENCE.toNanos();
        // From the keeper's start on an interrupt or a timeout leaves everything as it is: find() and halt() know it
        // from disk.
        while (run.process().isEmpty()) {
            if (process.waitFor(2, TimeUnit.MILLISECONDS) && run.process().isEmpty()) {
                throw keeperGaveUp(run, process.exitValue());
            }
            if (System.nanoTime() > end) {
                throw new LaunchException(
                        "LAUNCH_TIMEOUT",
                        "the keeper of " + run.server() + " made no process within " + LAUNCH_PATIENCE.toSeconds()
                                + " s",
                        "see whether the machine is overloaded; " + run.path().resolve("keeper.log") + " may tell more",
                        true);
            }
        }
        // Once more: a watch gives up on a keeper that takes seconds to say its first word.
        watches.forEach(watch -> watch.add(run));
        return run.instance();
    }

    private static LaunchException keeperGaveUp(RunFolder run, int code) {
        String said = Proc.read(run.path().resolve("keeper.log")).orElse("").strip();
        if (code == LOCK_HELD) {
            return alreadyRunning(run.server(), "its lock is held");
        }
        if (code == FLOCK_MISSING) {
            return missing("flock");
        }
        return PrivateFiles.failure(
                "starting the keeper of " + run.server(),
                run.path(),
                new IOException((isFull(run.path()) ? "No space left on device, " : "") + "exit code " + code
                        + (said.isEmpty() ? "" : ": " + said)));
    }

    /** A keeper can't say so: its log lies on the same disk. */
    private static boolean isFull(Path folder) {
        try {
            return Files.getFileStore(folder).getUsableSpace() < FULL_BYTES;
        } catch (IOException e) {
            return false;
        }
    }

    private static LaunchException alreadyRunning(ServerName server, String what) {
        return new LaunchException(
                "ALREADY_RUNNING",
                "another instance of " + server + " lives: " + what,
                "stop it first: connectctl stop " + server,
                false);
    }

    /** A command of the system, wherever the environment's PATH points. */
    static Path tool(String name) throws LaunchException {
        for (String folder : Inherited.TOOLS.split(":", -1)) {
            Path tool = Path.of(folder, name);
            if (Files.isExecutable(tool)) {
                return tool;
            }
        }
        throw missing(name);
    }

    private static LaunchException missing(String tool) {
        return new LaunchException(
                "TOOL_MISSING",
                "the command '" + tool + "' is missing in " + Inherited.TOOLS,
                "install the package util-linux; servers run in a session of their own (setsid) under a lock (flock)",
                false);
    }

    private static String keeperScript() throws IOException {
        try (InputStream script = ProcessRuntime.class.getResourceAsStream("keeper.sh")) {
            if (script == null) {
                throw new IOException("keeper.sh is missing in this installation");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Map<String, String> serverEnvironment(LaunchPlan plan) {
        Map<String, String> fresh = Inherited.of(environment);
        fresh.putAll(plan.environment());
        fresh.put(PortHolder.MARKER, plan.ticket().marker());
        return fresh;
    }

    private static OptionalInt askedPort(LaunchPlan plan) {
        return plan.spec().port() instanceof PortChoice.Fixed fixed
                ? OptionalInt.of(fixed.port())
                : plan.ticket().grpcPort();
    }

    private static void checkPort(LaunchPlan plan) throws LaunchException, InterruptedException {
        if (!(plan.spec().port() instanceof PortChoice.Fixed fixed)) {
            return;
        }
        boolean loopback =
                plan.spec().expose() == Expose.LOOPBACK && plan.spec().spark().hasBindingAddress();
        Optional<PortHolder> holder = PortHolder.inTheWay(fixed.port(), loopback);
        // A process that was killed a moment ago, such as the instance before this one, is gone before the last of its
        // sockets is: then
        // nobody is found behind a port that is still held.
        long end = System.nanoTime() + FREED_SOON;
        while (holder.filter(nobody -> nobody.pid().isEmpty()).isPresent() && System.nanoTime() < end) {
            TimeUnit.NANOSECONDS.sleep(FREED_SOON / 30);
            holder = PortHolder.inTheWay(fixed.port(), loopback);
        }
        if (holder.isPresent()) {
            throw new LaunchException(
                    "PORT_TAKEN",
                    "port " + fixed.port() + " is held by " + holder.get().describe(),
                    "stop it, or give " + plan.spec().name() + " another port (--port, or port: auto)",
                    false);
        }
    }

    // ------------------------------------------------------------------ halt

    @Override
    public Optional<Instance> halt(ServerName server, Duration grace)
            throws RuntimeUnavailableException, InterruptedException {
        ServerFolder folder = ServerFolder.of(folders, server);
        try {
            Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
            if (newest.isEmpty()) {
                return Optional.empty();
            }
            RunFolder run = newest.get();
            if (run.state() != RunFolder.State.ENDED) {
                end(run, grace);
            }
            sweep(run);
            awaitKeeper(run);
            return Optional.of(run.instance());
        } catch (IOException e) {
            throw unreadable(folder.path(), e);
        }
    }

    private static void end(RunFolder run, Duration grace)
            throws IOException, InterruptedException, RuntimeUnavailableException {
        if (run.state() == RunFolder.State.LAUNCHING) {
            // A keeper that hangs before it made a process: nothing to be polite to.
            run.keeper().ifPresent(keeper -> keeper.signal(true));
        }
        boolean polite = !grace.isZero() && !grace.isNegative();
        if (polite) {
            run.writeHaltWish(false);
            run.process().ifPresent(process -> process.signal(false));
            if (ended(run, grace)) {
                return;
            }
        }
        run.writeHaltWish(true);
        run.process().ifPresent(process -> process.signal(true));
        if (ended(run, KILL_PATIENCE)) {
            return;
        }
        throw new RuntimeUnavailableException(
                "process " + run.process().map(Proc.Identity::pid).orElse(0L) + " of " + run.server()
                        + ", or its keeper, survived SIGKILL for " + KILL_PATIENCE.toSeconds() + " s",
                new IOException("it may hang in the kernel, such as on a dead network disk"));
    }

    /**
     * Waits for the end. A look costs some microseconds, so that short steps cost nothing and stops stay quick. A keeper
     * that doesn't write down how its server ended (one that is stopped, say) is killed, however much patience is left.
     */
    private static boolean ended(RunFolder run, Duration patience) throws IOException, InterruptedException {
        long start = System.nanoTime();
        long end = start + patience.toNanos();
        OptionalLong silentUntil = OptionalLong.empty();
        while (true) {
            RunFolder.State state = run.settle(Duration.ZERO);
            if (state == RunFolder.State.ENDED || state == RunFolder.State.NEVER_STARTED) {
                return true;
            }
            long now = System.nanoTime();
            if (state == RunFolder.State.ENDING) {
                silentUntil = OptionalLong.of(silentUntil.orElse(now + KEEPER_PATIENCE.toNanos()));
                if (now - silentUntil.getAsLong() >= 0) {
                    run.keeper().ifPresent(keeper -> keeper.signal(true));
                }
            }
            // One second more than a silent keeper gets, for it to be gone.
            long late = state == RunFolder.State.ENDING
                    ? KEEPER_PATIENCE.plusSeconds(1).toNanos()
                    : 0;
            if (now - end >= late) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(now - start < TimeUnit.SECONDS.toNanos(3) ? 10 : 50);
        }
    }

    /** A keeper's last steps after the exit file take milliseconds; when they are done nothing writes into the folder any more. */
    private static void awaitKeeper(RunFolder run) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(250);
        while (run.keeper().filter(Proc.Identity::alive).isPresent() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    /** Kills what an ended run left in its session, such as Python workers. */
    private static void sweep(RunFolder run) {
        for (Proc.Identity process : run.processes()) {
            LOG.debug("killing process {} that {} left behind", process.pid(), run.marker());
            process.signal(true);
        }
    }

    // ------------------------------------------------------------------ what is there

    @Override
    public Optional<Instance> find(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        ServerFolder folder = ServerFolder.of(folders, server);
        try {
            Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
            newest.ifPresent(this::watchIfRunning);
            return newest.map(RunFolder::instance);
        } catch (IOException e) {
            throw unreadable(folder.path(), e);
        }
    }

    @Override
    public List<Instance> list() throws RuntimeUnavailableException, InterruptedException {
        List<Instance> running = new ArrayList<>();
        List<ServerFolder> all;
        try {
            all = ServerFolder.all(folders);
        } catch (IOException e) {
            throw unreadable(folders.servers(), e);
        }
        for (ServerFolder folder : all) {
            try {
                Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
                newest.ifPresent(this::watchIfRunning);
                newest.map(RunFolder::instance).filter(Instance::running).ifPresent(running::add);
            } catch (IOException | RuntimeException e) {
                // Only this server is in doubt, and find() says so when somebody asks for it.
                LOG.warn(
                        "{} can't be read or written, so {} isn't listed: {}",
                        folder.path(),
                        folder.server(),
                        e.toString());
            }
        }
        return List.copyOf(running);
    }

    private void watchIfRunning(RunFolder run) {
        if (!run.ended()) {
            watches.forEach(watch -> watch.add(run));
        }
    }

    @Override
    public Recalled recall(ServerName server) {
        ServerFolder folder = ServerFolder.of(folders, server);
        Properties settings = new Properties();
        try (Reader file = Files.newBufferedReader(folder.conf().resolve("spark-defaults.conf"))) {
            settings.load(file);
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("nothing is told of how {} was launched", server, e);
        }
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("runtime", name());
        told(settings, "spark.master").ifPresent(master -> tree.put("master", master));
        told(settings, "spark.driver.memory").ifPresent(memory -> tree.put("driverMemory", memory));
        // 0 stands for a port that the server chose: it is found by its process, and asked for again.
        told(settings, "spark.connect.grpc.binding.port")
                .ifPresent(port -> tree.put("port", port.equals("0") ? "auto" : port));
        told(settings, "spark.ui.port").ifPresent(port -> tree.put("uiPort", port.equals("0") ? "auto" : port));
        spark(folder).ifPresent(version -> tree.put("spark", version));
        Optional<String> token = token(folder);
        if (token.isPresent()) {
            tree.put("auth", "token");
            // Only what asks for a token may be open, and what isn't open is told to bind to loopback.
            if (!settings.isEmpty()
                    && told(settings, "spark.connect.grpc.binding.address").isEmpty()) {
                tree.put("expose", "all");
            }
        }
        return new Recalled(new Declaration(tree, Map.of()), token);
    }

    private static Optional<String> told(Properties settings, String key) {
        return Optional.ofNullable(settings.getProperty(key)).map(String::strip).filter(value -> !value.isEmpty());
    }

    /** The one that its process was given; where that can't be looked into, the one that is kept, which may be an earlier one's. */
    private Optional<String> token(ServerFolder folder) {
        Optional<Long> pid =
                folder.runs().stream().findFirst().flatMap(RunFolder::process).map(Proc.Identity::pid);
        Optional<String> token = pid.filter(Proc::showsEnvironment).isPresent()
                ? Proc.environment(pid.orElseThrow(), TOKEN)
                : Proc.read(folder.path().resolve("token")).map(String::strip);
        return token.filter(text -> !text.isEmpty());
    }

    /** By the folder of its jars, where they were fetched: its command line names them, or the file that its entrypoint wrote. */
    private Optional<String> spark(ServerFolder folder) {
        Path jars = folder.work().resolve("class.path");
        Pattern fetched =
                Pattern.compile(Pattern.quote(folders.cache().resolve("spark") + "/") + "([0-9.]+)(?:-[a-z]+)?/jars/");
        return folder.runs().stream()
                .findFirst()
                .flatMap(RunFolder::process)
                .flatMap(process -> Proc.read(Proc.folder(process.pid()).resolve("cmdline")))
                // A file that it wasn't started with is another launch's.
                .map(line -> line.contains("@" + jars) ? line + unquoted(Proc.read(jars)) : line)
                .map(fetched::matcher)
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1));
    }

    /** Of an argument file of a JVM, which has a backslash before a quote and before itself. */
    private static String unquoted(Optional<String> arguments) {
        return arguments.orElse("").replaceAll("\\\\(.)", "$1");
    }

    /** A file channel answers an interrupt of its thread by closing itself: that is no fault of the folder's. */
    private static RuntimeUnavailableException unreadable(Path path, IOException e) throws InterruptedException {
        if (e instanceof ClosedByInterruptException) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while " + path + " was read or written");
        }
        return new RuntimeUnavailableException(path + " can't be read or written: " + e.getMessage(), e);
    }

    @Override
    public Optional<String> portHolder(int port) {
        return PortHolder.of(port).map(PortHolder::describe);
    }

    @Override
    public AutoCloseable watch(Consumer<Instance> listener) {
        ExitWatch watch = ExitWatch.start(listener);
        try {
            for (ServerFolder folder : ServerFolder.all(folders)) {
                folder.runs().stream()
                        .filter(run -> !run.ended())
                        .max(Comparator.comparingInt(RunFolder::incarnation))
                        .ifPresent(watch::add);
            }
        } catch (IOException e) {
            // list() and find() say so too, and put what they find under watch.
            LOG.warn("{} can't be read, so running servers aren't watched yet: {}", folders.servers(), e.toString());
        }
        watches.add(watch);
        return () -> {
            watches.remove(watch);
            watch.close();
        };
    }

    // ------------------------------------------------------------------ where it listens

    @Override
    public Endpoint endpoint(Instance instance, ServerSpec spec)
            throws RuntimeUnavailableException, InterruptedException {
        Optional<RunFolder> run = RunFolder.read(
                instance.server(), ServerFolder.of(folders, instance.server()).run(instance.incarnation()));
        if (run.flatMap(RunFolder::process).filter(Proc.Identity::alive).isEmpty()) {
            return new Endpoint("localhost", OptionalInt.empty(), List.of());
        }
        Listener listener = listener(run.orElseThrow());
        Optional<Endpoint> known = listener.fresh();
        if (known.isPresent()) {
            return known.get();
        }
        OptionalInt expected = spec.port() instanceof PortChoice.Fixed fixed
                ? OptionalInt.of(fixed.port())
                : run.orElseThrow().askedPort();
        if (!listener.worthALook(expected)) {
            return new Endpoint("localhost", OptionalInt.empty(), List.of());
        }
        long start = System.nanoTime();
        Endpoint now = look(run.orElseThrow(), spec, listener);
        listener.remember(now, start);
        return now;
    }

    /** Where this incarnation listens now. */
    static Endpoint look(RunFolder run, ServerSpec spec, Listener listener)
            throws RuntimeUnavailableException, InterruptedException {
        NavigableSet<Integer> own = listener.ports().now();
        if (own.isEmpty()) {
            return new Endpoint("localhost", OptionalInt.empty(), List.of());
        }
        try {
            Named named = spec.port() instanceof PortChoice.Fixed && !(spec.uiPort() instanceof PortChoice.Auto)
                    ? Named.NOTHING
                    : listener.named(run);
            OptionalInt grpc = grpcPort(run, spec, own, named);
            if (grpc.isEmpty() && spec.port() instanceof PortChoice.Auto) {
                grpc = greetingPort(run, own, named, listener);
            }
            return new Endpoint("localhost", grpc, uiPorts(spec, own, grpc, named, listener));
        } catch (IOException e) {
            throw unreadable(run.log(), e);
        }
    }

    /** What the log says about ports; a log that is quiet or in another format says nothing. */
    record Named(OptionalInt grpc, OptionalInt ui, NavigableSet<Integer> others) {
        static final Named NOTHING = new Named(OptionalInt.empty(), OptionalInt.empty(), new TreeSet<>());
    }

    /** What is known of the ports of one incarnation, kept between two looks. */
    static final class Listener {
        private final ListeningPorts ports;
        private volatile Optional<Named> named = Optional.empty();
        private volatile Optional<Remembered> endpoint = Optional.empty();
        private volatile long lookAtLeast = System.nanoTime();
        /** Ports that didn't greet, and when they may be asked again. */
        private final Map<Integer, Long> silent = new HashMap<>();

        /** Those that answered as a web server does. */
        private final Set<Integer> web = new HashSet<>();
        /** How often others were asked in vain. */
        private final Map<Integer, Integer> dumb = new HashMap<>();

        private record Remembered(Endpoint endpoint, long seen, long good) {}

        Listener(RunFolder run) {
            ports = new ListeningPorts(run);
        }

        ListeningPorts ports() {
            return ports;
        }

        /** The last answer, while it may still be given. */
        Optional<Endpoint> fresh() {
            return endpoint.filter(last -> System.nanoTime() - last.seen() < last.good())
                    .map(Remembered::endpoint);
        }

        /**
         * While a server starts, it is asked for several times a second, and for ten seconds: the looks took more processor
         * time than the rest of the daemon did for that start. A connection that is refused takes a hundredth of one. A
         * service elsewhere, on another address or port than it was told, is found by a look at least once a second.
         */
        boolean worthALook(OptionalInt expected) {
            long now = System.nanoTime();
            if (expected.orElse(0) > 0 && now < lookAtLeast && refused(expected.getAsInt())) {
                return false;
            }
            lookAtLeast = now + LOOK_AT_LEAST;
            return true;
        }

        private static boolean refused(int port) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
                return false;
            } catch (ConnectException e) {
                return true;
            } catch (IOException e) {
                return false; // It says nothing of the port.
            }
        }

        /**
         * The service comes up last, after UI, driver and block manager: with its port there, no other comes. It is asked
         * for at every probe, and a look costs from less than one to more than 100 ms, by kernel and load; looking again
         * only after 500 times as long bounds that to 0.2 % of a core. A port that closes meanwhile is what probes find out.
         */
        void remember(Endpoint now, long start) {
            long seen = System.nanoTime();
            endpoint = now.grpcPort().isPresent()
                    ? Optional.of(new Remembered(now, seen, Math.min((seen - start) * LOOK_AGAIN, LOOK_AGAIN_AT_LAST)))
                    : Optional.empty();
        }

        /** Those that greet as gRPC does; one that was silent is asked again after a second, as it may only just have come. */
        synchronized NavigableSet<Integer> greeting(NavigableSet<Integer> ports) throws IOException {
            long now = System.nanoTime();
            silent.keySet().retainAll(ports);
            NavigableSet<Integer> asked = new TreeSet<>(ports);
            asked.removeIf(port -> {
                Long until = silent.get(port);
                return until != null && now - until < 0;
            });
            NavigableSet<Integer> greeting = asked.isEmpty() ? new TreeSet<>() : Greetings.among(asked);
            if (!greeting.isEmpty() && asked.size() < ports.size()) {
                // What is concluded is concluded from all of them at once.
                asked.addAll(ports);
                greeting = Greetings.among(ports);
            }
            asked.removeAll(greeting);
            long again = System.nanoTime() + LOOK_AT_LEAST;
            asked.forEach(port -> silent.put(port, again));
            return greeting;
        }

        /** Those that answer as the UI does; each is asked some times at most, as driver and block manager never do. */
        synchronized List<Integer> web(Collection<Integer> ports) throws IOException {
            List<Integer> asked = ports.stream()
                    .filter(port -> !web.contains(port) && dumb.getOrDefault(port, 0) < WEB_TRIES)
                    .toList();
            if (!asked.isEmpty() && ports.stream().noneMatch(web::contains)) {
                web.addAll(Greetings.web(asked));
                asked.stream().filter(port -> !web.contains(port)).forEach(port -> dumb.merge(port, 1, Integer::sum));
            }
            return ports.stream().filter(web::contains).toList();
        }

        /** A server names its ports while it starts; once all are named nothing more is to be read. */
        Named named(RunFolder run) throws IOException {
            if (named.isPresent()) {
                return named.get();
            }
            Named now = ProcessRuntime.named(run);
            if (now.ui().isPresent()
                    && (now.grpc().isPresent() || run.foundPort().isPresent())) {
                named = Optional.of(now);
            }
            return now;
        }
    }

    /** Of the newest incarnation asked for; an older one's is of no use any more. */
    private Listener listener(RunFolder run) {
        return listeners
                .compute(
                        run.server(),
                        (server, known) -> known != null && known.marker().equals(run.marker())
                                ? known
                                : new Known(run.marker(), new Listener(run)))
                .listener();
    }

    private record Known(String marker, Listener listener) {}

    private static Named named(RunFolder run) throws IOException {
        OptionalInt grpc = OptionalInt.empty();
        OptionalInt ui = OptionalInt.empty();
        NavigableSet<Integer> others = new TreeSet<>();
        for (String line : LogReader.head(run, LOG_HEAD_LINES)) {
            Matcher started = STARTED.matcher(line);
            Matcher blocks = BLOCKS.matcher(line);
            if (started.find()) {
                int port = Integer.parseInt(started.group(2));
                // 4.0.1 writes the name with a trailing $, the class of the Scala object.
                if (started.group(1).contains("SparkConnectService")) {
                    grpc = OptionalInt.of(port);
                } else if (started.group(1).equals("SparkUI")) {
                    ui = OptionalInt.of(port);
                } else {
                    others.add(port);
                }
            } else if (blocks.find()) {
                others.add(Integer.parseInt(blocks.group(1)));
            }
        }
        return new Named(grpc, ui, others);
    }

    private static OptionalInt grpcPort(RunFolder run, ServerSpec spec, NavigableSet<Integer> own, Named named)
            throws IOException {
        if (spec.port() instanceof PortChoice.Fixed fixed) {
            return own.contains(fixed.port()) ? OptionalInt.of(fixed.port()) : OptionalInt.empty();
        }
        for (OptionalInt known : List.of(run.foundPort(), named.grpc(), run.askedPort())) {
            if (known.isPresent() && own.contains(known.getAsInt())) {
                return remember(run, known.getAsInt());
            }
        }
        // Spark 3.4 doesn't name the port: it is the one that is left when all others are known. The service comes up
        // last,
        // after driver, UI and block manager, so before those are all there nothing is concluded.
        NavigableSet<Integer> left = new TreeSet<>(own);
        left.removeAll(named.others());
        named.ui().ifPresent(left::remove);
        boolean othersKnown = named.others().size() >= 2 && own.containsAll(named.others());
        boolean uiKnown = spec.uiPort() instanceof PortChoice.Off || named.ui().isPresent();
        return othersKnown && uiKnown && left.size() == 1 ? remember(run, left.first()) : OptionalInt.empty();
    }

    /**
     * A log above INFO names no port at all. So those that it doesn't name are asked, once in a while, as long as the server starts: the one
     * that greets as gRPC does. Where several do, a plugin brings a service of its own, and which is Spark's isn't guessed.
     */
    private static OptionalInt greetingPort(RunFolder run, NavigableSet<Integer> own, Named named, Listener listener)
            throws IOException {
        NavigableSet<Integer> unnamed = new TreeSet<>(own);
        unnamed.removeAll(named.others());
        named.ui().ifPresent(unnamed::remove);
        NavigableSet<Integer> greeting = listener.greeting(unnamed);
        return greeting.size() == 1 ? remember(run, greeting.first()) : OptionalInt.empty();
    }

    private static OptionalInt remember(RunFolder run, int port) throws IOException {
        if (run.foundPort().orElse(0) != port) {
            run.writeFoundPort(port);
        }
        return OptionalInt.of(port);
    }

    /** Where its UI may be, the likeliest first. What may be the driver's own port is never among them: its log would tell of each request. */
    private static List<Integer> uiPorts(
            ServerSpec spec, NavigableSet<Integer> own, OptionalInt grpc, Named named, Listener listener)
            throws IOException {
        if (spec.uiPort() instanceof PortChoice.Off) {
            return List.of();
        }
        NavigableSet<Integer> candidates = new TreeSet<>(own);
        grpc.ifPresent(candidates::remove);
        List<Integer> best = new ArrayList<>();
        if (named.ui().isPresent() && candidates.contains(named.ui().getAsInt())) {
            best.add(named.ui().getAsInt());
        } else if (spec.uiPort() instanceof PortChoice.Fixed fixed) {
            // Spark moves a taken UI port up, at most 16 times (spark.port.maxRetries).
            best.addAll(candidates.subSet(fixed.port(), fixed.port() + UI_RETRIES + 1));
        }
        // The UI is there before the service is.
        if (best.isEmpty() && grpc.isPresent()) {
            candidates.removeAll(named.others());
            best.addAll(listener.web(candidates));
        }
        return best;
    }

    // ------------------------------------------------------------------ logs, usage, folders

    @Override
    public void logs(ServerName server, LogRequest request, LogSink sink)
            throws RuntimeUnavailableException, InterruptedException {
        ServerFolder folder = ServerFolder.of(folders, server);
        try {
            new LogReader(folder, request, sink).read();
        } catch (IOException e) {
            throw unreadable(folder.path(), e);
        }
    }

    @Override
    public Optional<Usage> usage(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        for (RunFolder run : ServerFolder.of(folders, server).runs()) {
            if (run.state() == RunFolder.State.RUNNING) {
                return run.process().flatMap(process -> Proc.usage(process.pid()));
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<String> suspended(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        for (RunFolder run : ServerFolder.of(folders, server).runs()) {
            if (run.state() == RunFolder.State.RUNNING) {
                return run.process().flatMap(process -> Suspension.of(process.pid()));
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<Snapshot> snapshot(ServerName server, Duration limit)
            throws RuntimeUnavailableException, InterruptedException {
        for (RunFolder run : ServerFolder.of(folders, server).runs()) {
            Optional<Proc.Identity> process = run.state() == RunFolder.State.RUNNING ? run.process() : Optional.empty();
            if (process.isPresent()) {
                try {
                    return Optional.of(LocalSnapshot.take(process.get().pid(), run.path(), limit));
                } catch (IOException e) {
                    throw unreadable(run.path(), e);
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public boolean hasWarehouse(ServerName server) {
        return ServerFolder.of(folders, server).hasWarehouse();
    }

    @Override
    public void discard(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        ServerFolder folder = ServerFolder.of(folders, server);
        try {
            Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
            if (newest.isPresent() && newest.get().state() != RunFolder.State.ENDED) {
                throw new IllegalStateException(server + " runs; halt it before its folders are removed");
            }
            newest.ifPresent(ProcessRuntime::sweep);
            listeners.remove(server);
            if (!purge && folder.hasWarehouse()) {
                for (Path child : ServerFolder.children(folder.path())) {
                    if (!child.equals(folder.warehouse())) {
                        PrivateFiles.remove(child);
                    }
                }
            } else {
                PrivateFiles.remove(folder.path());
            }
        } catch (IOException e) {
            throw unreadable(folder.path(), e);
        }
    }

    @Override
    public List<Trace> traces() throws RuntimeUnavailableException, InterruptedException {
        List<Trace> traces = new ArrayList<>();
        try {
            for (ServerFolder folder : ServerFolder.all(folders)) {
                // One that holds this is a container's, which its own runtime looks after.
                if (Files.exists(folder.path().resolve("docker.json"))) {
                    continue;
                }
                Optional<RunFolder> newest = folder.newest(SETTLE_PATIENCE);
                boolean running = newest.isPresent() && newest.get().state() != RunFolder.State.ENDED;
                List<String> what = new ArrayList<>();
                if (running) {
                    what.add("process "
                            + newest.flatMap(RunFolder::process)
                                    .map(process -> Long.toString(process.pid()))
                                    .orElse("that is just launched"));
                }
                what.add("folder " + folder.path());
                traces.add(
                        new Trace(folder.server(), Files.exists(folder.path().resolve(Deadline.FILE)), running, what));
            }
        } catch (IOException e) {
            throw unreadable(folders.servers(), e);
        }
        return traces;
    }

    @Override
    public void close() {
        for (ExitWatch watch : watches) {
            watch.close();
        }
        watches.clear();
    }
}
