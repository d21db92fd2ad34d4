package io.connectctl.manager.supervise;

import com.sun.management.OperatingSystemMXBean;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ServerSpec;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/** The memory of the machine, or of the container that the daemon itself runs in. */
final class MachineMemory {
    private MachineMemory() {}

    /** In bytes; 0 where it isn't known. The JVM heeds the limit of its own container, as the kernel does. */
    static long bytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    /**
     * Warns of a heap that can't be there: a JVM reserves it without a word, and is killed much later, by a query. A container's limit is
     * checked at its launch, by its engine's machine.
     *
     * @param place where the heap was declared
     */
    static Optional<Problem> tooLittleFor(ServerSpec spec, long bytes, Optional<Location> place) {
        boolean here = !spec.runtime().equals("docker");
        return here && bytes > 0 && spec.driverMemory().bytes() > bytes
                ? Optional.of(new Problem(
                        Problem.Severity.WARNING,
                        place,
                        "servers." + spec.name() + ".driverMemory",
                        "is " + spec.driverMemory() + ", and this machine has "
                                + String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30))
                                + ": it starts, and is killed once it uses more than there is; declare less",
                        Optional.empty()))
                : Optional.empty();
    }
}
