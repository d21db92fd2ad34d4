package io.connectctl.tests;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** An installation that is broken again and again, what is believed of it, and what can be seen of it from outside. */
final class ChaosWorld implements AutoCloseable {
    private static final String SPARK = "4.0.1";
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final Pattern INSTANCE = Pattern.compile("spark\\.connectctl\\.instance=([a-z0-9-]+)/(\\d+)");
    private static final Pattern MARKER = Pattern.compile("CONNECTCTL_INSTANCE=([a-z0-9-]+)/(\\d+)");
    private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

    /** What a daemon may hold on to beside what it held when it was young; a leak of a kilobyte an event would show within minutes. */
    private static final long MOST_GROWTH = 8L << 20;

    /** Tells on stderr what is still waited for, at each look. */
    private static final boolean VERBOSE = Boolean.getBoolean("connectctl.chaos.verbose");

    private static final int MOST_MORE_THREADS = 40;
    private static final int MOST_MORE_FILES = 60;

    /**
     * What a daemon holds on to.
     *
     * @param heap bytes of live objects, after a full collection
     * @param resident bytes of resident memory
     */
    record Memory(long pid, long heap, long resident, int threads, int files) {}

    final ChaosPlan plan;
    final Installation installation;
    final List<ChaosServer> servers = new ArrayList<>();
    final Optional<OwnEngine> engine;
    Optional<ChaosDisk> disk = Optional.empty();
    final List<Memory> memories = new ArrayList<>();
    private final Map<Long, Memory> young = new TreeMap<>();
    private final Map<String, Integer> incarnations = new TreeMap<>();
    private final ConcurrentLinkedQueue<String> doubles = new ConcurrentLinkedQueue<>();
    private final Thread watcher;
    private volatile boolean closed;
    private @Nullable String socket;
    /** The newest event that was seen. */
    private long heard;

    ChaosWorld(ChaosPlan plan) {
        this.plan = plan;
        if (plan.runtime() == ChaosPlan.Runtimes.PROCESS) {
            engine = Optional.empty();
            installation = new Installation();
        } else {
            OwnEngine own = new OwnEngine();
            own.start("--live-restore");
            engine = Optional.of(own);
            installation = Installation.with(own.prefix(), Optional.empty());
            own.take(Docker.image(installation, SPARK));
            installation.environment().put("DOCKER_HOST", own.host());
        }
        for (int i = 1; i <= plan.servers(); i++) {
            boolean container = plan.runtime() == ChaosPlan.Runtimes.DOCKER
                    || (plan.runtime() == ChaosPlan.Runtimes.BOTH && i % 2 == 0);
            ChaosServer server = new ChaosServer("s" + i, container ? Where.DOCKER : Where.PROCESS, Spark.freePort());
            server.inFile = 10;
            servers.add(server);
        }
        watcher = new Thread(this::watch, "chaos-watch");
        watcher.setDaemon(true);
    }

    /** Starts every server at once, and waits until all is well. */
    void begin() {
        disk = ChaosDisk.mount(installation.state());
        writeFile();
        watcher.start();
        for (ChaosServer server : servers) {
            must("start", server);
        }
        settle("at the start");
    }

    // ------------------------------------------------------------------ commands

    /** Writes down what the file says of every server. */
    void writeFile() {
        StringBuilder text = new StringBuilder("servers:\n");
        for (ChaosServer server : servers) {
            text.append("  ").append(server.name).append(":\n    ");
            text.append(server.where.lines(installation, SPARK, "spark.sql.shuffle.partitions: " + server.inFile));
            text.append(server.where == Where.PROCESS ? "\n    runtime: process\n" : "\n");
            text.append(
                    """
                        master: local[1]
                        port: %d
                        uiPort: auto
                        driverMemory: 512m
                        health: {interval: 1s, timeout: %ds, failures: 3, startTimeout: %ds}
                        stop: {grace: 5s}
                        restart: {backoff: 100ms, maxBackoff: 1s, budget: 1000}
                    """
                            .formatted(
                                    server.port,
                                    // Whoever is that patient knows the machine to be slow.
                                    Math.max(5, plan.patience().toSeconds() / 30),
                                    plan.patience().toSeconds())
                            .indent(0));
        }
        try {
            Path fresh = installation.project().resolve("fresh.yaml");
            Files.writeString(
                    fresh, text.toString().replaceAll("(?m)^    runtime: docker\n(?=.*\n    runtime: docker)", ""));
            Files.move(fresh, installation.project().resolve("connectctl.yaml"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command to a server, which isn't waited for; what became of it is believed. */
    Outcome command(String command, ChaosServer server, String... flags) {
        List<String> words = new ArrayList<>(List.of(command, server.name, "--no-wait"));
        words.addAll(List.of(flags));
        Outcome outcome = installation.run(words.toArray(String[]::new));
        server.told(command, outcome.exit() == 0);
        return outcome;
    }

    /** The same, which must succeed. */
    void must(String command, ChaosServer server, String... flags) {
        Outcome outcome = command(command, server, flags);
        if (outcome.exit() != 0) {
            throw new ChaosViolation(command + " " + server.name + " was refused", List.of(outcome.toString()));
        }
    }

    void startDaemon() {
        Outcome outcome = installation.run("daemon", "start");
        if (outcome.exit() != 0) {
            throw new ChaosViolation("the daemon doesn't start", List.of(outcome.toString()));
        }
    }

    /** Kills it, and waits until it is gone. */
    void killDaemon() {
        List<ProcessHandle> daemons = daemons();
        daemons.forEach(ProcessHandle::destroyForcibly);
        daemons.forEach(daemon -> daemon.onExit().join());
    }

    List<ProcessHandle> daemons() {
        // Its command line may name the shared cache alone.
        return processes().stream()
                .filter(found -> found.command().contains("DaemonMain"))
                .flatMap(found -> ProcessHandle.of(found.pid()).stream())
                .toList();
    }

    /** Lets time go by: how long is an input of the experiment, as the choice of the victim is. */
    static void linger(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    // ------------------------------------------------------------------ the API

    private Path socket() {
        String known = socket;
        if (known == null) {
            known = Installation.json(
                            installation.ok("daemon", "status", "-o", "json").out())
                    .path("socket")
                    .asText();
            socket = known;
        }
        return Path.of(known);
    }

    /** A connection to the daemon. */
    SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket()));
    }

    /** Sends bytes, and returns what is answered until the connection ends; {@code all} says that nothing follows. */
    String raw(byte[] request, boolean all) throws IOException {
        try (SocketChannel channel = connect()) {
            ByteBuffer bytes = ByteBuffer.wrap(request);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            if (all) {
                channel.shutdownOutput();
            }
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    JsonNode look(ChaosServer server) {
        return Installation.json(installation.get("/v1/servers/" + server.name));
    }

    /** The events after the newest that was seen at the last look. */
    List<JsonNode> news() {
        return installation
                .get("/v1/events?limit=10000&after=" + heard)
                .lines()
                .map(Installation::json)
                .toList();
    }

    // ------------------------------------------------------------------ what is there

    /** A process of this installation's: it has its HOME. */
    record Found(long pid, String command, String environment) {
        boolean isServer(String name) {
            Matcher matcher = INSTANCE.matcher(command);
            return command.contains("SparkSubmit")
                    && matcher.find()
                    && matcher.group(1).equals(name);
        }
    }

    /** Every process that the daemon, or anything it started, is. */
    List<Found> processes() {
        String home = "HOME=" + installation.home() + "\0";
        List<Found> found = new ArrayList<>();
        ProcessHandle.allProcesses().forEach(process -> {
            String environment = text("/proc/" + process.pid() + "/environ");
            if (environment.contains(home)) {
                found.add(new Found(process.pid(), Installation.commandLine(process.pid()), environment));
            }
        });
        return found;
    }

    private static String text(String file) {
        try {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it ended meanwhile, or is somebody else's
        }
    }

    /** The JVMs of a server that runs as a process. */
    List<Long> jvms(ChaosServer server) {
        return processes().stream()
                .filter(found -> found.isServer(server.name))
                .map(Found::pid)
                .toList();
    }

    /** The keepers of a server. */
    List<Long> keepers(ChaosServer server) {
        return processes().stream()
                .filter(found -> found.command().contains("keeper.sh")
                        && found.command().contains("/servers/" + server.name + "/"))
                .map(Found::pid)
                .toList();
    }

    /** How many hold the lock on a server's folder, as the kernel counts: shared descriptors are one. */
    private long locks(ChaosServer server) {
        try {
            Path lock = installation.serverFolder(server.name).resolve("lock");
            long device = (Long) Files.getAttribute(lock, "unix:dev");
            // As the kernel writes it: major and minor number of the device, and the file's own.
            String inode = String.format(
                    Locale.ROOT,
                    " %02x:%02x:%s ",
                    (device >> 8) & 0xfff,
                    (device & 0xff) | ((device >> 12) & 0xfff00),
                    Files.getAttribute(lock, "unix:ino"));
            return text("/proc/locks")
                    .lines()
                    .filter(line -> line.contains("FLOCK") && !line.contains("->") && line.contains(inode))
                    .count();
        } catch (IOException e) {
            return 0; // no folder, no lock
        }
    }

    /** All the time, and not only when all is quiet again: two of one server are one too many for any moment. */
    private void watch() {
        Map<String, Set<Long>> before = new TreeMap<>();
        while (!closed) {
            Map<String, Set<Long>> now = new TreeMap<>();
            List<Found> all = processes();
            for (ChaosServer server : servers) {
                Set<Long> jvms = new HashSet<>();
                all.stream().filter(found -> found.isServer(server.name)).forEach(found -> jvms.add(found.pid()));
                now.put(server.name, jvms);
                Set<Long> both = new HashSet<>(before.getOrDefault(server.name, Set.of()));
                both.retainAll(jvms);
                // A child that a JVM forks looks like it until it has become another program.
                if (both.size() > 1) {
                    doubles.add("two of " + server.name + " at once: processes " + both);
                }
            }
            before = now;
            linger(1_000);
        }
    }

    // ------------------------------------------------------------------ what must hold

    /**
     * Waits until all is as it is wanted, and looks at the rest that must hold then.
     *
     * @return how long it took
     */
    Duration settle(String when) {
        long began = System.nanoTime();
        List<String> last = new ArrayList<>();
        try {
            Awaitility.await(when)
                    .atMost(plan.patience())
                    .pollDelay(Duration.ZERO)
                    .pollInterval(LOOK_EVERY)
                    .until(() -> {
                        last.clear();
                        last.addAll(problems());
                        if (VERBOSE && !last.isEmpty()) {
                            System.err.println(when + ": " + last);
                        }
                        return last.isEmpty();
                    });
        } catch (ConditionTimeoutException e) {
            throw new ChaosViolation(when + ", " + plan.patience().toSeconds() + " s later", last);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        if (!doubles.isEmpty()) {
            throw new ChaosViolation(when, List.copyOf(doubles));
        }
        believe();
        memory(when);
        return took;
    }

    private List<String> problems() {
        List<String> problems = new ArrayList<>();
        JsonNode list;
        try {
            list = Installation.json(installation.get("/v1/servers")).path("servers");
        } catch (UncheckedIOException | AssertionError e) {
            problems.add("the daemon doesn't answer: " + e);
            return problems;
        }
        List<ProcessHandle> daemons = daemons();
        if (daemons.size() != 1) {
            problems.add(daemons.size() + " daemons run");
        }
        List<Found> all = processes();
        Map<String, JsonNode> views = new TreeMap<>();
        list.forEach(view -> views.put(view.path("name").asText(), view));
        for (ChaosServer server : servers) {
            JsonNode view = views.remove(server.name);
            if (view == null) {
                problems.add(server.name + " is unknown to the daemon");
            } else {
                check(server, view, all, problems);
            }
        }
        views.keySet().forEach(name -> problems.add("nobody declared " + name));
        Set<String> wanted = new HashSet<>();
        list.forEach(view -> {
            if (view.path("phase").asText().equals("HEALTHY")) {
                wanted.add(view.path("name").asText() + "/"
                        + view.path("incarnation").asText());
            }
        });
        orphans(all, wanted, problems);
        engine.ifPresent(own -> containers(own, problems));
        return problems;
    }

    private void check(ChaosServer server, JsonNode view, List<Found> all, List<String> problems) {
        String phase = view.path("phase").asText();
        boolean up = view.path("desired").asText().equals("UP");
        String about = server.name + " is " + phase + ", desired "
                + view.path("desired").asText() + ", "
                + view.path("cause").path("summary").asText();
        if (!server.up.contains(up)) {
            problems.add("what was acknowledged is lost: " + about + "; believed: " + server);
            return;
        }
        if (!phase.equals(up ? "HEALTHY" : "STOPPED")) {
            problems.add(about);
            return;
        }
        int expected = up ? 1 : 0;
        if (server.where == Where.PROCESS) {
            List<Long> jvms = all.stream()
                    .filter(found -> found.isServer(server.name))
                    .map(Found::pid)
                    .toList();
            if (jvms.size() != expected
                    || (up && jvms.get(0) != view.path("pid").asLong())) {
                problems.add(about + " as pid " + view.path("pid").asText() + ", but these run: " + jvms);
            }
            if (locks(server) != expected) {
                problems.add(about + ", and " + locks(server) + " locks are held on its folder");
            }
        }
        if (up) {
            JsonNode conf = Installation.json(installation.get("/v1/servers/" + server.name + "/describe"))
                    .path("declaration")
                    .path("conf");
            mark(server, conf, "spark.sql.shuffle.partitions", server.inForce, problems);
            mark(server, conf, "spark.sql.autoBroadcastJoinThreshold", server.flagInForce, problems);
        }
    }

    private static void mark(
            ChaosServer server, JsonNode conf, String key, Set<Integer> possible, List<String> problems) {
        if (conf.path(key).isMissingNode()
                ? !possible.isEmpty() && !possible.contains(0)
                : !possible.contains(conf.path(key).asInt())) {
            problems.add("what was acknowledged is lost: " + key + " of " + server.name + " is "
                    + conf.path(key).asText("not there") + ", not one of " + possible);
        }
    }

    /** Processes that belong to nothing that is wanted. */
    private static void orphans(List<Found> all, Set<String> wanted, List<String> problems) {
        for (Found found : all) {
            Matcher marker = MARKER.matcher(found.environment());
            if (found.command().isEmpty()
                    || found.command().contains("DaemonMain")
                    || found.command().contains(".jsa")) {
                continue; // a zombie that its parent will fetch; the daemon; whoever records class data for it
            }
            if (!marker.find()) {
                problems.add("an orphan: process " + found.pid() + ": " + brief(found.command()));
                continue;
            }
            // A training is the cache's, and goes with the daemon's end.
            if (!marker.group(1).equals("class-data-archive")
                    && !wanted.contains(marker.group(1) + "/" + marker.group(2))) {
                problems.add(
                        "an orphan of " + marker.group() + ": process " + found.pid() + ": " + brief(found.command()));
            }
        }
    }

    private static String brief(String command) {
        String words = command.replace('\0', ' ').strip();
        return words.length() > 160 ? words.substring(0, 80) + " ... " + words.substring(words.length() - 80) : words;
    }

    /** Containers and volumes that belong to nothing that is wanted. */
    private void containers(OwnEngine own, List<String> problems) {
        Outcome answer =
                own.docker("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Label \"io.connectctl.server\"}}");
        if (answer.exit() != 0) {
            problems.add("the engine doesn't answer: " + answer.err().strip());
            return;
        }
        for (ChaosServer server : servers) {
            List<String> its = answer.out()
                    .lines()
                    .filter(line -> line.endsWith(" " + server.name))
                    .toList();
            long running =
                    its.stream().filter(line -> line.contains(" running ")).count();
            boolean up = server.where == Where.DOCKER
                    && look(server).path("phase").asText().equals("HEALTHY");
            if (running != (up ? 1 : 0) || its.size() > (server.where == Where.DOCKER ? 1 : 0)) {
                problems.add(server.name + " has the containers " + its);
            }
        }
        answer.out()
                .lines()
                .filter(line -> servers.stream().noneMatch(server -> line.endsWith(" " + server.name)))
                .forEach(line -> problems.add("an orphan: container " + line));
        own.docker("volume", "ls", "--format", "{{.Name}} {{.Label \"io.connectctl.server\"}}")
                .out()
                .lines()
                .filter(line -> servers.stream().noneMatch(server -> line.endsWith(" " + server.name)))
                .forEach(line -> problems.add("an orphan: volume " + line));
    }

    /** What was possible and is now seen is believed; and each change that is seen must have been told. */
    private void believe() {
        List<JsonNode> news = news();
        List<String> untold = new ArrayList<>();
        long last = heard;
        for (JsonNode event : news) {
            long sequence = event.path("sequence").asLong();
            if (sequence <= last) {
                untold.add("event " + sequence + " comes after " + last);
            }
            last = sequence;
        }
        for (ChaosServer server : servers) {
            JsonNode view = look(server);
            boolean up = view.path("desired").asText().equals("UP");
            server.up.clear();
            server.up.add(up);
            if (up) {
                JsonNode conf = Installation.json(installation.get("/v1/servers/" + server.name + "/describe"))
                        .path("declaration")
                        .path("conf");
                ChaosServer.replace(
                        server.inForce,
                        conf.path("spark.sql.shuffle.partitions").asInt());
                ChaosServer.replace(
                        server.flagInForce,
                        conf.path("spark.sql.autoBroadcastJoinThreshold").asInt(0));
            }
            int incarnation = view.path("incarnation").asInt();
            Integer before = incarnations.put(server.name, incarnation);
            if (before != null && up && incarnation != before) {
                boolean told = news.stream()
                        .anyMatch(event -> event.path("server").asText().equals(server.name)
                                && event.path("incarnation").asInt() == incarnation
                                && event.path("phase").asText().equals("HEALTHY"));
                if (!told) {
                    untold.add("no event tells that incarnation " + incarnation + " of " + server.name + " is HEALTHY");
                }
                if (incarnation < before) {
                    untold.add(server.name + " went from incarnation " + before + " back to " + incarnation);
                }
            }
        }
        if (!untold.isEmpty()) {
            throw new ChaosViolation("the events don't tell what happened", untold);
        }
    }

    /** Waits until this run of a server is over, however it is followed. */
    void awaitOtherIncarnation(ChaosServer server) {
        int before = incarnations.getOrDefault(server.name, 0);
        await(server, "another incarnation", view -> view.path("incarnation").asInt() != before);
    }

    /** Waits until this is so. */
    void await(ChaosServer server, String what, Predicate<JsonNode> so) {
        try {
            Awaitility.await()
                    .atMost(plan.patience())
                    .pollDelay(Duration.ZERO)
                    .pollInterval(LOOK_EVERY)
                    .until(() -> so.test(look(server)));
        } catch (ConditionTimeoutException e) {
            throw new ChaosViolation(
                    server.name + " shows no " + what + " within "
                            + plan.patience().toSeconds() + " s",
                    List.of(look(server).toString()));
        }
    }

    /** From here on, events are news. */
    void hear() {
        List<JsonNode> news = news();
        if (!news.isEmpty()) {
            heard = news.get(news.size() - 1).path("sequence").asLong();
        }
    }

    private void memory(String when) {
        long pid = daemons().get(0).pid();
        Outcome histogram = Docker.finish(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid),
                "GC.class_histogram"));
        Matcher total = TOTAL.matcher(histogram.out());
        if (!total.find()) {
            throw new ChaosViolation(when, List.of("the daemon's heap can't be looked at: " + histogram));
        }
        Memory now = new Memory(
                pid,
                Long.parseLong(total.group(1)),
                resident(pid),
                children("/proc/" + pid + "/task"),
                children("/proc/" + pid + "/fd"));
        memories.add(now);
        Memory first = young.putIfAbsent(pid, now);
        if (first != null) {
            List<String> grown = new ArrayList<>();
            if (now.heap() > first.heap() * 3 / 2 + MOST_GROWTH) {
                grown.add("its live heap grew from " + first.heap() + " to " + now.heap() + " bytes");
            }
            if (now.threads() > first.threads() + MOST_MORE_THREADS) {
                grown.add("its threads grew from " + first.threads() + " to " + now.threads());
            }
            if (now.files() > first.files() + MOST_MORE_FILES) {
                grown.add("its open files grew from " + first.files() + " to " + now.files());
            }
            if (!grown.isEmpty()) {
                throw new ChaosViolation(when + ", the daemon (pid " + pid + ") isn't flat", grown);
            }
        }
    }

    private static long resident(long pid) {
        Matcher matcher = Pattern.compile("VmRSS:\\s+(\\d+) kB").matcher(text("/proc/" + pid + "/status"));
        return matcher.find() ? Long.parseLong(matcher.group(1)) * 1024 : 0;
    }

    private static int children(String folder) {
        try (Stream<Path> all = Files.list(Path.of(folder))) {
            return (int) all.count();
        } catch (IOException e) {
            return 0;
        }
    }

    // ------------------------------------------------------------------ afterwards

    /** Copies what tells of a violation to where it stays. */
    void keep(Path target) {
        Outcome copied = Docker.finish(List.of(
                "sh",
                "-c",
                "mkdir -p \"$2\" && tar -C \"$1\" --exclude=work --exclude=warehouse --exclude=secrets.json"
                        + " --exclude=token --exclude=balloon --warning=no-file-changed -cf - . | tar -C \"$2\" -xf -",
                "keep",
                installation.state().toString(),
                target.toString()));
        if (copied.exit() != 0) {
            System.err.println("the state folder couldn't be kept: " + copied);
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        installation.run("daemon", "stop");
        // Frozen ones too: only a kill ends these.
        for (int round = 0; round < 3; round++) {
            processes().forEach(found -> ProcessHandle.of(found.pid()).ifPresent(ProcessHandle::destroyForcibly));
            linger(200);
        }
        disk.ifPresent(ChaosDisk::close);
        installation.close();
        engine.ifPresent(OwnEngine::close);
    }
}
