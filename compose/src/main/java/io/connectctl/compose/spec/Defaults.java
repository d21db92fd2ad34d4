package io.connectctl.compose.spec;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Every default of a declaration: the one place where they stand. docs/configuration.md lists them for users. */
public final class Defaults {
    /** Complete on Maven Central (with mllib and the JVM client), and the version every acceptance test runs with. */
    public static final SparkVersion SPARK = SparkVersion.parse("4.0.1");

    /** Spark's own default. */
    public static final String MASTER = "local[*]";

    /** Spark Connect's own port: what {@code sc://localhost} means without one. */
    public static final PortChoice PORT = new PortChoice.Fixed(15002);

    /** Spark's own default. */
    public static final PortChoice UI_PORT = new PortChoice.Fixed(4040);

    /** Spark's own default. */
    public static final MemorySize DRIVER_MEMORY = new MemorySize(1L << 30);

    /** A container where an engine answers and has the image or can get it, else a process. */
    public static final String RUNTIME = ServerSpec.AUTO;

    /** Half a minute to notice a hang; a start over a slow network in three. */
    public static final HealthSpec HEALTH = new HealthSpec(
            Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1);

    /**
     * With a cluster a start waits for others: the queue of a busy cluster, the localization of jars on its machines. Spark itself
     * would wait for ever.
     */
    public static final Duration CLUSTER_START_TIMEOUT = Duration.ofMinutes(10);

    /** With a cluster, a server without an executor gets no work done; where it may have none, a query brings the first. */
    public static final int CLUSTER_MIN_EXECUTORS = 1;

    /** Ten faults, then a person should look. */
    public static final RestartSpec RESTART =
            new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10));

    /**
     * With a cluster: it takes some seconds to get back what the last driver held, and twenty faults with these waits take longer than an
     * hour, as the maintenance of a cluster does. A start alone may take minutes there, so only what lived longer counts as stable.
     */
    public static final RestartSpec CLUSTER_RESTART =
            new RestartSpec(true, Duration.ofSeconds(5), Duration.ofMinutes(5), 20, Duration.ofMinutes(30));

    /** A Spark Connect server ends within a second of SIGTERM; cluster masters may need longer. */
    public static final StopSpec STOP = new StopSpec(Duration.ofSeconds(20), Duration.ZERO);

    /** Loopback needs no token. */
    public static final Auth AUTH = Auth.NONE;

    /** Spark's own default is every interface; ours is this machine. */
    public static final Expose EXPOSE = Expose.LOOPBACK;

    /** The built-in templates. */
    public static final String PROFILE = "default";

    /** Hardened; 512 processes and threads are five times what an idle server has. */
    public static final ContainerSpec CONTAINER = new ContainerSpec(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            512,
            // It lies in memory: full, and beside a heap in full use, it must leave the JVM what it needs beyond its
            // heap
            // (some 300 MiB once it works) within the smallest overhead. Spark's own files lie in a volume.
            new MemorySize(128L << 20),
            List.of(),
            List.of(),
            List.of(),
            Set.of());

    /** A class data archive halves the start and is never in the way. */
    public static final boolean ARCHIVE = true;

    /** The server's name where nothing is declared. */
    public static final ServerName NAME = new ServerName("connect");

    private Defaults() {}
}
