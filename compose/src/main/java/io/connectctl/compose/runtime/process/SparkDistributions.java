package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import javax.net.ssl.SSLException;
import org.apache.maven.model.building.ModelBuildingException;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession.CloseableSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.collection.DependencyCollectionException;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.graph.DependencyNode;
import org.eclipse.aether.graph.Exclusion;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactDescriptorException;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyResolutionException;
import org.eclipse.aether.resolution.VersionRangeRequest;
import org.eclipse.aether.resolution.VersionRangeResolutionException;
import org.eclipse.aether.transfer.AbstractTransferListener;
import org.eclipse.aether.transfer.ArtifactNotFoundException;
import org.eclipse.aether.transfer.ChecksumFailureException;
import org.eclipse.aether.transfer.RepositoryOfflineException;
import org.eclipse.aether.transfer.TransferCancelledException;
import org.eclipse.aether.transfer.TransferEvent;
import org.eclipse.aether.util.artifact.ArtifactIdUtils;
import org.eclipse.aether.version.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spark Connect runtimes fetched from Maven coordinates, one folder of jars a version ({@code CACHE/spark/VERSION/jars}; with what a
 * cluster's master needs {@code CACHE/spark/VERSION-yarn/jars}),
 * whole exactly when {@code COMPLETE} lies beside it. What is whole needs no network and takes no time.
 *
 * <p>The jars are hard links into Maven's local repository where both lie on one disk, so that nothing is stored twice.
 */
public final class SparkDistributions {
    private static final Logger LOG = LoggerFactory.getLogger(SparkDistributions.class);
    private static final String GROUP = "org.apache.spark";
    private static final String COMPLETE = "COMPLETE";
    private static final String USED = "USED";
    private static final String WITHOUT_MLLIB = "WITHOUT_MLLIB";
    private static final String RUNTIME = "runtime";
    private static final Set<String> RUNTIME_SCOPES = Set.of("compile", RUNTIME);
    private static final int NEARBY = 5;
    private static final long LOCK_CHECK_MILLIS = 1000;
    /** What a jar's name begins with: {@code log4j-1.2-api-2.24.3.jar} is log4j-1.2-api. */
    private static final Pattern JAR = Pattern.compile("(.+)-\\d.*\\.jar");

    private static final Pattern STATUS = Pattern.compile("status(?: code)?:? (\\d{3})");

    /** Of this whole JVM: a lock on a file excludes other processes, and is an error where two threads of one want it. */
    private static final Map<Path, Turn> TURNS = new ConcurrentHashMap<>();

    private final Path spark;
    private final Map<String, String> environment;

    /**
     * Who fetches a version in this process, and all who want it: how far the one gets is told to every one, since a
     * preparation of which nothing is heard runs into its deadline.
     */
    private record Turn(ReentrantLock lock, List<Progress> listeners) implements Progress {
        Turn() {
            this(new ReentrantLock(), new CopyOnWriteArrayList<>());
        }

        @Override
        public void report(String stage, long done, long total) {
            listeners.forEach(listener -> listener.report(stage, done, total));
        }
    }

    /**
     * @param cache the cache folder; holds nothing that can't be fetched again
     * @param environment tells where Maven's settings are (HOME, MAVEN_HOME, M2_HOME), and what they interpolate
     */
    public SparkDistributions(Path cache, Map<String, String> environment) {
        this.spark = cache.resolve("spark");
        this.environment = Map.copyOf(environment);
    }

    /** Where this version's jars lie or will lie. */
    public Path jarsFolder(SparkRuntime runtime) {
        return spark.resolve(runtime.folder()).resolve("jars");
    }

    /** Where the jars of a version alone lie or will lie. */
    public Path jarsFolder(SparkVersion version) {
        return jarsFolder(SparkRuntime.of(version));
    }

    /** True if this version is here as a whole. */
    public boolean complete(SparkRuntime runtime) {
        return Files.exists(spark.resolve(runtime.folder()).resolve(COMPLETE));
    }

    /** The folder of every version that is here as a whole. */
    List<Path> folders() throws IOException {
        return ServerFolder.children(spark).stream()
                .filter(folder -> Files.exists(folder.resolve(COMPLETE)))
                .toList();
    }

    /** When a launch last wanted it. */
    static Instant lastUsed(Path folder) {
        for (Path file : List.of(folder.resolve(USED), folder.resolve(COMPLETE))) {
            try {
                return Files.getLastModifiedTime(file).toInstant();
            } catch (IOException e) {
                LOG.trace("{} was never used, or is being removed", folder, e);
            }
        }
        return Instant.EPOCH;
    }

    /** Removes a version; the mark of being whole goes first, so that nobody takes a part of it for the whole. */
    void remove(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(COMPLETE));
        PrivateFiles.remove(folder);
    }

    /** Notes that a launch wants it; who can't write there (a cache that is shared read-only) launches all the same. */
    private void use(SparkRuntime runtime) {
        try {
            PrivateFiles.touch(spark.resolve(runtime.folder()).resolve(USED));
        } catch (IOException e) {
            LOG.debug("the use of Spark {} can't be noted", runtime, e);
        }
    }

    /**
     * True if this version had to be fetched without spark-mllib, since that isn't published: then closing a session fails in
     * the server, and after the first expiry no session ever expires (NoClassDefFoundError ConnectHelper; run on 4.0.1, 4.2.0).
     */
    public boolean lacksMllib(SparkRuntime runtime) {
        return Files.exists(spark.resolve(runtime.folder()).resolve(WITHOUT_MLLIB));
    }

    /**
     * Makes this version whole. Two threads or two daemons that want the same one wait for each other.
     *
     * @return its folder of jars
     * @throws LaunchException {@code SPARK_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public Path fetch(SparkRuntime runtime, Progress progress) throws LaunchException, InterruptedException {
        if (complete(runtime)) {
            use(runtime);
            tellOfMllib(runtime, progress);
            return jarsFolder(runtime);
        }
        Turn turn = TURNS.computeIfAbsent(jarsFolder(runtime).toAbsolutePath(), any -> new Turn());
        turn.listeners().add(progress);
        try {
            turn.lock().lockInterruptibly();
            try {
                fetchInTurn(runtime, turn);
            } finally {
                turn.lock().unlock();
            }
        } finally {
            turn.listeners().remove(progress);
        }
        use(runtime);
        tellOfMllib(runtime, progress);
        return jarsFolder(runtime);
    }

    private void fetchInTurn(SparkRuntime runtime, Progress progress) throws LaunchException, InterruptedException {
        try {
            PrivateFiles.folder(spark);
            try (FileChannel channel = FileChannel.open(
                            spark.resolve(runtime.folder() + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock held = lock(channel, runtime, progress)) {
                if (held.isValid() && !complete(runtime)) {
                    fetchInterruptibly(runtime, progress);
                }
            }
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while another process fetches Spark " + runtime);
        } catch (IOException e) {
            throw PrivateFiles.failure("fetching Spark " + runtime, spark, e);
        }
    }

    /** Waits for other processes that fetch this version, and says so again and again: it may take them minutes. */
    private static FileLock lock(FileChannel channel, SparkRuntime runtime, Progress progress)
            throws IOException, InterruptedException {
        while (true) {
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                LOG.debug("Spark {} is fetched by another object of this process", runtime);
            }
            progress.report("waiting for another connectctl that fetches Spark " + runtime, 0, 0);
            TimeUnit.MILLISECONDS.sleep(LOCK_CHECK_MILLIS);
        }
    }

    private void tellOfMllib(SparkRuntime runtime, Progress progress) {
        if (lacksMllib(runtime)) {
            progress.report(
                    "Spark " + runtime
                            + " runs without spark-mllib, which isn't published for it: sessions can't be closed"
                            + " and don't expire",
                    0,
                    0);
        }
    }

    /**
     * The jars of these packages and of all they depend on, but for what this Spark brings itself; as {@code --packages} would
     * find them. They stay where Maven keeps them. This version must be {@link #complete}.
     *
     * @param coordinates {@code group:artifact:version} each
     * @throws LaunchException {@code SPARK_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public List<Path> packages(SparkRuntime runtime, List<String> coordinates, Progress progress)
            throws LaunchException, InterruptedException {
        if (coordinates.isEmpty()) {
            return List.of();
        }
        try {
            return interruptibly(runtime, cancelled -> packagesNow(runtime, coordinates, progress, cancelled));
        } catch (IOException e) {
            throw PrivateFiles.failure("fetching " + String.join(", ", coordinates), spark, e);
        }
    }

    private List<Path> packagesNow(
            SparkRuntime runtime, List<String> coordinates, Progress progress, AtomicBoolean cancelled)
            throws LaunchException, IOException {
        Set<String> own = new HashSet<>();
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(jarsFolder(runtime), "*.jar")) {
            for (Path jar : jars) {
                Matcher matcher = JAR.matcher(String.valueOf(jar.getFileName()));
                if (matcher.matches()) {
                    own.add(matcher.group(1));
                }
            }
        }
        MavenAccess maven = MavenAccess.of(environment);
        Transfers transfers = new Transfers("fetching packages", progress, cancelled);
        progress.report("resolving packages", 0, 0);
        try (RepositorySystem system = new Resolver().get();
                CloseableSession session = maven.session(system, transfers)) {
            List<RemoteRepository> repositories = maven.repositories(system, session);
            Resolution resolution = new Resolution(system, session, repositories, runtime, maven);
            List<Artifact> artifacts = resolution.collectPackages(coordinates).stream()
                    .filter(artifact -> !own.contains(artifact.getArtifactId()))
                    .toList();
            transfers.expect(artifacts.size());
            List<Path> files = artifacts.isEmpty() ? List.of() : resolution.resolve(artifacts);
            checkArchives(runtime, files);
            return files;
        }
    }

    private interface Fetch<T> {
        T run(AtomicBoolean cancelled) throws LaunchException, IOException;
    }

    private void fetchInterruptibly(SparkRuntime runtime, Progress progress)
            throws LaunchException, InterruptedException, IOException {
        boolean done = interruptibly(runtime, cancelled -> {
            fetchNow(runtime, progress, cancelled);
            return true;
        });
        LOG.debug("Spark {} is complete: {}", runtime, done);
    }

    /**
     * maven-resolver swallows interrupts while its own threads download. So it gets a thread, and its listener learns of the
     * interrupt of ours.
     */
    private static <T> T interruptibly(SparkRuntime runtime, Fetch<T> fetch)
            throws LaunchException, InterruptedException, IOException {
        AtomicBoolean cancelled = new AtomicBoolean();
        FutureTask<T> task = new FutureTask<>(() -> fetch.run(cancelled));
        Thread thread = new Thread(task, "fetch-spark-" + runtime);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get();
        } catch (InterruptedException e) {
            cancelled.set(true);
            thread.join();
            throw e;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof LaunchException launch) {
                throw launch;
            }
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof UncheckedIOException unchecked) {
                throw unchecked.getCause();
            }
            throw new IllegalStateException("fetching Spark " + runtime + " failed unexpectedly", cause);
        }
    }

    private void fetchNow(SparkRuntime runtime, Progress progress, AtomicBoolean cancelled)
            throws LaunchException, IOException {
        MavenAccess maven = MavenAccess.of(environment);
        Transfers transfers = new Transfers("fetching Spark " + runtime, progress, cancelled);
        progress.report("resolving Spark " + runtime, 0, 0);
        try (RepositorySystem system = new Resolver().get();
                CloseableSession session = maven.session(system, transfers)) {
            List<RemoteRepository> repositories = maven.repositories(system, session);
            Resolution resolution = new Resolution(system, session, repositories, runtime, maven);
            resolution.requireConnect();
            resolution.requireModule();
            boolean mllib = resolution.hasMllib();
            List<Artifact> artifacts = resolution.collect(mllib);
            transfers.expect(artifacts.size());
            List<Path> files = resolution.resolve(artifacts);
            checkArchives(runtime, files);
            store(runtime, files, mllib);
        }
    }

    /**
     * A file in Maven's local repository isn't checked again by anybody, and a proxy that wants a login answers with a page
     * instead of a jar. Java would ignore either without a word, and the server end with a class that is missing.
     */
    private static void checkArchives(SparkRuntime runtime, List<Path> files) throws LaunchException {
        for (Path file : files) {
            try (ZipFile archive = new ZipFile(file.toFile())) {
                LOG.trace("{} holds {} entries", file, archive.size());
            } catch (IOException e) {
                throw new LaunchException(
                        "SPARK_UNRESOLVABLE",
                        file + ", which Spark " + runtime + " needs, is damaged: " + e.getMessage(),
                        "delete it and start again; if it comes back so, a proxy or mirror answers with something else",
                        false,
                        e);
            }
        }
    }

    private void store(SparkRuntime runtime, List<Path> files, boolean mllib) throws IOException {
        Path fresh = spark.resolve("." + runtime.folder() + "." + UUID.randomUUID() + ".new");
        try {
            Path jars = fresh.resolve("jars");
            PrivateFiles.folder(jars);
            for (Path file : files) {
                Path jar = jars.resolve(file.getFileName());
                try {
                    Files.createLink(jar, file);
                } catch (FileSystemException | UnsupportedOperationException e) {
                    // Another disk, or a file system or a kernel setting that forbids links.
                    Files.copy(file, jar, StandardCopyOption.REPLACE_EXISTING);
                }
                // Before COMPLETE says so, also of a link: Maven may have fetched its file just now. What lies on the
                // disk
                // already takes no time.
                PrivateFiles.force(jar);
            }
            PrivateFiles.force(jars);
            if (!mllib) {
                PrivateFiles.write(fresh.resolve(WITHOUT_MLLIB), "", false);
            }
            PrivateFiles.write(fresh.resolve(COMPLETE), files.size() + " jars\n", false);
            Path target = spark.resolve(runtime.folder());
            PrivateFiles.remove(target);
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            PrivateFiles.force(spark);
        } finally {
            PrivateFiles.remove(fresh);
        }
    }

    /** One resolution of one version. */
    private record Resolution(
            RepositorySystem system,
            CloseableSession session,
            List<RemoteRepository> repositories,
            SparkRuntime runtime,
            MavenAccess maven) {

        private SparkVersion version() {
            return runtime.version();
        }

        private Artifact artifact(String module, String extension) {
            return new DefaultArtifact(
                    GROUP,
                    module + "_" + version().scalaBinary(),
                    extension,
                    version().text());
        }

        /** Fails early, and with the versions there are, where this version isn't published. */
        void requireConnect() throws LaunchException {
            Artifact connect = artifact("spark-connect", "jar");
            try {
                system.readArtifactDescriptor(
                        session, new ArtifactDescriptorRequest(artifact("spark-connect", "pom"), repositories, ""));
                system.resolveArtifact(session, new ArtifactRequest(connect, repositories, ""));
            } catch (ArtifactResolutionException | ArtifactDescriptorException e) {
                throw failure(connect, e);
            }
        }

        /** Fails where what the master needs isn't published for this version, as spark-yarn isn't everywhere for 4.x. */
        void requireModule() throws LaunchException {
            String module = runtime.module().artifact();
            if (module.isEmpty()) {
                return;
            }
            Artifact wanted = artifact(module, "jar");
            try {
                system.resolveArtifact(session, new ArtifactRequest(wanted, repositories, ""));
            } catch (ArtifactResolutionException e) {
                if (maven.offline() || find(e, RepositoryOfflineException.class).isPresent() || !notFound(e)) {
                    throw failure(wanted, e);
                }
                throw unresolvable(
                        GROUP + ":" + wanted.getArtifactId() + ":" + version() + ", without which Spark " + version()
                                + " can't use this master, isn't published; asked: " + maven.asked(system, session),
                        "point sparkHome at an unpacked Spark distribution, which brings it, or "
                                + nearby(module, "take a Spark version that is published with it, such as 3.5.0"),
                        false,
                        e);
            }
        }

        boolean hasMllib() throws LaunchException {
            Artifact mllib = artifact("spark-mllib", "jar");
            try {
                system.resolveArtifact(session, new ArtifactRequest(mllib, repositories, ""));
                return true;
            } catch (ArtifactResolutionException e) {
                if (find(e, RepositoryOfflineException.class).isEmpty() && notFound(e)) {
                    LOG.warn("{} isn't published: sessions of this server can't be closed and don't expire", mllib);
                    return false;
                }
                throw failure(mllib, e);
            }
        }

        List<Artifact> collect(boolean mllib) throws LaunchException {
            CollectRequest request = new CollectRequest();
            request.setRepositories(repositories);
            List<String> modules = new ArrayList<>(List.of("spark-connect", "spark-sql"));
            if (mllib) {
                modules.add("spark-mllib");
            }
            if (!runtime.module().artifact().isEmpty()) {
                modules.add(runtime.module().artifact());
            }
            for (String module : modules) {
                request.addDependency(new Dependency(artifact(module, "jar"), RUNTIME));
            }
            for (String coordinates : runtime.module().besides()) {
                // That jar alone, as Spark's own distributions have it: what it depends on is in Hadoop's shaded
                // client, and its
                // Jersey 1 would break the UI's REST API, which runs on Jersey 2 (same package, older classes).
                request.addDependency(new Dependency(
                        new DefaultArtifact(coordinates), RUNTIME, false, List.of(new Exclusion("*", "*", "*", "*"))));
            }
            try {
                DependencyNode root =
                        system.collectDependencies(session, request).getRoot();
                Map<String, Artifact> jars = new LinkedHashMap<>();
                gather(root, jars);
                return List.copyOf(jars.values());
            } catch (DependencyCollectionException e) {
                throw failure(artifact("spark-connect", "jar"), e);
            }
        }

        List<Artifact> collectPackages(List<String> coordinates) throws LaunchException {
            CollectRequest request = new CollectRequest();
            request.setRepositories(repositories);
            List<Artifact> wanted = new ArrayList<>();
            for (String coordinate : coordinates) {
                try {
                    wanted.add(new DefaultArtifact(coordinate));
                } catch (IllegalArgumentException e) {
                    throw unresolvable(
                            "package '" + coordinate + "' is no Maven coordinate",
                            "write group:artifact:version, such as org.apache.spark:spark-avro_2.13:4.0.1",
                            false,
                            e);
                }
            }
            wanted.forEach(artifact -> request.addDependency(new Dependency(artifact, RUNTIME)));
            try {
                for (Artifact artifact : wanted) {
                    // Collecting takes a package without a POM for one without dependencies.
                    system.resolveArtifact(session, new ArtifactRequest(artifact, repositories, ""));
                }
                Map<String, Artifact> jars = new LinkedHashMap<>();
                gather(system.collectDependencies(session, request).getRoot(), jars);
                return List.copyOf(jars.values());
            } catch (ArtifactResolutionException e) {
                Artifact missing = e.getResults().stream()
                        .filter(result -> !result.isResolved())
                        .findFirst()
                        .map(result -> result.getRequest().getArtifact())
                        .orElse(wanted.get(0));
                if (find(e, RepositoryOfflineException.class).isEmpty() && notFound(e)) {
                    throw unresolvable(
                            "package " + missing.getGroupId() + ":" + missing.getArtifactId() + ":"
                                    + missing.getVersion() + " isn't published; asked: " + maven.asked(system, session),
                            "see the version, and the Scala version in its name (this Spark's is "
                                    + version().scalaBinary() + ")",
                            false,
                            e);
                }
                throw failure(missing, e);
            } catch (DependencyCollectionException e) {
                throw failure(wanted.get(0), e);
            }
        }

        private static void gather(DependencyNode node, Map<String, Artifact> into) {
            for (DependencyNode child : node.getChildren()) {
                if (RUNTIME_SCOPES.contains(child.getDependency().getScope())
                        && into.putIfAbsent(ArtifactIdUtils.toId(child.getArtifact()), child.getArtifact()) == null) {
                    gather(child, into);
                }
            }
        }

        List<Path> resolve(List<Artifact> artifacts) throws LaunchException {
            List<ArtifactRequest> requests = new ArrayList<>();
            for (Artifact artifact : artifacts) {
                requests.add(new ArtifactRequest(artifact, repositories, ""));
            }
            try {
                List<Path> files = new ArrayList<>();
                for (ArtifactResult result : system.resolveArtifacts(session, requests)) {
                    files.add(result.getArtifact().getPath());
                }
                return files;
            } catch (ArtifactResolutionException e) {
                Artifact missing = e.getResults().stream()
                        .filter(result -> !result.isResolved())
                        .findFirst()
                        .map(result -> result.getRequest().getArtifact())
                        .orElse(artifacts.get(0));
                throw failure(missing, e);
            }
        }

        /** True if every repository that was asked answered that it doesn't have it. */
        private static boolean notFound(Exception e) {
            return find(e, ArtifactNotFoundException.class).isPresent()
                    && network(e).isEmpty();
        }

        private LaunchException failure(Artifact artifact, Exception e) {
            String what = artifact.getGroupId() + ":" + artifact.getArtifactId() + ":" + artifact.getVersion();
            String asked = maven.asked(system, session);
            Optional<Throwable> disk = disk(e);
            if (disk.isPresent()) {
                return PrivateFiles.failure(
                        "fetching " + what,
                        maven.localRepository(),
                        "localRepository in ~/.m2/settings.xml",
                        new IOException(
                                MavenAccess.plain(String.valueOf(disk.get().getMessage())), MavenAccess.plain(e)));
            }
            if (maven.offline() || find(e, RepositoryOfflineException.class).isPresent()) {
                return unresolvable(
                        what + " isn't in the local repository " + maven.localRepository()
                                + ", and Maven's settings say offline",
                        "go online once (offline in settings.xml), or point sparkHome at an unpacked Spark",
                        false,
                        e);
            }
            if (find(e, ChecksumFailureException.class).isPresent()) {
                return unresolvable(
                        what + " arrived damaged: its checksum doesn't match; asked: " + asked,
                        "try again; if it stays so, the repository or a proxy in between changes files",
                        true,
                        e);
            }
            Optional<Throwable> network = network(e);
            if (network.isPresent()) {
                return unresolvable(
                        what + " can't be fetched: " + words(network.get()) + "; asked: " + asked,
                        "see whether this machine reaches the network; a proxy or a mirror belongs into ~/.m2/settings.xml",
                        true,
                        e);
            }
            String status = status(e);
            if (!status.isEmpty()) {
                boolean server = status.startsWith("5") || status.equals("429");
                return unresolvable(
                        what + " can't be fetched: HTTP status " + status + "; asked: " + asked,
                        server
                                ? "try again later"
                                : "see the credentials of that repository or proxy in ~/.m2/settings.xml (servers, proxies)",
                        server,
                        e);
            }
            if (!notFound(e)) {
                // Such as a connection that ended in the middle of a jar, or an answer that isn't HTTP.
                Throwable last = all(e).get(all(e).size() - 1);
                return unresolvable(
                        what + " can't be fetched: " + words(last) + "; asked: " + asked,
                        "try again; what was fetched so far is kept. If it stays so, see the repositories and proxies in"
                                + " ~/.m2/settings.xml",
                        true,
                        e);
            }
            if (artifact.getArtifactId().startsWith("spark-connect")) {
                return unresolvable(
                        "Spark " + version() + " isn't published as " + what + "; asked: " + asked, nearby(), false, e);
            }
            return unresolvable(
                    what + ", which Spark " + version() + " needs, isn't published; asked: " + asked,
                    nearby() + ", or point sparkHome at an unpacked Spark",
                    false,
                    e);
        }

        /** The remedy for a version that doesn't exist: those that do. */
        private String nearby() {
            return nearby("spark-connect", "choose a published version, such as 4.0.1");
        }

        private String nearby(String module, String otherwise) {
            VersionRangeRequest request = new VersionRangeRequest(
                    new DefaultArtifact(GROUP, module + "_" + version().scalaBinary(), "jar", "[0,)"),
                    repositories,
                    "");
            Map<Long, String> byDistance = new TreeMap<>();
            try {
                for (Version found :
                        system.resolveVersionRange(session, request).getVersions()) {
                    try {
                        SparkVersion other = SparkVersion.parse(found.toString());
                        if (!other.equals(version())) {
                            byDistance.put(distance(other), other.text());
                        }
                    } catch (IllegalArgumentException e) {
                        LOG.debug("not a Spark version: {}", found);
                    }
                }
            } catch (VersionRangeResolutionException e) {
                LOG.debug("the versions of Spark can't be listed", MavenAccess.plain(e));
            }
            List<String> names = byDistance.values().stream().limit(NEARBY).toList();
            return names.isEmpty() ? otherwise : "choose a published version; nearby are " + String.join(", ", names);
        }

        private long distance(SparkVersion other) {
            long minors = Math.abs((other.major() - version().major()) * 1_000L
                    + other.minor()
                    - version().minor());
            long patches = Math.abs(other.patch() - version().patch());
            // Unique for each version: earlier before later, releases before previews.
            boolean later = other.compareTo(version()) > 0;
            boolean preview = !other.text().matches("[0-9.]+");
            return ((minors * 1_000 + patches) * 2 + (later ? 1 : 0)) * 2 + (preview ? 1 : 0);
        }

        private static LaunchException unresolvable(String message, String remedy, boolean retryable, Exception e) {
            return new LaunchException(
                    "SPARK_UNRESOLVABLE", MavenAccess.plain(message), remedy, retryable, MavenAccess.plain(e));
        }

        private static String words(Throwable network) {
            String kind = network instanceof UnknownHostException
                    ? "unknown host "
                    : network instanceof SocketTimeoutException ? "timeout: " : "";
            return kind
                    + Objects.requireNonNullElse(
                            network.getMessage(), network.getClass().getSimpleName());
        }

        private static Optional<Throwable> network(Throwable e) {
            return all(e).stream()
                    .filter(cause -> cause instanceof UnknownHostException
                            || cause instanceof ConnectException
                            || cause instanceof NoRouteToHostException
                            || cause instanceof SocketTimeoutException
                            || cause instanceof SocketException
                            || cause instanceof SSLException
                            || cause.getClass().getSimpleName().contains("Timeout"))
                    .findFirst();
        }

        private static Optional<Throwable> disk(Throwable e) {
            return all(e).stream()
                    .filter(cause -> cause instanceof IOException
                            && cause.getMessage() != null
                            && (cause.getMessage().contains("No space left")
                                    || cause instanceof AccessDeniedException
                                    || cause.getMessage().contains("Read-only file system")))
                    .findFirst();
        }

        /** The HTTP status that the repository or a proxy answered with; 404 is told by its own exception. */
        private static String status(Throwable e) {
            for (Throwable cause : all(e)) {
                String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
                Matcher matcher = STATUS.matcher(text);
                if (matcher.find() && !matcher.group(1).equals("404")) {
                    return matcher.group(1);
                }
            }
            return "";
        }

        private static <T extends Throwable> Optional<T> find(Throwable e, Class<T> type) {
            return all(e).stream().filter(type::isInstance).map(type::cast).findFirst();
        }

        /** The exception, its causes, and those of the results it carries. */
        private static List<Throwable> all(Throwable e) {
            List<Throwable> all = new ArrayList<>();
            gather(e, all);
            return all;
        }

        private static void gather(Throwable e, List<Throwable> into) {
            for (Throwable cause = e; cause != null && !into.contains(cause); cause = cause.getCause()) {
                into.add(cause);
                if (cause instanceof ArtifactResolutionException resolution) {
                    resolution.getResults().forEach(result -> result.getExceptions()
                            .forEach(inner -> gather(inner, into)));
                } else if (cause instanceof DependencyResolutionException resolution) {
                    resolution.getResult().getCollectExceptions().forEach(inner -> gather(inner, into));
                } else if (cause instanceof DependencyCollectionException collection) {
                    collection.getResult().getExceptions().forEach(inner -> gather(inner, into));
                } else if (cause instanceof ModelBuildingException model) {
                    LOG.debug("a POM can't be read: {}", model.getMessage());
                }
            }
        }
    }

    /** Adds up what is transferred; the total is an estimate from the sizes known so far until all are known. */
    private static final class Transfers extends AbstractTransferListener {
        private final String stage;
        private final Progress progress;
        private final AtomicBoolean cancelled;
        private final Map<String, Long> sizes = new ConcurrentHashMap<>();
        private final Map<String, Long> done = new ConcurrentHashMap<>();
        private volatile int expected;
        private long lastReport;

        Transfers(String stage, Progress progress, AtomicBoolean cancelled) {
            this.stage = stage;
            this.progress = progress;
            this.cancelled = cancelled;
        }

        /** From here on jars are fetched, at most this many. */
        void expect(int jars) {
            expected = jars;
        }

        @Override
        public void transferInitiated(TransferEvent event) throws TransferCancelledException {
            check();
        }

        @Override
        public void transferProgressed(TransferEvent event) throws TransferCancelledException {
            check();
            String name = event.getResource().getResourceName();
            if (name.endsWith(".jar")) {
                if (event.getResource().getContentLength() > 0) {
                    sizes.put(name, event.getResource().getContentLength());
                }
                done.put(name, event.getTransferredBytes());
                report();
            }
        }

        private void check() throws TransferCancelledException {
            if (cancelled.get()) {
                throw new TransferCancelledException("interrupted");
            }
        }

        private synchronized void report() {
            long now = System.nanoTime();
            if (now - lastReport < 100_000_000L) {
                return; // ten times a second is enough for anybody
            }
            lastReport = now;
            long known = sizes.values().stream().mapToLong(Long::longValue).sum();
            long total = expected == 0 || sizes.size() < 10 ? 0 : Math.max(known, known / sizes.size() * expected);
            progress.report(
                    stage, done.values().stream().mapToLong(Long::longValue).sum(), total);
        }
    }
}
