package io.connectctl.manager.diagnose;

import io.connectctl.health.ProbeFailure;
import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The driver lives, and its cluster gives it fewer executors than it needs. */
final class ExecutorsMissing implements Rule {
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
                                    probe.detail(),
                                    "see whether the machines of "
                                            + clues.spec().master()
                                            + " work and have room (their page; `connectctl describe "
                                            + clues.spec().name()
                                            + "` says what one executor takes); fewer are enough with health.minExecutors,"
                                            + " and " + clues.again("--executors 1 --executor-memory 512m")
                                            + " asks for less",
                                    lost.map(hit -> List.of(hit.line())).orElse(List.of(probe.detail())),
                                    true));
                });
    }

    @Override
    public Set<String> codes() {
        return Set.of("NO_EXECUTORS");
    }
}
