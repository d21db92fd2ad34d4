package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.ExecutorMemory;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.health.ProbeFailure;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The driver lives, and its cluster gives it fewer executors than it needs. */
final class ExecutorsMissing implements Rule {
    /** Which the supervisor adds to the log's end. */
    private static final Pattern ROOM = Pattern.compile("^YARN says: (cluster has .{1,200})");

    private static final Pattern LOST = Pattern.compile("Lost executor \\d{1,10} on (\\S{1,200}): (.{1,200})");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.evidence()
                .probe()
                .filter(probe -> probe.kind() == ProbeFailure.Kind.NO_EXECUTORS && clues.lived())
                .map(probe -> {
                    Optional<Hit> lost = clues.anyLine(LOST);
                    return new Finding(
                            lost.map(hit -> hit.entry().at()).orElse(Finding.NOWHERE),
                            new Cause(
                                    "NO_EXECUTORS",
                                    probe.detail() + room(clues),
                                    "see whether the machines of "
                                            + clues.spec().master()
                                            + " work and have room (their page; `connectctl describe "
                                            + clues.spec().name()
                                            + "` says what one executor takes)"
                                            + workers(clues) + "; fewer are enough with health.minExecutors,"
                                            + " and " + clues.again("--executors 1 --executor-memory 512m")
                                            + " asks for less",
                                    lost.map(hit -> List.of(hit.line())).orElse(List.of(probe.detail())),
                                    true));
                });
    }

    /** A master refuses a worker of another version in its own log alone: for a driver there is just no worker. */
    private static String workers(Clues clues) {
        return MasterUrl.standalone(clues.spec().master()).isPresent()
                ? "; a worker of another Spark version than " + clues.spec().spark()
                        + " can't register with its master, whose log says so"
                : "";
    }

    /** On YARN the usual reason: what one executor takes, beside what is left. */
    private static String room(Clues clues) {
        return clues.anyLine(ROOM)
                .map(hit -> "; one takes " + ExecutorMemory.of(clues.spec()).explain() + ", and the " + hit.group(1))
                .orElse("");
    }

    @Override
    public Set<String> codes() {
        return Set.of("NO_EXECUTORS");
    }
}
