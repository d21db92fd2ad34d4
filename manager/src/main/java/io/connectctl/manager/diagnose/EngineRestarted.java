package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The container engine went down, or was restarted, and took its containers along. */
final class EngineRestarted implements Rule {
    private static final Pattern NOTE = Pattern.compile("(?i)engine was (?:stopped|restarted)");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exit()
                .filter(exit ->
                        exit.note().filter(note -> NOTE.matcher(note).find()).isPresent())
                .map(exit -> new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "ENGINE_RESTARTED",
                                "the container engine was stopped or restarted, and ended its containers",
                                "nothing to correct: it starts anew; an engine with `live-restore` leaves its containers alone",
                                Ending.evidence(clues),
                                true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("ENGINE_RESTARTED");
    }
}
