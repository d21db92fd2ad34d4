package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** No space was left where the server writes. */
final class DiskFull implements Rule {
    private static final Pattern FULL = Pattern.compile("(?:No space left on device|Disk quota exceeded)");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(FULL)
                // A query of a running server may fail so, and the server goes on: then only an end by DiskStore (53)
                // counts.
                .or(() -> clues.exitedWith(53) ? clues.anywhere(FULL) : Optional.empty())
                .flatMap(hit -> hit.fault(
                        "DISK_FULL",
                        "no space is left on a device that the server writes to",
                        "free space (`df -h` and `df -i`, work folders of servers no longer needed: `connectctl remove NAME`), then "
                                + clues.again("")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("DISK_FULL");
    }
}
