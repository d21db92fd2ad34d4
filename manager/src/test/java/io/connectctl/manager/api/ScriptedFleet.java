package io.connectctl.manager.api;

import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.StopSpec;
import io.connectctl.health.Climb;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.Adopted;
import io.connectctl.manager.supervise.CacheStatus;
import io.connectctl.manager.supervise.Change;
import io.connectctl.manager.supervise.Declared;
import io.connectctl.manager.supervise.Fleet;
import io.connectctl.manager.supervise.Origin;
import io.connectctl.manager.supervise.Planned;
import io.connectctl.manager.supervise.Receipt;
import io.connectctl.manager.supervise.RefusedException;
import io.connectctl.manager.supervise.RestartFrom;
import io.connectctl.manager.supervise.ServerStatus;
import io.connectctl.manager.supervise.StopOrder;
import io.connectctl.manager.supervise.Timeline;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A fleet that does what a test says: no server, no clock, every call written down. */
public final class ScriptedFleet implements Fleet {
    private static final CacheEntry CACHED = new CacheEntry(
            CacheEntry.Kind.ARCHIVE,
            "0123",
            "Spark 4.0.1 on Java 17.0.15",
            92274688L,
            Instant.parse("2026-11-22T12:00:00Z"),
            true,
            Path.of("/cache/archives/0123"));

    /** A moment that never moves. */
    public static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private final Map<ServerName, ServerStatus> servers = new ConcurrentSkipListMap<>();
    private final List<ServerEvent> journal = Collections.synchronizedList(new ArrayList<>());
    private final List<Follower> followers = new CopyOnWriteArrayList<>();
    private final AtomicLong sequence = new AtomicLong();

    /** What was asked of it, in words. */
    public final List<String> calls = new CopyOnWriteArrayList<>();

    private volatile Optional<Path> wedge = Optional.empty();

    /** Lines of every log; with follow, lines added later come too. */
    public final BlockingQueue<String> log = new LinkedBlockingQueue<>();

    /** Thrown by every command while set. */
    public volatile @Nullable RefusedException refusal;

    /** Thrown by {@link #servers} while set. */
    public volatile @Nullable RuntimeException failure;

    /** How every server differs from what it should be. */
    public final List<Change> drift = new CopyOnWriteArrayList<>();

    /** What clients do. */
    public final Map<ServerName, ConnectActivity> activities = new ConcurrentSkipListMap<>();

    /** What the next probe says. */
    public volatile Climb climb = new Climb(Rung.QUERY, Optional.empty(), Map.of(), Observed.NOTHING);

    private final class Follower implements AutoCloseable {
        private final BlockingQueue<ServerEvent> queue = new LinkedBlockingQueue<>();
        private final Optional<ServerName> server;
        private final Thread thread;

        Follower(Optional<ServerName> server, Consumer<ServerEvent> listener) {
            this.server = server;
            this.thread = new Thread(() -> deliver(listener), "follower");
            thread.setDaemon(true);
        }

        private void deliver(Consumer<ServerEvent> listener) {
            try {
                while (true) {
                    listener.accept(queue.take());
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        }

        void offer(ServerEvent event) {
            if (server.isEmpty() || server.get().equals(event.server())) {
                queue.add(event);
            }
        }

        @Override
        public void close() {
            followers.remove(this);
            thread.interrupt();
        }
    }

    /** How many follow now. */
    public int followers() {
        return followers.size();
    }

    /** Puts a server, or a server's new status, into the fleet. */
    public void put(ServerStatus status) {
        servers.put(status.spec().name(), status);
    }

    /** Takes a server out and tells it. */
    public void drop(String name) {
        servers.remove(new ServerName(name));
        tell(name, 1, "removed", Phase.STOPPED, "removed");
    }

    /** Writes an event into the journal and hands it to every follower. */
    public synchronized ServerEvent tell(String server, int incarnation, String type, Phase phase, String message) {
        return tell(server, incarnation, type, phase, message, NOON, Optional.empty());
    }

    /** Writes an event into the journal and hands it to every follower. */
    public synchronized ServerEvent tell(
            String server,
            int incarnation,
            String type,
            Phase phase,
            String message,
            Instant at,
            Optional<Cause> cause) {
        ServerEvent event = new ServerEvent(
                type.equals("progress") ? 0 : sequence.incrementAndGet(),
                at,
                new ServerName(server),
                incarnation,
                type,
                phase,
                message,
                cause);
        if (event.sequence() > 0) {
            journal.add(event);
        }
        followers.forEach(follower -> follower.offer(event));
        return event;
    }

    /** A spec of all defaults. */
    public static ServerSpec spec(String name, Map<String, String> conf, Map<String, String> env) {
        return new ServerSpec(
                new ServerName(name),
                "process",
                SparkVersion.parse("4.0.1"),
                "local[4]",
                new PortChoice.Fixed(15020),
                new PortChoice.Fixed(4040),
                MemorySize.parse("1512m"),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                new TreeMap<>(conf),
                new TreeMap<>(env),
                new HealthSpec(
                        Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
                new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
                Auth.NONE,
                Expose.LOOPBACK,
                "default",
                Optional.empty());
    }

    /** A server that runs well. */
    public static ServerStatus healthy(String name) {
        return status(spec(name, Map.of(), Map.of()), Phase.HEALTHY, Rung.QUERY, Optional.empty());
    }

    /** A server in some phase. */
    public static ServerStatus status(ServerSpec spec, Phase phase, Rung rung, Optional<Cause> cause) {
        boolean up = phase == Phase.HEALTHY || phase == Phase.STARTING || phase == Phase.UNHEALTHY;
        return new ServerStatus(
                spec,
                false,
                Origin.FLAGS,
                up ? Desired.UP : Desired.DOWN,
                phase,
                rung,
                1,
                up
                        ? Optional.of(new Instance(
                                spec.name(),
                                1,
                                spec.name() + "/1/0a1b2c3d",
                                OptionalLong.of(4711),
                                Optional.empty(),
                                NOON,
                                Optional.empty()))
                        : Optional.empty(),
                "localhost",
                OptionalInt.of(15020),
                up
                        ? new Observed(
                                Optional.of("4.0.1"),
                                Optional.of(URI.create("http://127.0.0.1:4040")),
                                Optional.of("local-1"),
                                OptionalLong.of(762524467L),
                                OptionalInt.of(4))
                        : Observed.NOTHING,
                0,
                up ? Optional.of(NOON) : Optional.empty(),
                phase == Phase.HEALTHY ? Optional.of(NOON.plusMillis(12_300)) : Optional.empty(),
                NOON.plusMillis(12_300),
                cause,
                Optional.of(Path.of("/home/ada/.local/state/connectctl/servers/" + spec.name() + "/run/1/server.log")),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty());
    }

    /** The same in a container, where connectctl chose to run it. */
    public static ServerStatus contained(ServerStatus status, String containerId, String why) {
        return new ServerStatus(
                status.spec().in("docker"),
                status.changed(),
                status.origin(),
                status.desired(),
                status.phase(),
                status.rung(),
                status.incarnation(),
                status.instance()
                        .map(run -> new Instance(
                                run.server(),
                                run.incarnation(),
                                run.marker(),
                                OptionalLong.empty(),
                                Optional.of(containerId),
                                run.launchedAt(),
                                run.exit())),
                status.host(),
                status.grpcPort(),
                status.observed(),
                status.restarts(),
                status.startedAt(),
                status.healthySince(),
                status.phaseSince(),
                status.cause(),
                Optional.empty(),
                status.tokenFile(),
                status.exposures(),
                Optional.of(why),
                false,
                Optional.empty(),
                Optional.empty());
    }

    @Override
    public List<ServerStatus> servers() {
        if (failure != null) {
            throw failure;
        }
        return List.copyOf(servers.values());
    }

    @Override
    public Optional<ServerStatus> server(ServerName name) {
        return Optional.ofNullable(servers.get(name));
    }

    @Override
    public Declared declare(ServerName name, Declaration flags, Declaration file, Origin origin)
            throws RefusedException {
        calls.add("declare " + name + " flags " + flags.toJson()
                + origin.file()
                        .map(path -> " file " + file.toJson() + " " + path)
                        .orElse(""));
        refuse();
        boolean created = !servers.containsKey(name);
        servers.putIfAbsent(
                name, status(spec(name.value(), Map.of(), Map.of()), Phase.STOPPED, Rung.NONE, Optional.empty()));
        return new Declared(created, true, List.of());
    }

    @Override
    public Optional<Reservation> reserve(ServerName name) {
        return server(name).isPresent() ? Optional.empty() : Optional.of(() -> {});
    }

    @Override
    public Adopted adopt(String container, Optional<ServerName> wanted) {
        return new Adopted(
                wanted.orElse(new ServerName("adopted")), container, new Receipt(sequence.get(), true, "starting"));
    }

    @Override
    public Receipt start(ServerName name) throws RefusedException {
        return command("start " + name, name);
    }

    @Override
    public Receipt stop(ServerName name, StopOrder order) throws RefusedException {
        return command("stop " + name + words(order), name);
    }

    @Override
    public Receipt restart(ServerName name, RestartFrom from, StopOrder order) throws RefusedException {
        return command("restart " + name + (from == RestartFrom.CURRENT ? "" : " " + from) + words(order), name);
    }

    private static String words(StopOrder order) {
        return (order.force() ? " by force" : "")
                + (order.unlessBusy() ? " unless busy" : "")
                + order.drain().map(time -> " drain " + time).orElse("");
    }

    @Override
    public Map<ServerName, ConnectActivity> activities(Collection<ServerName> names, Duration patience) {
        Map<ServerName, ConnectActivity> told = new ConcurrentSkipListMap<>(activities);
        told.keySet().retainAll(names);
        return told;
    }

    @Override
    public List<Change> drift(ServerName name) {
        return List.copyOf(drift);
    }

    @Override
    public Planned diff(ServerName name) throws RefusedException {
        calls.add("diff " + name);
        refuse();
        return new Planned(true, true, drift(name), List.of());
    }

    @Override
    public Planned plan(ServerName name, Declaration flags, Declaration file, Origin origin) throws RefusedException {
        calls.add("plan " + name + " flags " + flags.toJson()
                + origin.file().map(path -> " file " + file.toJson()).orElse(""));
        refuse();
        return new Planned(servers.containsKey(name), true, drift(name), List.of());
    }

    @Override
    public void remove(ServerName name, boolean purge) throws RefusedException {
        command("remove " + name + (purge ? " and purge" : ""), name);
        drop(name.value());
    }

    private Receipt command(String words, ServerName name) throws RefusedException {
        calls.add(words);
        refuse();
        known(name);
        return new Receipt(sequence.get(), true, words);
    }

    private void refuse() throws RefusedException {
        if (refusal != null) {
            throw refusal;
        }
    }

    private void known(ServerName name) throws RefusedException {
        if (!servers.containsKey(name)) {
            throw new RefusedException(RefusedException.Code.NO_SUCH_SERVER, "no server '" + name + "' is declared");
        }
    }

    @Override
    public List<ServerEvent> events(Optional<ServerName> server, long after, int limit) {
        synchronized (journal) {
            return journal.stream()
                    .filter(event -> event.sequence() > after
                            && (server.isEmpty() || server.get().equals(event.server())))
                    .limit(limit)
                    .toList();
        }
    }

    @Override
    public long lastSequence() {
        return sequence.get();
    }

    @Override
    public synchronized AutoCloseable follow(Optional<ServerName> server, long after, Consumer<ServerEvent> listener) {
        Follower follower = new Follower(server, listener);
        events(server, after, Integer.MAX_VALUE).forEach(follower::offer);
        followers.add(follower);
        follower.thread.start();
        return follower;
    }

    @Override
    public Climb probe(ServerName name, Rung until, Duration timeout) throws RefusedException {
        command("probe " + name + " until " + until + " within " + timeout, name);
        return climb;
    }

    @Override
    public void logs(ServerName name, LogRequest request, LogSink sink) throws RefusedException, InterruptedException {
        command(
                "logs " + name + " tail=" + request.tail() + " previous=" + request.previous() + " follow="
                        + request.follow(),
                name);
        List<String> lines = new ArrayList<>();
        log.drainTo(lines);
        for (String line : lines) {
            if (!sink.line(line)) {
                return;
            }
        }
        try {
            while (request.follow()) {
                if (!sink.line(log.take())) {
                    return;
                }
            }
        } finally {
            calls.add("logs ended");
        }
    }

    @Override
    public Optional<Usage> usage(ServerName name) throws RefusedException {
        known(name);
        return server(name).flatMap(ServerStatus::instance).isPresent()
                ? Optional.of(new Usage(734003200L, Duration.ofMillis(31_500), 87, 412))
                : Optional.empty();
    }

    @Override
    public List<String> remarks(ServerName name) throws RefusedException {
        known(name);
        return List.of("scripted by the test");
    }

    @Override
    public Timeline timeline(ServerName name) throws RefusedException {
        command("timeline " + name, name);
        return new Timeline(
                name,
                2,
                Instant.parse("2026-11-22T16:00:00.250Z"),
                List.of(
                        new Timeline.Step(
                                Timeline.Kind.PULL, Duration.ZERO, Duration.ofMillis(20_500), "fetching Spark 4.0.1"),
                        new Timeline.Step(
                                Timeline.Kind.CONTEXT, Duration.ofMillis(20_500), Duration.ofMillis(3_000), "")),
                false,
                Optional.of("only the first start fetches"),
                List.of());
    }

    /** Where evidence of a wedge lies from now on. */
    void wedge(Path folder) {
        wedge = Optional.of(folder);
    }

    @Override
    public Optional<Path> wedge(ServerName name) {
        return wedge;
    }

    @Override
    public void bundle(ServerName name, Map<String, String> more, OutputStream out)
            throws RefusedException, IOException {
        command("bundle " + name, name);
        out.write(String.join(" ", more.keySet()).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public CacheStatus cache() {
        return new CacheStatus(List.of(CACHED), 1 << 30);
    }

    @Override
    public List<CacheEntry> prune(Duration unused) {
        calls.add("prune " + unused);
        return List.of(CACHED);
    }

    @Override
    public Receipt train(ServerName name) throws RefusedException {
        command("train " + name, name);
        return new Receipt(lastSequence(), true, "training");
    }

    @Override
    public void close() {
        calls.add("close");
        followers.forEach(Follower::close);
    }
}
