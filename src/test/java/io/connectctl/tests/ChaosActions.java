package io.connectctl.tests;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * What can be done to an installation. Each action ends with its fault over or standing, and nothing of its own left behind; whether all
 * mends itself is looked at afterwards. Every choice comes from the step's random numbers, none from the clock.
 */
final class ChaosActions {
    private static final int CALLS = 200;
    private static final Duration CALL_PATIENCE = Duration.ofSeconds(60);

    /** What an action does. */
    @FunctionalInterface
    interface Action {
        void run(ChaosStep step) throws IOException;
    }

    /**
     * A kind of action.
     *
     * @param weight how often it is chosen, compared to the others
     */
    private record Kind(int weight, Action action) {}

    private final Map<String, Kind> kinds = new LinkedHashMap<>();
    private final Map<String, String> left = new LinkedHashMap<>();

    /** Those that can be done in this world; the others are left out, and {@link #left} says why. */
    ChaosActions(ChaosWorld world) {
        boolean processes = world.servers.stream().anyMatch(server -> server.where == Where.PROCESS);
        boolean containers = world.engine.isPresent();
        String noProcesses = "no server runs as a process in this run";
        String noContainers = "no server runs in a container in this run (--runtime docker or both)";
        add("command", 3, Optional.empty(), ChaosActions::command);
        add("server.kill", 3, processes ? Optional.empty() : Optional.of(noProcesses), ChaosActions::killServer);
        add("server.freeze", 2, processes ? Optional.empty() : Optional.of(noProcesses), ChaosActions::freezeServer);
        add("server.pause", 1, processes ? Optional.empty() : Optional.of(noProcesses), ChaosActions::pauseServer);
        add("keeper.kill", 1, processes ? Optional.empty() : Optional.of(noProcesses), step -> keeper(step, false));
        add("keeper.freeze", 1, processes ? Optional.empty() : Optional.of(noProcesses), step -> keeper(step, true));
        add("daemon.kill", 3, Optional.empty(), ChaosActions::killDaemon);
        add("daemon.kill.meanwhile", 2, Optional.empty(), ChaosActions::killDaemonMeanwhile);
        add("daemon.freeze", 1, Optional.empty(), ChaosActions::freezeDaemon);
        add("daemon.restart", 1, Optional.empty(), ChaosActions::restartDaemon);
        add("database.damage", 3, Optional.empty(), ChaosActions::damageDatabase);
        add(
                "disk.full",
                3,
                world.disk.isPresent()
                        ? Optional.empty()
                        : Optional.of("a small disk can't be mounted here: only root may (mount -t tmpfs)"),
                ChaosActions::fillDisk);
        add("port.steal", 2, processes ? Optional.empty() : Optional.of(noProcesses), ChaosActions::stealPort);
        add("api.storm", 2, Optional.empty(), ChaosActions::storm);
        add("cli.fight", 2, Optional.empty(), ChaosActions::fight);
        add("declaration.edit", 2, Optional.empty(), ChaosActions::edit);
        add("sockets.slow", 1, Optional.empty(), ChaosActions::slowSockets);
        add("sockets.blackhole", 1, Optional.empty(), ChaosActions::blackHole);
        add(
                "container.kill",
                2,
                containers ? Optional.empty() : Optional.of(noContainers),
                step -> container(step, "kill"));
        add(
                "container.pause",
                1,
                containers ? Optional.empty() : Optional.of(noContainers),
                step -> container(step, "pause"));
        add(
                "container.remove",
                2,
                containers ? Optional.empty() : Optional.of(noContainers),
                step -> container(step, "rm", "-f"));
        add("engine.kill", 1, containers ? Optional.empty() : Optional.of(noContainers), step -> engine(step, true));
        add(
                "engine.restart",
                1,
                containers ? Optional.empty() : Optional.of(noContainers),
                step -> engine(step, false));
        add(
                "clock.jump",
                1,
                world.plan.clock()
                        ? Optional.empty()
                        : Optional.of("the clock is the whole machine's: --clock allows to set it"),
                ChaosActions::jump);
        if (!world.plan.only().isEmpty()) {
            for (String name : world.plan.only()) {
                if (!kinds.containsKey(name)) {
                    throw new IllegalArgumentException("--only " + name + ": "
                            + left.getOrDefault(name, "there is no such action") + "; there are " + kinds.keySet());
                }
            }
            kinds.keySet().retainAll(world.plan.only());
        }
    }

    private void add(String name, int weight, Optional<String> obstacle, Action action) {
        if (obstacle.isPresent()) {
            left.put(name, obstacle.get());
        } else {
            kinds.put(name, new Kind(weight, action));
        }
    }

    /** Kinds that can't be done here, and why. */
    Map<String, String> left() {
        return left;
    }

    /** The kinds that are chosen from. */
    List<String> names() {
        return List.copyOf(kinds.keySet());
    }

    /** The next kind. */
    String choose(Random random) {
        int all = kinds.values().stream().mapToInt(Kind::weight).sum();
        int place = random.nextInt(all);
        for (Map.Entry<String, Kind> kind : kinds.entrySet()) {
            place -= kind.getValue().weight();
            if (place < 0) {
                return kind.getKey();
            }
        }
        throw new IllegalStateException("no action");
    }

    void run(String kind, ChaosStep step) throws IOException {
        Objects.requireNonNull(kinds.get(kind), kind).action().run(step);
    }

    // ------------------------------------------------------------------ people

    private static void command(ChaosStep step) {
        ChaosServer server = step.any();
        String command = List.of("start", "stop", "restart").get(step.random.nextInt(3));
        step.tell(command + " " + server.name);
        if (!command.equals("stop") && step.random.nextBoolean()) {
            int mark = mark(step);
            step.tell("with the flags' mark " + mark);
            flagged(step, command, server, mark);
        } else {
            step.world.must(command, server);
        }
    }

    private static int mark(ChaosStep step) {
        return 1_000_000 + step.random.nextInt(1_000_000);
    }

    private static void flagged(ChaosStep step, String command, ChaosServer server, int mark) {
        // Before the command's own outcome is believed: what it launches has the mark.
        server.flagged(mark, true);
        step.world.must(command, server, "--conf", "spark.sql.autoBroadcastJoinThreshold=" + mark);
    }

    private static void edit(ChaosStep step) {
        ChaosServer server = step.up();
        server.inFile = 11 + step.random.nextInt(1000);
        step.tell(server.name + ": " + server.inFile + " in the file, restart");
        step.world.writeFile();
        step.world.must("restart", server);
        ChaosWorld.linger(step.random.nextInt(1500));
        // Nobody reads this one: what is launched meanwhile, and after a fault, is what was declared.
        int later = 11 + step.random.nextInt(1000);
        step.tell("then " + later + " in the file alone, and its process killed");
        server.inFile = later;
        step.world.writeFile();
        if (server.where == Where.PROCESS) {
            kill(step, server);
        }
    }

    private static void fight(ChaosStep step) throws IOException {
        ChaosServer server = step.any();
        List<Process> fighters = new ArrayList<>();
        List<String> commands = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String command = List.of("start", "stop", "restart").get(step.random.nextInt(3));
            commands.add(command);
            fighters.add(step.world.installation.spawn(command, server.name, "--no-wait"));
        }
        step.tell("at once on " + server.name + ": " + commands);
        for (int i = 0; i < fighters.size(); i++) {
            Outcome outcome = Installation.finish(fighters.get(i), Installation.PATIENCE);
            server.told(commands.get(i), false);
            if (outcome.exit() != 0) {
                throw new ChaosViolation(
                        commands.get(i) + " " + server.name + " lost a fight", List.of(outcome.toString()));
            }
        }
        step.world.settle("whoever won the fight");
        decide(step, server);
    }

    /** One word that is acknowledged, so that what is believed doesn't depend on who was faster. */
    private static void decide(ChaosStep step, ChaosServer server) {
        String last = step.random.nextInt(3) == 0 ? "stop" : "restart";
        step.tell("then " + last);
        step.world.must(last, server);
    }

    // ------------------------------------------------------------------ signals

    private static void killServer(ChaosStep step) {
        ChaosServer server = step.up(Where.PROCESS);
        step.tell("SIGKILL to " + server.name);
        kill(step, server);
        step.expectCause(server, "KILLED");
    }

    /** Its processes are gone after that: what is looked at next isn't the state of a moment before. */
    private static void kill(ChaosStep step, ChaosServer server) {
        for (long pid : step.world.jvms(server)) {
            Optional<ProcessHandle> process = ProcessHandle.of(pid);
            FaultTest.signal("KILL", pid);
            process.ifPresent(
                    gone -> gone.onExit().orTimeout(60, TimeUnit.SECONDS).join());
        }
    }

    private static void freezeServer(ChaosStep step) {
        ChaosServer server = step.up(Where.PROCESS);
        step.tell("SIGSTOP to " + server.name);
        step.world.jvms(server).forEach(pid -> FaultTest.signal("STOP", pid));
        step.world.awaitOtherIncarnation(server);
        step.expectPhase(server, "UNHEALTHY");
    }

    private static void pauseServer(ChaosStep step) {
        ChaosServer server = step.up(Where.PROCESS);
        int millis = 200 + step.random.nextInt(1800);
        step.tell("SIGSTOP to " + server.name + " for " + millis + " ms");
        List<Long> jvms = step.world.jvms(server);
        jvms.forEach(pid -> FaultTest.signal("STOP", pid));
        ChaosWorld.linger(millis);
        jvms.forEach(pid -> FaultTest.signal("CONT", pid));
    }

    private static void keeper(ChaosStep step, boolean freeze) {
        ChaosServer server = step.up(Where.PROCESS);
        String signal = freeze ? "STOP" : "KILL";
        step.tell("SIG" + signal + " to the keeper of " + server.name);
        step.world.keepers(server).forEach(pid -> FaultTest.signal(signal, pid));
        if (step.random.nextBoolean()) {
            step.tell("then SIGKILL to the server");
            kill(step, server);
            step.world.awaitOtherIncarnation(server);
        }
        // A frozen keeper goes with the server that it keeps.
        step.tell("restart");
        step.world.must("restart", server);
    }

    private static void killDaemon(ChaosStep step) {
        step.tell("SIGKILL to the daemon");
        Optional<ChaosServer> victim = Optional.empty();
        if (step.world.servers.stream().anyMatch(server -> server.where == Where.PROCESS)
                && step.random.nextBoolean()) {
            victim = Optional.of(step.up(Where.PROCESS));
        }
        step.world.killDaemon();
        victim.ifPresent(server -> {
            step.tell("SIGKILL to " + server.name + " while nobody looks");
            kill(step, server);
            step.expectCause(server, "KILLED");
        });
        ChaosWorld.linger(step.random.nextInt(1000));
        step.world.startDaemon();
    }

    private static void killDaemonMeanwhile(ChaosStep step) {
        ChaosServer server = step.any();
        String command = List.of("start", "stop", "restart").get(step.random.nextInt(3));
        int millis = step.random.nextInt(2500);
        step.tell(command + " " + server.name + ", " + millis + " ms later SIGKILL to the daemon");
        Process process = step.world.installation.spawn(command, server.name, "--no-wait");
        ChaosWorld.linger(millis);
        step.world.killDaemon();
        Outcome outcome = Installation.finish(process, Installation.PATIENCE);
        server.told(command, outcome.exit() == 0);
        step.world.startDaemon();
        step.world.settle("the command that the daemon died under");
        decide(step, server);
    }

    private static void freezeDaemon(ChaosStep step) {
        int millis = 500 + step.random.nextInt(3000);
        step.tell("SIGSTOP to the daemon for " + millis + " ms");
        List<ProcessHandle> daemons = step.world.daemons();
        daemons.forEach(daemon -> FaultTest.signal("STOP", daemon.pid()));
        ChaosWorld.linger(millis);
        daemons.forEach(daemon -> FaultTest.signal("CONT", daemon.pid()));
    }

    private static void restartDaemon(ChaosStep step) {
        step.tell("daemon stop, daemon start");
        step.world.installation.ok("daemon", "stop");
        step.world.startDaemon();
    }

    // ------------------------------------------------------------------ the database

    private static void damageDatabase(ChaosStep step) throws IOException {
        Map<ChaosServer, JsonNode> before = new LinkedHashMap<>();
        step.world.servers.forEach(server -> before.put(server, step.world.look(server)));
        boolean kill = step.random.nextBoolean();
        List<String> ways = List.of("header", "cut", "emptied", "noise", "log lost", "all lost");
        String way = ways.get(step.random.nextInt(ways.size()));
        step.tell((kill ? "SIGKILL to the daemon" : "daemon stop") + ", its database: " + way);
        if (kill) {
            step.world.killDaemon();
        } else {
            step.world.installation.ok("daemon", "stop");
        }
        Path file = step.world.installation.state().resolve("connectctl.db");
        Path log = step.world.installation.state().resolve("connectctl.db-wal");
        switch (way) {
            case "header" -> overwrite(file, 0, "this is no database any more, whatever it was before".repeat(2));
            case "cut" -> {
                try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                    long length = (long) (open.length() * step.random.nextDouble());
                    step.tell("after " + length + " bytes");
                    open.setLength(length);
                }
            }
            case "emptied" -> Files.write(file, new byte[0]);
            case "noise" -> {
                byte[] noise = new byte[4096];
                step.random.nextBytes(noise);
                long pages = Math.max(1, Files.size(file) / 4096);
                long page = (long) (pages * step.random.nextDouble());
                step.tell("page " + page + " of " + pages);
                overwrite(file, page * 4096, new String(noise, StandardCharsets.ISO_8859_1));
            }
            case "log lost" -> Files.deleteIfExists(log);
            default -> {
                for (String suffix : List.of("", "-wal", "-shm")) {
                    Files.deleteIfExists(step.world.installation.state().resolve("connectctl.db" + suffix));
                }
            }
        }
        step.world.startDaemon();
        step.world.settle("the database was damaged");
        List<String> lost = new ArrayList<>();
        before.forEach((server, view) -> {
            JsonNode after = step.world.look(server);
            for (String key : List.of("incarnation", "pid", "containerId", "port")) {
                if (view.path("desired").asText().equals("UP")
                        && !view.path(key).equals(after.path(key))) {
                    lost.add(key + " of " + server.name + " was " + view.path(key) + " and is " + after.path(key));
                }
            }
        });
        if (!lost.isEmpty()) {
            throw new ChaosViolation("servers weren't adopted as they ran", lost);
        }
        if (way.equals("header") && !kill) {
            before.keySet().forEach(server -> step.expectEvent(server, "recovered", "is set aside"));
        }
        if (way.equals("all lost")) {
            before.keySet().forEach(server -> step.expectEvent(server, "recovered", "declared again from its folder"));
        }
    }

    private static void overwrite(Path file, long place, String text) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(place);
            open.write(text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    // ------------------------------------------------------------------ disk, ports, clock

    private static void fillDisk(ChaosStep step) {
        ChaosDisk disk = step.world.disk.orElseThrow();
        ChaosServer server = step.up();
        int way = step.random.nextInt(3);
        int millis = 500 + step.random.nextInt(4000);
        disk.fill();
        try {
            switch (way) {
                case 0 -> {
                    boolean restart = step.random.nextBoolean();
                    String command = restart ? "restart" : "stop";
                    step.tell("disk full, " + command + " " + server.name);
                    Outcome outcome = step.world.installation.run(command, server.name, "--no-wait");
                    if (outcome.exit() == 0) {
                        server.told(command, true);
                    } else if (!aboutRoom(outcome)) {
                        throw new ChaosViolation(
                                "a command that a full disk refused doesn't say so", List.of(outcome.toString()));
                    }
                    // Refused is refused: nothing of it is believed, nor may anything of it happen.
                }
                case 1 -> {
                    step.tell("disk full, " + server.name + " killed");
                    if (server.where == Where.PROCESS) {
                        kill(step, server);
                    }
                }
                default -> {
                    step.tell("disk full, the daemon killed and started");
                    step.world.killDaemon();
                    // It may not come up before there is room; then it says why.
                    Outcome outcome = step.world.installation.run("daemon", "start");
                    if (outcome.exit() != 0 && !aboutRoom(outcome)) {
                        throw new ChaosViolation(
                                "a daemon that a full disk keeps down doesn't say so", List.of(outcome.toString()));
                    }
                }
            }
            ChaosWorld.linger(millis);
        } finally {
            disk.free();
        }
        step.tell("room again " + millis + " ms later");
        step.world.startDaemon();
    }

    private static boolean aboutRoom(Outcome outcome) {
        return Stream.of("full", "space", "room").anyMatch(outcome.err()::contains);
    }

    private static void stealPort(ChaosStep step) throws IOException {
        ChaosServer server = step.up(Where.PROCESS);
        step.tell("stop " + server.name + ", its port " + "stolen, start");
        step.world.must("stop", server);
        step.world.settle("a stop");
        List<String> thief =
                new ArrayList<>(step.world.engine.map(OwnEngine::prefix).orElse(List.of()));
        thief.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Thief.class.getName(),
                Integer.toString(server.port)));
        Process process = new ProcessBuilder(thief)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            if (process.getInputStream().read() != '!') {
                throw new IllegalStateException("the port " + server.port + " of " + server.name + " can't be stolen");
            }
            Outcome outcome = step.world.installation.run("start", server.name);
            if (outcome.exit() != 8 || !outcome.err().contains(Integer.toString(server.port))) {
                throw new ChaosViolation("a start on a stolen port doesn't say so", List.of(outcome.toString()));
            }
            step.expectCause(server, "PORT_TAKEN");
        } finally {
            process.destroyForcibly();
        }
        process.onExit().join();
        step.tell("given back, start");
        server.up.clear();
        server.up.add(false);
        step.world.must("start", server);
    }

    /** Holds a port until it is killed. */
    static final class Thief {
        private Thief() {}

        public static void main(String[] arguments) throws Exception {
            try (ServerSocket socket =
                    new ServerSocket(Integer.parseInt(arguments[0]), 1, InetAddress.getLoopbackAddress())) {
                System.out.print('!');
                System.out.flush();
                while (true) {
                    try (Socket taken = socket.accept()) {
                        taken.setSoTimeout(1000);
                    }
                }
            }
        }
    }

    private static void jump(ChaosStep step) {
        long seconds = (1 + step.random.nextInt(48 * 3600)) * (step.random.nextBoolean() ? 1L : -1L);
        Map<ChaosServer, Integer> before = new LinkedHashMap<>();
        step.world.servers.forEach(server ->
                before.put(server, step.world.look(server).path("incarnation").asInt()));
        step.tell("the clock jumps by " + seconds + " s, for 3 s");
        Instant wall = Instant.now();
        long since = System.nanoTime();
        set(wall.plusSeconds(seconds));
        try {
            ChaosWorld.linger(3000);
        } finally {
            set(wall.plusNanos(System.nanoTime() - since));
        }
        step.world.settle("the clock jumped");
        before.forEach((server, incarnation) -> {
            if (step.world.look(server).path("incarnation").asInt() != incarnation) {
                throw new ChaosViolation("a clock that jumped cost a server", List.of(server.toString()));
            }
        });
    }

    private static void set(Instant wall) {
        Outcome outcome = Docker.finish(
                List.of("date", "-s", "@" + wall.getEpochSecond() + "." + String.format("%09d", wall.getNano())));
        if (outcome.exit() != 0) {
            throw new IllegalStateException("the clock can't be set: " + outcome);
        }
    }

    // ------------------------------------------------------------------ the API and sockets

    private static void storm(ChaosStep step) throws IOException {
        List<String> up = step.world.servers.stream()
                .filter(ChaosServer::surelyUp)
                .map(server -> server.name)
                .toList();
        List<byte[]> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            calls.add(i % 2 == 0 ? wellFormed(step, up) : malformed(step));
        }
        step.tell(CALLS + " calls at once, half of them malformed");
        List<Callable<String>> tasks = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            byte[] call = calls.get(i);
            boolean all = i % 2 == 1;
            tasks.add(() -> step.world.raw(call, all));
        }
        List<String> wrong = new ArrayList<>();
        ExecutorService pool = Executors.newFixedThreadPool(CALLS);
        try {
            List<Future<String>> answers = new ArrayList<>();
            tasks.forEach(task -> answers.add(pool.submit(task)));
            for (int i = 0; i < CALLS; i++) {
                judge(i % 2 == 0, calls.get(i), answers.get(i), wrong);
            }
        } finally {
            pool.shutdownNow();
        }
        if (!wrong.isEmpty()) {
            throw new ChaosViolation(
                    wrong.size() + " of " + CALLS + " calls were answered wrongly",
                    wrong.subList(0, Math.min(10, wrong.size())));
        }
    }

    private static void judge(boolean wellFormed, byte[] call, Future<String> answer, List<String> wrong) {
        String said;
        try {
            said = answer.get(CALL_PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            // Told off and hung up on before it had said everything: that is an answer to a malformed one.
            said = wellFormed ? "none: " + e.getCause() : "";
        } catch (TimeoutException e) {
            said = "none within " + CALL_PATIENCE.toSeconds() + " s";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        boolean fits = wellFormed
                ? said.matches("(?s)HTTP/1\\.[01] 2\\d\\d.*")
                : said.isEmpty() || said.matches("(?s)HTTP/1\\.[01] (?:4\\d\\d|50[135]).*");
        if (!fits) {
            String asked = new String(call, StandardCharsets.ISO_8859_1);
            wrong.add(asked.substring(0, Math.min(80, asked.length())).replaceAll("\\s+", " ") + " -> "
                    + said.substring(0, Math.min(200, said.length())).replaceAll("\\s+", " "));
        }
    }

    private static byte[] wellFormed(ChaosStep step, List<String> up) {
        String server = step.any().name;
        List<String> paths = List.of(
                "GET /v1/servers",
                "GET /v1/servers/" + server,
                "GET /v1/servers/" + server + "/describe",
                "GET /v1/events?limit=50",
                "GET /v1/daemon",
                "GET /healthz",
                "GET /metrics",
                "GET /v1/leases");
        String path = up.isEmpty() || step.random.nextInt(8) > 0
                ? paths.get(step.random.nextInt(paths.size()))
                : "POST /v1/servers/" + up.get(step.random.nextInt(up.size())) + "/start";
        return http(path, "Content-Length: 0", "");
    }

    private static byte[] malformed(ChaosStep step) {
        byte[] noise = new byte[1 + step.random.nextInt(400)];
        step.random.nextBytes(noise);
        return switch (step.random.nextInt(10)) {
            case 0 -> noise.clone();
            case 1 -> http("GET /v1/servers/%zz", "X: 1", "");
            case 2 -> http("GET /v1/nothing/here", "X: 1", "");
            case 3 -> http("PUT /v1/servers/s1", "Content-Length: 20", "{\"declaration\": {{{{");
            case 4 -> http("PUT /v1/servers/No_Such_Name!", "Content-Length: 2", "{}");
            case 5 -> http("GET /v1/servers", "X-Long: " + "x".repeat(100_000), "");
            case 6 -> http("PUT /v1/servers/s1", "Content-Length: 99999999999", "{}");
            case 7 -> http("DELETE /v1/events", "X: 1", "");
            case 8 -> request("GET /v1/servers HTTP/9.9\r\nHost: localhost\r\n\r\n");
            default -> http("POST /v1/servers/nobody/start", "Content-Length: 0", "");
        };
    }

    /** In this version an answer ends with the connection. */
    private static byte[] http(String call, String header, String body) {
        return request(String.join("\r\n", call + " HTTP/1.0", "Host: localhost", header, "", body));
    }

    private static byte[] request(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void slowSockets(ChaosStep step) throws IOException {
        int count = 20 + step.random.nextInt(40);
        int millis = 1000 + step.random.nextInt(3000);
        step.tell(count + " callers of the API that say half a sentence and wait " + millis + " ms");
        List<SocketChannel> slow = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                SocketChannel channel = step.world.connect();
                channel.write(ByteBuffer.wrap(
                        i % 2 == 0 ? request("GET /v1/serv") : http("PUT /v1/servers/s1", "Content-Length: 100", "{")));
                slow.add(channel);
            }
            ChaosWorld.linger(millis);
            // Whoever speaks plainly is answered meanwhile.
            String answer = step.world.raw(http("GET /v1/servers", "X: 1", ""), false);
            if (!answer.startsWith("HTTP/1.1 200")) {
                throw new ChaosViolation("slow callers keep others out", List.of(answer));
            }
        } finally {
            for (SocketChannel channel : slow) {
                channel.close();
            }
        }
    }

    /** Callers of a server who never speak; and a server that never does, which is looked at by the doctor. */
    private static void blackHole(ChaosStep step) throws IOException {
        ChaosServer server = step.up();
        int count = 10 + step.random.nextInt(40);
        step.tell(count + " callers of " + server.name
                + " who say nothing, and a doctor's look at a port that says nothing");
        String script = "for i in $(seq " + count + "); do eval \"exec $((i + 10))<>/dev/tcp/127.0.0.1/" + server.port
                + "\"; done; echo up; exec sleep 60";
        List<String> command =
                new ArrayList<>(step.world.engine.map(OwnEngine::prefix).orElse(List.of()));
        command.addAll(List.of("bash", "-c", script));
        Process callers = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            int incarnation = step.world.look(server).path("incarnation").asInt();
            if (callers.getInputStream().read() != 'u') {
                throw new IllegalStateException(server.name + " takes no " + count + " connections");
            }
            silentPort(step);
            ChaosWorld.linger(2000);
            if (step.world.look(server).path("incarnation").asInt() != incarnation) {
                throw new ChaosViolation("callers who say nothing cost a server", List.of(server.toString()));
            }
        } finally {
            callers.destroyForcibly();
        }
    }

    private static void silentPort(ChaosStep step) throws IOException {
        if (step.world.engine.isPresent()) {
            return; // the command line is in another network than this process
        }
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Outcome outcome = step.world.installation.run("doctor", "sc://127.0.0.1:" + silent.getLocalPort());
            if (outcome.exit() != 4 && outcome.exit() != 7) {
                throw new ChaosViolation("the doctor's word on a port that says nothing", List.of(outcome.toString()));
            }
        }
    }

    // ------------------------------------------------------------------ containers and engine

    private static void container(ChaosStep step, String... command) {
        ChaosServer server = step.up(Where.DOCKER);
        OwnEngine engine = step.world.engine.orElseThrow();
        String container = step.world.look(server).path("containerId").asText();
        step.tell("docker " + String.join(" ", command) + " " + server.name);
        List<String> words = new ArrayList<>(List.of(command));
        words.add(container);
        Outcome outcome = engine.docker(words.toArray(String[]::new));
        if (outcome.exit() != 0) {
            throw new IllegalStateException("docker " + words + ": " + outcome);
        }
        step.world.awaitOtherIncarnation(server);
        switch (command[0]) {
            case "kill" -> step.expectCause(server, "KILLED");
            case "rm" -> step.expectCause(server, "REMOVED", "KILLED");
            default -> step.expectPhase(server, "UNHEALTHY");
        }
    }

    private static void engine(ChaosStep step, boolean kill) {
        ChaosServer server = step.up(Where.DOCKER);
        OwnEngine engine = step.world.engine.orElseThrow();
        step.tell("the engine is " + (kill ? "killed" : "stopped") + ", and started");
        if (kill) {
            engine.kill();
        } else {
            engine.stop();
        }
        step.world.await(server, "UNKNOWN", view -> view.path("phase").asText().equals("UNKNOWN"));
        engine.start("--live-restore");
        step.expectPhase(server, "UNKNOWN");
    }
}
