package io.connectctl.compose.spec;

import java.util.ArrayList;
import java.util.List;

/** What of a server can be reached from other machines, in words that people read before they find out otherwise. */
public final class Exposures {
    private static final String CONTAINER = "docker";

    private Exposures() {}

    /**
     * One sentence for each thing that is open beyond this machine; empty where nothing is. Whoever shows it says EXPOSED.
     *
     * <p>Whatever a server binds inside its container, only what is published leaves it: the gRPC port and the UI's, at the address
     * that {@code expose} says. One that nobody chose a runtime for yet is taken for a process.
     */
    public static List<String> of(ServerSpec spec) {
        List<String> exposures = new ArrayList<>();
        boolean process = !spec.runtime().equals(CONTAINER);
        String port = spec.port() instanceof PortChoice.Fixed fixed ? "port " + fixed.port() : "its port";
        if (spec.expose() == Expose.ALL) {
            exposures.add(port + " is open on every interface, as declared (expose: all); clients need the token");
            if (!(spec.uiPort() instanceof PortChoice.Off)) {
                exposures.add(
                        "the Spark UI is open on every interface and asks nobody who they are; uiPort: off closes it");
            }
        } else if (process && !spec.spark().hasBindingAddress()) {
            // SPARK-44482: 3.x ignores spark.connect.grpc.binding.address without a word.
            exposures.add(
                    "Spark " + spec.spark()
                            + " can't bind to loopback (it ignores spark.connect.grpc.binding.address,"
                            + " which came with 4.0), so " + port
                            + " is open on every interface and asks for no token; use Spark 4, or close the port in the firewall");
        }
        if (process && !MasterUrl.staysHere(spec.master()) && !authenticated(spec)) {
            exposures.add(
                    "the driver's RPC and block manager ports are open on every interface, since the executors of "
                            + "a cluster must reach them, and ask for no password; set spark.authenticate: true in conf (with"
                            + " spark.authenticate.secret, the cluster's own, where the master is spark://), or close the"
                            + " ports in the firewall to all but the cluster");
        }
        return List.copyOf(exposures);
    }

    private static boolean authenticated(ServerSpec spec) {
        return spec.conf().getOrDefault("spark.authenticate", "false").strip().equalsIgnoreCase("true");
    }
}
