package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The heap is below what Spark, or the JVM itself, starts with. */
final class DriverMemoryTooSmall implements Rule {
    private static final Pattern SPARK = Pattern.compile("System memory (\\d{1,18}) must be at least (\\d{1,18})");
    private static final Pattern JVM = Pattern.compile("^Too small (?:maximum|initial) heap");

    @Override
    public Optional<Finding> look(Clues clues) {
        String remedy = "give the driver more memory: " + clues.again("--driver-memory 1g");
        return clues.startup(SPARK)
                .flatMap(hit -> hit.config(
                        "DRIVER_MEMORY_TOO_SMALL",
                        "driver memory " + clues.spec().driverMemory() + " is too small: the JVM offers Spark "
                                + mebibytes(hit.group(1)) + ", and Spark needs " + mebibytes(hit.group(2)),
                        remedy))
                .or(() -> clues.startup(JVM)
                        .flatMap(hit -> hit.config(
                                "DRIVER_MEMORY_TOO_SMALL",
                                "driver memory " + clues.spec().driverMemory() + " is too small for the JVM itself",
                                remedy)));
    }

    private static String mebibytes(String bytes) {
        return (Long.parseLong(bytes) >> 20) + " MiB";
    }

    @Override
    public Set<String> codes() {
        return Set.of("DRIVER_MEMORY_TOO_SMALL");
    }
}
