package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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

    /** The first line of an exception, or of one that caused it. */
    private static final Pattern REASON = Pattern.compile("^(?:Caused by: )?[\\w.$]{1,200}(?:Exception|Error)\\b");

    /** What a group of the pattern caught, fit for a sentence; empty text if it caught nothing. */
    String group(int number) {
        return Optional.ofNullable(match.group(number))
                .map(text -> Scrubber.cut(scrubber.scrub(text).strip(), LONGEST_GROUP))
                .orElse("");
    }

    /** The first line of an entry in which the pattern is found. */
    static Optional<Hit> in(LogEntry entry, Pattern pattern, Scrubber scrubber) {
        return entry.lines().stream()
                .flatMap(line -> {
                    Matcher matcher = pattern.matcher(line);
                    return matcher.find()
                            ? Stream.of(new Hit(entry, line, matcher.toMatchResult(), scrubber))
                            : Stream.empty();
                })
                .findFirst();
    }

    /** The first line of the same entry in which another pattern is found. */
    Optional<Hit> within(Pattern pattern) {
        return in(entry, pattern, scrubber);
    }

    /** A cause that only another declaration, or another machine, removes. */
    Optional<Finding> config(String code, String summary, String remedy) {
        return Optional.of(new Finding(entry.at(), new Cause(code, summary, remedy, evidence(), false)));
    }

    /** A cause that may be gone at the next launch. */
    Optional<Finding> fault(String code, String summary, String remedy) {
        return Optional.of(new Finding(entry.at(), new Cause(code, summary, remedy, evidence(), true)));
    }

    /** The deepest reason that the entry gives, fit for a sentence. */
    Optional<String> reason() {
        return deepest()
                .map(line -> Scrubber.cut(
                        scrubber.scrub(line.replaceFirst("^Caused by: ", "")).strip(), LONGEST_GROUP));
    }

    private Optional<String> deepest() {
        return entry.lines().stream()
                .filter(each -> REASON.matcher(each).find())
                .reduce((first, second) -> second);
    }

    /** The line that opens the entry, the line itself, and the deepest reason that the entry gives. */
    private List<String> evidence() {
        LinkedHashSet<String> lines = new LinkedHashSet<>();
        lines.add(entry.lines().get(0));
        lines.add(line);
        deepest().ifPresent(lines::add);
        return List.copyOf(lines);
    }
}
