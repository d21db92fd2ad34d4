package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The machine had no memory, or no thread, left for the JVM. */
final class HostOutOfMemory implements Rule {
    private static final Pattern NO_MEMORY =
            Pattern.compile("os::commit_memory\\(.{0,200}errno=12|insufficient memory for the Java Runtime Environment"
                    + "|Could not reserve enough space|Could not allocate metaspace|Cannot create worker GC thread");
    private static final Pattern NO_THREAD =
            Pattern.compile("OutOfMemoryError: unable to create (?:new )?native thread");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.outsideLogging(NO_MEMORY)
                .flatMap(hit -> hit.fault(
                        "HOST_OUT_OF_MEMORY",
                        "the machine has no memory left for a driver memory of "
                                + clues.spec().driverMemory(),
                        "free memory (`free -h`, other servers: `connectctl top`), raise the limit it runs under (`ulimit -v`, cgroup), or ask for less: "
                                + clues.again("--driver-memory 1g")))
                .or(() -> clues.startup(NO_THREAD)
                        .or(() -> clues.exit().isPresent() && !clues.exitedWith(130, 143)
                                ? clues.anywhere(NO_THREAD)
                                : Optional.empty())
                        .flatMap(hit -> hit.fault(
                                "HOST_OUT_OF_MEMORY",
                                "the system refused the server another thread",
                                "raise the limit on processes and threads (`ulimit -u`, the cgroup's pids.max), or end what uses them, then "
                                        + clues.again(""))));
    }

    @Override
    public Set<String> codes() {
        return Set.of("HOST_OUT_OF_MEMORY");
    }
}
