package io.connectctl.compose.runtime;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.HadoopConf;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the executors of one launch reach its driver. Comes to the launch through the environment, as what a machine's network looks like
 * was declared by nobody: another address must not make a running server look out of date.
 *
 * @param host what executors are told, without the brackets that Spark wants around an IPv6 address where it was found here; empty where the server finds it out for itself
 * @param port of the driver's RPC; empty for any
 * @param blockManagerPort of its block manager; empty for any
 */
public record DriverReach(Optional<String> host, OptionalInt port, OptionalInt blockManagerPort) {
    private static final Logger LOG = LoggerFactory.getLogger(DriverReach.class);
    private static final String HOST_VARIABLE = "CONNECTCTL_DRIVER_HOST";
    private static final String PORT_VARIABLE = "CONNECTCTL_DRIVER_PORT";
    private static final String BLOCKS_VARIABLE = "CONNECTCTL_BLOCK_PORT";

    /** A local server's: nobody has to reach its driver. */
    public static final DriverReach NONE = new DriverReach(Optional.empty(), OptionalInt.empty(), OptionalInt.empty());

    /** Of a process: its ports are this machine's, so any will do where none is declared. */
    public static DriverReach ofProcess(ServerSpec spec) {
        if (!needed(spec)) {
            return NONE;
        }
        DriverNetwork declared = DriverNetwork.of(spec);
        return new DriverReach(
                declared.host().or(() -> towardsMaster(spec)), declared.port(), declared.blockManagerPort());
    }

    /**
     * Of a container: its ports must be the same inside and outside, since Spark tells executors the port that it binds; so free ones of
     * this machine are chosen where none are declared.
     *
     * @throws IOException if this machine has no free port
     */
    public static DriverReach ofContainer(ServerSpec spec) throws IOException {
        if (!needed(spec)) {
            return NONE;
        }
        DriverNetwork declared = DriverNetwork.of(spec);
        // Both are held at once, so that they differ.
        try (ServerSocket first = new ServerSocket(0);
                ServerSocket second = new ServerSocket(0)) {
            return new DriverReach(
                    declared.host().or(() -> towardsMaster(spec)),
                    OptionalInt.of(declared.port().orElse(first.getLocalPort())),
                    OptionalInt.of(declared.blockManagerPort().orElse(second.getLocalPort())));
        }
    }

    private static boolean needed(ServerSpec spec) {
        return Exposures.opensDriver(spec);
    }

    /** The plan whose server is told of it. */
    public LaunchPlan in(LaunchPlan plan) {
        Map<String, String> variables = new TreeMap<>();
        DriverNetwork declared = DriverNetwork.of(plan.spec());
        host.filter(any -> declared.host().isEmpty())
                .ifPresent(name -> variables.put(HOST_VARIABLE, DriverNetwork.spoken(name)));
        if (port.isPresent() && declared.port().isEmpty()) {
            variables.put(PORT_VARIABLE, Integer.toString(port.getAsInt()));
        }
        if (blockManagerPort.isPresent() && declared.blockManagerPort().isEmpty()) {
            variables.put(BLOCKS_VARIABLE, Integer.toString(blockManagerPort.getAsInt()));
        }
        return variables.isEmpty() ? plan : plan.with(variables);
    }

    /**
     * The address of this machine's that packets to the master leave by; nothing is sent to find out. The first that other machines can
     * use: where a master's name is mapped to this machine's loopback, as many systems map their own, another one of them may tell.
     */
    private static Optional<String> towardsMaster(ServerSpec spec) {
        List<String> masters = masters(spec);
        // A cluster that knows itself by loopback alone is all on this machine.
        boolean here = masters.stream().allMatch(MasterUrl::isLoopback);
        for (String master : masters) {
            Optional<InetAddress> own = towards(master);
            if (own.filter(address -> here || isOthers(address)).isPresent()) {
                return Optional.of(own.get().getHostAddress());
            }
        }
        return Optional.empty();
    }

    /** True if other machines can reach this one by it. */
    static boolean isOthers(InetAddress address) {
        return !address.isAnyLocalAddress() && !address.isLoopbackAddress() && !address.isLinkLocalAddress();
    }

    private static Optional<InetAddress> towards(String master) {
        try (DatagramSocket socket = new DatagramSocket()) {
            URI uri = new URI("any://" + master);
            if (uri.getHost() == null || uri.getPort() <= 0) {
                return Optional.empty();
            }
            InetSocketAddress address = new InetSocketAddress(uri.getHost(), uri.getPort());
            if (address.isUnresolved()) {
                return Optional.empty();
            }
            socket.connect(address);
            return Optional.of(socket.getLocalAddress());
        } catch (IOException | URISyntaxException e) {
            LOG.debug("no way to {}: the server finds its own address", master, e);
            return Optional.empty();
        }
    }

    private static List<String> masters(ServerSpec spec) {
        Optional<Path> conf = spec.cluster().hadoopConf();
        if (!spec.master().equals("yarn")) {
            return MasterUrl.standalones(spec.master());
        }
        try {
            return conf.isEmpty()
                    ? List.of()
                    : HadoopConf.of(conf.get(), spec.env()).submissions();
        } catch (IOException e) {
            LOG.debug("the ResourceManager isn't known", e);
            return List.of();
        }
    }
}
