package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.LadderFactory;
import io.connectctl.health.Workload;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.diagnose.Evidence;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.store.StateStore;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * All that a fleet is given by the composition root.
 *
 * @param folders where secrets and tokens lie
 * @param store what survives; closed by whoever opened it
 * @param runtimes by name; closed by whoever opened them
 * @param planner renders
 * @param ladders probes
 * @param workload what clients do
 * @param causes diagnoses; may block for a moment
 * @param exposures what of a declaration deserves the word EXPOSED, in words
 * @param probes hears of every rung that was tried
 * @param time the only clock
 * @param clusters what the schedulers of clusters say
 */
public record Surroundings(
        Folders folders,
        StateStore store,
        Map<String, ServerRuntime> runtimes,
        Planner planner,
        LadderFactory ladders,
        Workload workload,
        Function<Evidence, Cause> causes,
        Function<ServerSpec, List<String>> exposures,
        ProbeListener probes,
        Time time,
        Clusters clusters) {
    public Surroundings {
        runtimes = Map.copyOf(runtimes);
    }
}
