package io.connectctl.compose.spec;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A whole, checked declaration: every default filled in. Made by {@link SpecReader} only, so whoever holds one need not
 * check it again.
 *
 * @param name the server's name
 * @param runtime where it runs: {@code docker} or {@code process}, or {@link #AUTO} while it isn't resolved
 * @param spark the Spark version
 * @param master Spark's master URL
 * @param port the gRPC port
 * @param uiPort the UI's port
 * @param driverMemory the driver's heap
 * @param javaHome the JDK to use; empty for the one that runs the daemon or is found
 * @param sparkHome a Spark distribution to use; empty for one resolved from Maven coordinates
 * @param packages Maven coordinates {@code group:artifact:version} that Spark adds at its start
 * @param conf Spark configuration beyond the fields
 * @param env the server's environment beyond the fixed one; values may be secret
 * @param health how its health is judged
 * @param restart what happens after a fault
 * @param stop how it is stopped
 * @param auth who may connect
 * @param expose from where it can be reached
 * @param profile folder of templates
 * @param templates a user's overlay folder, named on the command line
 * @param container what only matters in a container
 * @param archive whether a class data archive may speed up its start
 * @param cluster what only matters where a cluster does the work
 */
public record ServerSpec(
        ServerName name,
        String runtime,
        SparkVersion spark,
        String master,
        PortChoice port,
        PortChoice uiPort,
        MemorySize driverMemory,
        Optional<Path> javaHome,
        Optional<Path> sparkHome,
        List<String> packages,
        SortedMap<String, String> conf,
        SortedMap<String, String> env,
        HealthSpec health,
        RestartSpec restart,
        StopSpec stop,
        Auth auth,
        Expose expose,
        String profile,
        Optional<Path> templates,
        ContainerSpec container,
        boolean archive,
        ClusterSpec cluster) {
    /** What {@code runtime} says where it is for connectctl to choose. */
    public static final String AUTO = "auto";

    private static final String PACKAGES = "spark.jars.packages";

    public ServerSpec {
        packages = List.copyOf(packages);
        conf = sorted(conf);
        env = sorted(env);
    }

    /** Without a cluster. */
    public ServerSpec(
            ServerName name,
            String runtime,
            SparkVersion spark,
            String master,
            PortChoice port,
            PortChoice uiPort,
            MemorySize driverMemory,
            Optional<Path> javaHome,
            Optional<Path> sparkHome,
            List<String> packages,
            SortedMap<String, String> conf,
            SortedMap<String, String> env,
            HealthSpec health,
            RestartSpec restart,
            StopSpec stop,
            Auth auth,
            Expose expose,
            String profile,
            Optional<Path> templates,
            ContainerSpec container,
            boolean archive) {
        this(
                name,
                runtime,
                spark,
                master,
                port,
                uiPort,
                driverMemory,
                javaHome,
                sparkHome,
                packages,
                conf,
                env,
                health,
                restart,
                stop,
                auth,
                expose,
                profile,
                templates,
                container,
                archive,
                ClusterSpec.UNDECLARED);
    }

    /** With the defaults of everything that came later. */
    public ServerSpec(
            ServerName name,
            String runtime,
            SparkVersion spark,
            String master,
            PortChoice port,
            PortChoice uiPort,
            MemorySize driverMemory,
            Optional<Path> javaHome,
            Optional<Path> sparkHome,
            List<String> packages,
            SortedMap<String, String> conf,
            SortedMap<String, String> env,
            HealthSpec health,
            RestartSpec restart,
            StopSpec stop,
            Auth auth,
            Expose expose,
            String profile,
            Optional<Path> templates) {
        this(
                name,
                runtime,
                spark,
                master,
                port,
                uiPort,
                driverMemory,
                javaHome,
                sparkHome,
                packages,
                conf,
                env,
                health,
                restart,
                stop,
                auth,
                expose,
                profile,
                templates,
                Defaults.CONTAINER,
                Defaults.ARCHIVE);
    }

    /** The same server in this runtime. */
    public ServerSpec in(String resolved) {
        return new ServerSpec(
                name,
                resolved,
                spark,
                master,
                port,
                uiPort,
                driverMemory,
                javaHome,
                sparkHome,
                packages,
                conf,
                env,
                health,
                restart,
                stop,
                auth,
                expose,
                profile,
                templates,
                container,
                archive,
                cluster);
    }

    /** The same server with this configuration and environment. */
    ServerSpec with(SortedMap<String, String> otherConf, SortedMap<String, String> otherEnv) {
        return new ServerSpec(
                name,
                runtime,
                spark,
                master,
                port,
                uiPort,
                driverMemory,
                javaHome,
                sparkHome,
                packages,
                otherConf,
                otherEnv,
                health,
                restart,
                stop,
                auth,
                expose,
                profile,
                templates,
                container,
                archive,
                cluster);
    }

    /** The packages, and those of {@code spark.jars.packages} after them: Spark takes both in one list. */
    public List<String> allPackages() {
        Set<String> all = new LinkedHashSet<>(packages);
        for (String more : conf.getOrDefault(PACKAGES, "").split(",", -1)) {
            if (!more.isBlank()) {
                all.add(more.strip());
            }
        }
        return List.copyOf(all);
    }

    private static SortedMap<String, String> sorted(Map<String, String> map) {
        return Collections.unmodifiableSortedMap(new TreeMap<>(map));
    }
}
