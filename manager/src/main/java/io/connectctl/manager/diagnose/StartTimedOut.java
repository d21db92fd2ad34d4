package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;

/** It lives, and was not usable in time. */
final class StartTimedOut implements Rule {
    @Override
    public Optional<Finding> look(Clues clues) {
        if (!clues.lived() || clues.evidence().stage() != Evidence.Stage.STARTING) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Finding.NOWHERE,
                new Cause(
                        "START_TIMEOUT",
                        "the server was not usable within "
                                + Ending.seconds(clues.spec().health().startTimeout()) + " (health.startTimeout)"
                                + Ending.lastProbe(clues),
                        "see what it was doing: " + clues.readTheLog()
                                + "; if it only needs longer, raise health.startTimeout in connectctl.yaml and "
                                + clues.again(""),
                        clues.lastLines(2),
                        true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("START_TIMEOUT");
    }
}
