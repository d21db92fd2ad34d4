package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Somebody removed its container, by force while it ran: only the runtime can tell that from a kill. */
final class Removed implements Rule {
    private static final Pattern NOTE = Pattern.compile("(?i)removed by somebody");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.exit()
                .filter(exit ->
                        exit.note().filter(note -> NOTE.matcher(note).find()).isPresent())
                .map(exit -> new Finding(
                        Finding.NOWHERE,
                        new Cause(
                                "REMOVED",
                                "somebody removed the server's container, not connectctl",
                                "to have it stay down use `connectctl stop "
                                        + clues.spec().name() + "`, to forget it `connectctl remove "
                                        + clues.spec().name() + "`; its warehouse is a volume of its own and was kept",
                                Ending.evidence(clues),
                                true)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("REMOVED");
    }
}
