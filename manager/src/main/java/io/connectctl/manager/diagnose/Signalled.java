package io.connectctl.manager.diagnose;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;

/** Somebody else ended it. */
final class Signalled implements Rule {
    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exit()
                .map(ExitStatus::signal)
                .filter(signal -> signal.isPresent())
                .flatMap(signal -> switch (signal.getAsInt()) {
                    case 9 ->
                        finding(
                                clues,
                                "KILLED",
                                "somebody killed the server with signal 9 (SIGKILL), not connectctl",
                                clues.contained()
                                        ? "`docker kill` does so, and a kill -9 inside; to have it stay down use `connectctl stop "
                                                + clues.spec().name() + "` or `docker stop`"
                                        : "if nobody did it by hand, the kernel may have for want of memory: `journalctl -k -g oom` tells");
                    case 1, 2, 15 ->
                        finding(
                                clues,
                                "TERMINATED",
                                "somebody ended the server with " + Ending.signalName(signal.getAsInt())
                                        + ", not connectctl",
                                "to have it stay down use `connectctl stop "
                                        + clues.spec().name() + "`");
                    default -> Optional.empty();
                });
    }

    private static Optional<Finding> finding(Clues clues, String code, String summary, String remedy) {
        return Optional.of(
                new Finding(Finding.NOWHERE, new Cause(code, summary, remedy, Ending.evidence(clues), true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("KILLED", "TERMINATED");
    }
}
