package io.connectctl.manager.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * One application, as YARN's ResourceManager tells it.
 *
 * @param id such as {@code application_1764416882000_0002}
 * @param state YARN's word: NEW, SUBMITTED, ACCEPTED, RUNNING, FINISHED, FAILED or KILLED
 * @param finalStatus what it made of itself: UNDEFINED while it runs, else SUCCEEDED, FAILED or KILLED
 * @param queue where it is, as a path such as {@code root.default}
 * @param diagnostics YARN's own words on why it waits, or failed; may be empty
 * @param link where a person looks at it
 * @param startedAt its submission
 * @param tags what it was tagged with
 * @param containers how many it has now, its master's included; -1 where nobody knows
 * @param memoryMib what these have together; -1 where nobody knows
 */
public record YarnApplication(
        String id,
        String state,
        String finalStatus,
        String queue,
        String diagnostics,
        Optional<String> link,
        Instant startedAt,
        Set<String> tags,
        long containers,
        long memoryMib) {
    private static final int MOST_WORDS = 160;
    private static final Set<String> OVER = Set.of("FINISHED", "FAILED", "KILLED");

    public YarnApplication {
        tags = Set.copyOf(tags);
    }

    /** True if it ended, whatever became of it. */
    public boolean over() {
        return OVER.contains(state);
    }

    /** How many executors have a container now: all but its master; empty where nobody knows, or it doesn't run. */
    public Optional<Long> executors() {
        return state.equals("RUNNING") && containers > 0 ? Optional.of(containers - 1) : Optional.empty();
    }

    /**
     * What it waits for: {@code application_..._0002 ACCEPTED in queue root.default for 40 s: cluster has 0 of 2048 MiB free}, and YARN's
     * own words, which tell a full queue from a master that doesn't get to the driver.
     *
     * @param room what the cluster has left; empty where it couldn't be asked
     */
    public String waiting(Instant now, Optional<YarnRoom> room) {
        Duration since = Duration.between(startedAt, now);
        return id + " " + state + " in queue " + queue + " for " + Math.max(0, since.toSeconds()) + " s"
                + room.map(left -> ": " + left.text()).orElse("")
                + (diagnostics.isEmpty() ? "" : "; " + shortened());
    }

    /** Without the time and the details: they fill lines, and the seconds above say since when. */
    private String shortened() {
        String text = diagnostics.replaceFirst("^\\[[^]]{1,60}] ", "").replaceFirst("(?s)\\s+Details :.*", "");
        return text.length() > MOST_WORDS ? text.substring(0, MOST_WORDS) + "..." : text;
    }
}
