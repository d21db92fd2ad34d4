package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.render.ContainerPorts;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.render.SparkPlace;
import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.DriverReach;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.runtime.Recalled;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.SnapshotScript;
import io.connectctl.compose.runtime.Trace;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.runtime.process.ContainerPackages;
import io.connectctl.compose.runtime.process.PortHolder;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.runtime.process.Suspension;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Servers in containers, hardened, at a Docker engine or at Podman. What runs is the engine's own knowledge; what it doesn't
 * keep (which stop was ours, how a container ended that somebody removed) lies in the server's folder.
 *
 * <p>At most one instance of a server lives: its container has one fixed name, and the engine refuses a second of that name.
 */
public final class DockerRuntime implements ServerRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(DockerRuntime.class);

    /** The engine's part of a halt beyond the grace; with the questions around it, less than the 12 s that a halt may take. */
    private static final Duration HALT_SLACK = Duration.ofSeconds(4);

    /** Beyond the limit for the JVM's threads: its heap, and the kernel's part. */
    private static final Duration SNAPSHOT_SLACK = Duration.ofSeconds(4);

    private static final Duration KILL_PATIENCE = Duration.ofSeconds(3);

    /** How much later than the end of a container an engine may learn that it ran out of memory. */
    private static final Duration REASON_PATIENCE = Duration.ofSeconds(1);

    /** Exit code of what SIGKILL ended. */
    private static final int KILLED = 137;

    /** From the end of a container to the engine's word that somebody had it stopped: milliseconds, unless it is loaded. */
    private static final Duration STOP_WORD = Duration.ofSeconds(2);

    /** Without the engine's events nothing tells that an answer is outdated. */
    private static final Duration UNHEARD = Duration.ofSeconds(2);

    private static final Duration FACTS_GOOD_FOR = Duration.ofMinutes(10);
    private static final Duration FACTS_PATIENCE = Duration.ofSeconds(2);
    private static final int UI_RETRIES = 16;

    /** With the listing every 30 s, six questions a minute while nothing happens. */
    private static final Duration IMAGES_APART = Duration.ofSeconds(15);

    /** Some listings after the last server that has it. */
    private static final Duration IMAGES_FORGOTTEN = Duration.ofMinutes(2);

    private static final String OUT_OF_MEMORY = "out of memory, killed by the kernel";
    private static final String REMOVED = "removed by somebody";
    private static final String ENGINE_AWAY = "the engine was stopped or restarted";

    /**
     * {@code Bind for 127.0.0.1:15002 failed: port is already allocated},
     * {@code listen tcp4 127.0.0.1:15002: bind: address already in use} (20.10), and
     * {@code failed to bind host port for 127.0.0.1:15002:172.17.0.2:15002/tcp: address already in use} (28)
     */
    private static final Pattern PORT_TAKEN =
            Pattern.compile("(?:Bind for|listen tcp[46]?|bind host port(?: for)?) \\S*?:(\\d{2,5})\\b");

    private final Folders folders;
    private final Map<String, String> environment;
    private final ContainerPackages packages;
    /** Held for reading while a container is made of packages: their volume must not go in between. */
    private final ReadWriteLock packagesUse = new ReentrantReadWriteLock();

    private final Histories histories;
    private final Adoptions adoptions;
    private volatile @Nullable Parts parts;
    private final List<Consumer<Instance>> listeners = new CopyOnWriteArrayList<>();
    private final Set<ServerName> launching = ConcurrentHashMap.newKeySet();
    /** What images' names meant at the last look. */
    private final Map<String, Looked> looked = new ConcurrentHashMap<>();
    /** Starts that are known to run, by container: whatever ends or starts besides is news. */
    private final Map<String, Live> running = new ConcurrentHashMap<>();

    private final Map<ServerName, Known> endpoints = new ConcurrentHashMap<>();
    private volatile @Nullable String installation;
    private volatile @Nullable Watcher watcher;
    private volatile @Nullable Facts facts;
    private volatile long factsAt;

    /** What speaks to the engine. Made when it is first needed: where files are only previewed, its library isn't even there. */
    private record Parts(Engine engine, Images images, Launcher launcher, Logs logs) {}

    private record Live(ServerName server, String start, long pid) {
        static Live of(ServerName server, Container container) {
            return new Live(server, container.startedAt(), container.pid());
        }

        boolean is(ServerName whose, String when) {
            return server.equals(whose) && start.equals(when);
        }
    }

    private record Looked(Map<String, String> found, long at, long usedAt) {}

    private record Known(String start, Endpoint endpoint, long at) {}

    /**
     * Asks nobody yet: an engine may come later.
     *
     * @param folders where this installation's id and what is known of servers lie
     * @param environment the daemon's own environment: DOCKER_HOST and its like, HOME, XDG_RUNTIME_DIR
     */
    public DockerRuntime(Folders folders, Map<String, String> environment) {
        this.folders = folders;
        this.environment = Map.copyOf(environment);
        this.packages = new ContainerPackages(folders.cache(), environment);
        this.histories = new Histories(folders);
        this.adoptions = new Adoptions(folders);
    }

    private Parts parts() {
        Parts made = parts;
        return made != null ? made : make();
    }

    private synchronized Parts make() {
        Parts made = parts;
        if (made == null) {
            Engine engine = new Engine(environment);
            made = new Parts(
                    engine, new Images(engine), new Launcher(engine), new Logs(engine, folders, histories, adoptions));
            parts = made;
        }
        return made;
    }

    @Override
    public String name() {
        return "docker";
    }

    @Override
    public String host() {
        return engine().host();
    }

    /** The one that is spoken to, else the one that this environment names now. */
    @Override
    public Optional<String> place() {
        Parts made = parts;
        try {
            EngineAddress address = made != null ? made.engine().address() : EngineAddress.find(environment);
            return Optional.of(address.toString());
        } catch (EngineAddress.UnusableException e) {
            // Named all the same, such as ssh://HOST: whoever compares two of them sees that they differ.
            return Optional.of(
                    environment.getOrDefault("DOCKER_HOST", environment.getOrDefault("DOCKER_CONTEXT", "?")));
        }
    }

    /** The connection to the engine. */
    Engine engine() {
        return parts().engine();
    }

    private String installation() throws RuntimeUnavailableException {
        String id = installation;
        if (id == null) {
            try {
                id = Installation.of(folders.state());
            } catch (IOException e) {
                throw new RuntimeUnavailableException(
                        "this installation has no id, by which its containers are known: " + e.getMessage(), e);
            }
            installation = id;
        }
        return id;
    }

    /** The container that a server is: one of ours by its name and labels, an adopted one by its id. */
    private Optional<Container> container(Names names) throws RuntimeUnavailableException, InterruptedException {
        Optional<Adoptions.Adopted> adopted = adoptions.of(names.server());
        return adopted.isPresent()
                ? engine().container(adopted.get().containerId())
                : engine().container(names.container()).filter(names::owns);
    }

    /** Whose container this is; empty if it isn't any of our servers'. */
    private Optional<Names> owner(String id, Map<String, String> labels) throws RuntimeUnavailableException {
        Optional<ServerName> adopted = adoptions.server(id);
        return adopted.isPresent() ? Optional.of(names(adopted.get())) : names(labels);
    }

    private Names names(ServerName server) throws RuntimeUnavailableException {
        return new Names(installation(), server);
    }

    // ------------------------------------------------------------------ before a launch

    @Override
    public Optional<String> obstacle(ServerSpec spec) throws InterruptedException {
        if (spec.sparkHome().isPresent()) {
            return Optional.of("sparkHome " + spec.sparkHome().get() + " is a folder of this machine");
        }
        if (spec.javaHome().isPresent()) {
            return Optional.of("javaHome " + spec.javaHome().get() + " is a folder of this machine");
        }
        if (adoptions.of(spec.name()).isPresent()) {
            return Optional.empty();
        }
        try {
            String image =
                    parts().images().choose(spec, histories.of(spec.name()).image(), Progress.SILENT);
            checkReach(spec);
            return parts().images().find(image).isPresent()
                    ? Optional.empty()
                    : parts().images().registry(image, spec.spark()).map(LaunchException::getMessage);
        } catch (RuntimeUnavailableException | LaunchException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public String condition() throws RuntimeUnavailableException, InterruptedException {
        Facts now = facts(FACTS_PATIENCE);
        return parts().engine().describe() + " answers, API " + parts().engine().version()
                + (now.rootless() ? ", rootless" : "")
                + (now.cgroups().isEmpty() ? "" : ", cgroups " + now.cgroups())
                + (now.memoryLimit() ? "" : ", can't limit memory");
    }

    // ------------------------------------------------------------------ somebody else's

    @Override
    public boolean adopts() {
        return true;
    }

    @Override
    public boolean adopted(ServerName server) {
        return adoptions.of(server).isPresent();
    }

    @Override
    public Recalled recall(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        Optional<Container> container = container(names(server));
        return container.isEmpty()
                ? Recalled.NOTHING
                : Foreign.recall(engine(), container.get().id());
    }

    @Override
    public Adoptable inspect(String what) throws LaunchException, InterruptedException {
        try {
            Adoptable found = Foreign.look(engine(), what);
            Optional<ServerName> known = adoptions.server(found.id());
            if (known.isPresent()) {
                throw new LaunchException(
                        "NOT_ADOPTABLE",
                        "container '" + found.label() + "' is server " + known.get() + " already",
                        "connectctl status " + known.get(),
                        false);
            }
            return found;
        } catch (RuntimeUnavailableException e) {
            throw unreachable(e);
        }
    }

    @Override
    public void adopt(ServerName server, Adoptable found) throws RuntimeUnavailableException {
        try {
            adoptions.add(
                    server,
                    new Adoptions.Adopted(
                            found.id(),
                            found.label(),
                            found.grpcPort(),
                            found.uiPort().orElse(0),
                            found.marker(),
                            found.open()));
            startWatching();
        } catch (IOException e) {
            throw new RuntimeUnavailableException(
                    "that " + server + " is container " + found.label() + " can't be written down: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public void forgetAllBut(Set<ServerName> known) {
        for (ServerName server : adoptions.all().keySet()) {
            if (!known.contains(server)) {
                try {
                    forget(server);
                    LOG.info("{} was adopted, and nobody knows it any more: its container is left as it is", server);
                } catch (RuntimeUnavailableException e) {
                    LOG.warn("that {} was adopted can't be forgotten: {}", server, e.getMessage());
                }
            }
        }
    }

    /** Takes a container that runs as it is, and starts one that doesn't. It keeps its files, whatever the plan says. */
    private Instance launchAdopted(LaunchPlan plan, Names names, Adoptions.Adopted adopted)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        Container container = engine().container(adopted.containerId()).orElseThrow(() -> removed(names, adopted));
        histories.change(
                names.server(),
                history -> history.launched(container.id(), plan.ticket().incarnation(), adopted.marker()));
        if (!container.live()) {
            try {
                parts().launcher().start(container.id(), adopted.name());
            } catch (EngineRefusal e) {
                Matcher port = PORT_TAKEN.matcher(e.said());
                boolean taken = port.find();
                throw new LaunchException(
                        taken ? "PORT_TAKEN" : "UNKNOWN",
                        "container '" + adopted.name() + "' can't be started: "
                                + (taken
                                        ? "port " + port.group(1) + " is held by "
                                                + portHolder(Integer.parseInt(port.group(1)))
                                                        .orElse("somebody else")
                                        : e.said()),
                        taken
                                ? "stop what holds the port; connectctl doesn't change a container that it adopted"
                                : "mend it with docker's own tools; connectctl doesn't change a container that it adopted",
                        false,
                        e);
            }
        }
        Container started = engine().container(container.id()).orElseThrow(() -> removed(names, adopted));
        histories.change(names.server(), history -> history.seen(started));
        if (started.live()) {
            running.put(started.id(), Live.of(names.server(), started));
        }
        return instance(names, started);
    }

    private static LaunchException removed(Names names, Adoptions.Adopted adopted) {
        return new LaunchException(
                "REMOVED",
                "container '" + adopted.name() + "', which " + names.server()
                        + " was adopted from, was removed by somebody",
                "bring it up again and adopt that one (connectctl remove " + names.server()
                        + ", connectctl adopt CONTAINER), or declare a server of connectctl's own",
                false);
    }

    @Override
    public List<String> remarks(ServerSpec spec) {
        Optional<Adoptions.Adopted> adopted = adoptions.of(spec.name());
        if (adopted.isPresent()) {
            return List.of("adopted: it is container " + adopted.get().name()
                    + ", which connectctl starts and stops, and never makes anew: its declaration doesn't change it");
        }
        List<String> remarks = new ArrayList<>(Facts.loosened(spec.container()));
        try {
            if (spec.archive()) {
                imageArchives().without(spec.name()).ifPresent(image -> remarks.add(noArchive(image)));
            }
            remarks.addAll(facts(FACTS_PATIENCE).lacking(spec.container()));
        } catch (RuntimeUnavailableException e) {
            LOG.debug("what the engine has and can enforce isn't known now: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return List.copyOf(remarks);
    }

    /** Of an adopted one, what it publishes counts: how it was made is nobody's declaration. */
    @Override
    public List<String> exposures(ServerSpec spec) {
        Optional<Adoptions.Adopted> adopted = adoptions.of(spec.name());
        return adopted.isPresent() ? adopted.get().exposures(spec.auth() == Auth.TOKEN) : Exposures.of(spec);
    }

    /**
     * The server starts the python3 of its image, or what PYSPARK_PYTHON names there, with the pyspark of its SPARK_HOME, or one that
     * is installed beside it.
     */
    @Override
    public Optional<PythonNote> python(ServerSpec spec) throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return Optional.empty();
        }
        Optional<Container> found = container(names(spec.name()));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Container container = found.get();
        String program = Optional.ofNullable(spec.env().get("PYSPARK_PYTHON"))
                .or(() -> Optional.ofNullable(container.environment().get("PYSPARK_PYTHON")))
                .filter(text -> !text.isBlank())
                .orElse("python3");
        String version = spec.spark().text();
        try {
            Optional<Path> python = parts().images().program(container, program);
            if (python.isEmpty()) {
                return Optional.of(new PythonNote(
                        "Python UDFs can't work: the image has no " + program
                                + (program.startsWith("/") ? "" : " on its PATH")
                                + "; use one that has it, and pyspark=="
                                + version + " (connectctl image build --base IMAGE makes one of such a base)",
                        false));
            }
            Optional<String> prepared =
                    Optional.ofNullable(histories.of(spec.name()).sparkHome());
            String home = Optional.ofNullable(container.environment().get("SPARK_HOME"))
                    .or(() -> prepared)
                    .orElse(Names.SPARK_HOME.toString());
            String pyspark = home + "/python/lib/pyspark.zip";
            return Optional.of(
                    parts().images().program(container, pyspark).isPresent()
                            ? new PythonNote(
                                    "Python UDFs run in the image's " + python.get()
                                            + ": clients need the same Python version for them",
                                    true)
                            : new PythonNote(
                                    "Python UDFs may not work: the image has " + python.get() + ", but no " + pyspark
                                            + "; they need a pyspark==" + version + " that is installed there",
                                    false));
        } catch (EngineRefusal e) {
            throw engine().unanswered("looking for " + program + " in the container of " + spec.name(), e);
        }
    }

    private void published(ServerName server, Container container) {
        try {
            adoptions.published(server, container);
        } catch (IOException e) {
            LOG.warn("where {} is published can't be written down: {}", server, e.toString());
        }
    }

    private static String noArchive(String image) {
        return "image " + image
                + " holds no class data archive, which takes about half off a start: connectctl image build"
                + " makes an image that holds one";
    }

    private Facts facts(Duration patience) throws RuntimeUnavailableException, InterruptedException {
        Facts known = facts;
        if (known != null && System.nanoTime() - factsAt < FACTS_GOOD_FOR.toNanos()) {
            return known;
        }
        try {
            Facts fresh = Facts.of(engine().get("asking what it is", patience, "/info"));
            facts = fresh;
            factsAt = System.nanoTime();
            return fresh;
        } catch (EngineRefusal e) {
            throw engine().unanswered("asking what it is", e);
        }
    }

    /** As the image was found to be when it was last prepared; before that, as Apache's images are. */
    @Override
    public Site plannedSite(ServerSpec spec) {
        History history;
        try {
            history = History.read(folders, spec.name());
        } catch (IOException e) {
            history = History.EMPTY;
        }
        boolean same = spec.container().imageFor(spec.spark()).equals(history.image())
                || (spec.container().image().isEmpty()
                        && Names.builtImage(spec.spark()).equals(history.image()));
        if (!same) {
            return site(spec, Optional.empty(), Optional.of(Names.SPARK_HOME));
        }
        Optional<Path> jars = Optional.ofNullable(history.jars()).map(Path::of);
        return site(
                spec,
                jars,
                jars.isPresent()
                        ? Optional.empty()
                        : Optional.of(Optional.ofNullable(history.sparkHome())
                                .map(Path::of)
                                .orElse(Names.SPARK_HOME)));
    }

    @Override
    public Map<String, String> ingredients(ServerSpec spec) throws RuntimeUnavailableException, InterruptedException {
        if (adopted(spec.name())) {
            // It is never made anew, whatever its image's name means by now.
            return Map.of();
        }
        String image = image(spec);
        Map<String, String> found = parts().images()
                .find(image)
                .map(any -> Map.of("image", any.id()))
                .orElse(Map.of());
        looked.put(image, new Looked(found, System.nanoTime(), System.nanoTime()));
        return found;
    }

    /** Of all images together the engine is asked once in {@link #IMAGES_APART}: many servers have few, or each its own. */
    @Override
    public Map<String, String> ingredientsLately(ServerSpec spec)
            throws RuntimeUnavailableException, InterruptedException {
        long now = System.nanoTime();
        Looked last = adopted(spec.name())
                ? null
                : looked.computeIfPresent(image(spec), (name, known) -> new Looked(known.found(), known.at(), now));
        looked.values().removeIf(other -> now - other.usedAt() > IMAGES_FORGOTTEN.toNanos());
        return last != null && now - last.at() < IMAGES_APART.toNanos() * looked.size()
                ? last.found()
                : ingredients(spec);
    }

    private String image(ServerSpec spec) throws RuntimeUnavailableException, InterruptedException {
        String wanted = spec.container().imageFor(spec.spark());
        String before = histories.of(spec.name()).image();
        String built = Names.builtImage(spec.spark());
        return spec.container().image().isEmpty() && built.equals(before) ? built : wanted;
    }

    @Override
    public Optional<SparkPlace> sparkPlace(String image) throws InterruptedException {
        try {
            return parts().images().find(image).map(found -> new SparkPlace(found.sparkHome(), found.jars()));
        } catch (RuntimeUnavailableException e) {
            LOG.debug("it can't be told where Spark lies in {}", image, e);
            return Optional.empty();
        }
    }

    private Site site(ServerSpec spec, Optional<Path> jars, Optional<Path> sparkHome) {
        return site(jars, sparkHome)
                .with(packages.key(spec).map(Names.PACKAGES::resolve))
                .withHadoopConf(spec.cluster().hadoopConf().map(any -> HadoopFiles.FOLDER));
    }

    /** Where things lie in a container of ours. */
    static Site site(Optional<Path> jars, Optional<Path> sparkHome) {
        return new Site(
                Names.CONF,
                Names.WORK,
                Names.WAREHOUSE,
                Optional.empty(),
                sparkHome,
                jars,
                false,
                Optional.empty(),
                Optional.of(Names.CONF.resolve("token")));
    }

    @Override
    public Site prepare(ServerSpec spec, Progress progress) throws LaunchException, InterruptedException {
        if (spec.sparkHome().isPresent() || spec.javaHome().isPresent()) {
            throw new LaunchException(
                    "IMAGE_UNFIT",
                    "sparkHome and javaHome are folders of this machine, which a container doesn't see",
                    "leave them out, and name an image that has them (image:); or run it as a process (--runtime process)",
                    false);
        }
        if (adoptions.of(spec.name()).isPresent()) {
            return plannedSite(spec);
        }
        try {
            String name =
                    parts().images().choose(spec, histories.of(spec.name()).image(), progress);
            Images.Image image = parts().images().require(name, spec.spark(), progress);
            parts().images()
                    .check(
                            name,
                            image,
                            names(spec.name()).labels(),
                            spec.spark(),
                            spec.auth() == Auth.TOKEN,
                            !spec.container().loosens(Loosening.USER));
            histories.change(spec.name(), history -> history.prepared(name, image.jars(), image.sparkHome()));
            Site site = site(spec, image.jars(), image.sparkHome());
            // Here rather than with the launch, which is to be a matter of seconds.
            fillPackages(spec, site, names(spec.name()), name, progress);
            return site;
        } catch (RuntimeUnavailableException e) {
            throw unreachable(e);
        } catch (EngineRefusal e) {
            throw unreachable(engine().unanswered("putting packages into their volume", e));
        }
    }

    /** They are layers of images; see {@link ImageArchive}. */
    @Override
    public Optional<Archives> archives() {
        return Optional.of(imageArchives());
    }

    private ImageArchives imageArchives() {
        return new ImageArchives(engine(), parts().images(), histories, adoptions);
    }

    private static LaunchException unreachable(RuntimeUnavailableException e) {
        return new LaunchException(
                "ENGINE_UNREACHABLE",
                String.valueOf(e.getMessage()),
                "start the engine (systemctl start docker) and see that this user may use it (docker version); or run it as a"
                        + " process: --runtime process",
                true,
                e);
    }

    // ------------------------------------------------------------------ launch

    @Override
    public Instance launch(LaunchPlan plan) throws LaunchException, InterruptedException {
        ServerName server = plan.spec().name();
        launching.add(server);
        try {
            Names names = names(server);
            startWatching();
            return launch(plan, names);
        } catch (RuntimeUnavailableException e) {
            throw unreachable(e);
        } catch (EngineRefusal e) {
            throw new LaunchException(
                    "UNKNOWN",
                    "the engine refused to run " + server + ": " + e.said(),
                    "see what it says; 'docker info' and the engine's log tell more",
                    e.status() >= 500,
                    e);
        } finally {
            launching.remove(server);
        }
    }

    private Instance launch(LaunchPlan plan, Names names)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        ServerName server = names.server();
        Optional<Adoptions.Adopted> adopted = adoptions.of(server);
        if (adopted.isPresent()) {
            return launchAdopted(plan, names, adopted.get());
        }
        makeRoom(plan, names);
        checkReach(plan.spec());
        checkMemory(plan.spec());
        checkNetworks(plan.spec());
        checkPort(plan.spec());
        // As it was prepared: what could be had then may be another one by now.
        String image = Optional.ofNullable(histories.of(server).image())
                .orElseGet(() -> plan.spec().container().imageFor(plan.spec().spark()));
        Images.Image found = parts().images()
                .find(image)
                .orElseThrow(() -> new LaunchException(
                        "IMAGE_MISSING", "image " + image + " isn't here any more", "start it again", true));
        Map<String, String> hadoop = HadoopFiles.of(plan.spec());
        DriverReach driver = driver(plan.spec());
        LaunchPlan equipped = driver.in(plan);
        Optional<String> deadline = deadline(server);
        if (deadline.isEmpty()) {
            parts().launcher().fill(names, equipped, hadoop, image, found.user());
        }
        Container started;
        packagesUse.readLock().lockInterruptibly();
        try {
            // There since the launch was prepared, unless the volume went with the last one of somebody else.
            fillPackages(plan.spec(), plan.site(), names, image, Progress.SILENT);
            started = start(equipped, driver, names, image, id -> {
                if (deadline.isPresent()) {
                    parts().launcher().fillLeased(id, equipped, hadoop, found.user(), deadline.get());
                    parts().logs().followFromItsStart(names, id, plan.ticket().incarnation());
                }
            });
        } finally {
            packagesUse.readLock().unlock();
        }
        if (deadline.isPresent()) {
            parts().logs().follow(names, started);
        }
        histories.change(server, history -> history.seen(started));
        if (started.live()) {
            running.put(started.id(), Live.of(server, started));
        }
        if (plan.site().packages().isPresent()) {
            // An earlier launch may have been of another set.
            discardUnusedPackages();
        }
        return instance(names, started);
    }

    private void fillPackages(ServerSpec spec, Site site, Names names, String image, Progress progress)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        Optional<Path> folder = site.packages();
        if (folder.isEmpty()) {
            return;
        }
        packagesUse.readLock().lockInterruptibly();
        try {
            parts().launcher().fillPackages(names, folder.get(), image, () -> packages.fetch(spec, progress), progress);
        } catch (IOException e) {
            throw new LaunchException(
                    "FOLDER_UNWRITABLE",
                    "the packages of " + names.server() + " can't be read from the cache: " + e.getMessage(),
                    "connectctl cache prune --all, and start it again: they are fetched anew",
                    true,
                    e);
        } finally {
            packagesUse.readLock().unlock();
        }
    }

    /**
     * Those that no container uses; what a stopped server has is put in again at its next start, without a network. What isn't done now is
     * done next time: nothing that was to be done beside it fails for it.
     */
    private void discardUnusedPackages() throws InterruptedException {
        if (!packagesUse.writeLock().tryLock()) {
            return;
        }
        try {
            List<String> labels = List.of(Names.INSTALLATION + "=" + installation(), Names.PACKAGE_SET);
            // Nobody fills one now: what is there was left by a daemon that was killed.
            for (Engine.Listed helper : engine().containers(labels, true)) {
                discardUnused(helper.name(), () -> parts().launcher().remove(helper.id()));
            }
            for (Engine.Volume volume : engine().volumes(labels)) {
                discardUnused(volume.name(), () -> parts().launcher().removeVolume(volume.name()));
            }
        } catch (RuntimeUnavailableException e) {
            LOG.info("packages that no container uses stay for now: {}", e.getMessage());
        } finally {
            packagesUse.writeLock().unlock();
        }
    }

    /** Removes something at the engine. */
    @FunctionalInterface
    private interface Removal {
        void run() throws EngineRefusal, RuntimeUnavailableException, InterruptedException;
    }

    private static void discardUnused(String what, Removal removal)
            throws RuntimeUnavailableException, InterruptedException {
        try {
            removal.run();
        } catch (EngineRefusal e) {
            LOG.debug("{} is in use: {}", what, e.said());
        }
    }

    private DriverReach driver(ServerSpec spec) throws LaunchException {
        try {
            DriverReach reach = DriverReach.ofContainer(spec);
            if (!reach.equals(DriverReach.NONE)
                    && !engine().local()
                    && DriverNetwork.of(spec).host().isEmpty()) {
                throw new LaunchException(
                        "ENGINE_REMOTE",
                        "the engine is on " + engine().host() + ", and nobody says by which address the executors of "
                                + spec.master() + " reach that machine",
                        "declare it: driver: {host: ADDRESS, port: PORT, blockManagerPort: PORT}",
                        false);
            }
            return reach;
        } catch (IOException e) {
            throw new LaunchException(
                    "PORT_TAKEN",
                    "no free port for the driver of " + spec.name() + ": " + e.getMessage(),
                    "declare driver.port and driver.blockManagerPort",
                    true,
                    e);
        }
    }

    /** What is done to a container between its making and its start. */
    @FunctionalInterface
    private interface Outfit {
        void of(String container) throws EngineRefusal, RuntimeUnavailableException, InterruptedException;
    }

    /** The dead man's switch of a leased server; empty where it isn't leased. */
    private Optional<String> deadline(ServerName server) throws LaunchException {
        Path file = Deadline.file(folders, server);
        try {
            return Files.exists(file) ? Optional.of(Files.readString(file)) : Optional.empty();
        } catch (IOException e) {
            throw new LaunchException(
                    "FOLDER_UNWRITABLE",
                    file + " can't be read: " + e.getMessage(),
                    "check owner and mode of " + file.getParent(),
                    false,
                    e);
        }
    }

    private boolean leased(ServerName server) {
        return Files.exists(Deadline.file(folders, server));
    }

    @Override
    public void rearm(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return;
        }
        Names names = names(server);
        Optional<Container> container = container(names).filter(Container::live);
        if (container.isEmpty()) {
            return;
        }
        try {
            parts().launcher().rearm(container.get().id(), Files.readString(Deadline.file(folders, server)));
        } catch (EngineRefusal e) {
            throw engine().unanswered("renewing the deadline of " + server, e);
        } catch (IOException e) {
            throw new RuntimeUnavailableException("the deadline of " + server + " can't be read: " + e.getMessage(), e);
        }
    }

    /** The ended container of the last launch goes, and one that a launch left behind before it could be started. */
    private void makeRoom(LaunchPlan plan, Names names)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        Optional<Container> old = engine().container(names.container());
        if (old.isPresent() && (old.get().live() || !names.owns(old.get()))) {
            throw alreadyRunning(names, old.get());
        }
        if (old.isPresent() && old.get().everStarted()) {
            histories.change(names.server(), history -> history.seen(old.get()));
        }
        int last = histories.of(names.server()).lastNumber();
        if (last >= plan.ticket().incarnation()) {
            throw new LaunchException(
                    "ALREADY_RUNNING",
                    "incarnation " + plan.ticket().incarnation() + " of " + names.server()
                            + " can't be launched: incarnation " + last + " was launched before",
                    "launch with a higher incarnation",
                    false);
        }
        if (old.isPresent()) {
            if (old.get().everStarted()) {
                keepLog(names, old.get());
            }
            parts().launcher().remove(old.get().id());
            // The engine itself may be at a leased one, and its name is free only then.
            engine().awaitRemoval(old.get().id(), KILL_PATIENCE);
        }
    }

    private void keepLog(Names names, Container old) throws RuntimeUnavailableException, InterruptedException {
        try {
            parts().logs().keep(names, old);
        } catch (EngineRefusal e) {
            // A container that somebody is just removing, or that goes by itself, tells nothing any more, nor does one
            // whose log driver can't be read. What an earlier run said keeps no server down.
            LOG.info("the log of {} before this run can't be kept: {}", names.server(), e.said());
        }
    }

    private static LaunchException alreadyRunning(Names names, Container holder) {
        return new LaunchException(
                "ALREADY_RUNNING",
                names.owns(holder)
                        ? "another instance of " + names.server() + " lives: container " + holder.name() + " ("
                                + holder.status() + ")"
                        : "the name " + names.container() + " is held by a container that isn't connectctl's ("
                                + holder.id()
                                        .substring(0, Math.min(12, holder.id().length())) + ", " + holder.status()
                                + ")",
                names.owns(holder)
                        ? "stop it first: connectctl stop " + names.server()
                        : "rename or remove it: docker rename " + names.container() + " OTHER",
                false);
    }

    private void checkReach(ServerSpec spec) throws LaunchException {
        if (!engine().local() && spec.expose() == Expose.LOOPBACK) {
            throw new LaunchException(
                    "ENGINE_REMOTE",
                    "the engine is on " + engine().host() + ", and " + spec.name()
                            + " is exposed on that machine's loopback only (expose: loopback), where nobody reaches it from here",
                    "declare expose: all with auth: token, or use an engine of this machine",
                    false);
        }
    }

    private void checkMemory(ServerSpec spec)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        long total = facts(Engine.PATIENCE).memory();
        ContainerSpec container = spec.container();
        MemorySize limit = container.limitFor(spec.driverMemory());
        if (total > 0 && !container.loosens(Loosening.MEMORY) && limit.bytes() > total) {
            throw new LaunchException(
                    "MEMORY_TOO_LARGE",
                    "the container's memory limit " + limit + " (driverMemory " + spec.driverMemory() + " and "
                            + container.overheadFor(spec.driverMemory()) + " beyond it) is above the "
                            + (total >> 20) + " MiB that the engine's machine has",
                    "declare a smaller driverMemory, or a smaller container.memory or container.overhead",
                    false);
        }
    }

    private void checkNetworks(ServerSpec spec)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        for (String network : spec.container().networks()) {
            String doing = "looking for network " + network;
            try {
                engine().get(doing, Engine.PATIENCE, "/networks/" + Engine.encode(network));
            } catch (EngineRefusal e) {
                if (e.status() != EngineRefusal.NOT_FOUND) {
                    throw engine().unanswered(doing, e);
                }
                throw new LaunchException(
                        "NETWORK_MISSING",
                        "network '" + network + "' of " + spec.name() + " doesn't exist at " + engine().describe(),
                        "make it: docker network create " + network + "; or correct container.networks",
                        false,
                        e);
            }
        }
    }

    /** Before anything is made: the engine says so only at the very end. */
    private void checkPort(ServerSpec spec) throws LaunchException {
        if (engine().local() && spec.port() instanceof PortChoice.Fixed fixed) {
            Optional<PortHolder> holder = PortHolder.inTheWay(fixed.port(), spec.expose() == Expose.LOOPBACK);
            if (holder.isPresent()) {
                throw portTaken(spec, fixed.port());
            }
        }
    }

    private LaunchException portTaken(ServerSpec spec, int port, DriverReach driver) {
        DriverNetwork declared = DriverNetwork.of(spec);
        boolean rpc = driver.port().equals(OptionalInt.of(port));
        if (!rpc && !driver.blockManagerPort().equals(OptionalInt.of(port))) {
            return portTaken(spec, port);
        }
        boolean chosen = (rpc ? declared.port() : declared.blockManagerPort()).isEmpty();
        String key = DriverNetwork.source(spec, rpc);
        return new LaunchException(
                "PORT_TAKEN",
                "port " + port + (rpc ? " of the driver" : " of the driver's block manager")
                        + (chosen ? ", which was free a moment ago," : "") + " is held by "
                        + portHolder(port).orElse("somebody else"),
                chosen
                        ? "another one is taken at the next start; " + key + " declares one"
                        : "stop it, or give " + spec.name() + " another " + key + ", or none, for one that is free",
                chosen);
    }

    private LaunchException portTaken(ServerSpec spec, int port) {
        return new LaunchException(
                "PORT_TAKEN",
                "port " + port + " is held by " + portHolder(port).orElse("somebody else"),
                "stop it, or give " + spec.name() + " another port (--port, or port: auto)",
                false);
    }

    /**
     * Makes and starts the container. Whether a port is free is for the engine to say, and only when it starts; then another
     * container is made, as the ports of one can't be changed.
     */
    private Container start(LaunchPlan plan, DriverReach driver, Names names, String image, Outfit outfit)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        ServerSpec spec = plan.spec();
        int grpc = spec.port() instanceof PortChoice.Fixed fixed
                ? fixed.port()
                : plan.ticket().grpcPort().orElse(0);
        OptionalInt ui = spec.uiPort() instanceof PortChoice.Fixed fixed
                ? OptionalInt.of(fixed.port())
                : spec.uiPort() instanceof PortChoice.Off ? OptionalInt.empty() : OptionalInt.of(0);
        int firstUi = ui.orElse(0);
        while (true) {
            String id = create(plan, names, image, new Launcher.Published(grpc, ui, driver));
            histories.change(
                    names.server(),
                    history -> history.launched(
                            id, plan.ticket().incarnation(), plan.ticket().marker()));
            try {
                outfit.of(id);
                parts().launcher().start(id, plan);
                return engine().container(id)
                        .orElseThrow(() -> new LaunchException(
                                "REMOVED",
                                "container " + names.container() + " was removed by somebody as soon as it was started",
                                "start it again",
                                true));
            } catch (EngineRefusal e) {
                parts().launcher().remove(id);
                Matcher taken = PORT_TAKEN.matcher(e.said());
                int port = taken.find() ? Integer.parseInt(taken.group(1)) : 0;
                if (port != 0 && port == grpc && spec.port() instanceof PortChoice.Auto) {
                    grpc = 0;
                } else if (port != 0 && port == grpc) {
                    throw portTaken(spec, port);
                } else if (port != 0 && ui.isPresent() && port == ui.getAsInt() && port < firstUi + UI_RETRIES) {
                    // As Spark itself does where its UI's port is taken.
                    ui = OptionalInt.of(port + 1 == grpc ? port + 2 : port + 1);
                } else if (port != 0) {
                    throw portTaken(spec, port, driver);
                } else {
                    throw notStarted(spec, image, e);
                }
            } catch (RuntimeUnavailableException | InterruptedException e) {
                // Nobody looks for one of a leased server again that never ran; another start makes its own.
                removeUnstarted(id);
                throw e;
            }
        }
    }

    /** Also for a thread that was interrupted, and as far as the engine answers: a start that it did after all stays. */
    private void removeUnstarted(String id) {
        boolean interrupted = Thread.interrupted();
        try {
            if (engine().container(id).filter(made -> !made.everStarted()).isPresent()) {
                parts().launcher().remove(id);
            }
        } catch (EngineRefusal | RuntimeUnavailableException e) {
            LOG.warn("container {} was made and not started, and can't be removed now: {}", id, e.getMessage());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private String create(LaunchPlan plan, Names names, String image, Launcher.Published published)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            return parts().launcher().create(names, plan, image, published, leased(names.server()));
        } catch (EngineRefusal e) {
            Optional<Container> holder =
                    e.status() == EngineRefusal.CONFLICT ? engine().container(names.container()) : Optional.empty();
            if (holder.isPresent()) {
                throw alreadyRunning(names, holder.get());
            }
            throw notStarted(plan.spec(), image, e);
        }
    }

    private LaunchException notStarted(ServerSpec spec, String image, EngineRefusal e) {
        // "exec: "docker-init": executable file not found in $PATH", "container-init binary not found on the host: ..."
        // (Podman)
        if (e.said().contains("docker-init") || e.said().contains("container-init")) {
            return new LaunchException(
                    "TOOL_MISSING",
                    "the engine has no init to run " + spec.name() + " under: " + e.said(),
                    "install it beside the engine (Debian: tini for Docker, catatonit for Podman)"
                            + (leased(spec.name())
                                    ? "; a leased server can't go without, as nobody but an init could end it in time"
                                    : ", or go without: connectctl start " + spec.name() + " --loosen init"),
                    false,
                    e);
        }
        boolean unfit =
                e.said().contains("executable file not found") || e.said().contains("no such file or directory");
        return new LaunchException(
                unfit ? "IMAGE_UNFIT" : "UNKNOWN",
                "the engine can't run " + spec.name() + " in image " + image + ": " + e.said(),
                unfit
                        ? "use an image like apache/spark, or build one: connectctl image build"
                        : "see what it says; the engine's log tells more",
                !unfit && e.status() >= 500,
                e);
    }

    // ------------------------------------------------------------------ halt

    @Override
    public Optional<Instance> halt(ServerName server, Duration grace)
            throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return Optional.empty();
        }
        Names names = names(server);
        Optional<Container> found = container(names);
        if (found.isEmpty() || !found.get().live()) {
            return find(server);
        }
        Container container = found.get();
        // Before it is asked for: whoever hears of the end must know whose it is, also after a crash of ours.
        histories.change(server, history -> history.seen(container).halting(container.startedAt()));
        try {
            if (container.status().equals("paused")) {
                // A paused process hears no signal.
                parts().launcher().unpause(container);
            }
            if (grace.isZero() || grace.isNegative()) {
                parts().launcher().kill(container, HALT_SLACK);
            } else {
                parts().launcher().stop(container, grace, HALT_SLACK);
            }
        } catch (EngineRefusal e) {
            // It may just have ended by itself, or be gone.
            LOG.debug("{} wasn't stopped: {}", container.name(), e.said());
        }
        if (!engine().awaitEnd(container.id(), KILL_PATIENCE)) {
            throw new RuntimeUnavailableException(
                    "container " + container.name() + " survived SIGKILL for " + KILL_PATIENCE.toSeconds() + " s",
                    new IOException("its process may hang in the kernel, such as on a dead network disk"));
        }
        return find(server);
    }

    // ------------------------------------------------------------------ what is there

    @Override
    public Optional<Instance> find(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return Optional.empty();
        }
        Names names = names(server);
        Optional<Container> container = container(names).filter(Container::everStarted);
        return container.isPresent() ? Optional.of(instance(names, container.get())) : gone(names, Optional.empty());
    }

    @Override
    public List<Instance> list() throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return List.of();
        }
        List<Instance> all = new ArrayList<>();
        Watcher now = watcher;
        boolean heard = now != null && now.connected();
        for (Engine.Listed listed : engine().containers(Names.instances(installation()), false)) {
            Optional<Names> names = names(listed.labels());
            if (names.isEmpty()) {
                continue;
            }
            try {
                Live live = heard ? running.get(listed.id()) : null;
                if (live != null) {
                    // Every start is heard of, so this is the one: nothing more is to be asked.
                    all.add(instance(names.get(), listed, live));
                    continue;
                }
                Optional<Container> container = engine().container(listed.id());
                if (container.isPresent() && container.get().live()) {
                    all.add(instance(names.get(), container.get()));
                }
            } catch (RuntimeUnavailableException e) {
                // Only this server is in doubt, and find() says so when somebody asks for it.
                LOG.warn("{} isn't listed: {}", names.get().server(), e.getMessage());
            }
        }
        for (ServerName server : adoptions.all().keySet()) {
            Optional<Instance> adopted = find(server).filter(Instance::running);
            adopted.ifPresent(all::add);
        }
        return List.copyOf(all);
    }

    private Instance instance(Names names, Engine.Listed listed, Live live)
            throws RuntimeUnavailableException, InterruptedException {
        return new Instance(
                names.server(),
                histories.of(names.server()).number(live.start()),
                listed.labels().getOrDefault(Names.MARKER, ""),
                pid(listed.id(), live.pid()),
                Optional.of(listed.id()),
                Container.time(live.start()).truncatedTo(ChronoUnit.MILLIS),
                Optional.empty());
    }

    /**
     * A container's first process, as this machine numbers it; empty where another machine does: an engine elsewhere, or one in a
     * virtual machine (Docker Desktop), whose socket is here and whose processes aren't.
     */
    private OptionalLong pid(String container, long pid) {
        if (pid <= 0 || !engine().local()) {
            return OptionalLong.empty();
        }
        try {
            // Every engine names a container's control group by the container's id.
            return Files.readString(Path.of("/proc", Long.toString(pid), "cgroup"))
                            .contains(container)
                    ? OptionalLong.of(pid)
                    : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private Optional<Names> names(Map<String, String> labels) throws RuntimeUnavailableException {
        String server = labels.getOrDefault(Names.SERVER, "");
        return ServerName.PLAIN.matcher(server).matches()
                ? Optional.of(names(new ServerName(server)))
                : Optional.empty();
    }

    /** The instance that a container of ours is, be it running or not. */
    private Instance instance(Names names, Container container)
            throws RuntimeUnavailableException, InterruptedException {
        History history = histories.change(names.server(), old -> old.seen(container));
        if (container.live() && leased(names.server())) {
            parts().logs().follow(names, container);
        }
        Optional<ExitStatus> exit = Optional.empty();
        if (!container.live()) {
            exit = Optional.of(ending(names, container).status());
        }
        return new Instance(
                names.server(),
                history.number(container.startedAt()),
                // One that was adopted may have none.
                container.label(Names.MARKER),
                pid(container.id(), container.pid()),
                Optional.of(container.id()),
                container.started(),
                exit);
    }

    /** How an ended container ended, found out once and then kept. */
    private History.Ending ending(Names names, Container container)
            throws RuntimeUnavailableException, InterruptedException {
        History history = histories.of(names.server());
        History.Ending known = history.ending();
        if (known != null && known.start().equals(container.startedAt())) {
            return known;
        }
        boolean ours = container.startedAt().equals(history.halted());
        String note = null;
        boolean outside = false;
        if (!ours && container.outOfMemory()) {
            note = OUT_OF_MEMORY;
        } else if (!ours && container.status().equals("removing") && !leased(names.server())) {
            note = REMOVED;
        } else if (!ours && stoppedBySomebody(container)) {
            // An engine that shuts down stops its containers in the very same way, but takes no more connections then;
            // one
            // that starts so ends what a killed one left, and remembers nothing from before.
            Optional<Instant> away = away(container.finishedAt());
            outside = engine().accepting()
                    && (away.isEmpty() || engine().remembersBefore(away.get().minusSeconds(1)));
            note = outside ? null : ENGINE_AWAY;
        } else if (!ours && away(container.finishedAt()).isPresent()) {
            note = ENGINE_AWAY;
        } else if (!container.error().isEmpty()) {
            note = container.error();
        } else if (!ours && foundOutOfMemory(container)) {
            note = OUT_OF_MEMORY;
        }
        History.Ending fresh = new History.Ending(
                container.startedAt(),
                container.exitCode(),
                container.finishedAt().toString(),
                note,
                outside);
        histories.change(names.server(), old -> old.seen(container).ended(fresh));
        return fresh;
    }

    private Optional<Instant> away(Instant instant) {
        Watcher now = watcher;
        return now == null ? Optional.empty() : now.awayAt(instant);
    }

    /** An engine hears of the end and of its reason from two sides; on a loaded machine the reason comes last. */
    private boolean foundOutOfMemory(Container ended) throws RuntimeUnavailableException, InterruptedException {
        long end = System.nanoTime() + REASON_PATIENCE.toNanos();
        while (ended.exitCode() == KILLED && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(REASON_PATIENCE.toMillis() / 10);
            Optional<Container> now = engine().container(ended.id());
            if (now.isEmpty() || !now.get().startedAt().equals(ended.startedAt())) {
                return false;
            }
            if (now.get().outOfMemory()) {
                return true;
            }
        }
        return ended.exitCode() == KILLED && KernelLog.ranOutOfMemory(ended.id(), ended.finishedAt());
    }

    /** Asks the engine for what it remembers: it tells of a stop after the end. */
    private boolean stoppedBySomebody(Container container) throws RuntimeUnavailableException, InterruptedException {
        return engine().stopped(container.id(), container.finishedAt());
    }

    /** A container that isn't there: the last one that is known, if there was one. */
    private Optional<Instance> gone(Names names, Optional<Watcher.Death> death)
            throws RuntimeUnavailableException, InterruptedException {
        History history = histories.of(names.server());
        if (history.containerId() == null || history.starts().isEmpty()) {
            return Optional.empty();
        }
        History.Ending known = history.ending();
        if (known == null || !known.start().equals(history.lastStart())) {
            boolean ours = history.lastStart().equals(history.halted());
            History.Ending fresh = new History.Ending(
                    history.lastStart(),
                    death.map(Watcher.Death::exitCode).orElse(null),
                    death.map(Watcher.Death::at).orElseGet(Instant::now).toString(),
                    // Of a leased one the engine itself removes what ended.
                    ours || leased(names.server()) ? null : REMOVED,
                    false);
            // It may be forgotten by now.
            history = histories.change(names.server(), old -> old.containerId() == null ? old : old.ended(fresh));
            known = fresh;
        }
        return history.instance(names.server(), Optional.of(known.status()));
    }

    // ------------------------------------------------------------------ news

    @Override
    public AutoCloseable watch(Consumer<Instance> listener) {
        listeners.add(listener);
        if (!hasNothing()) {
            startWatching();
        }
        return () -> listeners.remove(listener);
    }

    /**
     * True as long as no container anywhere can be this installation's. Nobody need listen to an engine until then, and where there
     * is none nothing is tried again and again.
     */
    private boolean hasNothing() {
        return installation == null
                && !Installation.made(folders.state())
                && adoptions.all().isEmpty();
    }

    private synchronized void startWatching() {
        if (watcher != null || listeners.isEmpty()) {
            return;
        }
        try {
            watcher = new Watcher(
                    engine(), installation(), id -> adoptions.server(id).isPresent(), new News());
        } catch (RuntimeUnavailableException e) {
            // Without an id there are no containers of ours; whoever launches or asks is told so.
            LOG.warn("containers aren't watched: {}", e.getMessage());
        }
    }

    private void tell(Instance instance) {
        for (Consumer<Instance> listener : listeners) {
            listener.accept(instance);
        }
    }

    /** What the engine's events mean for instances. */
    private final class News implements Watcher.Handler {
        private boolean before;

        /** Finds what happened while nobody listened. */
        @Override
        public synchronized void connected() throws RuntimeUnavailableException, InterruptedException {
            Set<String> live = ConcurrentHashMap.newKeySet();
            for (Engine.Listed listed : engine().containers(Names.instances(installation()), false)) {
                live.add(listed.id());
                if (before) {
                    chain(listed.id(), () -> started(listed.id()));
                } else {
                    // What runs when the watch begins is no news; the caller lists it.
                    Optional<Names> names = names(listed.labels());
                    Optional<Container> container = engine().container(listed.id());
                    if (names.isPresent()
                            && container.isPresent()
                            && container.get().live()) {
                        running.putIfAbsent(listed.id(), Live.of(names.get().server(), container.get()));
                    }
                }
            }
            for (Adoptions.Adopted adopted : adoptions.all().values()) {
                Optional<Container> container = engine().container(adopted.containerId());
                if (container.isPresent() && container.get().live()) {
                    String id = adopted.containerId();
                    live.add(id);
                    Optional<ServerName> server = adoptions.server(id);
                    if (before) {
                        chain(id, () -> started(id));
                    } else if (server.isPresent()) {
                        running.putIfAbsent(id, Live.of(server.get(), container.get()));
                    }
                }
            }
            before = true;
            for (String id : running.keySet()) {
                if (!live.contains(id)) {
                    chain(id, () -> missing(id));
                }
            }
        }

        private void chain(String id, Watcher.Task task) {
            Watcher now = watcher;
            if (now != null) {
                now.chain(id, task);
            }
        }

        /** A container that ran and doesn't any more, found by looking. */
        private void missing(String id) throws RuntimeUnavailableException, InterruptedException {
            Optional<Container> container = engine().container(id);
            if (container.isPresent()) {
                if (!container.get().live()) {
                    ended(container.get());
                }
                return;
            }
            Live live = running.get(id);
            if (live != null) {
                removed(names(live.server()), id, Optional.empty());
            }
        }

        @Override
        public void started(String id) throws RuntimeUnavailableException, InterruptedException {
            Optional<Container> found = engine().container(id).filter(Container::live);
            Optional<Names> names = found.isPresent() ? owner(id, found.get().labels()) : Optional.empty();
            if (names.isEmpty() || launching.contains(names.get().server()) || !isOurs(names.get(), found.get())) {
                return;
            }
            Container container = found.get();
            Live live = Live.of(names.get().server(), container);
            if (live.equals(running.put(id, live))) {
                return;
            }
            Instance instance = instance(names.get(), container);
            LOG.info("{} was started by somebody: incarnation {}", instance.server(), instance.incarnation());
            tell(instance);
        }

        private boolean isOurs(Names names, Container container) {
            return adoptions.server(container.id()).isPresent()
                    || (names.owns(container) && !container.label(Names.MARKER).isEmpty());
        }

        @Override
        public void ended(String id, Watcher.Death death) throws RuntimeUnavailableException, InterruptedException {
            Optional<Names> named = owner(id, Map.of(Names.SERVER, death.server()));
            if (named.isEmpty()) {
                return;
            }
            Names names = named.get();
            Live live = running.get(id);
            String start = live == null ? null : live.start();
            boolean ours =
                    start != null && start.equals(histories.of(names.server()).halted());
            Watcher now = watcher;
            boolean stopped = !ours && now != null && now.awaitStop(id, STOP_WORD);
            Optional<Container> found = engine().container(id);
            if (found.isEmpty()) {
                removed(names, id, Optional.of(death));
            } else if (!found.get().live()) {
                ended(found.get());
            } else if (start != null && !start.equals(found.get().startedAt())) {
                // Started again already: docker restart. What ended is known by the events only.
                restarted(names, start, death, stopped && engine().accepting());
            }
        }

        private void restarted(Names names, String start, Watcher.Death death, boolean outside)
                throws RuntimeUnavailableException, InterruptedException {
            History history = histories.of(names.server());
            String id = history.containerId();
            String marker = history.marker();
            if (id == null || marker == null) {
                return;
            }
            tell(new Instance(
                    names.server(),
                    history.number(start),
                    marker,
                    OptionalLong.empty(),
                    Optional.of(id),
                    Container.time(start).truncatedTo(ChronoUnit.MILLIS),
                    Optional.of(
                            new ExitStatus(OptionalInt.of(death.exitCode()), death.at(), Optional.empty(), outside))));
        }

        private void ended(Container container) throws RuntimeUnavailableException, InterruptedException {
            Optional<Names> names = owner(container.id(), container.labels());
            if (names.isEmpty() || !isOurs(names.get(), container)) {
                return;
            }
            Instance instance = instance(names.get(), container);
            boolean engineEnds = instance.exit()
                            .flatMap(ExitStatus::note)
                            .filter(ENGINE_AWAY::equals)
                            .isPresent()
                    && !engine().accepting();
            // An engine that goes takes its servers along; what became of them is told when it is back.
            Live live = running.get(container.id());
            if (!engineEnds && live != null && live.is(instance.server(), container.startedAt())) {
                running.remove(container.id());
                endpoints.remove(instance.server());
                tell(instance);
            }
        }

        private void removed(Names names, String id, Optional<Watcher.Death> death)
                throws RuntimeUnavailableException, InterruptedException {
            if (running.remove(id) == null
                    || !id.equals(histories.of(names.server()).containerId())) {
                return;
            }
            endpoints.remove(names.server());
            Optional<Instance> instance = gone(names, death);
            if (instance.isPresent()) {
                tell(instance.get());
            }
        }
    }

    // ------------------------------------------------------------------ where it listens

    @Override
    public Endpoint endpoint(Instance instance, ServerSpec spec)
            throws RuntimeUnavailableException, InterruptedException {
        String id = instance.containerId().orElse("");
        String start = id + " " + instance.launchedAt();
        Known known = endpoints.get(instance.server());
        Watcher now = watcher;
        boolean heard = now != null && now.connected();
        if (known != null
                && known.start().equals(start)
                && (heard || System.nanoTime() - known.at() < UNHEARD.toNanos())) {
            return known.endpoint();
        }
        Optional<Container> container = id.isEmpty() ? Optional.empty() : engine().container(id);
        if (container.isEmpty()
                || !container.get().live()
                || !container.get().started().equals(instance.launchedAt())) {
            return new Endpoint(engine().host(), OptionalInt.empty(), List.of());
        }
        Map<Integer, Integer> ports = container.get().ports();
        Optional<Adoptions.Adopted> adopted = adoptions.of(instance.server());
        published(instance.server(), container.get());
        Integer grpc = ports.get(adopted.isPresent() ? adopted.get().grpcPort() : ContainerPorts.grpc(spec));
        OptionalInt inside = adopted.isEmpty()
                ? ContainerPorts.ui(spec)
                : adopted.get().uiPort() == 0
                        ? OptionalInt.empty()
                        : OptionalInt.of(adopted.get().uiPort());
        Integer ui = inside.isPresent() ? ports.get(inside.getAsInt()) : null;
        Endpoint endpoint = new Endpoint(
                engine().host(),
                grpc == null ? OptionalInt.empty() : OptionalInt.of(grpc),
                ui == null ? List.of() : List.of(ui));
        endpoints.put(instance.server(), new Known(start, endpoint, System.nanoTime()));
        return endpoint;
    }

    @Override
    public Optional<String> portHolder(int port) {
        try {
            for (Engine.Listed container : engine().containers(List.of(), false)) {
                if (container.published().contains(port)) {
                    String server = container.labels().get(Names.SERVER);
                    return Optional.of((server == null ? "container '" : "server '" + server + "' (container '")
                            + container.name()
                            + (server == null ? "'" : "')"));
                }
            }
        } catch (RuntimeUnavailableException e) {
            LOG.debug("the engine can't tell who holds port {}: {}", port, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return engine().local() ? PortHolder.of(port).map(PortHolder::describe) : Optional.empty();
    }

    // ------------------------------------------------------------------ logs, usage, what stays

    @Override
    public void logs(ServerName server, LogRequest request, LogSink sink)
            throws RuntimeUnavailableException, InterruptedException {
        try {
            parts().logs().read(names(server), request, sink);
        } catch (EngineRefusal e) {
            throw engine().unanswered("reading the log of " + server, e);
        }
    }

    /** Open files aren't known to an engine: they are told as 0. */
    @Override
    public Optional<Usage> usage(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        Optional<Usage> seen = usageSeen(server);
        if (seen.isPresent()) {
            return seen;
        }
        if (hasNothing()) {
            return Optional.empty();
        }
        Names names = names(server);
        Optional<Container> container = container(names).filter(Container::live);
        return container.isPresent() ? engine().usage(container.get().id()) : Optional.empty();
    }

    @Override
    public Optional<Usage> usageSeen(ServerName server) {
        return running.entrySet().stream()
                .filter(entry -> entry.getValue().server().equals(server))
                .findFirst()
                .flatMap(entry -> ContainerGroup.usage(entry.getValue().pid(), entry.getKey()));
    }

    @Override
    public Optional<String> suspended(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return Optional.empty();
        }
        Optional<Container> container = container(names(server)).filter(Container::live);
        if (container.isEmpty()) {
            return Optional.empty();
        }
        String name = container.get().name();
        return container.get().status().equals("paused")
                ? Optional.of("its container is paused; `docker unpause " + name + "` lets it go on")
                : OptionalLong.of(container.get().pid()).stream()
                        .filter(pid -> ContainerGroup.holds(pid, container.get().id()))
                        .boxed()
                        .flatMap(pid -> Suspension.of(pid).stream())
                        .findFirst();
    }

    /** A paused container lets nothing be run in it: then nothing of its inside is known. */
    @Override
    public Optional<Snapshot> snapshot(ServerName server, Duration limit)
            throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            return Optional.empty();
        }
        Optional<Container> container = container(names(server)).filter(Container::live);
        if (container.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Snapshot.read(
                    engine().output(
                                    container.get().id(),
                                    limit.plus(SNAPSHOT_SLACK),
                                    Snapshot.LARGEST,
                                    "/bin/sh",
                                    "-c",
                                    SnapshotScript.text(),
                                    "snapshot",
                                    "auto",
                                    Long.toString(Math.max(1, limit.toSeconds()))),
                    ""));
        } catch (EngineRefusal e) {
            return Optional.of(Snapshot.nothing("nothing can be run in its container: " + e.said()));
        }
    }

    /** True also where the engine can't be asked: only what is known to be empty may go without being asked for. */
    @Override
    public boolean hasWarehouse(ServerName server) {
        if (hasNothing() || adoptions.of(server).isPresent()) {
            // The warehouse of an adopted one is wherever its maker put it, and stays there.
            return false;
        }
        try {
            return parts().launcher()
                    .holdsAnything(names(server), histories.of(server).image());
        } catch (RuntimeUnavailableException | EngineRefusal e) {
            LOG.debug("the warehouse of {} can't be looked into: {}", server, e.getMessage());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void discard(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        if (adoptions.of(server).isPresent()) {
            forget(server);
            return;
        }
        if (!hasNothing()) {
            discardAtTheEngine(server, purge);
        }
        histories.discard(server);
        endpoints.remove(server);
        Path folder = folders.servers().resolve(server.value());
        try {
            PrivateFiles.remove(History.file(folders, server));
            PrivateFiles.remove(folder.resolve("run"));
            if (purge || isEmpty(folder)) {
                PrivateFiles.remove(folder);
            }
        } catch (IOException e) {
            throw new RuntimeUnavailableException(folder + " can't be removed: " + e.getMessage(), e);
        }
    }

    private void discardAtTheEngine(ServerName server, boolean purge)
            throws RuntimeUnavailableException, InterruptedException {
        Names names = names(server);
        Optional<Container> container = container(names);
        if (container.isPresent() && container.get().live()) {
            throw new IllegalStateException(server + " runs; halt it before what it left is removed");
        }
        boolean keep = !purge && hasWarehouse(server);
        parts().logs().forget(server);
        try {
            if (container.isPresent()) {
                parts().launcher().remove(container.get().id());
                histories.removed(container.get().id());
            }
            parts().launcher().remove(names.helper());
            if (container.isPresent()) {
                // The engine itself may be at a leased one.
                engine().awaitRemoval(container.get().id(), KILL_PATIENCE);
            }
            parts().launcher().removeVolume(names.conf());
            parts().launcher().removeVolume(names.work());
            if (!keep) {
                parts().launcher().removeVolume(names.warehouse());
            }
        } catch (EngineRefusal e) {
            throw engine().unanswered("removing what " + server + " left", e);
        }
        discardUnusedPackages();
    }

    @Override
    public List<Trace> traces() throws RuntimeUnavailableException, InterruptedException {
        Map<ServerName, List<String>> what = new TreeMap<>();
        Set<ServerName> leased = new HashSet<>();
        Set<ServerName> live = new HashSet<>();
        // No engine need be asked, or be there, for what can't be.
        if (!hasNothing()) {
            tracesAtTheEngine(what, leased, live);
        }
        for (ServerName server : withFolders()) {
            what.computeIfAbsent(server, key -> new ArrayList<>())
                    .add("folder " + folders.servers().resolve(server.value()));
            if (leased(server)) {
                leased.add(server);
            }
        }
        List<Trace> traces = new ArrayList<>();
        what.forEach((server, things) ->
                traces.add(new Trace(server, leased.contains(server), live.contains(server), things)));
        return traces;
    }

    private void tracesAtTheEngine(Map<ServerName, List<String>> what, Set<ServerName> leased, Set<ServerName> live)
            throws RuntimeUnavailableException, InterruptedException {
        List<String> ours = List.of(Names.INSTALLATION + "=" + installation());
        for (Engine.Listed container : engine().containers(ours, true)) {
            Optional<Names> names = names(container.labels());
            if (names.isPresent()) {
                ServerName server = names.get().server();
                what.computeIfAbsent(server, key -> new ArrayList<>())
                        .add("container " + container.name() + " (" + container.state() + ")");
                if (container.labels().containsKey(Names.LEASE)) {
                    leased.add(server);
                }
                if (container.state().equals("running") || container.state().equals("paused")) {
                    live.add(server);
                }
            }
        }
        for (Engine.Volume volume : engine().volumes(ours)) {
            Optional<Names> names = names(volume.labels());
            if (names.isPresent()) {
                what.computeIfAbsent(names.get().server(), key -> new ArrayList<>())
                        .add("volume " + volume.name());
                if (volume.labels().containsKey(Names.LEASE)) {
                    leased.add(names.get().server());
                }
            }
        }
    }

    private List<ServerName> withFolders() throws RuntimeUnavailableException {
        if (!Files.isDirectory(folders.servers())) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folders.servers())) {
            return children.filter(folder -> Files.exists(folder.resolve("docker.json")))
                    .map(folder -> folder.getFileName().toString())
                    .filter(name -> ServerName.PLAIN.matcher(name).matches())
                    .map(ServerName::new)
                    .toList();
        } catch (IOException e) {
            throw new RuntimeUnavailableException(folders.servers() + " can't be listed: " + e.getMessage(), e);
        }
    }

    @Override
    public void collect(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        if (hasNothing()) {
            discard(server, purge);
            return;
        }
        List<String> its = List.of(Names.INSTALLATION + "=" + installation(), Names.SERVER + "=" + server.value());
        halt(server, Duration.ZERO);
        try {
            for (Engine.Listed container : engine().containers(its, true)) {
                parts().launcher().remove(container.id());
            }
            for (Engine.Volume volume : engine().volumes(its)) {
                // A warehouse may hold what somebody wants; that one is looked into below.
                if (!volume.name().equals(names(server).warehouse())) {
                    parts().launcher().removeVolume(volume.name());
                }
            }
        } catch (EngineRefusal e) {
            throw engine().unanswered("removing what " + server + " left", e);
        }
        discard(server, purge);
    }

    /** The container stays as it is, with all that belongs to it. */
    private void forget(ServerName server) throws RuntimeUnavailableException {
        Path folder = folders.servers().resolve(server.value());
        try {
            adoptions.of(server).ifPresent(adopted -> running.remove(adopted.containerId()));
            adoptions.forget(server);
            PrivateFiles.remove(folder);
        } catch (IOException e) {
            throw new RuntimeUnavailableException(folder + " can't be removed: " + e.getMessage(), e);
        }
        histories.forget(server);
        endpoints.remove(server);
    }

    /** Something of another runtime may lie there, where the server ran before. */
    private static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.findAny().isEmpty();
        }
    }

    @Override
    public void close() {
        Watcher now = watcher;
        if (now != null) {
            now.close();
        }
        listeners.clear();
        Parts made = parts;
        if (made != null) {
            made.engine().close();
        }
    }
}
