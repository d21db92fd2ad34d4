package io.connectctl.manager.diagnose;

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
                                        + clues.spec().driverMemory() + "; the JVM needs some hundred MiB beyond it)",
                                "give machine or container more memory, run fewer servers (`connectctl top`), or give this one a smaller heap: "
                                        + clues.again("--driver-memory 1g"),
                                Ending.evidence(clues),
                                true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("OUT_OF_MEMORY_KILLED");
    }
}
