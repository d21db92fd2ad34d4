package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SparkVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What things of one server are called at the engine. One fixed container name a server: the engine itself refuses a second.
 *
 * @param installation see {@link Installation}
 * @param server the server
 */
record Names(String installation, ServerName server) {
    static final String INSTALLATION = Installation.LABEL;
    static final String SERVER = "io.connectctl.server";
    static final String INCARNATION = "io.connectctl.incarnation";
    static final String MARKER = "io.connectctl.marker";
    /** On leased containers and their volumes: the server, which goes when its lease does. */
    static final String LEASE = "io.connectctl.lease";

    private static final String COMPOSE = "com.docker.compose.";

    static final String FINGERPRINT = "io.connectctl.fingerprint";
    /** On volumes of packages: which they are. */
    static final String PACKAGE_SET = "io.connectctl.package-set";

    /** On containers of an exported compose file: where the server listens inside. */
    static final String GRPC_PORT = "io.connectctl.port";

    static final String UI_PORT = "io.connectctl.ui-port";

    /** On images: the folder of Spark's jars. */
    static final String JARS = "io.connectctl.jars";

    /** On images: the version of their Spark. */
    static final String SPARK = "io.connectctl.spark";

    /** Spark's home in images that don't name it, as in Apache's. */
    static final Path SPARK_HOME = Path.of("/opt/spark");

    /** Folders in the container; each is a volume. */
    static final Path CONF = Path.of("/opt/connectctl/conf");

    /** Above the folders of packages; each is a volume that servers share, named by its last part. */
    static final Path PACKAGES = Path.of("/opt/connectctl/packages");

    static final Path WORK = Path.of("/var/lib/connectctl/work");
    static final Path WAREHOUSE = Path.of("/var/lib/connectctl/warehouse");

    /** The image that is built here for a version where none is named; known also where docker-java isn't on the class path. */
    static String builtImage(SparkVersion spark) {
        return "connectctl/spark:" + spark.text();
    }

    String container() {
        return "connectctl-" + installation + "-" + server;
    }

    /** A container that is never started: files enter the volumes through it. */
    String helper() {
        return container() + "-files";
    }

    String conf() {
        return container() + "-conf";
    }

    /** The volume of a set of packages, which all servers of this installation share. */
    String packages(Path folder) {
        return "connectctl-" + installation + "-packages-" + folder.getFileName();
    }

    /** Labels of that volume: it belongs to no server. */
    Map<String, String> packagesLabels(Path folder) {
        return Map.of(INSTALLATION, installation, PACKAGE_SET, String.valueOf(folder.getFileName()));
    }

    String work() {
        return container() + "-work";
    }

    String warehouse() {
        return container() + "-warehouse";
    }

    /** Labels of everything that belongs to the server. */
    Map<String, String> labels() {
        Map<String, String> labels = new TreeMap<>();
        labels.put(INSTALLATION, installation);
        labels.put(SERVER, server.value());
        return labels;
    }

    /** Labels of a leased server's volumes. */
    Map<String, String> leasedLabels() {
        Map<String, String> labels = labels();
        labels.put(LEASE, server.value());
        return labels;
    }

    /** Labels of the container of one launch. */
    Map<String, String> labels(LaunchPlan plan) {
        Map<String, String> labels = labels();
        labels.put(INCARNATION, Integer.toString(plan.ticket().incarnation()));
        labels.put(MARKER, plan.ticket().marker());
        labels.put(FINGERPRINT, plan.rendering().fingerprint());
        labels.putAll(compose(plan.rendering().fingerprint()));
        return labels;
    }

    /**
     * What docker compose knows its containers by (v2: it passes over one without a configuration's hash, and over one-off ones), so
     * that {@code docker compose -p connectctl-INSTALLATION ps}, {@code logs}, {@code top}, {@code stop} and {@code restart} work for
     * servers that no compose file made. The project is this installation's alone: a folder of somebody's that is called connectctl
     * makes a project of that name, and what its {@code up} finds there under a service's name it would make anew. Volumes bear none of
     * these: {@code down -v} takes those of its project.
     */
    private Map<String, String> compose(String hash) {
        return Map.of(
                COMPOSE + "project",
                "connectctl-" + installation,
                COMPOSE + "service",
                server.value(),
                COMPOSE + "container-number",
                "1",
                COMPOSE + "oneoff",
                "False",
                COMPOSE + "config-hash",
                hash,
                // It is asked for; no file made this.
                COMPOSE + "project.config_files",
                "");
    }

    /** Filters for the containers of an installation's instances; helpers have no marker. */
    static List<String> instances(String installation) {
        return List.of(INSTALLATION + "=" + installation, MARKER);
    }

    /** True if this container is an instance of this server. */
    boolean owns(Container container) {
        return container.label(INSTALLATION).equals(installation)
                && container.label(SERVER).equals(server.value());
    }
}
