package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** An address to listen on is not one of this machine. */
final class ForeignAddress implements Rule {
    private static final Pattern CONNECT = Pattern.compile("Failed to bind to address (\\S{0,200}?):\\d{1,5}\\b");
    private static final Pattern SERVICE = Pattern.compile("Cannot assign requested address: Service '(\\w+)' failed");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(SERVICE)
                .flatMap(hit -> hit.config(
                        "BAD_CONF_VALUE",
                        "Spark's service '" + hit.group(1)
                                + "' was told to listen on an address that this machine doesn't have"
                                + clues.conf("spark.driver.bindAddress"),
                        "take spark.driver.bindAddress (or SPARK_LOCAL_IP) out of the declaration, or set it to an address of this machine: "
                                + clues.again("--conf spark.driver.bindAddress=127.0.0.1")))
                .or(() -> clues.startup(CONNECT)
                        .flatMap(hit -> hit.config(
                                "BAD_CONF_VALUE",
                                "the gRPC server can't listen on " + hit.group(1)
                                        + (hit.group(1).endsWith("<unresolved>")
                                                ? ": the name can't be resolved"
                                                : ": this machine doesn't have that address"),
                                "set spark.connect.grpc.binding.address to an address of this machine: "
                                        + clues.again("--conf spark.connect.grpc.binding.address=127.0.0.1"))));
    }

    @Override
    public Set<String> codes() {
        return Set.of("BAD_CONF_VALUE");
    }
}
