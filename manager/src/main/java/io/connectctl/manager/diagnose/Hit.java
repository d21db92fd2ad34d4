package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;

/**
 * A line of the log that a rule was looking for.
 *
 * @param entry the entry it is in
 * @param line the line
 * @param match what the pattern caught
 * @param scrubber takes secrets out before anything is cut to length
 */
record Hit(LogEntry entry, String line, MatchResult match, Scrubber scrubber) {
    /** Long enough for a path or a class name, short enough for a sentence. */
    private static final int LONGEST_GROUP = 160;

    /** What a group of the pattern caught, fit for a sentence; empty text if it caught nothing. */
    String group(int number) {
        return Optional.ofNullable(match.group(number))
                .map(text -> Scrubber.cut(scrubber.scrub(text).strip(), LONGEST_GROUP))
                .orElse("");
    }

    /** A cause that only another declaration, or another machine, removes. */
    Optional<Finding> config(String code, String summary, String remedy) {
        return Optional.of(new Finding(entry.at(), new Cause(code, summary, remedy, evidence(), false)));
    }

    /** A cause that may be gone at the next launch. */
    Optional<Finding> fault(String code, String summary, String remedy) {
        return Optional.of(new Finding(entry.at(), new Cause(code, summary, remedy, evidence(), true)));
    }

    /** The line itself, after the one that opens its entry. */
    private List<String> evidence() {
        List<String> lines = new ArrayList<>();
        if (!entry.lines().get(0).equals(line)) {
            lines.add(entry.lines().get(0));
        }
        lines.add(line);
        return lines;
    }
}
