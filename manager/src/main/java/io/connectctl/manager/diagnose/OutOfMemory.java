package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.MemorySize;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The JVM ran out of heap or of another space of its own. */
final class OutOfMemory implements Rule {
    private static final Pattern LOGGED = Pattern.compile("java\\.lang\\.OutOfMemoryError: ?(.{0,120})");
    private static final int SPARK_OOM = 52;

    @Override
    public Optional<Finding> look(Clues clues) {
        // A query's error may quote these words, and a server may outlive an OutOfMemoryError: only a death that fits
        // counts,
        // or what the JVM says itself, past the logging.
        Optional<Hit> hit = clues.startup(LOGGED)
                .or(() -> clues.exitedWith(3, 50, 51, SPARK_OOM, 134) ? clues.anywhere(LOGGED) : Optional.empty())
                .or(() -> clues.exitedWith(1, 255) ? clues.outsideLogging(LOGGED) : Optional.empty());
        return hit.filter(found -> !found.match().group(1).startsWith("unable to create"))
                .flatMap(found -> found.fault(
                        "OUT_OF_MEMORY_HEAP", summary(clues, found.group(1)), remedy(clues, found.group(1))))
                .or(() -> clues.exitedWith(SPARK_OOM)
                        ? Optional.of(new Finding(
                                Finding.NOWHERE,
                                new Cause(
                                        "OUT_OF_MEMORY_HEAP",
                                        summary(clues, "exit code 52"),
                                        remedy(clues, ""),
                                        List.of("exit code 52, by which Spark says that it ran out of memory"),
                                        true)))
                        : Optional.empty());
    }

    private static String summary(Clues clues, String space) {
        return "the server ran out of memory (" + space + ") with a driver memory of "
                + clues.spec().driverMemory();
    }

    private static String remedy(Clues clues, String space) {
        if (space.startsWith("Metaspace") || space.startsWith("Compressed class space")) {
            return "raise -XX:MaxMetaspaceSize, or take it out of spark.driver.extraJavaOptions: "
                    + clues.again("--conf spark.driver.extraJavaOptions=...");
        }
        if (space.startsWith("Direct buffer") || space.startsWith("Cannot reserve")) {
            return "raise -XX:MaxDirectMemorySize (by default as large as the driver memory): "
                    + clues.again("--conf spark.driver.extraJavaOptions=-XX:MaxDirectMemorySize=2g");
        }
        long doubled = Math.min(clues.spec().driverMemory().bytes(), Long.MAX_VALUE / 4) * 2;
        return "give the driver more memory: " + clues.again("--driver-memory " + new MemorySize(doubled))
                + ", or let queries bring less into the driver (collect, toPandas, broadcasts)";
    }

    @Override
    public Set<String> codes() {
        return Set.of("OUT_OF_MEMORY_HEAP");
    }
}
