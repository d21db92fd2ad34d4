package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.ProbeFailure;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;

/** From evidence to a cause; the supervisor is given one, tests give it a fake. May block for a moment; never throws. */
@FunctionalInterface
public interface CauseFinder {
    /**
     * Why an instance ended, or why it doesn't work.
     *
     * @param spec its declaration, secret values included: they must not get into the cause
     * @param exit how it ended; empty while it runs
     * @param log the last lines of its log, oldest first
     * @param probe why its latest probe failed, where one failed
     * @return a cause; code UNKNOWN where the evidence doesn't tell
     */
    Cause find(ServerSpec spec, Optional<ExitStatus> exit, List<String> log, Optional<ProbeFailure> probe);
}
