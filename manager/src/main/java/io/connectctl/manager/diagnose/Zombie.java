package io.connectctl.manager.diagnose;

import io.connectctl.health.ProbeFailure;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The process lives, its SparkContext does not. */
final class Zombie implements Rule {
    private static final Pattern REMOVED =
            Pattern.compile("Application has been killed\\. Reason: (?!All masters)(.{1,200})");
    private static final Pattern STOPPED = Pattern.compile("Successfully stopped SparkContext");

    @Override
    public Optional<Finding> look(Clues clues) {
        Optional<Hit> removed = clues.anywhere(REMOVED);
        boolean gone = clues.evidence()
                .probe()
                .map(probe -> probe.kind() == ProbeFailure.Kind.CONTEXT_GONE)
                .orElse(false);
        if (removed.isPresent()) {
            return removed.flatMap(hit -> hit.fault(
                    "ZOMBIE",
                    "the master ended Spark's application: " + hit.group(1),
                    "look at the master and at its executors' logs: why could they not run? Then " + clues.again("")));
        }
        Optional<Hit> stopped = clues.lived() ? clues.anyLine(STOPPED) : Optional.empty();
        return gone || stopped.isPresent()
                ? Optional.of(new Finding(
                        stopped.map(hit -> hit.entry().at()).orElse(Finding.NOWHERE),
                        new Cause(
                                "ZOMBIE",
                                "the SparkContext ended while the process and its gRPC port stayed",
                                "it is replaced by a restart: `connectctl restart "
                                        + clues.spec().name() + "`; why it ended is in " + clues.readTheLog(),
                                stopped.map(hit -> List.of(hit.line())).orElseGet(() -> clues.evidence()
                                        .probe()
                                        .map(probe -> List.of(probe.detail()))
                                        .orElse(List.of())),
                                true)))
                : Optional.empty();
    }

    @Override
    public Set<String> codes() {
        return Set.of("ZOMBIE");
    }
}
