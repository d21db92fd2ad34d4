package io.connectctl.compose.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What of a server can be reached from other machines, in words that people read before they find out otherwise. */
public final class Exposures {
    private static final String CONTAINER = "docker";

    private Exposures() {}

    /**
     * One sentence for each thing that is open beyond this machine; empty where nothing is. Whoever shows it says EXPOSED.
     *
     * <p>Whatever a server binds inside its container, only what is published leaves it: the gRPC port and the UI's, at the address
     * that {@code expose} says, and with a cluster elsewhere the ports that its executors connect to. One that nobody chose a runtime
     * for yet is taken for a process.
     */
    public static List<String> of(ServerSpec spec) {
        List<String> exposures = new ArrayList<>(declared(spec));
        boolean process = !spec.runtime().equals(CONTAINER);
        if (spec.expose() != Expose.ALL && process && !spec.spark().hasBindingAddress()) {
            // SPARK-44482: 3.x ignores spark.connect.grpc.binding.address without a word.
            exposures.add(
                    "Spark " + spec.spark()
                            + " can't bind to loopback (it ignores spark.connect.grpc.binding.address,"
                            + " which came with 4.0), so " + port(spec)
                            + " is open on every interface and asks for no token; use Spark 4, or close the port in the firewall");
        }
        if (opensDriver(spec)) {
            String where = "open on every interface";
            if (!process) {
                // The runtime publishes them on the address that executors are told, where that is this machine's own.
                where = DriverNetwork.of(spec).host().isPresent()
                        ? "published on every interface (0.0.0.0)"
                        : "published on the address by which this machine reaches " + spec.master()
                                + " (on 0.0.0.0 where that can't be found out)";
            }
            driver(spec, where).ifPresent(exposures::add);
        }
        return List.copyOf(exposures);
    }

    /** True if executors reach the driver from other machines: its cluster is elsewhere, or an address for it is declared. */
    public static boolean opensDriver(ServerSpec spec) {
        return MasterUrl.isCluster(spec.master())
                && (!MasterUrl.staysHere(spec.master())
                        || DriverNetwork.of(spec)
                                .host()
                                // Told its own loopback, they are on this machine, too.
                                .filter(host -> !MasterUrl.isLoopback(host + ":1"))
                                .isPresent());
    }

    /** The same of a server in an exported compose project, which publishes what is declared and nothing else. */
    public static List<String> ofExported(ServerSpec spec) {
        List<String> exposures = new ArrayList<>(declared(spec));
        DriverNetwork driver = spec.cluster().driver();
        if (driver.port().isPresent() || driver.blockManagerPort().isPresent()) {
            driver(spec, "published on every interface (0.0.0.0)").ifPresent(exposures::add);
        }
        return List.copyOf(exposures);
    }

    private static String port(ServerSpec spec) {
        return spec.port() instanceof PortChoice.Fixed fixed ? "port " + fixed.port() : "its port";
    }

    /** What {@code expose} opens. */
    private static List<String> declared(ServerSpec spec) {
        List<String> exposures = new ArrayList<>();
        if (spec.expose() == Expose.ALL) {
            exposures.add(
                    port(spec) + " is open on every interface, as declared (expose: all); clients need the token");
            if (!(spec.uiPort() instanceof PortChoice.Off)) {
                exposures.add(
                        "the Spark UI is open on every interface and asks nobody who they are; uiPort: off closes it");
            }
        }
        return exposures;
    }

    private static Optional<String> driver(ServerSpec spec, String where) {
        return authenticated(spec)
                ? Optional.empty()
                : Optional.of("the driver's RPC and block manager ports are " + where
                        + ", since the executors of a cluster must reach them, and ask for no password; set"
                        + " spark.authenticate: true in conf (with spark.authenticate.secret, the cluster's own, where the"
                        + " master is spark://), or close the ports in the firewall to all but the cluster");
    }

    private static boolean authenticated(ServerSpec spec) {
        return spec.conf().getOrDefault("spark.authenticate", "false").strip().equalsIgnoreCase("true");
    }
}
