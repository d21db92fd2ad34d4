package io.connectctl.compose.spec;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How executors find their way back to the driver: they open the connections, so a driver that they can't reach gets no work done.
 *
 * @param host the name or address that they are told; empty for the one by which this machine reaches the master
 * @param port of the driver's RPC; empty for any that is free
 * @param blockManagerPort where the driver serves broadcast data; empty for any that is free
 */
public record DriverNetwork(Optional<String> host, OptionalInt port, OptionalInt blockManagerPort) {
    private static final List<String> RPC_KEYS = List.of("spark.driver.port");

    /** On the driver its own key beats the common one. */
    private static final List<String> BLOCK_KEYS = List.of("spark.driver.blockManager.port", "spark.blockManager.port");

    /** Nothing declared. */
    public static final DriverNetwork UNDECLARED =
            new DriverNetwork(Optional.empty(), OptionalInt.empty(), OptionalInt.empty());

    /** What is declared of a server's, by the field or by Spark's own key in {@code conf}, which are the same said twice. */
    public static DriverNetwork of(ServerSpec spec) {
        DriverNetwork fields = spec.cluster().driver();
        return new DriverNetwork(
                fields.host().or(() -> Optional.ofNullable(spec.conf().get("spark.driver.host"))
                        .map(String::strip)
                        .filter(host -> !host.isEmpty())),
                port(fields.port(), spec, RPC_KEYS),
                port(fields.blockManagerPort(), spec, BLOCK_KEYS));
    }

    /** What a port comes from, for a sentence: the field, or the key in {@code conf}. */
    public static String source(ServerSpec spec, boolean rpc) {
        DriverNetwork fields = spec.cluster().driver();
        boolean declared = (rpc ? fields.port() : fields.blockManagerPort()).isPresent();
        return (declared ? List.<String>of() : rpc ? RPC_KEYS : BLOCK_KEYS)
                .stream()
                        .filter(key -> spec.conf().containsKey(key))
                        .findFirst()
                        .map(key -> key + " in conf")
                        .orElse(rpc ? "driver.port" : "driver.blockManagerPort");
    }

    private static OptionalInt port(OptionalInt field, ServerSpec spec, List<String> keys) {
        if (field.isPresent()) {
            return field;
        }
        // Zero is any, and what is no port Spark itself refuses.
        String text = keys.stream()
                .filter(key -> spec.conf().containsKey(key))
                .findFirst()
                .map(key -> spec.conf().getOrDefault(key, "").strip())
                .orElse("");
        return text.matches("[1-9]\\d{0,4}") && Integer.parseInt(text) < 65_536
                ? OptionalInt.of(Integer.parseInt(text))
                : OptionalInt.empty();
    }

    /** A host as Spark wants it (Utils.checkHost): an IPv6 address in brackets, without the interface of this machine. */
    public static String spoken(String host) {
        return host.indexOf(':') < 0 || host.startsWith("[") ? host : "[" + host.replaceFirst("%.*", "") + "]";
    }
}
