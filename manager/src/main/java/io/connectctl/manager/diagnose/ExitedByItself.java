package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;

/** It ended with success, which a server doesn't do. */
final class ExitedByItself implements Rule {
    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exitedWith(0)
                ? Optional.of(new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "EXITED",
                                "the server ended by itself, with exit code 0",
                                "see " + clues.readTheLog()
                                        + "; a template's entrypoint must run Spark in the foreground, with `exec`",
                                Ending.evidence(clues),
                                true)))
                : Optional.empty();
    }

    @Override
    public Set<String> codes() {
        return Set.of("EXITED");
    }
}
