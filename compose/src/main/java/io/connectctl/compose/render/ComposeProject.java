package io.connectctl.compose.render;

import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Servers as a project of docker compose: one {@code docker-compose.yml}, and a folder of rendered files for each server. Compose
 * and connectctl run them alike: the same places in the container, the same hardening, the same health check.
 */
public final class ComposeProject {
    /** The file that compose looks for. */
    public static final String FILE = "docker-compose.yml";

    /** Name of the built-in folder with the template, and of a user's own in {@code CONFIG/templates}. */
    static final String TEMPLATES = "compose";

    /** For one server: YARN's master of its application, one executor with Spark's defaults, and some. */
    private static final int WORKER_GIBIBYTES = 3;

    private static final int WORKER_CORES = 2;

    private static final Path CONF = Path.of("/opt/connectctl/conf");
    private static final List<String> HADOOP_FILES =
            List.of("core-site.xml", "yarn-site.xml", "capacity-scheduler.xml");

    private static final Path STATE = Path.of("/var/lib/connectctl");

    private final TemplateSource source;
    private final Composer composer;

    private final Function<ServerSpec, SparkPlace> places;

    /**
     * Of images that are told by their names.
     *
     * @param profiles folder of the user's profiles, as {@link Composer} takes it
     */
    public ComposeProject(Optional<Path> profiles) {
        this(profiles, spec -> SparkPlace.guess(image(spec)));
    }

    /**
     * @param profiles folder of the user's profiles, as {@link Composer} takes it
     * @param places where Spark lies in the image of each server
     */
    public ComposeProject(Optional<Path> profiles, Function<ServerSpec, SparkPlace> places) {
        this.places = places;
        this.source = new TemplateSource(profiles);
        this.composer = new Composer(profiles);
    }

    /**
     * A project.
     *
     * @param composeFile the text of {@code docker-compose.yml}; holds no secret
     * @param servers each server's files by its name; they may hold secrets
     * @param cluster the files of the cluster that is brought along, which everybody may read; none for most
     */
    public record Files(String composeFile, Map<String, List<RenderedFile>> servers, List<RenderedFile> cluster) {}

    /** The folder of the cluster's files, beside those of the servers. */
    public static final String CLUSTER_FOLDER = "cluster";

    /**
     * Renders it.
     *
     * @param specs the servers; what their runtime is doesn't matter
     */
    public Files render(List<ServerSpec> specs) throws RenderException {
        return render(specs, Optional.empty());
    }

    /**
     * Renders it with a cluster beside the servers.
     *
     * @param specs the servers, of one Spark version; each names the cluster as its master
     * @param cluster the cluster; empty for none
     */
    public Files render(List<ServerSpec> specs, Optional<TrialCluster> cluster) throws RenderException {
        Map<String, List<RenderedFile>> files = new TreeMap<>();
        List<Map<String, Object>> servers = new ArrayList<>();
        SortedSet<String> networks = new TreeSet<>();
        SortedSet<String> volumes = new TreeSet<>();
        for (ServerSpec spec : specs) {
            Rendering rendering = composer.render(spec, site(spec));
            files.put(spec.name().value(), rendering.files());
            servers.add(variables(spec, rendering.fingerprint()));
            networks.addAll(spec.container().networks());
            for (String volume : spec.container().volumes()) {
                String from = volume.split(":", 2)[0];
                if (!from.startsWith("/")) {
                    volumes.add(from);
                }
            }
        }
        Map<String, Object> variables = new TreeMap<>();
        variables.put("servers", servers);
        variables.put("cluster", cluster.map(TrialCluster::text).orElse(""));
        if (cluster.isPresent()) {
            variables.putAll(cluster(specs));
        }
        variables.put("networks", List.copyOf(networks));
        variables.put("foreignVolumes", List.copyOf(volumes));
        List<RenderedFile> own = new ArrayList<>();
        if (cluster.filter(TrialCluster.YARN::equals).isPresent()) {
            for (String name : HADOOP_FILES) {
                own.add(new RenderedFile(name, Renderer.render(source.single(TEMPLATES, name), variables), false));
            }
        }
        return new Files(Renderer.render(source.single(TEMPLATES, FILE), variables), files, own);
    }

    /** The cluster's own: of the servers' image, and with room for each of them. */
    private static Map<String, Object> cluster(List<ServerSpec> specs) {
        ServerSpec first = specs.get(0);
        long gibibytes = (long) WORKER_GIBIBYTES * specs.size();
        return Map.of(
                "clusterFirst", first.name().value(),
                "clusterImage", image(first),
                "clusterScala", first.spark().scalaBinary(),
                "clusterCores", Integer.toString(WORKER_CORES * specs.size()),
                "clusterMemory", gibibytes + "g",
                "clusterMebibytes", Long.toString(gibibytes << 10),
                // Beside its executors, the worker's own JVM, and what executors take beyond their heaps.
                "clusterLimit", Long.toString((gibibytes + 1) << 30));
    }

    /** Where things lie in such a container. */
    private Site site(ServerSpec spec) {
        SparkPlace spark = places.apply(spec);
        return new Site(
                        CONF,
                        STATE.resolve("work"),
                        STATE.resolve("warehouse"),
                        Optional.empty(),
                        spark.home(),
                        spark.jars(),
                        false,
                        Optional.empty(),
                        spec.auth() == Auth.TOKEN ? Optional.of(CONF.resolve("token")) : Optional.empty())
                .withHadoopConf(spec.cluster().hadoopConf().map(declared -> TrialCluster.HADOOP_CONF));
    }

    private static String image(ServerSpec spec) {
        return spec.container().imageFor(spec.spark());
    }

    private static Map<String, Object> variables(ServerSpec spec, String fingerprint) {
        ContainerSpec container = spec.container();
        Map<String, Object> variables = new TreeMap<>();
        variables.put("name", spec.name().value());
        variables.put("image", image(spec));
        // Compose tells its containers apart by name; this only has to be nobody else's.
        variables.put(
                "marker", spec.name() + "/compose/" + fingerprint.substring(0, Math.min(12, fingerprint.length())));
        variables.put("fingerprint", fingerprint);
        variables.put("spark", spec.spark().text());
        variables.put("grpcPort", Integer.toString(ContainerPorts.grpc(spec)));
        OptionalInt ui = ContainerPorts.ui(spec);
        variables.put("uiPort", ui.isPresent() ? Integer.toString(ui.getAsInt()) : "");
        variables.put("failures", spec.health().failures());
        variables.put("checkSeconds", Long.toString(seconds(ContainerChecks.timeout(spec.health()))));
        variables.put("startSeconds", Long.toString(seconds(spec.health().startTimeout())));
        variables.put("stopSeconds", Long.toString(seconds(spec.stop().grace())));
        variables.put("ports", ports(spec));
        List<String> mounts = new ArrayList<>(container.volumes());
        spec.cluster()
                .hadoopConf()
                .filter(folder -> !folder.equals(TrialCluster.HADOOP_CONF))
                .ifPresent(folder -> mounts.add(folder + ":" + TrialCluster.HADOOP_CONF + ":ro"));
        variables.put("volumes", mounts);
        variables.put("networks", container.networks());
        variables.put("extraHosts", container.extraHosts());
        variables.put("tmpfsBytes", Long.toString(container.tmpfs().bytes()));
        variables.put("otherUser", container.loosens(Loosening.USER));
        variables.put("init", !container.loosens(Loosening.INIT));
        variables.put("readOnly", !container.loosens(Loosening.READ_ONLY));
        variables.put("dropCapabilities", !container.loosens(Loosening.CAPABILITIES));
        variables.put("noNewPrivileges", !container.loosens(Loosening.NEW_PRIVILEGES));
        variables.put("pidsLimit", container.loosens(Loosening.PIDS) ? 0 : container.pidsLimit());
        long limit = container.loosens(Loosening.MEMORY)
                ? 0
                : container.limitFor(spec.driverMemory()).bytes();
        variables.put("memoryBytes", limit);
        variables.put("memoryAndSwapBytes", container.loosens(Loosening.SWAP) ? 2 * limit : limit);
        return variables;
    }

    /** Whole seconds, a part of one being one. */
    private static long seconds(Duration duration) {
        return duration.plusNanos(999_999_999).toSeconds();
    }

    private static List<String> ports(ServerSpec spec) {
        List<String> ports = new ArrayList<>();
        ports.add(published(spec, spec.port(), ContainerPorts.grpc(spec)));
        // Executors elsewhere: the same ports inside and outside, as Spark tells them those that it binds.
        DriverNetwork driver = spec.cluster().driver();
        driver.port().ifPresent(port -> ports.add("0.0.0.0:" + port + ":" + port));
        driver.blockManagerPort().ifPresent(port -> ports.add("0.0.0.0:" + port + ":" + port));
        OptionalInt ui = ContainerPorts.ui(spec);
        if (ui.isPresent()) {
            ports.add(published(spec, spec.uiPort(), ui.getAsInt()));
        }
        return ports;
    }

    /** An empty published port lets the engine choose one. */
    private static String published(ServerSpec spec, PortChoice choice, int inside) {
        String outside = choice instanceof PortChoice.Fixed fixed ? Integer.toString(fixed.port()) : "";
        return (spec.expose() == Expose.LOOPBACK ? "127.0.0.1" : "0.0.0.0") + ":" + outside + ":" + inside;
    }
}
