package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** No master answered. */
final class MasterUnreachable implements Rule {
    private static final Pattern GAVE_UP = Pattern.compile("All masters are unresponsive");
    /** Of a driver that didn't get as far as its master in its time; which the supervisor adds to the log's end. */
    private static final Pattern SILENT =
            Pattern.compile("^The cluster says nothing: no standalone master answers: (\\S{1,200}?): ");

    private static final Pattern REACHED = Pattern.compile("Connected to Spark cluster with app ID");

    private static final Pattern STILL_TRYING = Pattern.compile("Failed to connect to master (\\S{1,200})");

    @Override
    public Optional<Finding> look(Clues clues) {
        Optional<Hit> trying = clues.startupWarning(STILL_TRYING);
        return clues.startup(GAVE_UP)
                // Spark tries for 60 seconds; whoever waits less sees the attempts only.
                .or(() -> trying.filter(hit -> clues.lived()))
                .or(() -> clues.anyLine(SILENT)
                        .filter(hit -> clues.lived()
                                && clues.evidence().stage() == Evidence.Stage.STARTING
                                && clues.startupLine(REACHED).isEmpty()))
                .flatMap(hit -> hit.fault(
                        "MASTER_UNREACHABLE",
                        "no answer from master '" + clues.spec().master() + "'"
                                + trying.map(attempt -> " (tried " + attempt.group(1) + ")")
                                        .orElse(""),
                        "start that master, or correct host and port: " + clues.again("--master spark://HOST:7077")
                                + ", or run locally: " + clues.again("--master 'local[*]'")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("MASTER_UNREACHABLE");
    }
}
