package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.manager.diagnose.Diagnosis;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Input;
import io.connectctl.manager.lifecycle.Lifecycle;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.lifecycle.ServerState;
import io.connectctl.manager.lifecycle.Terms;
import io.connectctl.manager.store.StateCodec;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredServer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every server, supervised. Opening it reads the store, asks each runtime what lives, adopts that and goes on; closing it
 * leaves the servers alone.
 *
 * <p>Threads: two for all mailboxes (a step is pure, its commit takes milliseconds), one for timers, and workers for what
 * blocks: at most one call to the runtime and one probe a server, besides calls that hang and were left behind.
 */
public final class LiveFleet implements Fleet {
    private static final Logger LOG = LoggerFactory.getLogger(LiveFleet.class);
    /** Covers a lost exit event; a listing costs a few reads of /proc, or one question to the engine. */
    private static final Duration LIST_EVERY = Duration.ofSeconds(30);

    /** The Connect page takes some ten milliseconds, the first time a second. */
    private static final Duration ACTIVITY_PATIENCE = Duration.ofSeconds(3);

    /** For each rung; a first answer of a server on a loaded machine takes seconds. */
    private static final Duration ADOPTION_PATIENCE = Duration.ofSeconds(5);

    /** What a declaration says of how a server is looked after; all else is how it is made. */
    private static final Set<String> LOOKED_AFTER = Set.of("health", "restart", "stop");

    /** An engine that hangs is known as such before that. */
    private static final Duration MAKING_PATIENCE = Duration.ofSeconds(20);

    private static final int EVENTS_PAGE = 1_000;
    /** A step takes milliseconds; but it may read a declaration's folders, and one of a server that is gone hangs its reader. */
    private static final int MAILBOX_THREADS = 8;
    /** Far above two a server for any installation on one machine; a bound all the same. */
    private static final int MOST_WORKERS = 512;

    private final Surroundings around;
    private final SpecSource specs;
    private final Optional<String> notice;
    private final Journal journal;
    private final ExecutorService mailboxes;
    private final ExecutorService workers;
    private final ArchiveTrainer trainer;
    private final Map<ServerName, ServerUnit> units = new ConcurrentSkipListMap<>();
    private final List<AutoCloseable> watches = new ArrayList<>();
    private final Set<String> strangers = ConcurrentHashMap.newKeySet();
    /** Runtimes that the last listing couldn't ask: sameness is no news. */
    private final Set<String> away = ConcurrentHashMap.newKeySet();
    /** Guards what concerns more than one server: names and ports. */
    private final Object registry = new Object();
    /** Names of nobody's, under which something is being removed; guarded by the registry. */
    private final Set<ServerName> reserved = new HashSet<>();
    /** Names of servers that are being made, which may take an engine's patience; guarded by the registry, told of by it. */
    private final Set<ServerName> making = new HashSet<>();

    private final DeclaredFiles files = new DeclaredFiles();
    private final SecureRandom seeds = new SecureRandom();
    private volatile boolean closed;
    private volatile Time.@Nullable Timer listing;
    private final MemoryWatch memory;

    private LiveFleet(Surroundings around, SpecSource specs, Optional<String> notice) {
        this.around = around;
        this.specs = specs;
        this.notice = notice;
        this.journal = new Journal(around.store());
        ThreadPoolExecutor steps = new ThreadPoolExecutor(
                MAILBOX_THREADS, MAILBOX_THREADS, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named("unit"));
        // They stay: where no thread can be made any more, servers can still be stopped.
        steps.prestartAllCoreThreads();
        this.mailboxes = steps;
        this.workers = new ThreadPoolExecutor(
                0, MOST_WORKERS, 15, TimeUnit.SECONDS, new SynchronousQueue<>(), named("worker"));
        this.trainer = new ArchiveTrainer(around, workers, this::quiet);
        this.memory = new MemoryWatch(units::values, around, workers);
    }

    /** True while nobody waits for a server. */
    private boolean quiet() {
        return units.values().stream()
                .map(unit -> unit.state().phase())
                .noneMatch(phase -> phase == Phase.STARTING || phase == Phase.STOPPING);
    }

    private static ThreadFactory named(String what) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, what + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Reads the store and takes up the supervision.
     *
     * @throws StoreException if the store can't be read
     */
    public static LiveFleet open(Surroundings around) throws StoreException {
        return open(around, Optional.empty());
    }

    /**
     * The same, with a store that may have been made anew.
     *
     * @param notice what became of the store before, where that was damaged: told with each server that is brought back
     */
    public static LiveFleet open(Surroundings around, Optional<String> notice) throws StoreException {
        return open(around, notice, SpecSource.REAL);
    }

    static LiveFleet open(Surroundings around, SpecSource specs) throws StoreException {
        return open(around, Optional.empty(), specs);
    }

    static LiveFleet open(Surroundings around, Optional<String> notice, SpecSource specs) throws StoreException {
        Optional<String> told = new Recovery(around, specs, notice).run();
        LiveFleet fleet = new LiveFleet(around, specs, told);
        fleet.load();
        fleet.begin();
        return fleet;
    }

    /** What became of the store before, where it was damaged or lost something, with what was proven of it: for people. */
    public Optional<String> notice() {
        return notice;
    }

    private void load() throws StoreException {
        for (StoredServer stored : around.store().servers()) {
            settle(secrets(stored.name()), false);
            units.put(stored.name(), load(stored));
        }
        deleteForgottenSecrets();
        around.runtimes().values().forEach(runtime -> runtime.forgetAllBut(units.keySet()));
    }

    /** Of servers that the store had just forgotten when the daemon was killed. */
    private void deleteForgottenSecrets() {
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(around.folders().servers(), Files::isDirectory)) {
            for (Path folder : folders) {
                String name = folder.getFileName().toString();
                if (ServerName.PLAIN.matcher(name).matches() && !units.containsKey(new ServerName(name))) {
                    settle(secrets(new ServerName(name)), true);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.debug("no folder of a server is looked into", e);
        }
    }

    /** Whatever is wrong with it by now, it stays known: its instance may run, and only its user can mend it. */
    private ServerUnit load(StoredServer stored) {
        List<String> wrong = new ArrayList<>();
        Charter charter;
        try {
            charter = Charter.read(stored.declaration(), secretsFile(stored.name()), specs);
        } catch (IOException | IllegalArgumentException e) {
            wrong.add(String.valueOf(e.getMessage()));
            charter = withoutSecrets(stored);
        }
        ServerSpec spec =
                charter.placed(accepted(stored.name(), charter.inForce().effective(), wrong));
        ServerState state;
        try {
            state = StateCodec.decode(stored.name(), stored.state(), Terms.of(spec));
            if (spec.runtime().equals(ServerSpec.AUTO) && state.incarnation() > 0) {
                // Stored before runtimes were chosen, when there was one: what runs there must not be lost sight of.
                charter = charter.chosen(new RuntimeChoice("process", "it ran there before"));
                spec = charter.placed(spec);
            }
        } catch (IllegalArgumentException e) {
            wrong.add("its stored state: " + e.getMessage());
            state = ServerState.initial(
                    stored.name(),
                    Terms.of(spec),
                    seeds.nextLong(),
                    around.time().now().wall());
        }
        if (wrong.isEmpty()) {
            return unit(state, charter, spec, stored.state());
        }
        Cause cause = new Cause(
                "INVALID_DECLARATION",
                "its declaration can't be used any more: " + String.join("; ", wrong),
                "declare it anew with these mended, then: connectctl start " + stored.name(),
                List.of(),
                false);
        LOG.error("server {}: {}", stored.name(), cause.summary());
        ServerUnit unit = unit(
                state.kept() || state.phase() == Phase.STOPPING || state.phase() == Phase.UNKNOWN
                        ? state
                        : state.invalid(cause, around.time().now().wall()),
                charter,
                spec,
                stored.state());
        unit.invalid(Optional.of(cause));
        return unit;
    }

    private Charter withoutSecrets(StoredServer stored) {
        try {
            return Charter.read(stored.declaration(), secretsFile(stored.name()).resolveSibling("none.json"), specs);
        } catch (IOException | IllegalArgumentException e) {
            LOG.error("the stored declaration of {} can't be read: {}", stored.name(), e.getMessage());
            Layers nothing = new Layers(Declaration.empty(), Declaration.empty());
            return new Charter(Origin.FLAGS, nothing, 1, nothing, 1);
        }
    }

    /** What can be read of it: without the keys that have problems, which are told in {@code wrong}. */
    private ServerSpec accepted(ServerName name, Declaration declaration, List<String> wrong) {
        SpecReader.Reading reading = specs.readAccepted(name, declaration);
        if (reading.spec().isPresent()) {
            return reading.spec().get();
        }
        ObjectNode rest = declaration.tree();
        for (Problem problem : reading.problems()) {
            if (problem.severity() == Problem.Severity.ERROR) {
                wrong.add(problem.key() + ": " + problem.message());
                String key = problem.key().replaceFirst("^servers\\." + name + "\\.", "");
                rest.remove(key.split("[./]", -1)[0]);
            }
        }
        return specs.readAccepted(name, new Declaration(rest, Map.of()))
                .spec()
                .or(() -> specs.readAccepted(name, Declaration.empty()).spec())
                .orElseThrow(() -> new IllegalStateException("the defaults of a declaration aren't valid"));
    }

    /** What may run was launched before what is in force was put so, if the daemon ended in between. */
    private ServerSpec live(ServerState state, Charter charter, ServerSpec spec) {
        return state.resting()
                ? spec
                : charter.launchOf(state.incarnation())
                        .filter(launch -> launch.revision() != charter.inForceRevision())
                        .flatMap(launch -> specs.readAccepted(
                                        state.name(), launch.layers().effective())
                                .spec())
                        .map(charter::placed)
                        .orElse(spec);
    }

    private ServerUnit unit(ServerState state, Charter charter, ServerSpec spec, String stored) {
        return new ServerUnit(
                state,
                charter,
                spec,
                live(state, charter, spec),
                stored,
                around,
                specs,
                journal,
                mailboxes,
                workers,
                trainer);
    }

    private void begin() {
        for (ServerRuntime runtime : around.runtimes().values()) {
            watches.add(runtime.watch(this::exited));
        }
        units.values().forEach(ServerUnit::keepTranscript);
        units.values().forEach(unit -> unit.post(new Input.Recovered()));
        listSoon();
        memory.start();
    }

    private void exited(Instance instance) {
        ServerUnit unit = units.get(instance.server());
        if (unit == null || closed) {
            return;
        }
        if (instance.running()) {
            unit.post(new Input.Found(instance));
        } else {
            unit.runner().exited(instance);
        }
    }

    // ------------------------------------------------------------------ the periodic listing

    private void listSoon() {
        if (!closed) {
            listing = around.time().after(LIST_EVERY, () -> {
                try {
                    workers.execute(this::listThenAgain);
                } catch (RejectedExecutionException e) {
                    LOG.debug("no thread for a listing now", e);
                    listSoon();
                }
            });
        }
    }

    /** One listing at a time, and another one after it whatever became of it. */
    private void listThenAgain() {
        try {
            listAll();
        } finally {
            listSoon();
        }
    }

    private void listAll() {
        for (ServerRuntime runtime : around.runtimes().values()) {
            try {
                compare(runtime, runtime.list());
                if (away.remove(runtime.name())) {
                    LOG.info("runtime {} can be asked again", runtime.name());
                }
            } catch (RuntimeUnavailableException e) {
                if (away.add(runtime.name())) {
                    LOG.warn("runtime {} can't be asked: {}", runtime.name(), e.getMessage());
                }
                units.values().stream()
                        .filter(unit -> unit.spec().runtime().equals(runtime.name()))
                        .forEach(unit -> unit.post(new Input.Unavailable(
                                "runtime " + runtime.name() + " can't be asked: " + e.getMessage())));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.error("listing {} failed", runtime.name(), e);
            }
        }
    }

    /** What a listing shows is only a reason to ask again, in order with launches and halts: it may be older than they are. */
    private void compare(ServerRuntime runtime, List<Instance> running) {
        Map<ServerName, Instance> living = new HashMap<>();
        running.forEach(instance -> living.put(instance.server(), instance));
        for (ServerUnit unit : units.values()) {
            if (unit.spec().runtime().equals(runtime.name())
                    && !untouched(unit)
                    && surprising(unit.state(), Optional.ofNullable(living.get(unit.name())))) {
                unit.runner().ask();
            }
        }
        // An image's name may have come to mean another image: nobody tells of that.
        units.values().stream()
                .filter(unit -> unit.live().runtime().equals(runtime.name()) && runs(unit.state()))
                .forEach(unit -> unit.runner().lookAtIngredients());
        Set<String> seen = new HashSet<>();
        for (Instance instance : running) {
            ServerUnit unit = units.get(instance.server());
            if (unit == null || untouched(unit)) {
                seen.add(instance.marker());
                if (strangers.add(instance.marker())) {
                    report(runtime, instance);
                }
            }
        }
        strangers.retainAll(seen);
    }

    /** True for a server that was declared and never started from here: whatever runs under its name is somebody else's. */
    private static boolean untouched(ServerUnit unit) {
        return unit.state().phase() == Phase.STOPPED && unit.state().incarnation() == 0;
    }

    private static boolean surprising(ServerState state, Optional<Instance> living) {
        return switch (state.phase()) {
            case STOPPED, FAILED, BACKING_OFF -> living.isPresent();
            case HEALTHY, UNHEALTHY ->
                living.map(Instance::incarnation)
                        .filter(incarnation -> incarnation == state.incarnation())
                        .isEmpty();
            case STARTING -> living.isEmpty() && state.rung() != Rung.NONE;
            case UNKNOWN -> true;
            case STOPPING -> false;
        };
    }

    private void report(ServerRuntime runtime, Instance instance) {
        ServerEvent event = new ServerEvent(
                0,
                around.time().now().wall(),
                instance.server(),
                instance.incarnation(),
                "stranger",
                Phase.UNKNOWN,
                "runtime " + runtime.name() + " runs " + instance.marker() + where(instance)
                        + ", which nobody started from here; it is left alone. Adopt it: connectctl start "
                        + instance.server(),
                Optional.empty());
        try {
            journal.write(store -> store.append(List.of(event)));
        } catch (StoreException e) {
            strangers.remove(instance.marker());
            LOG.warn("{}: {}", event.message(), e.getMessage());
        }
    }

    private static String where(Instance instance) {
        return instance.containerId().isPresent()
                ? " (container " + instance.containerId().get() + ")"
                : instance.pid().isPresent() ? " (pid " + instance.pid().getAsLong() + ")" : "";
    }

    // ------------------------------------------------------------------ reading

    @Override
    public List<ServerStatus> servers() {
        return units.values().stream()
                .filter(unit -> !unit.closed())
                .map(ServerUnit::status)
                .toList();
    }

    @Override
    public Optional<ServerStatus> server(ServerName name) {
        return Optional.ofNullable(units.get(name))
                .filter(unit -> !unit.closed())
                .map(ServerUnit::status);
    }

    @Override
    public List<ServerEvent> events(Optional<ServerName> server, long after, int limit) {
        return journal.events(server, after, limit);
    }

    @Override
    public long lastSequence() {
        return journal.lastSequence();
    }

    @Override
    public AutoCloseable follow(Optional<ServerName> server, long after, Consumer<ServerEvent> listener) {
        return journal.follow(server, after, listener);
    }

    // ------------------------------------------------------------------ declaring

    @Override
    public Declared declare(ServerName name, Declaration flags, Declaration file, Origin origin)
            throws RefusedException {
        return declare(name, flags, file, origin, false);
    }

    @Override
    public Declared declareToLaunch(ServerName name, Declaration flags, Declaration file, Origin origin)
            throws RefusedException {
        return declare(name, flags, file, origin, true);
    }

    private Declared declare(ServerName name, Declaration flags, Declaration file, Origin origin, boolean launch)
            throws RefusedException {
        Optional<ServerUnit> known;
        synchronized (registry) {
            untilMade(name);
            ServerUnit unit = units.get(name);
            if (unit != null ? unit.closed() : reserved.contains(name)) {
                throw beingRemoved(name);
            }
            known = Optional.ofNullable(unit);
            if (known.isEmpty()) {
                making.add(name);
            }
        }
        if (known.isPresent()) {
            ServerUnit unit = known.get();
            return unit.call(() -> redeclare(unit, flags, file, origin, launch));
        }
        try {
            return create(name, flags, file, origin, launch);
        } finally {
            made(name);
        }
    }

    /** With the registry: whoever declares a server that somebody else is just making declares it after that. */
    private void untilMade(ServerName name) throws RefusedException {
        long deadline = System.nanoTime() + MAKING_PATIENCE.toNanos();
        try {
            while (making.contains(name)) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new RefusedException(
                            RefusedException.Code.BUSY,
                            "somebody else has been declaring " + name + " for " + MAKING_PATIENCE.toSeconds()
                                    + " s, and nothing was done: try again");
                }
                registry.wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while server " + name + " was declared by somebody else", e);
        }
    }

    private void made(ServerName name) {
        synchronized (registry) {
            making.remove(name);
            registry.notifyAll();
        }
    }

    private static RefusedException beingRemoved(ServerName name) {
        return new RefusedException(
                RefusedException.Code.NAME_HELD,
                "what is left of the earlier server " + name + " is being removed: try again in a moment");
    }

    @Override
    public Optional<Reservation> reserve(ServerName name) {
        synchronized (registry) {
            if (units.containsKey(name) || making.contains(name) || !reserved.add(name)) {
                return Optional.empty();
            }
        }
        return Optional.of(() -> {
            synchronized (registry) {
                reserved.remove(name);
            }
        });
    }

    /** Of a name that is held meanwhile, without the registry: an engine that hangs needs seconds to be known as such. */
    private Declared create(ServerName name, Declaration flags, Declaration file, Origin origin, boolean launch)
            throws RefusedException {
        Layers layers = new Layers(
                Declaration.empty().patchedBy(flags), origin.file().isPresent() ? file : Declaration.empty());
        List<Problem> warnings = new ArrayList<>(overruled(name, origin, layers.file(), flags));
        warnings.addAll(neverSet(name, Declaration.empty(), layers.file(), flags));
        ServerSpec spec = read(name, layers, warnings);
        if (launch) {
            holdPort(name, spec);
        }
        Charter charter = new Charter(origin, layers, 1, layers, 1);
        ServerState state = ServerState.initial(
                name, Terms.of(spec), seeds.nextLong(), around.time().now().wall());
        Optional<Instance> left = leftBehind(spec);
        if (left.isPresent()) {
            state = Lifecycle.step(
                            state,
                            new Input.Missing(left, Optional.empty()),
                            around.time().now())
                    .state();
        }
        boolean newSecrets = !Files.exists(secretsFile(name));
        keepSecrets(name, Optional.empty(), charter);
        ServerUnit unit = unit(state, charter, spec, "");
        try {
            unit.call(() -> {
                unit.redeclare(charter, spec, declaredBy(origin));
                return true;
            });
        } catch (RefusedException e) {
            // Nothing was done, nor will it be: nobody could remove the secrets of a server that never came to be.
            if (newSecrets) {
                deleteSecrets(name);
            }
            throw e;
        }
        units.put(name, unit);
        return new Declared(true, true, warnings);
    }

    /** The last run of an earlier server of this name whose folders stayed. */
    private Optional<Instance> leftBehind(ServerSpec spec) {
        Optional<Instance> newest = Optional.empty();
        for (ServerRuntime runtime : places(spec)) {
            try {
                Optional<Instance> last = runtime.find(spec.name()).filter(each -> !each.running());
                if (last.isPresent()
                        && newest.filter(
                                        each -> each.incarnation() >= last.get().incarnation())
                                .isEmpty()) {
                    newest = last;
                }
            } catch (RuntimeUnavailableException e) {
                LOG.debug("it isn't known yet what was left of {}", spec.name(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return newest;
            }
        }
        return newest;
    }

    /** Where something of a server may lie: everywhere, before its runtime was chosen. */
    private List<ServerRuntime> places(ServerSpec spec) {
        if (spec.runtime().equals(ServerSpec.AUTO)) {
            return List.copyOf(around.runtimes().values());
        }
        ServerRuntime runtime = around.runtimes().get(spec.runtime());
        return runtime == null ? List.of() : List.of(runtime);
    }

    /** What a server is declared as from now on, and by whom. */
    private record Revised(Layers layers, Origin by, ServerSpec spec, List<Problem> warnings) {}

    private Revised revised(ServerUnit unit, Declaration flags, Declaration file, Origin origin)
            throws RefusedException {
        Charter old = unit.charter();
        Declaration above = old.declared().file();
        Origin by = old.origin();
        if (origin.file().isPresent()) {
            Optional<Path> held = old.origin().file();
            if (held.isPresent() && !held.equals(origin.file())) {
                throw new RefusedException(
                        RefusedException.Code.NAME_HELD,
                        "server " + unit.name() + " is declared in " + held.get()
                                + ": take another name, or remove that server first (connectctl remove " + unit.name()
                                + ")");
            }
            above = file;
            by = origin;
        }
        if (adopted(unit.name())) {
            refuseToMakeAnew(unit.name(), old.declared().effective(), flags);
        }
        Layers layers = new Layers(old.declared().flags().patchedBy(flags), above);
        List<Problem> warnings = new ArrayList<>(overruled(unit.name(), by, above, flags));
        warnings.addAll(neverSet(unit.name(), old.declared().flags(), above, flags));
        ServerSpec spec = read(unit.name(), layers, warnings);
        warnings.addAll(portThatStays(unit, spec));
        return new Revised(layers, by, spec, warnings);
    }

    private Declared redeclare(ServerUnit unit, Declaration flags, Declaration file, Origin origin, boolean launch)
            throws RefusedException, StoreException {
        Charter old = unit.charter();
        Revised revised = revised(unit, flags, file, origin);
        if (launch) {
            holdPort(unit.name(), revised.spec());
        }
        Layers layers = revised.layers();
        Origin by = revised.by();
        ServerSpec spec = revised.spec();
        List<Problem> warnings = revised.warnings();
        boolean changed = !layers.effective().equals(old.declared().effective());
        if (!changed && layers.equals(old.declared()) && by.equals(old.origin())) {
            return new Declared(false, false, warnings);
        }
        Charter charter = old.redeclared(by, layers);
        // A server that never ran has nothing in force: what was declared last is what is shown.
        boolean first = unit.state().incarnation() == 0 && unit.state().phase() == Phase.STOPPED;
        Charter next = first ? charter.enforced() : charter;
        keepSecrets(unit.name(), Optional.of(old), next);
        unit.redeclare(next, first ? next.placed(spec) : unit.spec(), declaredBy(origin));
        return new Declared(false, changed, warnings);
    }

    private boolean adopted(ServerName name) {
        return around.runtimes().values().stream().anyMatch(runtime -> runtime.adopted(name));
    }

    /** How an adopted server was made can't be changed here, and to take such a flag and do nothing would be a lie. */
    private static void refuseToMakeAnew(ServerName name, Declaration before, Declaration flags)
            throws RefusedException {
        List<Problem> problems = new ArrayList<>();
        flags.tree().properties().forEach(flag -> {
            if (!LOOKED_AFTER.contains(flag.getKey())
                    && !flag.getValue().equals(before.tree().get(flag.getKey()))) {
                problems.add(new Problem(
                        Problem.Severity.ERROR,
                        flags.place("/" + flag.getKey()),
                        "servers." + name + "." + flag.getKey(),
                        "can't be changed here: " + name + " was adopted, and its container is never made anew. "
                                + makeAnew(name),
                        Optional.empty()));
            }
        });
        if (!problems.isEmpty()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    name + " was adopted, and its container is never made anew: " + makeAnew(name),
                    problems);
        }
    }

    private static String makeAnew(ServerName name) {
        return "Change it where it was made, then adopt what is made there: for a project of connectctl export compose, connectctl"
                + " remove " + name
                + ", edit connectctl.yaml, connectctl export compose --force, docker compose up --wait,"
                + " connectctl adopt " + name;
    }

    /** A file may declare another port than the container has: it wins where something is made. */
    private List<Problem> portThatStays(ServerUnit unit, ServerSpec spec) {
        OptionalInt port = unit.state().port();
        return adopted(unit.name())
                        && spec.port() instanceof PortChoice.Fixed fixed
                        && port.isPresent()
                        && port.getAsInt() != fixed.port()
                ? List.of(new Problem(
                        Problem.Severity.WARNING,
                        Optional.empty(),
                        "servers." + unit.name() + ".port",
                        "is " + fixed.port() + ", but " + unit.name() + " was adopted and stays on port "
                                + port.getAsInt() + ": its container is never made anew. " + makeAnew(unit.name()),
                        Optional.empty()))
                : List.of();
    }

    /** A warning for each flag that the file declares otherwise. */
    private static List<Problem> overruled(ServerName name, Origin by, Declaration file, Declaration flags) {
        return Layers.overruled(flags, file).stream()
                .map(pointer -> new Problem(
                        Problem.Severity.WARNING,
                        flags.place(pointer),
                        "servers." + name + pointer.replace('/', '.'),
                        by.file().map(Path::toString).orElse("the file")
                                + " declares it, and wins over flags: change it there",
                        Optional.empty()))
                .toList();
    }

    /** A misspelt key must not look as if it had been unset. What the file sets is told as overruled. */
    private static List<Problem> neverSet(ServerName name, Declaration held, Declaration file, Declaration flags) {
        List<String> overruled = Layers.overruled(flags, file);
        return Layers.neverSet(flags, held).stream()
                .filter(pointer -> !overruled.contains(pointer))
                .map(pointer -> new Problem(
                        Problem.Severity.WARNING,
                        flags.place(pointer),
                        "servers." + name + pointer.replace('/', '.'),
                        "no flag of an earlier start set it, so there is nothing to unset",
                        Optional.empty()))
                .toList();
    }

    private static String declaredBy(Origin origin) {
        return origin.file().map(file -> "declared in " + file).orElse("declared by flags");
    }

    private ServerSpec read(ServerName name, Layers layers, List<Problem> warnings) throws RefusedException {
        SpecReader.Reading reading = specs.read(name, layers.effective());
        List<Problem> problems = new ArrayList<>(reading.problems());
        reading.spec()
                .filter(spec -> !spec.runtime().equals(ServerSpec.AUTO))
                .filter(spec -> !around.runtimes().containsKey(spec.runtime()))
                .ifPresent(spec -> problems.add(new Problem(
                        Problem.Severity.ERROR,
                        layers.effective().place("/runtime"),
                        "servers." + name + ".runtime",
                        "there is no runtime '" + spec.runtime() + "' here: use one of "
                                + around.runtimes().keySet().stream().sorted().toList(),
                        Optional.empty())));
        if (reading.spec().isEmpty()
                || problems.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR)) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "the declaration of " + name + " has problems; nothing was changed",
                    problems);
        }
        ServerUnit known = units.get(name);
        MachineMemory.tooLittleFor(
                        known == null
                                ? reading.spec().get()
                                : known.charter().placed(reading.spec().get()),
                        MachineMemory.bytes(),
                        layers.effective().place("/driverMemory"))
                .ifPresent(problems::add);
        warnings.addAll(problems);
        return reading.spec().get();
    }

    private Path secretsFile(ServerName name) {
        return around.folders().servers().resolve(name.value()).resolve("secrets.json");
    }

    private void keepSecrets(ServerName name, Optional<Charter> earlier, Charter charter) throws RefusedException {
        Path file = secretsFile(name);
        try {
            if (charter.hasSecrets(specs) || Files.exists(file)) {
                PrivateFiles.write(file, charter.secrets(earlier, specs));
            }
        } catch (IOException e) {
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED,
                    "the secrets of " + name + " can't be written to " + file + ": " + e
                            + ". Check the folder's owner and the room on the disk");
        }
    }

    private void deleteSecrets(ServerName name) {
        try {
            Files.deleteIfExists(secretsFile(name));
        } catch (IOException e) {
            LOG.error("the secrets of {} stay until the daemon starts again", name, e);
        }
    }

    // ------------------------------------------------------------------ commands

    private ServerUnit unit(ServerName name) throws RefusedException {
        ServerUnit unit = units.get(name);
        if (unit == null) {
            throw new RefusedException(RefusedException.Code.NO_SUCH_SERVER, "there is no server " + name);
        }
        return unit;
    }

    @Override
    public Adopted adopt(String container, Optional<ServerName> wanted) throws RefusedException, InterruptedException {
        ServerRuntime runtime = around.runtimes().values().stream()
                .filter(ServerRuntime::adopts)
                .findFirst()
                .orElseThrow(() -> new RefusedException(
                        RefusedException.Code.NOT_ADOPTABLE,
                        "no runtime here can take over what somebody else started"));
        Adoptable found;
        try {
            found = runtime.inspect(container);
        } catch (LaunchException e) {
            throw new RefusedException(RefusedException.Code.NOT_ADOPTABLE, e.getMessage() + ": " + e.remedy());
        }
        ServerName name = wanted.orElseGet(() -> new ServerName(found.name()));
        checkFree(name, container);
        checkAnswers(found);
        synchronized (registry) {
            untilMade(name);
            checkFree(name, container);
            making.add(name);
        }
        try {
            makeOf(runtime, name, found);
        } finally {
            made(name);
        }
        Receipt receipt = start(name);
        ServerUnit unit = unit(name);
        unit.call(() -> {
            unit.tell("adopted", "adopted container " + found.label() + " as it runs");
            return true;
        });
        return new Adopted(name, found.label(), receipt);
    }

    private void makeOf(ServerRuntime runtime, ServerName name, Adoptable found)
            throws RefusedException, InterruptedException {
        // Read before anything is written: it may be refused.
        read(name, new Layers(found.declaration(), Declaration.empty()), new ArrayList<>());
        boolean created = false;
        try {
            runtime.adopt(name, found);
            if (found.token().isPresent()) {
                PrivateFiles.write(
                        secretsFile(name).resolveSibling("token"), found.token().get());
            }
            create(name, found.declaration(), Declaration.empty(), Origin.FLAGS, false);
            created = true;
        } catch (RuntimeUnavailableException | IOException e) {
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED, name + " can't be written down: " + e.getMessage());
        } finally {
            if (!created) {
                // Else it would count as taken over, by nobody.
                discard(runtime, name, false);
            }
        }
    }

    private void checkFree(ServerName name, String container) throws RefusedException {
        if (units.containsKey(name)) {
            throw new RefusedException(
                    RefusedException.Code.NAME_HELD,
                    "there is a server " + name + " already: give another name (connectctl adopt " + container
                            + " NAME), or remove that one first");
        }
        synchronized (registry) {
            if (reserved.contains(name)) {
                throw beingRemoved(name);
            }
        }
    }

    /**
     * A server that can't be spoken to would soon be taken for one that failed, and be restarted: that is nothing to do to
     * somebody else's.
     */
    private void checkAnswers(Adoptable found) throws RefusedException, InterruptedException {
        Endpoint endpoint = found.endpoint();
        int port = endpoint.grpcPort().orElseThrow(() -> new IllegalStateException(found + " has no published port"));
        ProbeTarget target = new ProbeTarget(
                endpoint.host(),
                port,
                found.token(),
                endpoint.host(),
                endpoint.uiPorts(),
                found.marker(),
                UUID.nameUUIDFromBytes(found.id().getBytes(StandardCharsets.UTF_8)));
        Climb climb;
        try (Ladder ladder = around.ladders().open(target)) {
            climb = ladder.climb(Rung.RPC, ADOPTION_PATIENCE);
        }
        if (climb.failure().isPresent()) {
            ProbeFailure failure = climb.failure().get();
            throw new RefusedException(
                    RefusedException.Code.NOT_ADOPTABLE,
                    "container '" + found.label() + "' doesn't answer as a usable Spark Connect server would: "
                            + failure.detail() + ": "
                            + (failure.kind() == ProbeFailure.Kind.UNAUTHENTICATED
                                    ? "its token must be in its environment (SPARK_CONNECT_AUTHENTICATE_TOKEN) or its configuration,"
                                            + " where connectctl finds it"
                                    : "see docker logs " + found.label() + "; adopt it once it answers"));
        }
    }

    @Override
    public Receipt start(ServerName name) throws RefusedException {
        ServerUnit unit = unit(name);
        // A server that is up stays where it is: nobody need be asked.
        Optional<RuntimeChoice> choice =
                unit.state().kept() ? Optional.empty() : choice(unit, charter(unit, RestartFrom.CURRENT));
        synchronized (registry) {
            return unit.call(() -> {
                long sequence = lastSequence();
                ServerState state = unit.state();
                if (state.kept()) {
                    unit.command(new Input.Start(state.terms()), unit.charter(), unit.spec());
                    List<String> differences = notInForce(unit);
                    return new Receipt(
                            sequence,
                            false,
                            !differences.isEmpty()
                                    ? "already running, as it was launched; stored, but not in force: "
                                            + String.join("; ", differences) + "; to apply: connectctl restart " + name
                                    : state.phase() == Phase.HEALTHY
                                            ? "already running, unchanged"
                                            : "already " + state.phase() + ", unchanged" + waiting(unit));
                }
                boolean changed = launchByHand(unit, charter(unit, RestartFrom.CURRENT), choice, Input.Start::new);
                return new Receipt(sequence, changed, (changed ? "starting" : "already to be started") + waiting(unit));
            });
        }
    }

    /** What was declared since the launch and holds only from the next one on, for people. */
    private List<String> notInForce(ServerUnit unit) {
        Charter charter = unit.charter();
        return charter.changed()
                ? specs
                        .readAccepted(unit.name(), charter.declared().effective())
                        .spec()
                        .map(next -> Differences.between(unit.spec(), charter.placed(next)))
                        .orElse(List.of())
                        .stream()
                        .map(Change::text)
                        .toList()
                : List.of();
    }

    // ------------------------------------------------------------------ drift

    @Override
    public List<Change> drift(ServerName name) {
        ServerUnit unit = units.get(name);
        return unit == null || unit.closed() || !runs(unit.state()) ? List.of() : drift(unit, false);
    }

    @Override
    public Planned diff(ServerName name) throws RefusedException {
        ServerUnit unit = unit(name);
        return new Planned(true, runs(unit.state()), drift(unit, true), List.of());
    }

    private List<Change> drift(ServerUnit unit, boolean fresh) {
        if (neverRan(unit.state())) {
            return List.of();
        }
        // What can't be read any more can't be launched either: what runs is compared with what was good once.
        ServerSpec declared = current(unit)
                .or(() -> specs.readAccepted(
                                unit.name(), unit.charter().declared().effective())
                        .spec())
                .map(spec -> unit.charter().placed(spec))
                .orElse(unit.live());
        return unit.runner().drift(declared, fresh);
    }

    /** As its file declares it by now, whether or not anybody had that stored; empty where no valid file does. */
    private Optional<ServerSpec> current(ServerUnit unit) {
        Charter charter = unit.charter();
        return charter.origin()
                .file()
                .flatMap(file -> files.declaration(file, unit.name()))
                .map(file -> new Layers(charter.declared().flags(), file))
                .flatMap(layers ->
                        specs.readAccepted(unit.name(), layers.effective()).spec());
    }

    @Override
    public Planned plan(ServerName name, Declaration flags, Declaration file, Origin origin) throws RefusedException {
        ServerUnit unit = units.get(name);
        if (unit == null) {
            Layers layers = new Layers(flags, origin.file().isPresent() ? file : Declaration.empty());
            List<Problem> warnings = new ArrayList<>(overruled(name, origin, layers.file(), flags));
            return new Planned(false, false, ofNew(read(name, layers, warnings)), warnings);
        }
        Revised revised = revised(unit, flags, file, origin);
        ServerSpec spec = unit.charter().placed(revised.spec());
        List<Change> changes =
                neverRan(unit.state()) ? ofNew(spec) : unit.runner().drift(spec, true);
        return new Planned(true, runs(unit.state()), changes, revised.warnings());
    }

    private List<Change> ofNew(ServerSpec spec) {
        return specs.readAccepted(spec.name(), Declaration.empty())
                .spec()
                .map(defaults -> Differences.ofNew(defaults, spec))
                .orElse(List.of());
    }

    private static boolean neverRan(ServerState state) {
        return state.incarnation() == 0;
    }

    /** True where an instance runs that was launched, or is being ended. */
    private static boolean runs(ServerState state) {
        return switch (state.phase()) {
            case HEALTHY, UNHEALTHY, STOPPING, UNKNOWN -> true;
            case STARTING -> state.rung() != Rung.NONE;
            case STOPPED, BACKING_OFF, FAILED -> false;
        };
    }

    /** What a command has to wait for, where that isn't the server itself. */
    private static String waiting(ServerUnit unit) {
        return unit.blind()
                .map(why -> ", as soon as runtime " + unit.spec().runtime() + " can be asked again: " + why)
                .orElse("");
    }

    @Override
    public Receipt restart(ServerName name, RestartFrom from, StopOrder order) throws RefusedException {
        ServerUnit unit = unit(name);
        Duration drain = drain(unit, order);
        Optional<RuntimeChoice> choice = choice(unit, charter(unit, from));
        synchronized (registry) {
            return unit.call(() -> {
                long sequence = lastSequence();
                boolean anew = drainsAnew(unit, order);
                launchByHand(unit, charter(unit, from), choice, terms -> new Input.Restart(terms, drain, anew));
                return new Receipt(sequence, true, "restarting" + by(from, unit.charter()) + waiting(unit));
            });
        }
    }

    /** The charter that a launch by hand puts in force. */
    private static Charter charter(ServerUnit unit, RestartFrom from) throws RefusedException {
        Charter now = unit.charter();
        return switch (from) {
            case CURRENT -> now.revision() == now.inForceRevision() ? now : now.enforced();
            case SAME -> now;
            case ROLLBACK -> {
                if (now.proven().isPresent() && !now.canRollBack() && !now.changed() && runs(unit.state())) {
                    // It would end what clients run, to bring the same again.
                    throw new RefusedException(
                            RefusedException.Code.NEVER_HEALTHY,
                            "what is in force is the last declaration of " + unit.name()
                                    + " that is known to work: no earlier one is kept to go back to");
                }
                yield now.rolledBack()
                        .orElseThrow(() -> new RefusedException(
                                RefusedException.Code.NEVER_HEALTHY,
                                "no declaration of " + unit.name()
                                        + " was HEALTHY yet, so there is none to go back to"));
            }
        };
    }

    private static String by(RestartFrom from, Charter charter) {
        return switch (from) {
            case CURRENT ->
                " with the current declaration"
                        + charter.origin().file().map(file -> " (" + file + ")").orElse("");
            case SAME ->
                " with the declaration of the last run" + (charter.changed() ? ", not with the current one" : "");
            case ROLLBACK ->
                " with the last declaration that was HEALTHY" + (charter.changed() ? ", not with the current one" : "");
        };
    }

    /**
     * Where a server with {@code runtime: auto} will run; empty where that was chosen before, or was declared. Asked before
     * any lock is taken: a registry may need seconds to answer.
     *
     * @param charter what the launch puts in force, be it the current declaration or an earlier one
     */
    private Optional<RuntimeChoice> choice(ServerUnit unit, Charter charter) throws RefusedException {
        if (charter.choice().isPresent()) {
            return Optional.empty();
        }
        ServerSpec spec = read(unit.name(), charter.inForce(), new ArrayList<>());
        if (!spec.runtime().equals(ServerSpec.AUTO)) {
            return Optional.empty();
        }
        Optional<RuntimeChoice> before = ranBefore(unit);
        if (before.isPresent()) {
            return before;
        }
        try {
            return Optional.of(RuntimeChoice.of(spec, around.runtimes()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a runtime was chosen for " + unit.name(), e);
        }
    }

    /** A server that ran somewhere, by its declaration then, goes on there: its warehouse lies there. */
    private static Optional<RuntimeChoice> ranBefore(ServerUnit unit) {
        String where = unit.spec().runtime();
        return unit.state().incarnation() > 0 && !where.equals(ServerSpec.AUTO)
                ? Optional.of(new RuntimeChoice(where, "it ran there before"))
                : Optional.empty();
    }

    /**
     * A launch by hand is when a changed declaration takes effect.
     *
     * @param given what is in force from then on
     * @param command makes the command of its terms
     */
    private boolean launchByHand(
            ServerUnit unit, Charter given, Optional<RuntimeChoice> choice, Function<Terms, Input> command)
            throws RefusedException, StoreException {
        ServerState state = unit.state();
        Charter charter = given;
        // Read again even if nothing changed: its folders may be gone by now, or back.
        ServerSpec declared = read(unit.name(), charter.inForce(), new ArrayList<>());
        if (declared.runtime().equals(ServerSpec.AUTO) && charter.choice().isEmpty()) {
            RuntimeChoice made = choice.orElseThrow(() -> new RefusedException(
                    RefusedException.Code.RUNNING,
                    "the declaration of " + unit.name() + " was changed at this very moment: try again"));
            charter = charter.chosen(made);
            unit.tell("runtime", "runtime " + made.runtime() + ": " + made.why());
        }
        ServerSpec spec = charter.placed(declared);
        boolean ended = state.resting() || state.phase() == Phase.BACKING_OFF;
        if (!ended && !spec.runtime().equals(unit.spec().runtime())) {
            throw new RefusedException(
                    RefusedException.Code.RUNNING,
                    unit.name() + " moves from runtime " + unit.spec().runtime() + " to " + spec.runtime()
                            + ": stop it first (connectctl stop " + unit.name() + ")");
        }
        holdPort(unit.name(), spec);
        Terms terms = Terms.of(spec);
        // Before the launch begins, which may be at once.
        Optional<Cause> invalid = unit.invalid(Optional.empty());
        try {
            return unit.command(command.apply(terms), charter, spec);
        } catch (StoreException e) {
            unit.invalid(invalid);
            throw e;
        }
    }

    /** Two of our own servers on one port would only find out minutes later, one of them by failing. */
    private void holdPort(ServerName name, ServerSpec spec) throws RefusedException {
        if (!(spec.port() instanceof PortChoice.Fixed wanted)) {
            return;
        }
        for (ServerUnit other : units.values()) {
            if (other.name().equals(name) || other.state().resting()) {
                continue;
            }
            boolean declared = other.spec().port().equals(wanted);
            boolean used = other.spec().port() instanceof PortChoice.Auto
                    && other.state().rung().atLeast(Rung.PORT)
                    && other.state().port().orElse(0) == wanted.port();
            if (declared || used) {
                throw new RefusedException(
                        RefusedException.Code.PORT_HELD,
                        "port " + wanted + " of " + name + " is held by server " + other.name() + " ("
                                + other.state().phase() + "): stop that one, or declare another port (--port auto)");
            }
        }
    }

    @Override
    public Receipt stop(ServerName name, StopOrder order) throws RefusedException {
        ServerUnit unit = unit(name);
        Duration drain = drain(unit, order);
        return unit.call(() -> {
            long sequence = lastSequence();
            boolean changed = unit.command(
                    new Input.Stop(order.force(), drain, drainsAnew(unit, order), order.why()),
                    unit.charter(),
                    unit.spec());
            Phase phase = unit.state().phase();
            return new Receipt(
                    sequence,
                    changed,
                    phase == Phase.STOPPED
                            ? (changed ? "stopped" : "already stopped")
                            : (changed ? "stopping" : "already stopping") + draining(unit) + waiting(unit));
        });
    }

    /** Whether the order says how long a drain that is under way may last from now on. */
    private static boolean drainsAnew(ServerUnit unit, StopOrder order) {
        return !order.force()
                && order.drain().isPresent()
                && unit.runner().drainsFor().isPresent();
    }

    /** What a stop waits for where operations may finish first, and how that is changed. */
    private static String draining(ServerUnit unit) {
        return unit.runner()
                .drainsFor()
                .map(left -> "; running operations may finish, for at most " + left.toSeconds()
                        + " s more (another time: connectctl stop " + unit.name()
                        + " --drain 10s, none: --drain 0s or --force)")
                .orElse("");
    }

    /**
     * How long what clients run may finish.
     *
     * @throws RefusedException OPERATIONS_RUNNING where operations run and nobody said, nor declared, what becomes of them
     */
    private Duration drain(ServerUnit unit, StopOrder order) throws RefusedException {
        if (order.force()) {
            return Duration.ZERO;
        }
        Duration drain = order.drain().orElse(unit.live().stop().drain());
        // One that is UNHEALTHY may not answer, and whoever wants it stopped may want so because of that.
        if (order.unlessBusy()
                && order.drain().isEmpty()
                && drain.isZero()
                && unit.state().phase() == Phase.HEALTHY) {
            Optional<ConnectActivity> activity = Optional.empty();
            try {
                activity = unit.runner().activity(ACTIVITY_PATIENCE);
            } catch (IOException e) {
                // Whoever wants it stopped may want so because it doesn't answer.
                LOG.debug("{}: it can't be told what runs", unit.name(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Optional<ConnectActivity> busy = activity.filter(now -> now.runningRequests() > 0);
            if (busy.isPresent()) {
                throw new RefusedException(
                        RefusedException.Code.OPERATIONS_RUNNING,
                        unit.name() + ": " + busy.get().summary() + "; use --drain 5m or --force");
            }
        }
        return drain;
    }

    private static boolean proven(ServerState state) {
        return switch (state.phase()) {
            case HEALTHY, UNHEALTHY -> true;
            case STARTING, STOPPING, STOPPED, BACKING_OFF, FAILED, UNKNOWN -> false;
        };
    }

    @Override
    public Map<ServerName, ConnectActivity> activities(Collection<ServerName> names, Duration patience)
            throws InterruptedException {
        Map<ServerName, Future<Optional<ConnectActivity>>> asked =
                new TreeMap<>(Comparator.comparing(ServerName::value));
        for (ServerName name : names) {
            ServerUnit unit = units.get(name);
            if (unit != null && proven(unit.state()) && unit.observedNow().ui().isPresent()) {
                asked.put(name, workers.submit(() -> unit.runner().activity(patience)));
            }
        }
        Map<ServerName, ConnectActivity> told = new HashMap<>();
        for (Map.Entry<ServerName, Future<Optional<ConnectActivity>>> each : asked.entrySet()) {
            try {
                // Each look ends by itself after as long; all began at once.
                each.getValue()
                        .get(patience.toMillis() * 2, TimeUnit.MILLISECONDS)
                        .ifPresent(activity -> told.put(each.getKey(), activity));
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("{}: it can't be told what runs", each.getKey(), e);
                each.getValue().cancel(true);
            }
        }
        return told;
    }

    @Override
    public void remove(ServerName name, boolean purge) throws RefusedException {
        ServerUnit unit = unit(name);
        Removal removal = removal(unit, purge);
        try {
            synchronized (registry) {
                unit.call(() -> {
                    remove(unit, removal, purge);
                    return true;
                });
            }
        } finally {
            // A million files may lie there: no other server's commands wait for them. Its name is held until they are
            // gone.
            if (unit.closed() && unit.discards()) {
                // Its own first, which knows what belongs to it by files in a folder that they share.
                for (ServerRuntime runtime : removal.where()) {
                    if (!discard(runtime, name, purge)) {
                        break;
                    }
                }
                units.remove(name, unit);
            }
        }
    }

    /**
     * What a removal goes by.
     *
     * @param state as it was when the runtimes were asked
     * @param where the runtimes that may hold something of it, its own first
     * @param unasked the runtimes that couldn't be asked
     */
    private record Removal(ServerState state, List<ServerRuntime> where, boolean adopted, List<String> unasked) {}

    /** Asked before any lock is taken: an engine that hangs needs seconds to be known as such. */
    private Removal removal(ServerUnit unit, boolean purge) throws RefusedException {
        ServerName name = unit.name();
        ServerState state = unit.state();
        List<ServerRuntime> where = new ArrayList<>();
        if (!unit.spec().runtime().equals(ServerSpec.AUTO)) {
            where.add(runtime(unit));
        }
        boolean adopted = where.stream().anyMatch(each -> each.adopted(name));
        if (!adopted) {
            // It may have run elsewhere before: what it left there is its, too.
            answering(name).stream().filter(other -> !where.contains(other)).forEach(where::add);
        }
        checkRests(state, adopted);
        List<String> data = purge
                ? List.of()
                : where.stream()
                        .filter(each -> each.hasWarehouse(name))
                        .map(ServerRuntime::name)
                        .toList();
        if (!data.isEmpty()) {
            boolean own = data.equals(List.of(unit.spec().runtime()));
            throw new RefusedException(
                    RefusedException.Code.WAREHOUSE_NOT_EMPTY,
                    "the warehouse of " + name + " holds data"
                            + (own ? "" : ", of when it ran by runtime " + String.join(", and by runtime ", data))
                            + ", which would be lost: connectctl remove " + name + " --purge removes it too");
        }
        List<String> unasked = adopted
                ? List.of()
                : around.runtimes().values().stream()
                        .filter(each -> !where.contains(each))
                        .map(ServerRuntime::name)
                        .toList();
        return new Removal(state, where, adopted, unasked);
    }

    private static void checkRests(ServerState state, boolean adopted) throws RefusedException {
        if (!state.resting() && !(adopted && settled(state))) {
            throw new RefusedException(
                    RefusedException.Code.RUNNING,
                    state.name() + " is " + state.phase() + ": stop it first (connectctl stop " + state.name() + ")");
        }
    }

    private void remove(ServerUnit unit, Removal removal, boolean purge) throws RefusedException, StoreException {
        ServerName name = unit.name();
        ServerState state = unit.state();
        checkRests(state, removal.adopted());
        if (state.incarnation() != removal.state().incarnation()) {
            // What it wrote since isn't known of.
            throw new RefusedException(
                    RefusedException.Code.BUSY, name + " was started at this very moment: try again");
        }
        ServerEvent event = new ServerEvent(
                0,
                around.time().now().wall(),
                name,
                state.incarnation(),
                "removed",
                state.phase(),
                removal.adopted()
                        ? "forgotten; what it was adopted from is left as it is"
                        : (purge ? "removed, its warehouse too" : "removed")
                                + (removal.unasked().isEmpty()
                                        ? ""
                                        : "; what it may have left in runtime "
                                                + String.join(", ", removal.unasked())
                                                + ", which can't be asked now, is for connectctl gc"),
                Optional.empty());
        // What was adopted may still run, and be looked after if this fails: its token goes with its folder.
        SecretsAside secrets = removal.adopted() ? new SecretsAside() : secrets(name);
        try {
            secrets.put();
            // No secret, but the folder goes only once it is empty.
            if (!removal.adopted()) {
                LaunchRecord.forget(around.folders().servers().resolve(name.value()));
            }
        } catch (IOException e) {
            settle(secrets, false);
            throw new RefusedException(
                    RefusedException.Code.STORE_FAILED,
                    "the secrets of " + name + " can't be taken away, so it is kept: " + e + ". Mend owner and mode of "
                            + secretsFile(name).getParent() + ", and remove it again");
        }
        boolean forgotten = false;
        try {
            unit.forget(() -> journal.write(store -> store.remove(name, List.of(event))));
            forgotten = true;
        } finally {
            settle(secrets, forgotten);
        }
        unit.close();
    }

    private static void settle(SecretsAside secrets, boolean forgotten) {
        try {
            if (forgotten) {
                secrets.delete();
            } else {
                secrets.back();
            }
        } catch (IOException e) {
            LOG.error("secrets that were put aside stay there until the daemon starts again", e);
        }
    }

    private SecretsAside secrets(ServerName name) {
        Path file = secretsFile(name);
        return new SecretsAside(file, file.resolveSibling("token"));
    }

    /** True where nothing is being done to it. */
    private static boolean settled(ServerState state) {
        return switch (state.phase()) {
            case HEALTHY, UNHEALTHY, UNKNOWN, BACKING_OFF, STOPPED, FAILED -> true;
            case STARTING -> state.rung() != Rung.NONE;
            case STOPPING -> false;
        };
    }

    /** The runtimes that can be asked about it now. */
    private List<ServerRuntime> answering(ServerName name) {
        List<ServerRuntime> answering = new ArrayList<>();
        for (ServerRuntime runtime : around.runtimes().values()) {
            try {
                runtime.find(name);
                answering.add(runtime);
            } catch (RuntimeUnavailableException e) {
                LOG.debug("nothing of {} is looked for in {}", name, runtime.name(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return answering;
    }

    /** It is forgotten already; what can't be removed now lies there until a server of that name is removed again. */
    private boolean discard(ServerRuntime runtime, ServerName name, boolean purge) {
        try {
            runtime.discard(name, purge);
            return true;
        } catch (RuntimeUnavailableException | RuntimeException e) {
            LOG.warn("the folders of {} could not be removed: {}", name, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    // ------------------------------------------------------------------ questions to a running server

    @Override
    public Climb probe(ServerName name, Rung until, Duration timeout) throws RefusedException, InterruptedException {
        ServerUnit unit = unit(name);
        ServerState state = unit.state();
        Optional<Instance> instance =
                state.instance().filter(Instance::running).filter(run -> run.incarnation() == state.incarnation());
        if (instance.isEmpty()) {
            throw new RefusedException(
                    RefusedException.Code.NOT_RUNNING,
                    name + " is " + state.phase() + ", so there is nothing to probe: connectctl start " + name);
        }
        Climb climb = unit.runner().probeNow(instance.get(), until, timeout);
        if (!unit.state().rung().atLeast(climb.reached())) {
            // Whoever asked reads the server next, and must find there what was just proven.
            unit.call(() -> unit.command(
                    new Input.Proven(instance.get().incarnation(), climb.reached()), unit.charter(), unit.spec()));
        }
        return climb;
    }

    @Override
    public void logs(ServerName name, LogRequest request, LogSink sink)
            throws RefusedException, RuntimeUnavailableException, InterruptedException {
        runtime(unit(name)).logs(name, request, sink);
    }

    @Override
    public Optional<Usage> usage(ServerName name)
            throws RefusedException, RuntimeUnavailableException, InterruptedException {
        return runtime(unit(name)).usage(name);
    }

    @Override
    public List<String> remarks(ServerName name) throws RefusedException {
        ServerUnit unit = unit(name);
        ServerRuntime runtime = around.runtimes().get(unit.live().runtime());
        return runtime == null ? List.of() : runtime.remarks(unit.live());
    }

    @Override
    public Optional<PythonNote> python(ServerName name)
            throws RefusedException, RuntimeUnavailableException, InterruptedException {
        ServerUnit unit = unit(name);
        ServerRuntime runtime = around.runtimes().get(unit.live().runtime());
        return runtime == null ? Optional.empty() : runtime.python(unit.live());
    }

    @Override
    public Timeline timeline(ServerName name)
            throws RefusedException, RuntimeUnavailableException, InterruptedException {
        ServerUnit unit = unit(name);
        ServerState state = unit.state();
        ServerRuntime runtime = runtime(unit);
        int incarnation = state.incarnation();
        if (incarnation == 0) {
            throw new RefusedException(
                    RefusedException.Code.NOT_RUNNING, name + " was never started: connectctl start " + name);
        }
        List<String> log = new ArrayList<>();
        // While a launch prepares, the log is still the one of the run before.
        if (state.instance().filter(run -> run.incarnation() == incarnation).isPresent()) {
            LogRequest whole = new LogRequest(OptionalInt.empty(), Optional.empty(), false, false);
            runtime.logs(name, whole, line -> {
                log.add(line);
                return log.size() < Timelines.MOST_LINES && !line.contains("Spark Connect server started");
            });
        }
        ServerSpec spec = unit.live();
        return Timelines.of(
                name,
                incarnation,
                LaunchTimes.read(around.folders().servers(), name, incarnation),
                eventsOf(name, incarnation),
                log,
                ZoneId.systemDefault(),
                spec.runtime().equals("docker"),
                spec.master().startsWith("local"));
    }

    /** Stored events of one incarnation, oldest first. */
    private List<ServerEvent> eventsOf(ServerName name, int incarnation) {
        List<ServerEvent> all = new ArrayList<>();
        long after = 0;
        List<ServerEvent> page;
        do {
            page = journal.events(Optional.of(name), after, EVENTS_PAGE);
            for (ServerEvent event : page) {
                after = event.sequence();
                if (event.type().equals("removed")) {
                    // What came before is of an earlier server of that name.
                    all.clear();
                } else if (event.incarnation() == incarnation) {
                    all.add(event);
                }
            }
        } while (page.size() == EVENTS_PAGE);
        return all;
    }

    @Override
    public Optional<Path> wedge(ServerName name) {
        return WedgeEvidence.all(around.folders().servers(), name).stream().findFirst();
    }

    @Override
    public void bundle(ServerName name, Map<String, String> more, OutputStream out)
            throws RefusedException, IOException, InterruptedException {
        ServerUnit unit = unit(name);
        new Bundle(name, unit.live(), unit.state().incarnation(), around, scrubber(unit)).write(more, out);
    }

    /**
     * Of the secrets of all servers: the daemon's log, and the engine's words, may tell of any. Also of what is declared and not in force, and
     * of what was: logs of earlier incarnations tell of that.
     */
    private UnaryOperator<String> scrubber(ServerUnit unit) {
        Set<String> secrets = new HashSet<>();
        for (ServerUnit each : units.values()) {
            secrets.addAll(Secrets.valuesOf(each.spec()));
            secrets.addAll(Secrets.valuesOf(each.live()));
            each.charter().everyDeclaration().forEach(layers -> specs.readAccepted(each.name(), layers.effective())
                    .spec()
                    .ifPresent(spec -> secrets.addAll(Secrets.valuesOf(spec))));
            secrets.addAll(each.runner().secrets());
        }
        return Diagnosis.scrubber(unit.live(), secrets);
    }

    // ------------------------------------------------------------------ the cache

    @Override
    public CacheStatus cache() throws IOException {
        List<CacheEntry> entries = new ArrayList<>();
        long limit = 0;
        for (Cache cache : caches()) {
            entries.addAll(cache.entries());
            limit += cache.archiveLimit();
        }
        return new CacheStatus(entries, limit);
    }

    @Override
    public List<CacheEntry> prune(Duration unused) throws IOException {
        List<CacheEntry> removed = new ArrayList<>();
        for (Cache cache : caches()) {
            removed.addAll(cache.prune(unused));
        }
        return removed;
    }

    private List<Cache> caches() {
        return around.runtimes().values().stream()
                .flatMap(runtime -> runtime.cache().stream())
                .toList();
    }

    @Override
    public Receipt train(ServerName name) throws RefusedException {
        ServerUnit unit = unit(name);
        Archives archives = runtime(unit)
                .cache()
                .map(Cache::archives)
                .orElseThrow(
                        () -> new RefusedException(
                                RefusedException.Code.INVALID,
                                "runtime " + unit.spec().runtime() + " of " + name
                                        + " keeps no class data archives: they are part of its images (connectctl image build)"));
        if (unit.invalid().isPresent()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID, unit.invalid().get().summary());
        }
        long sequence = lastSequence();
        unit.runner().trainByHand(archives);
        return new Receipt(sequence, true, "training");
    }

    private ServerRuntime runtime(ServerUnit unit) throws RefusedException {
        ServerRuntime runtime = around.runtimes().get(unit.spec().runtime());
        if (runtime == null && unit.spec().runtime().equals(ServerSpec.AUTO)) {
            throw new RefusedException(
                    RefusedException.Code.NOT_RUNNING,
                    unit.name() + " was never started: connectctl start " + unit.name());
        }
        if (runtime == null) {
            throw new IllegalStateException("no runtime '" + unit.spec().runtime() + "' here");
        }
        return runtime;
    }

    @Override
    public void close() {
        closed = true;
        Time.Timer next = listing;
        if (next != null) {
            next.cancel();
        }
        memory.close();
        for (AutoCloseable watch : watches) {
            try {
                watch.close();
            } catch (Exception e) {
                LOG.warn("an exit watch could not be closed: {}", e.toString());
            }
        }
        trainer.close();
        units.values().forEach(ServerUnit::close);
        journal.close();
        workers.shutdownNow();
        mailboxes.shutdown();
        try {
            // The store is closed by whoever opened it, right after this: no commit may be under way then.
            if (!mailboxes.awaitTermination(10, TimeUnit.SECONDS)) {
                LOG.warn("a step is still under way");
            }
            // What they are writing, such as a start's times, is whole then; one that asks an engine isn't waited for
            // long.
            if (!workers.awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.debug("something is still under way");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
