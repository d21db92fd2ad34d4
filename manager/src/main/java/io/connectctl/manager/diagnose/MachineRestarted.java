package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The machine went down under it. */
final class MachineRestarted implements Rule {
    private static final Pattern NOTE = Pattern.compile("(?i)machine (?:was )?(?:restarted|rebooted)|\\breboot");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exit()
                .filter(exit ->
                        exit.note().filter(note -> NOTE.matcher(note).find()).isPresent())
                .map(exit -> new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "MACHINE_RESTARTED",
                                "the machine was restarted while the server ran",
                                "nothing to correct: it starts anew",
                                Ending.evidence(clues),
                                true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("MACHINE_RESTARTED");
    }
}
