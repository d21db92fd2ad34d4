import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.connectctl.health.Ladder;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Probes;
import io.connectctl.health.Rung;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The benchmark behind bench/run: whole processes, medians, and ratios of one run. */
public final class Bench {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final String connectctl;
    private final int rounds;
    /** What the commands' environment has beside this process' own. */
    private final Map<String, String> environment = new HashMap<>();
    /** When the server of the last round was HEALTHY. */
    private Instant lastHealthy = Instant.EPOCH;

    private Bench(String connectctl, int rounds) {
        this.connectctl = connectctl;
        this.rounds = rounds;
    }

    public static void main(String[] args) throws Exception {
        Bench bench = new Bench(args[0], Integer.parseInt(args[1]));
        List<String> what = args.length > 2 ? Arrays.asList(args).subList(2, args.length) : List.of("start", "status", "stop", "idle", "archive", "container", "fleet", "claim", "run", "leases", "yarn");
        System.out.printf("%d rounds, Java %s, %d cores%n", bench.rounds, System.getProperty("java.version"), Runtime.getRuntime().availableProcessors());
        bench.command("start", "warm", "--runtime", "process", "--port", "auto", "--ui-port", "auto", "--no-archive");
        bench.command("stop", "warm");
        if (what.contains("start") || what.contains("stop")) {
            bench.startAndStop();
        }
        if (what.contains("status")) {
            bench.status();
        }
        if (what.contains("idle")) {
            bench.idle();
        }
        if (what.contains("archive")) {
            bench.archive();
        }
        if (what.contains("container")) {
            bench.container();
        }
        if (what.contains("fleet")) {
            bench.fleet();
        }
        if (what.contains("claim")) {
            bench.claim();
        }
        if (what.contains("run")) {
            bench.run();
        }
        if (what.contains("leases")) {
            bench.leases();
        }
        if (what.contains("yarn")) {
            bench.yarn();
        }
        System.exit(0);
    }

    /** The same server through connectctl and bare, in turn; the bare one polled with the ladder that connectctl uses. */
    private void startAndStop() throws Exception {
        List<Double> ours = new ArrayList<>();
        List<Double> usable = new ArrayList<>();
        List<Double> bare = new ArrayList<>();
        List<Double> stop = new ArrayList<>();
        List<Double> bareStop = new ArrayList<>();
        List<Double> noticed = new ArrayList<>();
        int port = freePort();
        int ui = freePort();
        for (int round = 0; round < rounds; round++) {
            Instant before = Instant.now();
            // The bare one below has no archive either.
            command("start", "measured", "--runtime", "process", "--port", "" + port, "--ui-port", "" + ui, "--no-archive");
            usable.add(seconds(Duration.between(before, Instant.now())));
            JsonNode status = status("measured");
            ours.add(seconds(Duration.between(before, Instant.parse(status.path("healthySince").asText()))));
            before = Instant.now();
            command("stop", "measured");
            stop.add(seconds(Duration.between(before, Instant.now())));

            String marker = "bare/1/" + UUID.randomUUID();
            before = Instant.now();
            Process server = bare("measured", marker);
            try (Ladder ladder = Probes.ladder(new ProbeTarget("localhost", port, Optional.empty(), "localhost", List.of(ui), marker, UUID.randomUUID()))) {
                while (!ladder.climb(Rung.SESSION, Duration.ofSeconds(5)).passed()) {
                    TimeUnit.MILLISECONDS.sleep(50);
                }
                bare.add(seconds(Duration.between(before, Instant.now())));
                // Ours has run its query by now: what a server has loaded decides how long its end takes.
                ladder.climb(Rung.QUERY, Duration.ofSeconds(30));
            }
            before = Instant.now();
            server.destroy();
            server.waitFor();
            bareStop.add(seconds(Duration.between(before, Instant.now())));
        }
        command("start", "measured", "--no-archive");
        for (int round = 0; round < rounds; round++) {
            JsonNode status = status("measured");
            Instant killed = Instant.now();
            new ProcessBuilder("sh", "-c", "kill -9 " + status.path("pid").asLong()).start().waitFor();
            command("wait", "measured", "--for", "rung=query");
            while (status("measured").path("incarnation").asInt() == status.path("incarnation").asInt()) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            command("wait", "measured", "--for", "rung=query");
            Instant exit = killed;
            for (String line : command("events", "measured", "-o", "json").lines().toList()) {
                JsonNode event = JSON.readTree(line);
                if (event.path("type").asText().equals("exit") && event.path("incarnation").asInt() == status.path("incarnation").asInt()) {
                    exit = Instant.parse(event.path("at").asText());
                }
            }
            noticed.add(seconds(Duration.between(killed, exit)));
        }
        command("stop", "measured");
        row("start to HEALTHY, connectctl", ours);
        row("start to session, bare", bare);
        System.out.printf("  ratio %.2f, overhead %.2f s; goal: at most bare x 1.1 + 0.5 s = %.2f s%n", median(ours) / median(bare), median(ours) - median(bare), median(bare) * 1.1 + 0.5);
        row("start to QUERY, whole command", usable);
        row("stop, whole command", stop);
        row("stop, bare SIGTERM to exit", bareStop);
        System.out.printf("  overhead %.2f s; goal: at most 0.3 s%n", median(stop) - median(bareStop));
        row("kill -9 to the exit event", noticed);
        System.out.println("  goal: at most 0.2 s");
    }

    /** The same server on a real YARN, through connectctl and bare, in turn; both are done when a query ran on an executor. */
    private void yarn() throws Exception {
        List<Double> ours = new ArrayList<>();
        List<Double> bare = new ArrayList<>();
        Path home = Files.createTempDirectory("connectctl-bench-yarn-");
        List<Process> parts = new ArrayList<>();
        try {
            String web = writeHadoop(home);
            parts.add(hadoop(home, "rm", "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager"));
            parts.add(hadoop(home, "nm", "org.apache.hadoop.yarn.server.nodemanager.NodeManager"));
            await("a NodeManager at " + web, () -> {
                try (var in = java.net.URI.create(web + "/ws/v1/cluster/metrics").toURL().openStream()) {
                    return JSON.readTree(in).at("/clusterMetrics/activeNodes").asInt() == 1;
                } catch (IOException e) {
                    return false;
                }
            });
            int port = freePort();
            int ui = freePort();
            List<String> start = List.of(
                    "start", "yarned", "--runtime", "process", "--spark", "3.5.0", "--master", "yarn", "--hadoop-conf", home.resolve("conf").toString(),
                    "--executors", "1", "--executor-memory", "512m", "--driver-memory", "600m", "--conf", "spark.yarn.am.memory=512m",
                    "--port", "" + port, "--ui-port", "" + ui);
            // Spark is fetched, and every file has been read once.
            command(start.toArray(new String[0]));
            command("stop", "yarned");
            for (int round = 0; round < rounds; round++) {
                Instant before = Instant.now();
                command(start.toArray(new String[0]));
                ours.add(seconds(Duration.between(before, Instant.parse(status("yarned").path("healthySince").asText()))));
                command("stop", "yarned");

                String marker = "bare/1/" + UUID.randomUUID();
                before = Instant.now();
                Process server = bare("yarned", marker, Map.of("CONNECTCTL_DRIVER_HOST", "127.0.0.1"));
                try (Ladder ladder = Probes.ladder(new ProbeTarget(
                        "localhost", port, Optional.empty(), "localhost", List.of(ui), marker, UUID.randomUUID(), java.util.OptionalInt.of(1), false))) {
                    while (!ladder.climb(Rung.QUERY, Duration.ofSeconds(30)).passed()) {
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                    bare.add(seconds(Duration.between(before, Instant.now())));
                }
                server.destroy();
                server.waitFor();
                // Its executor has left before the next one wants its memory.
                await("the end of the bare application", () -> {
                    try (var in = java.net.URI.create(web + "/ws/v1/cluster/metrics").toURL().openStream()) {
                        return JSON.readTree(in).at("/clusterMetrics/containersAllocated").asInt() == 0;
                    }
                });
            }
        } finally {
            for (Process part : parts) {
                part.descendants().forEach(ProcessHandle::destroyForcibly);
                part.destroyForcibly().waitFor();
            }
            try (var files = Files.walk(home)) {
                files.sorted(Collections.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
        row("start to HEALTHY on YARN, connectctl", ours);
        row("start to query on YARN, bare", bare);
        System.out.printf(
                "  ratio %.2f, overhead %.2f s; goal: at most bare x 1.1 + 0.5 s = %.2f s%n",
                median(ours) / median(bare), median(ours) - median(bare), median(bare) * 1.1 + 0.5);
    }

    /** Loopback addresses on ports that are free, 2 GiB; gives the ResourceManager's web address. */
    private static String writeHadoop(Path home) throws IOException {
        Map<String, String> yarn = new HashMap<>(Map.of(
                "yarn.resourcemanager.hostname", "127.0.0.1",
                "yarn.nodemanager.hostname", "127.0.0.1",
                "yarn.nodemanager.local-dirs", home.resolve("local").toString(),
                "yarn.nodemanager.log-dirs", home.resolve("logs").toString(),
                "yarn.nodemanager.resource.memory-mb", "2048",
                "yarn.scheduler.minimum-allocation-mb", "128",
                "yarn.nodemanager.vmem-check-enabled", "false",
                "yarn.nodemanager.pmem-check-enabled", "false",
                "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100",
                "yarn.nodemanager.env-whitelist", "JAVA_HOME,PATH,LANG,TZ"));
        for (String part : List.of(
                "resourcemanager.address", "resourcemanager.scheduler.address", "resourcemanager.resource-tracker.address",
                "resourcemanager.admin.address", "resourcemanager.webapp.address", "nodemanager.address", "nodemanager.localizer.address",
                "nodemanager.webapp.address", "nodemanager.collector-service.address")) {
            yarn.put("yarn." + part, "127.0.0.1:" + freePort());
        }
        Path conf = Files.createDirectories(home.resolve("conf"));
        Files.writeString(conf.resolve("yarn-site.xml"), xml(yarn));
        Files.writeString(conf.resolve("core-site.xml"), xml(Map.of("fs.defaultFS", "file:///", "hadoop.tmp.dir", home.resolve("tmp").toString())));
        Files.writeString(
                conf.resolve("capacity-scheduler.xml"),
                xml(Map.of(
                        "yarn.scheduler.capacity.root.queues", "default",
                        "yarn.scheduler.capacity.root.default.capacity", "100",
                        "yarn.scheduler.capacity.maximum-am-resource-percent", "1.0")));
        return "http://" + yarn.get("yarn.resourcemanager.webapp.address");
    }

    private static String xml(Map<String, String> properties) {
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\"?>\n<configuration>\n");
        properties.forEach((name, value) -> xml.append("<property><name>" + name + "</name><value>" + value + "</value></property>\n"));
        return xml.append("</configuration>\n").toString();
    }

    private static Process hadoop(Path home, String part, String main) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC",
                        "--add-opens=java.base/java.lang=ALL-UNNAMED",
                        "-cp", home.resolve("conf") + ":" + Path.of("target/tests-hadoop/lib").toAbsolutePath() + "/*", main)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(home.resolve(part + ".log").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder.start();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("waited 3 minutes for " + what);
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private void status() throws Exception {
        command("start", "shown", "--runtime", "process", "--port", "auto", "--ui-port", "auto", "--no-archive");
        List<Double> ours = new ArrayList<>();
        List<Double> java = new ArrayList<>();
        List<Double> daemon = new ArrayList<>();
        Path socket = Path.of(JSON.readTree(command("daemon", "status", "-o", "json")).path("socket").asText());
        String runtime = ProcessHandle.current().info().command().orElse("java");
        for (int round = 0; round < rounds * 4; round++) {
            ours.add(timed(connectctl, "status", "shown"));
            java.add(timed(runtime, "-version"));
            daemon.add(request(socket));
        }
        command("stop", "shown");
        row("status, whole process", ours);
        row("java -version, whole process", java);
        System.out.printf("  ratio %.2f; goal: at most 5%n", median(ours) / median(java));
        row("the daemon's share of it", daemon);
        System.out.println("  goal: at most 0.010 s");
    }

    private void idle() throws Exception {
        int servers = 5;
        for (int server = 0; server < servers; server++) {
            command("start", "idle" + server, "--runtime", "process", "--port", "auto", "--ui-port", "auto", "--driver-memory", "512m", "--no-archive");
        }
        long daemon = JSON.readTree(command("daemon", "status", "-o", "json")).path("pid").asLong();
        Duration watched = Duration.ofSeconds(60);
        long before = ticks(daemon);
        TimeUnit.MILLISECONDS.sleep(watched.toMillis());
        double cores = (ticks(daemon) - before) / 100.0 / watched.toSeconds();
        System.out.printf("daemon with %d healthy servers: %.2f %% of a core (goal: at most 1), %.1f MiB resident (goal: at most 160)%n", servers, cores * 100, resident(daemon) / 1024.0);
        for (int server = 0; server < servers; server++) {
            command("stop", "idle" + server);
        }
    }

    /** The same server with a class data archive and without, in turn: until HEALTHY, and its first query. */
    private void archive() throws Exception {
        command("start", "with", "--runtime", "process", "--port", "auto", "--ui-port", "auto", "--no-wait");
        command("cache", "train", "with");
        command("stop", "with");
        command("start", "without", "--runtime", "process", "--port", "auto", "--ui-port", "auto", "--no-archive");
        command("stop", "without");
        List<Double> healthyWith = new ArrayList<>();
        List<Double> healthyWithout = new ArrayList<>();
        List<Double> queryWith = new ArrayList<>();
        List<Double> queryWithout = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            archiveRound("without", healthyWithout, queryWithout);
            archiveRound("with", healthyWith, queryWith);
        }
        compare("process, start to HEALTHY", healthyWith, healthyWithout, 0.60);
        compare("process, first query", queryWith, queryWithout, 0.65);
    }

    /**
     * The same server in a container, in turn: with the archive of its image, without it, and by a bare {@code docker run} of the
     * same image, files and limits, polled with the ladder that connectctl uses.
     */
    private void container() throws Exception {
        String base = Optional.ofNullable(System.getenv("CONNECTCTL_TEST_BASE_IMAGE")).orElse("connectctl-base:jre17");
        if (docker("version").isEmpty() || docker("image", "inspect", base).isEmpty()) {
            System.out.println("container: skipped, no engine answers here or it has no image " + base + " (CONNECTCTL_TEST_BASE_IMAGE)");
            return;
        }
        String image = "connectctl-bench:4.0.1";
        command("image", "build", "--base", base, "--tag", image);
        int port = freePort();
        int ui = freePort();
        try {
            for (String name : List.of("boxed-with", "boxed-without")) {
                List<String> start = new ArrayList<>(List.of("start", name, "--runtime", "docker", "--image", image, "--port", "" + port, "--ui-port", "" + ui));
                if (name.equals("boxed-without")) {
                    start.add("--no-archive");
                }
                command(start.toArray(new String[0]));
                command("stop", name);
            }
            List<Double> healthyWith = new ArrayList<>();
            List<Double> healthyWithout = new ArrayList<>();
            List<Double> queryWith = new ArrayList<>();
            List<Double> queryWithout = new ArrayList<>();
            List<Double> ours = new ArrayList<>();
            List<Double> bare = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                Instant before = Instant.now();
                archiveRound("boxed-without", healthyWithout, queryWithout);
                ours.add(seconds(Duration.between(before, lastHealthy)));
                bare.add(bareContainer("boxed-without", image, port, ui));
                archiveRound("boxed-with", healthyWith, queryWith);
            }
            compare("container, start to HEALTHY", healthyWith, healthyWithout, 0.70);
            compare("container, first query", queryWith, queryWithout, 0.65);
            row("start to HEALTHY, container", ours);
            row("docker run to session, bare", bare);
            System.out.printf("  ratio %.2f, overhead %.2f s; goal: at most bare x 1.1 + 0.5 s = %.2f s%n", median(ours) / median(bare), median(ours) - median(bare), median(bare) * 1.1 + 0.5);
        } finally {
            for (String name : List.of("boxed-with", "boxed-without")) {
                command("remove", name, "--purge");
            }
            docker("rmi", image);
        }
    }

    /** The stopped server's own volumes and command, run by docker alone; seconds until a session answered. */
    private double bareContainer(String name, String image, int port, int ui) throws Exception {
        String container = docker("ps", "-aq", "--filter", "label=io.connectctl.server=" + name, "--filter", "label=io.connectctl.marker", "--filter", "label=io.connectctl.installation=" + installation()).orElseThrow();
        JsonNode known = JSON.readTree(docker("inspect", container).orElseThrow()).path(0);
        String marker = "bare/1/" + UUID.randomUUID();
        List<String> run = new ArrayList<>(List.of("run", "--detach", "--rm", "--init", "--user", "185:185", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--pids-limit", "512"));
        long memory = known.path("HostConfig").path("Memory").asLong();
        run.addAll(List.of("--memory", "" + memory, "--memory-swap", "" + memory, "--tmpfs", "/tmp:rw,exec,nosuid,nodev,size=128m,mode=1777"));
        for (JsonNode mount : known.path("Mounts")) {
            if (mount.path("Type").asText().equals("volume")) {
                run.addAll(List.of("--volume", mount.path("Name").asText() + ":" + mount.path("Destination").asText() + (mount.path("RW").asBoolean() ? "" : ":ro")));
            }
        }
        run.addAll(List.of("--publish", "127.0.0.1:" + port + ":" + port, "--publish", "127.0.0.1:" + ui + ":" + ui));
        run.addAll(List.of("--env", "CONNECTCTL_INSTANCE=" + marker, "--env", "HOME=/var/lib/connectctl/work", image, "/bin/sh", "/opt/connectctl/conf/entrypoint"));
        Instant before = Instant.now();
        String started = docker(run.toArray(new String[0])).orElseThrow();
        try (Ladder ladder = Probes.ladder(new ProbeTarget("localhost", port, Optional.empty(), "localhost", List.of(ui), marker, UUID.randomUUID()))) {
            while (!ladder.climb(Rung.SESSION, Duration.ofSeconds(5)).passed()) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        double taken = seconds(Duration.between(before, Instant.now()));
        docker("stop", started);
        // With --rm it is gone a moment later, and its ports are free then.
        docker("wait", started);
        return taken;
    }

    /** Twenty containers: what the daemon's answer costs, and how often the engine is asked while nothing happens. */
    private void fleet() throws Exception {
        String base = Optional.ofNullable(System.getenv("CONNECTCTL_TEST_BASE_IMAGE")).orElse("connectctl-base:jre17");
        Path engine = engineSocket();
        if (engine == null || docker("image", "inspect", base).isEmpty()) {
            System.out.println("fleet: skipped, no engine answers on a socket of this machine or it has no image " + base + " (CONNECTCTL_TEST_BASE_IMAGE)");
            return;
        }
        int servers = Integer.getInteger("fleet.size", 20);
        String image = "connectctl-bench-fleet:4.0.1";
        command("image", "build", "--base", base, "--tag", image);
        command("daemon", "stop");
        try (EngineProxy proxy = new EngineProxy(engine)) {
            environment.put("DOCKER_HOST", "unix://" + proxy.socket());
            try {
                for (int server = 0; server < servers; server++) {
                    command("start", "box" + server, "--runtime", "docker", "--image", image, "--port", "auto", "--ui-port", "auto", "--master", "local[1]", "--driver-memory", "512m");
                }
                JsonNode daemon = JSON.readTree(command("daemon", "status", "-o", "json"));
                Path socket = Path.of(daemon.path("socket").asText());
                long pid = daemon.path("pid").asLong();
                List<Double> answers = new ArrayList<>();
                for (int round = 0; round < 50; round++) {
                    answers.add(request(socket));
                }
                int asked = proxy.requests();
                long before = ticks(pid);
                Duration watched = Duration.ofSeconds(60);
                TimeUnit.MILLISECONDS.sleep(watched.toMillis());
                double cores = (ticks(pid) - before) / 100.0 / watched.toSeconds();
                Map<String, Long> kinds = proxy.kinds(asked);
                asked = proxy.requests() - asked;
                row("GET /v1/servers, " + servers + " containers", answers);
                System.out.println("  goal: at most 0.015 s");
                System.out.printf("the engine was asked %d times in %d s while nothing happened (goal: at most %d); daemon: %.2f %% of a core%n", asked, watched.toSeconds(), watched.toSeconds() / 10, cores * 100);
                System.out.println("  for: " + kinds);
            } finally {
                for (JsonNode server : JSON.readTree(answer("status", "-o", "json")).path("servers")) {
                    if (server.path("name").asText().startsWith("box")) {
                        answer("stop", server.path("name").asText(), "--force");
                        answer("remove", server.path("name").asText(), "--purge");
                    }
                }
                command("daemon", "stop");
                environment.remove("DOCKER_HOST");
                docker("rmi", image);
            }
        }
    }

    /** The flags of a small server: where it runs makes no difference to what a claim costs. */
    private static final List<String> SMALL = List.of("--runtime", "process", "--master", "local[1]", "--driver-memory", "512m");

    private static String[] small(String... command) {
        List<String> words = new ArrayList<>(Arrays.asList(command));
        words.addAll(SMALL);
        return words.toArray(new String[0]);
    }

    /** A claim of a ready spare against a cold start of the same server, each as a whole command; and the daemon's share of it. */
    private void claim() throws Exception {
        command(small("pool", "create", "bench", "--size", "2"));
        Path socket = Path.of(JSON.readTree(command("daemon", "status", "-o", "json")).path("socket").asText());
        List<Double> cold = new ArrayList<>();
        List<Double> claimed = new ArrayList<>();
        List<Double> daemon = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            awaitReady("bench", 2);
            Instant before = Instant.now();
            JsonNode lease = JSON.readTree(command("lease", "--pool", "bench", "--ttl", "10m", "-o", "json"));
            claimed.add(seconds(Duration.between(before, Instant.now())));
            long asked = System.nanoTime();
            JsonNode second = JSON.readTree(request(socket, "POST", "/v1/leases", "{\"pool\":\"bench\",\"ttlMillis\":600000}"));
            daemon.add((System.nanoTime() - asked) / 1e9);
            command("release", lease.path("lease").asText());
            command("release", second.path("lease").asText());
            // Not while spares start beside it.
            awaitReady("bench", 2);
            before = Instant.now();
            command(small("start", "cold", "--port", "auto", "--ui-port", "auto"));
            cold.add(seconds(Duration.between(before, Instant.now())));
            command("stop", "cold");
        }
        JsonNode pool = pool("bench");
        command("pool", "delete", "bench");
        row("claim of a warm server, command", claimed);
        System.out.println("  goal: at most 0.250 s");
        row("the daemon's share of it", daemon);
        System.out.println("  goal: at most 0.030 s");
        row("cold start, whole command", cold);
        System.out.printf("  %.1f times a claim; goal: at least 15 (misses: %d)%n", median(cold) / median(claimed), pool.path("misses").asInt());
    }

    private JsonNode pool(String name) throws Exception {
        for (JsonNode pool : JSON.readTree(command("pool", "list", "-o", "json")).path("pools")) {
            if (pool.path("name").asText().equals(name)) {
                return pool;
            }
        }
        throw new IllegalStateException("no pool " + name);
    }

    private void awaitReady(String name, int ready) throws Exception {
        while (pool(name).path("ready").asInt() < ready) {
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** A command with a server of its own against a start and a stop by hand. */
    private void run() throws Exception {
        List<Double> ours = new ArrayList<>();
        List<Double> byHand = new ArrayList<>();
        command(small("start", "hand", "--port", "auto", "--ui-port", "auto"));
        command("stop", "hand");
        for (int round = 0; round < rounds; round++) {
            Instant before = Instant.now();
            command("start", "hand");
            command("stop", "hand");
            byHand.add(seconds(Duration.between(before, Instant.now())));
            List<String> run = new ArrayList<>(Arrays.asList(small("run")));
            run.addAll(List.of("--", "true"));
            before = Instant.now();
            command(run.toArray(new String[0]));
            ours.add(seconds(Duration.between(before, Instant.now())));
        }
        row("run -- true, whole command", ours);
        row("start and stop by hand", byHand);
        System.out.printf("  overhead %.2f s; goal: at most 1 s%n", median(ours) - median(byHand));
    }

    /** Twenty claims at once of a pool of four. */
    private void leases() throws Exception {
        int wanted = Integer.getInteger("leases.count", 20);
        command(small("pool", "create", "bench", "--size", "4"));
        awaitReady("bench", 4);
        Path socket = Path.of(JSON.readTree(command("daemon", "status", "-o", "json")).path("socket").asText());
        Instant before = Instant.now();
        List<Process> asking = new ArrayList<>();
        for (int lease = 0; lease < wanted; lease++) {
            asking.add(process("lease", "--pool", "bench", "--ttl", "30m", "--timeout", "20m", "-o", "json").redirectError(ProcessBuilder.Redirect.DISCARD).start());
        }
        int most = 0;
        while (asking.stream().anyMatch(Process::isAlive)) {
            int starting = 0;
            for (JsonNode lease : JSON.readTree(request(socket, "GET", "/v1/leases", "")).path("leases")) {
                starting += lease.path("state").asText().equals("STARTING") ? 1 : 0;
            }
            most = Math.max(most, starting);
            TimeUnit.MILLISECONDS.sleep(100);
        }
        double taken = seconds(Duration.between(before, Instant.now()));
        Set<String> servers = new HashSet<>();
        Set<String> urls = new HashSet<>();
        List<String> leases = new ArrayList<>();
        int failed = 0;
        for (Process process : asking) {
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) {
                JsonNode lease = JSON.readTree(out);
                servers.add(lease.path("server").asText());
                urls.add(lease.path("url").asText());
                leases.add(lease.path("lease").asText());
            } else {
                failed++;
            }
        }
        for (String lease : leases) {
            command("release", lease);
        }
        command("pool", "delete", "bench");
        System.out.printf("%d leases at once of a pool of 4: %d servers, %d ports, %d failures, at most %d starting at once, %.1f s%n", wanted, servers.size(), urls.size(), failed, most, taken);
        System.out.printf("  goal: %d, %d, 0, at most 4%n", wanted, wanted);
    }

    /** The engine's socket here; null where there is none that answers. */
    private static Path engineSocket() throws InterruptedException {
        String host = Optional.ofNullable(System.getenv("DOCKER_HOST")).orElse("unix:///var/run/docker.sock");
        return host.startsWith("unix://") && docker("version").isPresent() ? Path.of(host.substring("unix://".length())) : null;
    }

    /** Passes on what is said to an engine, and counts the requests. */
    private static final class EngineProxy implements AutoCloseable {
        private static final Pattern REQUEST = Pattern.compile("((?:GET|HEAD|POST|PUT|DELETE) /\\S*) HTTP/1\\.1\r\n");

        private final Path folder = Files.createTempDirectory("engine-");
        private final Path engine;
        private final ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        private final List<String> requests = new CopyOnWriteArrayList<>();

        EngineProxy(Path engine) throws IOException {
            this.engine = engine;
            server.bind(UnixDomainSocketAddress.of(socket()));
            run(this::accept);
        }

        Path socket() {
            return folder.resolve("engine.sock");
        }

        /** What was asked since the first so many requests, each kind with its number; ids are left out. */
        Map<String, Long> kinds(int first) {
            return List.copyOf(requests).stream()
                    .skip(first)
                    .collect(Collectors.groupingBy(
                            request -> request.replaceFirst("\\?.*", "").replaceAll("/(?:[0-9a-f]{64}|connectctl-[^/]*)", "/ID"),
                            TreeMap::new,
                            Collectors.counting()));
        }

        int requests() {
            return requests.size();
        }

        private static void run(Runnable work) {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    SocketChannel client = server.accept();
                    SocketChannel to = SocketChannel.open(UnixDomainSocketAddress.of(engine));
                    run(() -> pass(client, to, true));
                    run(() -> pass(to, client, false));
                }
            } catch (IOException e) {
                // Closed: the run is over.
            }
        }

        private void pass(SocketChannel from, SocketChannel to, boolean counting) {
            ByteBuffer buffer = ByteBuffer.allocate(65536);
            try (from; to) {
                while (from.read(buffer) >= 0) {
                    buffer.flip();
                    // A request's head comes in one piece; what is archived in a body isn't sent while nothing happens.
                    Matcher request = REQUEST.matcher(StandardCharsets.ISO_8859_1.decode(buffer.duplicate()));
                    if (counting && request.lookingAt()) {
                        requests.add(request.group(1));
                    }
                    while (buffer.hasRemaining()) {
                        to.write(buffer);
                    }
                    buffer.clear();
                }
            } catch (IOException e) {
                // One side hung up, so does the other.
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
            Files.delete(socket());
            Files.delete(folder);
        }
    }

    private static String installation() throws IOException {
        return Files.readString(Path.of(System.getenv("CONNECTCTL_STATE_DIR"), "installation")).strip();
    }

    /** What a docker command wrote; empty where it failed, or where there is no docker. */
    private static Optional<String> docker(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? Optional.of(out) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Both times from the daemon's own events, so that no other process' start is in them. */
    private void archiveRound(String name, List<Double> healthy, List<Double> query) throws Exception {
        command("start", name);
        int incarnation = status(name).path("incarnation").asInt();
        Instant begin = null;
        Instant usable = null;
        Instant asked = null;
        for (String line : command("events", name, "-o", "json").lines().toList()) {
            JsonNode event = JSON.readTree(line);
            Instant at = Instant.parse(event.path("at").asText());
            if (event.path("incarnation").asInt() != incarnation) {
                continue;
            }
            String message = event.path("message").asText();
            if (event.path("type").asText().equals("phase") && event.path("phase").asText().equals("STARTING")) {
                begin = at;
            } else if (event.path("type").asText().equals("phase") && event.path("phase").asText().equals("HEALTHY")) {
                usable = at;
            } else if (event.path("type").asText().equals("rung") && message.endsWith("QUERY")) {
                asked = at;
            }
        }
        command("stop", name);
        lastHealthy = usable;
        healthy.add(seconds(Duration.between(begin, usable)));
        query.add(seconds(Duration.between(usable, asked)));
    }

    /** The server's own rendered files, run without connectctl: same flags, same folders. */
    private Process bare(String name, String marker) throws IOException {
        return bare(name, marker, Map.of());
    }

    /** The same, with more in its environment. */
    private Process bare(String name, String marker, Map<String, String> more) throws IOException {
        Path folder = Path.of(System.getenv("CONNECTCTL_STATE_DIR"), "servers", name);
        ProcessBuilder builder = new ProcessBuilder("sh", folder.resolve("conf/entrypoint").toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("CONNECTCTL_INSTANCE", marker);
        builder.environment().putAll(more);
        return builder.start();
    }

    private JsonNode status(String name) throws Exception {
        return JSON.readTree(command("status", name, "-o", "json")).path("servers").path(0);
    }

    /** What a command wrote, whatever it came to: the states of servers are exit codes too. */
    private String answer(String... arguments) throws Exception {
        Process process = process(arguments).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private ProcessBuilder process(String... arguments) {
        List<String> command = new ArrayList<>(List.of(connectctl));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return builder;
    }

    private String command(String... arguments) throws Exception {
        Process process = process(arguments).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("connectctl " + String.join(" ", arguments) + ": exit " + process.exitValue() + "\n" + out + err);
        }
        return out;
    }

    private static double timed(String... command) throws Exception {
        long before = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        process.waitFor();
        return (System.nanoTime() - before) / 1e9;
    }

    private static double request(Path socket) throws IOException {
        long before = System.nanoTime();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap("GET /v1/servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer buffer = ByteBuffer.allocate(65536);
            while (channel.read(buffer) >= 0) {
                buffer.clear();
            }
        }
        return (System.nanoTime() - before) / 1e9;
    }

    /** The body of the daemon's answer. */
    private static String request(Path socket, String method, String path, String body) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            byte[] content = body.getBytes(StandardCharsets.UTF_8);
            String head = method + " " + path + " HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + content.length + "\r\n\r\n";
            channel.write(ByteBuffer.wrap((head + body).getBytes(StandardCharsets.UTF_8)));
            String answer = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            if (!answer.matches("(?s)HTTP/1\\.. 2.*")) {
                throw new IOException(method + " " + path + ": " + answer);
            }
            return answer.substring(answer.indexOf("\r\n\r\n") + 4);
        }
    }

    private static long ticks(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    private static long resident(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** With a class data archive against without. */
    private static void compare(String name, List<Double> with, List<Double> without, double goal) {
        row(name + ", with", with);
        row(name + ", without", without);
        System.out.printf("  ratio %.2f; goal: at most %.2f%n", median(with) / median(without), goal);
    }

    private static void row(String name, List<Double> values) {
        System.out.printf("%-32s median %.3f s  (%.3f to %.3f, %d runs)%n", name, median(values), Collections.min(values), Collections.max(values), values.size());
    }
}
