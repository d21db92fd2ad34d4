package io.connectctl.compose.spec;

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
    /** Nothing declared. */
    public static final DriverNetwork UNDECLARED =
            new DriverNetwork(Optional.empty(), OptionalInt.empty(), OptionalInt.empty());

    /** What is declared of a server's, by the field or by Spark's own key in {@code conf}, which are the same said twice. */
    public static DriverNetwork of(ServerSpec spec) {
        DriverNetwork fields = spec.cluster().driver();
        return new DriverNetwork(
                fields.host().or(() -> Optional.ofNullable(spec.conf().get("spark.driver.host"))),
                port(fields.port(), spec, "spark.driver.port"),
                port(fields.blockManagerPort(), spec, "spark.blockManager.port"));
    }

    private static OptionalInt port(OptionalInt field, ServerSpec spec, String key) {
        String text = spec.conf().getOrDefault(key, "").strip();
        // Zero is any, and what is no number Spark itself refuses.
        return field.isPresent() || !text.matches("[1-9]\\d{0,4}") ? field : OptionalInt.of(Integer.parseInt(text));
    }

    /** A host as Spark wants it (Utils.checkHost): an IPv6 address in brackets, without the interface of this machine. */
    public static String spoken(String host) {
        return host.indexOf(':') < 0 || host.startsWith("[") ? host : "[" + host.replaceFirst("%.*", "") + "]";
    }
}
