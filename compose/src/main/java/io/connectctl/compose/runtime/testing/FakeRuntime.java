package io.connectctl.compose.runtime.testing;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.JavaChoice;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.Trace;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A runtime without processes, disk or threads, whose faults a test decides.
 *
 * <pre>{@code
 * FakeRuntime runtime = new FakeRuntime(clock);
 * runtime.failNext(Operation.LAUNCH, new LaunchException("PORT_TAKEN", "...", "...", false));
 * Hold hold = runtime.holdNext(Operation.LAUNCH);          // the next launch hangs before it does anything
 * hold.reached(); hold.release();
 * runtime.holdNextResult(Operation.HALT);                  // the next halt ends the instance, but its answer hangs
 * runtime.unavailable(true);                               // every question throws RuntimeUnavailableException
 * runtime.exit(name, 137);                                 // an instance ends; watchers hear it on this thread
 * runtime.exitUnseen(name, 1);                             // the same, but the exit's event is lost
 * runtime.stopOutside(name);                               // a person stops it with the runtime's own tools
 * runtime.startOutside(name);                              // a person starts it again: its next incarnation
 * runtime.obstacle("no engine answers");                   // auto doesn't take it
 * runtime.java(choice);                                    // the Java that servers run on; noJava(failure): none fits
 * runtime.foreign(found);                                  // somebody else's server, which may be adopted
 * runtime.left(trace);                                     // something there is of a server, known or not
 * }</pre>
 *
 * Like every runtime it holds at most one live instance of a server: a second launch gets {@code ALREADY_RUNNING}.
 * Safe to use from several threads.
 */
public final class FakeRuntime implements ServerRuntime {
    /** What a fault can be scripted for. */
    public enum Operation {
        PREPARE,
        LAUNCH,
        HALT,
        FIND,
        LIST,
        ENDPOINT,
        LOGS,
        USAGE,
        DISCARD
    }

    /** One scripted hang: lets a test wait until a call hangs, and let it go. */
    public static final class Hold {
        private boolean reached;
        private boolean released;
        private boolean surviving;
        private @Nullable Runnable late;

        private Hold() {}

        /**
         * Lets the effect happen at {@link #release} even where the caller was interrupted meanwhile, as a request does that
         * was on its way already when its sender lost patience.
         */
        public synchronized Hold evenIfInterrupted() {
            surviving = true;
            return this;
        }

        /** Waits until a call hangs here, at most 10 s. */
        public synchronized void awaitReached() throws InterruptedException {
            long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (!reached) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError("no call came here within 10 s");
                }
                wait(left / 1_000_000 + 1);
            }
        }

        /** True once a call hangs here or has hung here. */
        public synchronized boolean reached() {
            return reached;
        }

        /** Lets the call go on. */
        public void release() {
            Runnable effect;
            synchronized (this) {
                released = true;
                notifyAll();
                effect = late;
                late = null;
            }
            if (effect != null) {
                effect.run();
            }
        }

        private synchronized void hang(Runnable effect) throws InterruptedException {
            reached = true;
            notifyAll();
            try {
                while (!released) {
                    wait();
                }
            } catch (InterruptedException e) {
                if (surviving) {
                    late = effect;
                }
                throw e;
            }
        }
    }

    private static final class Slot {
        private @Nullable Instance current;
        private OptionalInt grpcPort = OptionalInt.empty();
        private boolean listening = true;
        private boolean warehouse;
        private final List<String> log = new ArrayList<>();
        private List<String> previousLog = List.of();
        private @Nullable LaunchPlan plan;
        private int launches;
    }

    private record Fault(
            @Nullable LaunchException failure, @Nullable String refusal, @Nullable Hold before, @Nullable Hold after) {
        static final Fault NONE = new Fault(null, null, null, null);
    }

    private final Map<String, String> ingredients = new ConcurrentHashMap<>();
    private final String name;
    private final Clock clock;
    private final Map<ServerName, Slot> slots = new TreeMap<>();
    private final Map<Operation, Deque<Fault>> faults = new EnumMap<>(Operation.class);
    private final Map<Operation, Integer> calls = new EnumMap<>(Operation.class);
    private final List<Consumer<Instance>> listeners = new CopyOnWriteArrayList<>();
    private Function<ServerName, ExitStatus> onHalt;
    private boolean unavailable;
    private @Nullable String obstacle;
    private List<String> remarks = List.of();
    private Optional<Cache> cache = Optional.empty();
    private final Map<String, Adoptable> foreign = new TreeMap<>();
    private final Map<ServerName, Trace> traces = new TreeMap<>();
    private final Set<ServerName> adopted = new TreeSet<>();
    private Optional<JavaChoice> javaChoice = Optional.empty();
    private @Nullable LaunchException noJava;
    private Usage usage = new Usage(1L << 28, Duration.ofSeconds(5), 40, 200);
    private Optional<Snapshot> snapshot = Optional.empty();
    private List<String> saidAtSnapshot = List.of();
    private long nextPid = 1000;
    private int nextPort = 40_000;

    private @Nullable String suspended;

    /** A runtime that takes launch and exit times from {@code clock}. */
    public FakeRuntime(Clock clock) {
        this("fake", clock);
    }

    /** A runtime of this name, for a choice between several. */
    public FakeRuntime(String name) {
        this(name, Clock.systemUTC());
    }

    private FakeRuntime(String name, Clock clock) {
        this.name = name;
        this.clock = clock;
        this.onHalt = server -> new ExitStatus(OptionalInt.of(143), clock.instant(), Optional.empty());
    }

    public FakeRuntime() {
        this(Clock.systemUTC());
    }

    // ------------------------------------------------------------------ what a test decides

    /** The next {@code operation} that has no other fault scripted throws {@code failure}; PREPARE and LAUNCH only. */
    public synchronized void failNext(Operation operation, LaunchException failure) {
        if (operation != Operation.PREPARE && operation != Operation.LAUNCH) {
            throw new IllegalArgumentException(operation + " can't throw a LaunchException");
        }
        script(operation, new Fault(failure, null, null, null));
    }

    /** The next {@code operation} that has no other fault scripted can't be done for now; not PREPARE and LAUNCH. */
    public synchronized void refuseNext(Operation operation, String why) {
        if (operation == Operation.PREPARE || operation == Operation.LAUNCH) {
            throw new IllegalArgumentException(operation + " throws a LaunchException");
        }
        script(operation, new Fault(null, why, null, null));
    }

    /** The next {@code operation} hangs before it does anything, until released or interrupted. */
    public synchronized Hold holdNext(Operation operation) {
        Hold hold = new Hold();
        script(operation, new Fault(null, null, hold, null));
        return hold;
    }

    /** The next {@code operation} is done, but its result hangs until released; an interrupt loses it. */
    public synchronized Hold holdNextResult(Operation operation) {
        Hold hold = new Hold();
        script(operation, new Fault(null, null, null, hold));
        return hold;
    }

    /** While true, every question and halt throws {@link RuntimeUnavailableException}, and a launch fails retryably. */
    public synchronized void unavailable(boolean now) {
        unavailable = now;
    }

    /** Ends the running instance with this code and tells the watchers, on this thread. */
    public void exit(ServerName server, int code) {
        exit(server, new ExitStatus(OptionalInt.of(code), clock.instant(), Optional.empty()));
    }

    /** Ends the running instance and tells the watchers, on this thread. */
    public void exit(ServerName server, ExitStatus status) {
        tell(end(server, status));
    }

    /** Ends the running instance without a word to the watchers: a lost event. */
    public void exitUnseen(ServerName server, int code) {
        end(server, new ExitStatus(OptionalInt.of(code), clock.instant(), Optional.empty()));
    }

    /** A person stops the running instance with the runtime's own tools; the watchers hear it, on this thread. */
    public void stopOutside(ServerName server) {
        exit(server, new ExitStatus(OptionalInt.of(143), clock.instant(), Optional.empty(), true));
    }

    /** The same, but nobody hears it: the listing must find it. */
    public void stopOutsideUnseen(ServerName server) {
        end(server, new ExitStatus(OptionalInt.of(143), clock.instant(), Optional.empty(), true));
    }

    /** A person starts the last instance again with the runtime's own tools: its next incarnation; the watchers hear it. */
    public Instance startOutside(ServerName server) {
        Instance started;
        synchronized (this) {
            Instance before =
                    last(server).orElseThrow(() -> new IllegalStateException("there never was a " + server + " here"));
            if (before.running()) {
                throw new IllegalStateException(server + " runs");
            }
            started = new Instance(
                    server,
                    before.incarnation() + 1,
                    before.marker(),
                    OptionalLong.of(nextPid++),
                    before.containerId(),
                    clock.instant(),
                    Optional.empty());
            slot(server).current = started;
        }
        tell(started);
        return started;
    }

    /** Something speaks against running anything here. */
    public synchronized void obstacle(String why) {
        obstacle = why;
    }

    /** Nothing speaks against running here any more. */
    public synchronized void noObstacle() {
        obstacle = null;
    }

    /** What people should know of every server here. */
    public synchronized void remarks(String... sentences) {
        remarks = List.of(sentences);
    }

    /** How instances end when they are halted; exit code 143 unless said otherwise. */
    public synchronized void onHalt(Function<ServerName, ExitStatus> status) {
        onHalt = status;
    }

    /** Whether the instance of this server listens on its port; true unless said otherwise. */
    public synchronized void listening(ServerName server, boolean now) {
        slot(server).listening = now;
    }

    /** Whether this server's warehouse holds something. */
    public synchronized void warehouse(ServerName server, boolean filled) {
        slot(server).warehouse = filled;
    }

    /** Adds a line to the current log. */
    public synchronized void log(ServerName server, String line) {
        slot(server).log.add(line);
        notifyAll();
    }

    /** An instance that runs though nobody launched it here: one that an earlier daemon left. */
    public synchronized Instance plant(ServerName server, int incarnation, String marker) {
        Slot slot = slot(server);
        Instance instance = new Instance(
                server,
                incarnation,
                marker,
                OptionalLong.of(nextPid++),
                Optional.empty(),
                clock.instant(),
                Optional.empty());
        slot.current = instance;
        slot.grpcPort = OptionalInt.of(nextPort++);
        return instance;
    }

    /** Somebody else's server, to be found by its label; the runtime adopts from now on. */
    public synchronized void foreign(Adoptable found) {
        foreign.put(found.label(), found);
    }

    // ------------------------------------------------------------------ what a test reads

    /** How often an instance of this server was really launched. */
    public synchronized int launches(ServerName server) {
        return slot(server).launches;
    }

    /** How often this was called, faults included. */
    public synchronized int calls(Operation operation) {
        return calls.getOrDefault(operation, 0);
    }

    /** The plan of the latest launch. */
    public synchronized Optional<LaunchPlan> lastPlan(ServerName server) {
        return Optional.ofNullable(slot(server).plan);
    }

    // ------------------------------------------------------------------ the runtime

    /** What it keeps from now on; null for nothing. */
    public synchronized void cache(@Nullable Cache now) {
        cache = Optional.ofNullable(now);
    }

    @Override
    public synchronized Optional<Cache> cache() {
        return cache;
    }

    /** What a probe that hangs is explained by from now on. */
    public synchronized void suspended(@Nullable String why) {
        suspended = why;
    }

    @Override
    public synchronized Optional<String> suspended(ServerName server) {
        return Optional.ofNullable(suspended);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String host() {
        return "localhost";
    }

    @Override
    public synchronized boolean adopts() {
        return !foreign.isEmpty();
    }

    @Override
    public synchronized boolean adopted(ServerName server) {
        return adopted.contains(server);
    }

    @Override
    public synchronized Adoptable inspect(String what) throws LaunchException {
        Adoptable found = foreign.get(what);
        if (found == null) {
            throw new LaunchException("NOT_ADOPTABLE", "there is no " + what, "name another one", false);
        }
        return found;
    }

    @Override
    public synchronized void adopt(ServerName server, Adoptable found) {
        adopted.add(server);
    }

    /** Which Java {@link #java(SparkVersion)} tells. */
    public synchronized void java(JavaChoice choice) {
        javaChoice = Optional.of(choice);
    }

    /** Why {@link #java(SparkVersion)} finds no Java. */
    public synchronized void noJava(LaunchException failure) {
        noJava = failure;
    }

    @Override
    public synchronized Optional<JavaChoice> java(SparkVersion spark) throws LaunchException {
        if (noJava != null) {
            throw noJava;
        }
        return javaChoice;
    }

    @Override
    public synchronized Optional<String> obstacle(ServerSpec spec) {
        return Optional.ofNullable(obstacle);
    }

    @Override
    public synchronized List<String> remarks(ServerSpec spec) {
        return remarks;
    }

    @Override
    public Site plannedSite(ServerSpec spec) {
        Path root = Path.of("/fake").resolve(spec.name().value());
        return new Site(
                root.resolve("conf"),
                root.resolve("work"),
                root.resolve("warehouse"),
                spec.javaHome().orElse(Path.of("/fake/java")),
                spec.sparkHome(),
                spec.sparkHome().isPresent()
                        ? Optional.empty()
                        : Optional.of(Path.of("/fake/spark/" + spec.spark() + "/jars")),
                true);
    }

    /** Changes what launches are made of, such as {@code image}. */
    public void ingredient(String name, String identity) {
        ingredients.put(name, identity);
    }

    @Override
    public Map<String, String> ingredients(ServerSpec spec) {
        return Map.copyOf(ingredients);
    }

    @Override
    public Site prepare(ServerSpec spec, Progress progress) throws LaunchException, InterruptedException {
        Fault fault = called(Operation.PREPARE);
        before(fault, () -> {});
        progress.report("preparing " + spec.name(), 1, 1);
        after(fault);
        return plannedSite(spec);
    }

    @Override
    public Instance launch(LaunchPlan plan) throws LaunchException, InterruptedException {
        Fault fault = called(Operation.LAUNCH);
        before(fault, () -> {
            try {
                begin(plan);
            } catch (LaunchException e) {
                // Nobody waits for the answer any more; the refusal itself is the effect.
            }
        });
        Instance instance = begin(plan);
        after(fault);
        return instance;
    }

    private synchronized Instance begin(LaunchPlan plan) throws LaunchException {
        ServerName server = plan.spec().name();
        if (unavailable) {
            throw new LaunchException("UNKNOWN", "the fake runtime is unavailable", "make it available", true);
        }
        Slot slot = slot(server);
        if (slot.current != null && slot.current.running()) {
            throw new LaunchException(
                    "ALREADY_RUNNING",
                    "incarnation " + slot.current.incarnation() + " of " + server + " runs",
                    "stop it first",
                    false);
        }
        int port;
        if (plan.spec().port() instanceof PortChoice.Fixed fixed) {
            port = fixed.port();
        } else {
            int sticky = plan.ticket().grpcPort().orElse(0);
            port = sticky > 0 ? sticky : nextPort++;
        }
        Instance instance = new Instance(
                server,
                plan.ticket().incarnation(),
                plan.ticket().marker(),
                OptionalLong.of(nextPid++),
                Optional.empty(),
                clock.instant(),
                Optional.empty());
        slot.current = instance;
        slot.grpcPort = OptionalInt.of(port);
        slot.plan = plan;
        slot.launches++;
        slot.previousLog = List.copyOf(slot.log);
        slot.log.clear();
        return instance;
    }

    @Override
    public Optional<Instance> halt(ServerName server, Duration grace)
            throws RuntimeUnavailableException, InterruptedException {
        Fault fault = asked(Operation.HALT);
        Runnable effect = () -> tell(endIfRunning(server));
        hang(fault.before(), effect);
        effect.run();
        hang(fault.after(), () -> {});
        return last(server);
    }

    @Override
    public Optional<Instance> find(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.FIND));
        return last(server);
    }

    @Override
    public List<Instance> list() throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.LIST));
        synchronized (this) {
            List<Instance> running = new ArrayList<>();
            for (Slot slot : slots.values()) {
                if (slot.current != null && slot.current.running()) {
                    running.add(slot.current);
                }
            }
            return List.copyOf(running);
        }
    }

    @Override
    public Endpoint endpoint(Instance instance, ServerSpec spec)
            throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.ENDPOINT));
        synchronized (this) {
            Slot slot = slot(instance.server());
            boolean up = slot.listening
                    && slot.current != null
                    && slot.current.running()
                    && slot.current.incarnation() == instance.incarnation();
            List<Integer> ui;
            if (spec.uiPort() instanceof PortChoice.Off || !up) {
                ui = List.of();
            } else if (spec.uiPort() instanceof PortChoice.Fixed fixed) {
                ui = List.of(fixed.port());
            } else {
                ui = List.of(4040);
            }
            return new Endpoint("localhost", up ? slot.grpcPort : OptionalInt.empty(), ui);
        }
    }

    @Override
    public Optional<String> portHolder(int port) {
        return Optional.empty();
    }

    @Override
    public AutoCloseable watch(Consumer<Instance> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void logs(ServerName server, LogRequest request, LogSink sink)
            throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.LOGS));
        int next;
        List<String> lines;
        synchronized (this) {
            Slot slot = slot(server);
            lines = request.previous() ? slot.previousLog : List.copyOf(slot.log);
            next = slot.log.size();
        }
        int first = Math.max(0, lines.size() - request.tail().orElse(Integer.MAX_VALUE));
        for (String line : lines.subList(first, lines.size())) {
            if (!sink.line(line)) {
                return;
            }
        }
        while (request.follow() && !request.previous()) {
            String line;
            synchronized (this) {
                List<String> log = slot(server).log;
                if (log.size() < next) {
                    next = 0;
                }
                while (log.size() <= next) {
                    wait();
                }
                line = log.get(next++);
            }
            if (!sink.line(line)) {
                return;
            }
        }
    }

    /** What every running instance uses from now on. */
    public synchronized void usage(Usage now) {
        usage = now;
    }

    @Override
    public Optional<Usage> usage(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.USAGE));
        synchronized (this) {
            Usage now = usage;
            return last(server).filter(Instance::running).map(instance -> now);
        }
    }

    /** What looking into any running instance shows from now on. */
    public synchronized void snapshot(Snapshot now) {
        snapshot(now, List.of());
    }

    /** The same, at which its JVM writes these lines into its log. */
    public synchronized void snapshot(Snapshot now, List<String> said) {
        snapshot = Optional.of(now);
        saidAtSnapshot = List.copyOf(said);
    }

    @Override
    public synchronized Optional<Snapshot> snapshot(ServerName server, Duration limit) {
        Optional<Snapshot> seen =
                snapshot.filter(now -> last(server).filter(Instance::running).isPresent());
        seen.ifPresent(now -> saidAtSnapshot.forEach(line -> log(server, line)));
        return seen;
    }

    @Override
    public synchronized boolean hasWarehouse(ServerName server) {
        return slot(server).warehouse;
    }

    @Override
    public void discard(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.DISCARD));
        synchronized (this) {
            if (adopted.remove(server)) {
                return;
            }
            Slot slot = slot(server);
            if (slot.current != null && slot.current.running()) {
                throw new IllegalStateException(server + " runs; halt it before its folders are removed");
            }
            boolean kept = slot.warehouse && !purge;
            slots.remove(server);
            if (kept) {
                slot(server).warehouse = true;
            }
        }
    }

    /** There is this of a server until it is collected. */
    public synchronized void left(Trace trace) {
        traces.put(trace.server(), trace);
    }

    @Override
    public List<Trace> traces() throws RuntimeUnavailableException, InterruptedException {
        pass(asked(Operation.LIST));
        synchronized (this) {
            return List.copyOf(traces.values());
        }
    }

    @Override
    public void collect(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        halt(server, Duration.ZERO);
        discard(server, purge);
        synchronized (this) {
            traces.remove(server);
        }
    }

    @Override
    public void close() {
        listeners.clear();
    }

    // ------------------------------------------------------------------ machinery

    private Slot slot(ServerName server) {
        return slots.computeIfAbsent(server, name -> new Slot());
    }

    private void script(Operation operation, Fault fault) {
        faults.computeIfAbsent(operation, any -> new ArrayDeque<>()).add(fault);
    }

    private synchronized Fault called(Operation operation) {
        calls.merge(operation, 1, Integer::sum);
        Deque<Fault> queue = faults.get(operation);
        return queue == null || queue.isEmpty() ? Fault.NONE : queue.remove();
    }

    private Fault asked(Operation operation) throws RuntimeUnavailableException {
        Fault fault = called(operation);
        synchronized (this) {
            if (unavailable) {
                throw new RuntimeUnavailableException(
                        "the fake runtime is unavailable", new IOException("scripted by the test"));
            }
        }
        if (fault.refusal() != null) {
            throw new RuntimeUnavailableException(fault.refusal(), new IOException("scripted by the test"));
        }
        return fault;
    }

    private static void before(Fault fault, Runnable effect) throws LaunchException, InterruptedException {
        if (fault.failure() != null) {
            throw fault.failure();
        }
        hang(fault.before(), effect);
    }

    private static void after(Fault fault) throws InterruptedException {
        hang(fault.after(), () -> {});
    }

    private static void pass(Fault fault) throws InterruptedException {
        hang(fault.before(), () -> {});
        hang(fault.after(), () -> {});
    }

    private static void hang(@Nullable Hold hold, Runnable effect) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (hold != null) {
            hold.hang(effect);
        }
    }

    private synchronized Optional<Instance> last(ServerName server) {
        Slot slot = slots.get(server);
        return slot == null ? Optional.empty() : Optional.ofNullable(slot.current);
    }

    private synchronized Optional<Instance> endIfRunning(ServerName server) {
        return last(server).filter(Instance::running).map(running -> end(server, onHalt.apply(server)));
    }

    private synchronized Instance end(ServerName server, ExitStatus status) {
        Instance running = last(server)
                .filter(Instance::running)
                .orElseThrow(() -> new IllegalStateException("no instance of " + server + " runs"));
        Instance ended = new Instance(
                server,
                running.incarnation(),
                running.marker(),
                running.pid(),
                running.containerId(),
                running.launchedAt(),
                Optional.of(status));
        slot(server).current = ended;
        return ended;
    }

    private void tell(Instance ended) {
        for (Consumer<Instance> listener : listeners) {
            listener.accept(ended);
        }
    }

    private void tell(Optional<Instance> ended) {
        ended.ifPresent(this::tell);
    }
}
