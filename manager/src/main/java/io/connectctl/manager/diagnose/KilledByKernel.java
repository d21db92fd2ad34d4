package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The kernel ended it for want of memory: only the runtime can tell that from any other SIGKILL. */
final class KilledByKernel implements Rule {
    private static final Pattern NOTE = Pattern.compile("(?i)out of memory|\\boom\\b|oom[-_ ]?kill");
    private static final int SIGKILL = 9;

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exit()
                .filter(exit -> exit.code().isEmpty() || exit.signal().orElse(0) == SIGKILL)
                .filter(exit ->
                        exit.note().filter(note -> NOTE.matcher(note).find()).isPresent())
                .map(exit -> new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "OUT_OF_MEMORY_KILLED",
                                "the kernel killed the server because memory ran out (driver memory "
                                        + clues.spec().driverMemory() + limit(clues)
                                        + "; the JVM needs some hundred MiB beyond it)",
                                remedy(clues),
                                Ending.evidence(clues),
                                true)));
    }

    private static String limit(Clues clues) {
        ContainerSpec container = clues.spec().container();
        return clues.contained() && !container.loosens(Loosening.MEMORY)
                ? ", container limit " + container.limitFor(clues.spec().driverMemory())
                : "";
    }

    private static String remedy(Clues clues) {
        if (!clues.contained()) {
            return "give the machine more memory, run fewer servers (`connectctl top`), or give this one a smaller heap: "
                    + clues.again("--driver-memory 1g");
        }
        MemorySize limit = clues.spec().container().limitFor(clues.spec().driverMemory());
        long more = Math.min(limit.bytes(), Long.MAX_VALUE / 4) / 2 * 3;
        return "give the container more room beyond the heap: "
                + clues.again("--container-memory " + new MemorySize(more >> 20 << 20))
                + ", or run fewer servers where the machine itself is full (`connectctl top`)";
    }

    @Override
    public Set<String> codes() {
        return Set.of("OUT_OF_MEMORY_KILLED");
    }
}
