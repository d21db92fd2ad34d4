package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** No space was left where the server writes. */
final class DiskFull implements Rule {
    private static final String SUMMARY = "no space is left on a device that the server writes to";
    private static final Pattern FULL = Pattern.compile("(?:No space left on device|Disk quota exceeded)");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(FULL)
                // A query of a running server may fail so, and the server goes on: then only an end by DiskStore (53)
                // counts.
                .or(() -> clues.exitedWith(53) ? clues.anywhere(FULL) : Optional.empty())
                .flatMap(hit -> hit.fault("DISK_FULL", SUMMARY, remedy(clues)))
                // A probe's own query that fails so is no user's query.
                .or(() -> clues.evidence()
                        .probe()
                        .filter(probe -> FULL.matcher(probe.detail()).find())
                        .map(probe -> new Finding(
                                Finding.NOWHERE,
                                new Cause("DISK_FULL", SUMMARY, remedy(clues), List.of(probe.detail()), true))));
    }

    private static String remedy(Clues clues) {
        return clues.contained()
                ? "see what is full (`docker exec CONTAINER df -h`): /tmp lies in memory, "
                        + clues.spec().container().tmpfs()
                        + " of it unless somebody else made the container (`container: {tmpfs: ...}` in connectctl.yaml), all else on"
                        + " the engine's disk (`docker system df`); then "
                        + clues.again("")
                : "free space (`df -h` and `df -i`, work folders of servers no longer needed: `connectctl remove NAME`), then "
                        + clues.again("");
    }

    @Override
    public Set<String> codes() {
        return Set.of("DISK_FULL");
    }
}
