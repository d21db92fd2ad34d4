package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The JVM itself broke: a native fault or an abort. */
final class JvmCrashed implements Rule {
    private static final Pattern FATAL = Pattern.compile(
            "^#\\s+(SIG[A-Z]{3,5} \\(0x[0-9a-f]+\\).{0,120}|Internal Error .{1,160}|fatal error: .{1,160})");

    @Override
    public Optional<Finding> look(Clues clues) {
        String remedy =
                "read the hs_err_pid file beside the server's log (a container's is in its volume); a native library, the JDK or the machine's memory is at fault: try another JDK: "
                        + clues.again("--java-home /path/to/jdk17");
        return clues.outsideLogging(FATAL)
                .flatMap(hit -> hit.fault("JVM_CRASHED", "the JVM crashed: " + hit.group(1), remedy))
                .or(() -> clues.exitedWith(134, 139, 135, 132)
                        ? Optional.of(new Finding(
                                Finding.NOWHERE,
                                new Cause(
                                        "JVM_CRASHED",
                                        "the JVM crashed: " + Ending.words(clues),
                                        remedy,
                                        Ending.evidence(clues),
                                        true)))
                        : Optional.empty());
    }

    @Override
    public Set<String> codes() {
        return Set.of("JVM_CRASHED");
    }
}
