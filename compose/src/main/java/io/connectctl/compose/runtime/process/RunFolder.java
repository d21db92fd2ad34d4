package io.connectctl.compose.runtime.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one incarnation, {@code run/N}: everything that is known of it lies here, so that any later daemon knows it too.
 *
 * <pre>
 * instance.json   written before the keeper starts: marker, launch time (by the clock, and since which boot), the port asked
 *                 for, out-of-memory counters then
 * keeper          written by the keeper: its pid, start ticks, boot id
 * instance        written by the server's process itself before it becomes the server: the same three of it
 * halt            there from the moment connectctl wants it ended: TERM or KILL
 * port            the gRPC port it was found listening on, where the declaration says auto
 * exit            how it ended: code=N, or code= and note=... where nobody saw it; its modification time is when
 * note            what was found out about the exit beside its code
 * server.log*     what it wrote
 * </pre>
 */
final class RunFolder {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern CODE = Pattern.compile("(?m)^code=(\\d+)");
    private static final Pattern NOTE = Pattern.compile("(?m)^note=(.+)$");
    private static final int KILLED = 137;

    /** From a run's description to its keeper's first word; a bit less than a settling is waited for. */
    private static final Duration KEEPER_PATIENCE = Duration.ofMillis(1900);

    private final Path path;
    private final ServerName server;
    private final int incarnation;
    private final String marker;
    private final Instant launchedAt;
    private final Duration launchedSinceBoot;
    private final String boot;
    private final OptionalInt askedPort;
    /** Counts the kernel's kills in the control group that it was launched in. */
    private final Optional<Path> group;

    private final OptionalLong groupKills;
    private final OptionalLong hostKills;

    private RunFolder(
            Path path,
            ServerName server,
            int incarnation,
            String marker,
            Instant launchedAt,
            Duration launchedSinceBoot,
            String boot,
            OptionalInt askedPort,
            Optional<Path> group,
            OptionalLong groupKills,
            OptionalLong hostKills) {
        this.path = path;
        this.server = server;
        this.incarnation = incarnation;
        this.marker = marker;
        this.launchedAt = launchedAt;
        this.launchedSinceBoot = launchedSinceBoot;
        this.boot = boot;
        this.askedPort = askedPort;
        this.group = group;
        this.groupKills = groupKills;
        this.hostKills = hostKills;
    }

    /** Where an incarnation stands. */
    enum State {
        /** Its keeper wasn't started, or gave up before it made a process. */
        NEVER_STARTED,
        /** Its keeper is about to make the process. */
        LAUNCHING,
        RUNNING,
        /** Its process is gone and its keeper about to write down how. */
        ENDING,
        /** How it ended is written down. */
        ENDED,
        /** It is gone, its keeper too, and nobody wrote down how. */
        LOST
    }

    /** Makes the folder of a new incarnation. */
    static RunFolder create(
            Path path, ServerName server, int incarnation, String marker, Instant launchedAt, OptionalInt askedPort)
            throws IOException {
        PrivateFiles.remove(path);
        PrivateFiles.folder(path);
        Optional<Path> group = Proc.groupOutOfMemoryFile();
        RunFolder run = new RunFolder(
                path,
                server,
                incarnation,
                marker,
                launchedAt,
                Proc.sinceBoot(),
                Proc.bootId(),
                askedPort,
                group,
                group.map(Proc::outOfMemoryKills).orElse(OptionalLong.empty()),
                Proc.hostOutOfMemoryKills());
        ObjectNode node = JSON.createObjectNode()
                .put("server", server.value())
                .put("incarnation", incarnation)
                .put("marker", marker)
                .put("launchedAt", launchedAt.toString())
                .put("launchedSinceBoot", run.launchedSinceBoot.toString())
                .put("boot", run.boot);
        askedPort.ifPresent(port -> node.put("grpcPort", port));
        group.ifPresent(file ->
                node.put("groupOutOfMemoryFile", file.toString()).put("groupOutOfMemoryInode", Proc.inode(file)));
        run.groupKills.ifPresent(kills -> node.put("groupOutOfMemoryKills", kills));
        run.hostKills.ifPresent(kills -> node.put("hostOutOfMemoryKills", kills));
        PrivateFiles.write(path.resolve("instance.json"), node.toPrettyString() + "\n", false);
        return run;
    }

    /** Reads the folder of an incarnation; empty where a launch didn't get as far as to describe it. */
    static Optional<RunFolder> read(ServerName server, Path path) {
        Optional<String> text = Proc.read(path.resolve("instance.json"));
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            JsonNode node = JSON.readTree(text.get());
            return Optional.of(new RunFolder(
                    path,
                    server,
                    node.path("incarnation").asInt(),
                    node.path("marker").asText(),
                    Instant.parse(node.path("launchedAt").asText()),
                    Duration.parse(node.path("launchedSinceBoot").asText("PT0S")),
                    node.path("boot").asText(),
                    node.has("grpcPort") ? OptionalInt.of(node.path("grpcPort").asInt()) : OptionalInt.empty(),
                    group(node),
                    counter(node, "groupOutOfMemoryKills"),
                    counter(node, "hostOutOfMemoryKills")));
        } catch (IOException | DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /** Empty where the group has gone since: another one of its name counts from 0. */
    private static Optional<Path> group(JsonNode node) {
        return Optional.of(node.path("groupOutOfMemoryFile").asText())
                .filter(file -> !file.isEmpty())
                .map(Path::of)
                .filter(file ->
                        Proc.inode(file) == node.path("groupOutOfMemoryInode").asLong());
    }

    private static OptionalLong counter(JsonNode node, String field) {
        return node.has(field) ? OptionalLong.of(node.path(field).asLong()) : OptionalLong.empty();
    }

    Path path() {
        return path;
    }

    ServerName server() {
        return server;
    }

    int incarnation() {
        return incarnation;
    }

    String marker() {
        return marker;
    }

    Instant launchedAt() {
        return launchedAt;
    }

    /** The port it was told to bind; empty where that is unknown, 0 for any. */
    OptionalInt askedPort() {
        return askedPort;
    }

    Path log() {
        return path.resolve("server.log");
    }

    /** The server's process, once it exists. */
    Optional<Proc.Identity> process() {
        return Proc.read(path.resolve("instance")).flatMap(Proc.Identity::parse);
    }

    /** The keeper, once it holds the lock. */
    Optional<Proc.Identity> keeper() {
        return Proc.read(path.resolve("keeper")).flatMap(Proc.Identity::parse);
    }

    /** True once it is written down how it ended. */
    boolean ended() {
        return exitWritten();
    }

    private boolean exitWritten() {
        return Files.exists(path.resolve("exit"));
    }

    /** Where it stands now. */
    State state() {
        if (exitWritten()) {
            return process().isPresent() ? State.ENDED : State.NEVER_STARTED;
        }
        Optional<Proc.Identity> process = process();
        if (process.isPresent()) {
            if (process.get().alive()) {
                return State.RUNNING;
            }
            // The order matters: a keeper that is gone now may have written its last word a moment ago.
            boolean keeperAlive = keeper().filter(Proc.Identity::alive).isPresent();
            if (exitWritten()) {
                return State.ENDED;
            }
            return keeperAlive ? State.ENDING : State.LOST;
        }
        Optional<Proc.Identity> keeper = keeper();
        if (keeper.isPresent()) {
            if (keeper.get().alive()) {
                return State.LAUNCHING;
            }
            if (process().isPresent()) {
                return state();
            }
            return State.NEVER_STARTED;
        }
        return fresh() ? State.LAUNCHING : State.NEVER_STARTED;
    }

    /**
     * Between the folder's description and the keeper's first word lie milliseconds; a daemon may have died in them. Told
     * by the time since the boot, since a clock may be set meanwhile.
     */
    private boolean fresh() {
        Duration age = Proc.sinceBoot().minus(launchedSinceBoot);
        return boot.equals(Proc.bootId()) && !age.isNegative() && age.compareTo(KEEPER_PATIENCE) < 0;
    }

    /**
     * Where it stands once that is settled: neither LAUNCHING nor ENDING, unless {@code patience} ends before. A loss is
     * written down, so that it reads the same tomorrow.
     */
    State settle(Duration patience) throws InterruptedException, IOException {
        long end = System.nanoTime() + patience.toNanos();
        State state = state();
        while ((state == State.LAUNCHING || state == State.ENDING) && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
            state = state();
        }
        if (state == State.LOST) {
            writeLoss();
            return State.ENDED;
        }
        return state;
    }

    private void writeLoss() throws IOException {
        boolean restarted = process()
                .filter(process -> !process.boot().equals(Proc.bootId()))
                .isPresent();
        String note;
        if (restarted) {
            note = "the machine was restarted";
        } else if (haltWish().isPresent()) {
            note = "ended by connectctl; its keeper was gone, so its exit code is unknown";
        } else {
            note = "its keeper was killed, so its exit code is unknown";
        }
        PrivateFiles.write(path.resolve("exit"), "code=\nnote=" + note + "\n", false);
    }

    /** How it ended; empty while that isn't written down. */
    Optional<ExitStatus> exit() {
        Path file = path.resolve("exit");
        Optional<String> text = Proc.read(file);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Matcher code = CODE.matcher(text.get());
        OptionalInt number = code.find() ? OptionalInt.of(Integer.parseInt(code.group(1))) : OptionalInt.empty();
        Instant at;
        try {
            at = Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            at = Instant.now();
        }
        return Optional.of(new ExitStatus(number, at, note(text.get(), number)));
    }

    private Optional<String> note(String exit, OptionalInt code) {
        Matcher written = NOTE.matcher(exit);
        if (written.find()) {
            return Optional.of(written.group(1));
        }
        if (code.isEmpty() || code.getAsInt() != KILLED) {
            return Optional.empty();
        }
        Path file = path.resolve("note");
        Optional<String> known = Proc.read(file);
        if (known.isEmpty()) {
            known = Optional.of(whyKilled());
            try {
                PrivateFiles.write(file, known.get(), false);
            } catch (IOException e) {
                // Kept only so that tomorrow's answer is the same; today's is right without it.
            }
        }
        return known.map(String::strip).filter(text -> !text.isEmpty());
    }

    /** Signal 9 tells nothing of its sender: ask ourselves first, then the kernel. */
    private String whyKilled() {
        if (haltWish().filter("KILL"::equals).isPresent()) {
            return "killed by connectctl";
        }
        // The group that it lived in: a daemon of today may live in another one.
        OptionalLong inGroup = group.map(Proc::outOfMemoryKills).orElse(OptionalLong.empty());
        if (rose(groupKills, inGroup)) {
            return "out of memory, killed by the kernel";
        }
        if (groupKills.isPresent() && inGroup.isPresent()) {
            // Whoever was killed on this machine, such as a container at its limit, it wasn't this one.
            return "";
        }
        OptionalLong now = Proc.hostOutOfMemoryKills();
        return rose(hostKills, now)
                ? "the kernel killed " + (now.orElse(0) - hostKills.orElse(0))
                        + " process(es) of this machine out of memory during this run, probably this one"
                : "";
    }

    private static boolean rose(OptionalLong before, OptionalLong after) {
        return before.isPresent() && after.isPresent() && after.getAsLong() > before.getAsLong();
    }

    /** TERM or KILL from the moment connectctl wants it ended. */
    Optional<String> haltWish() {
        return Proc.read(path.resolve("halt")).map(String::strip);
    }

    void writeHaltWish(boolean force) throws IOException {
        PrivateFiles.write(path.resolve("halt"), force ? "KILL\n" : "TERM\n", false);
    }

    /** The gRPC port it was found listening on. */
    OptionalInt foundPort() {
        try {
            return Proc.read(path.resolve("port"))
                    .map(text -> OptionalInt.of(Integer.parseInt(text.strip())))
                    .orElse(OptionalInt.empty());
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }

    void writeFoundPort(int port) throws IOException {
        PrivateFiles.write(path.resolve("port"), port + "\n", false);
    }

    /** The incarnation as it is known now. */
    Instance instance() {
        return instance(exit().orElse(null));
    }

    private Instance instance(@Nullable ExitStatus exit) {
        return new Instance(
                server,
                incarnation,
                marker,
                process().map(process -> OptionalLong.of(process.pid())).orElse(OptionalLong.empty()),
                Optional.empty(),
                launchedAt,
                Optional.ofNullable(exit));
    }

    /** Processes that this incarnation left or has: those of its session that carry its marker, the keeper excepted. */
    List<Proc.Identity> processes() {
        Optional<Proc.Identity> keeper = keeper();
        if (keeper.isEmpty() || !keeper.get().boot().equals(Proc.bootId())) {
            return List.of();
        }
        long session = keeper.get().pid();
        List<Proc.Identity> found = new ArrayList<>();
        for (Proc.Stat process : Proc.all()) {
            if (process.session() == session
                    && process.pid() != session
                    && Proc.environment(process.pid(), PortHolder.MARKER)
                            .filter(marker::equals)
                            .isPresent()) {
                found.add(process.identity());
            }
        }
        return found;
    }
}
