package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession.CloseableSession;
import org.eclipse.aether.artifact.Artifact;

/**
 * Spark Connect runtimes fetched from Maven coordinates, one folder of jars a version: {@code CACHE/spark/VERSION/jars}; with what a
 * cluster's master needs {@code CACHE/spark/VERSION-yarn/jars}.
 */
public final class SparkDistributions {
    private static final String WITHOUT_MLLIB = "WITHOUT_MLLIB";
    /** The timeline service is loaded by the ResourceManager at its start, wanted or not; the client by the application's master. */
    private static final List<String> HADOOP = Stream.of(
                    "hadoop-yarn-server-resourcemanager",
                    "hadoop-yarn-server-nodemanager",
                    "hadoop-yarn-server-common",
                    "hadoop-yarn-server-timelineservice",
                    "hadoop-yarn-client")
            .map(artifact -> "org.apache.hadoop:" + artifact + ":3.4.1")
            .toList();

    /** What a jar's name begins with: {@code log4j-1.2-api-2.24.3.jar} is log4j-1.2-api. */
    private static final Pattern JAR = Pattern.compile("(.+)-\\d.*\\.jar");

    private final Path spark;
    private final FetchedFolders folders;
    private final Map<String, String> environment;

    /**
     * @param cache the cache folder; holds nothing that can't be fetched again
     * @param environment tells where Maven's settings are (HOME, MAVEN_HOME, M2_HOME), and what they interpolate
     */
    public SparkDistributions(Path cache, Map<String, String> environment) {
        this.spark = cache.resolve("spark");
        this.folders = new FetchedFolders(spark);
        this.environment = Map.copyOf(environment);
    }

    /** Where this version's jars lie or will lie. */
    public Path jarsFolder(SparkRuntime runtime) {
        return folders.jars(runtime.folder());
    }

    /** Where the jars of a version alone lie or will lie. */
    public Path jarsFolder(SparkVersion version) {
        return jarsFolder(SparkRuntime.of(version));
    }

    /** True if this version is here as a whole. */
    public boolean complete(SparkRuntime runtime) {
        return folders.complete(runtime.folder());
    }

    /** The folder of every version that is here as a whole. */
    List<Path> folders() throws IOException {
        return folders.all();
    }

    /**
     * True if this version had to be fetched without spark-mllib, since that isn't published: then closing a session fails in
     * the server, and after the first expiry no session ever expires (NoClassDefFoundError ConnectHelper; run on 4.0.1, 4.2.0).
     */
    public boolean lacksMllib(SparkRuntime runtime) {
        return folders.marked(runtime.folder(), WITHOUT_MLLIB);
    }

    /**
     * Makes this version whole. Two threads or two daemons that want the same one wait for each other.
     *
     * @return its folder of jars
     * @throws LaunchException {@code SPARK_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public Path fetch(SparkRuntime runtime, Progress progress) throws LaunchException, InterruptedException {
        Path jars = folders.fetch(
                runtime.folder(),
                "Spark " + runtime,
                progress,
                (listener, cancelled) -> fetchNow(runtime, listener, cancelled));
        if (lacksMllib(runtime)) {
            progress.report(
                    "Spark " + runtime.version()
                            + " runs without spark-mllib, which isn't published for it: sessions can't be closed"
                            + " and don't expire",
                    0,
                    0);
        }
        return jars;
    }

    private FetchedFolders.Contents fetchNow(SparkRuntime runtime, Progress progress, AtomicBoolean cancelled)
            throws LaunchException {
        MavenAccess maven = MavenAccess.of(environment);
        Transfers transfers = new Transfers("fetching Spark " + runtime, progress, cancelled);
        progress.report("resolving Spark " + runtime, 0, 0);
        try (RepositorySystem system = new Resolver().get();
                CloseableSession session = maven.session(system, transfers)) {
            SparkResolution resolution = new SparkResolution(maven, system, session, runtime);
            resolution.requireConnect();
            resolution.requireModule();
            boolean mllib = resolution.hasMllib();
            List<Artifact> artifacts = resolution.collect(mllib);
            transfers.expect(artifacts.size());
            Map<String, Path> jars = new HashMap<>();
            for (Path file : resolution.resolve(artifacts)) {
                jars.put(file.getFileName().toString(), file);
            }
            return new FetchedFolders.Contents(jars, jars.size() + " jars", mllib ? List.of() : List.of(WITHOUT_MLLIB));
        }
    }

    /**
     * The jars of these packages and of all they depend on, but for what this Spark brings itself; as {@code --packages} would
     * find them. They stay where Maven keeps them. This version must be {@link #complete}.
     *
     * @param coordinates {@code group:artifact:version} each
     * @throws LaunchException {@code PACKAGE_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public List<Path> packages(SparkRuntime runtime, List<String> coordinates, Progress progress)
            throws LaunchException, InterruptedException {
        if (coordinates.isEmpty()) {
            return List.of();
        }
        String what = String.join(", ", coordinates);
        try {
            return FetchedFolders.interruptibly(
                    what, progress, (listener, cancelled) -> packagesNow(runtime, coordinates, listener, cancelled));
        } catch (IOException e) {
            throw PrivateFiles.failure("fetching " + what, spark, e);
        }
    }

    /**
     * The jars of a ResourceManager and a NodeManager: what a YARN to try servers on consists of. They stay where Maven keeps them.
     *
     * @throws LaunchException {@code PACKAGE_UNRESOLVABLE}, {@code DISK_FULL} or {@code FOLDER_UNWRITABLE}
     */
    public List<Path> hadoop(Progress progress) throws LaunchException, InterruptedException {
        try {
            return FetchedFolders.interruptibly("Hadoop", progress, this::hadoopNow);
        } catch (IOException e) {
            throw PrivateFiles.failure("fetching Hadoop", spark, e);
        }
    }

    private List<Path> hadoopNow(Progress progress, AtomicBoolean cancelled) throws LaunchException {
        MavenAccess maven = MavenAccess.of(environment);
        Transfers transfers = new Transfers("fetching Hadoop", progress, cancelled);
        progress.report("resolving Hadoop", 0, 0);
        try (RepositorySystem system = new Resolver().get();
                CloseableSession session = maven.session(system, transfers)) {
            PackageResolution resolution = new PackageResolution(maven, system, session, "");
            List<Artifact> artifacts = resolution.collect(HADOOP);
            transfers.expect(artifacts.size());
            return resolution.resolve(artifacts);
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
            PackageResolution resolution = new PackageResolution(
                    maven, system, session, runtime.version().scalaBinary());
            List<Artifact> artifacts = resolution.collect(coordinates).stream()
                    .filter(artifact -> !own.contains(artifact.getArtifactId()))
                    .toList();
            transfers.expect(artifacts.size());
            return artifacts.isEmpty() ? List.of() : resolution.resolve(artifacts);
        }
    }
}
