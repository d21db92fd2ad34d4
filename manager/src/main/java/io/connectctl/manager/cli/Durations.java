package io.connectctl.manager.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Time as people write and read it on the command line: {@code 500ms}, {@code 10s}, {@code 3m}, {@code 1h}, {@code 2d}. */
final class Durations {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    /** As nanoseconds it fits a long four times over. */
    private static final Duration LONGEST = Duration.ofDays(20_000);

    private Durations() {}

    /**
     * @param option what it was given for, for the message
     * @throws CliFailure if it is no duration
     */
    static Duration parse(String option, String text) throws CliFailure {
        return parse(option, text, LONGEST);
    }

    /**
     * @param option what it was given for, for the message
     * @param longest in whole days
     * @throws CliFailure if it is no duration, or a longer one
     */
    static Duration parse(String option, String text, Duration longest) throws CliFailure {
        Matcher matcher = SHAPE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw CliFailure.usage(
                    option + ": '" + text + "' is no duration", "write a whole number and a unit: 500ms, 10s, 3m, 1h");
        }
        long number = Long.parseLong(matcher.group(1));
        Duration duration =
                switch (matcher.group(2)) {
                    case "ms" -> Duration.ofMillis(number);
                    case "s" -> Duration.ofSeconds(number);
                    case "m" -> Duration.ofMinutes(number);
                    case "h" -> Duration.ofHours(number);
                    default -> Duration.ofDays(number);
                };
        if (duration.compareTo(longest) > 0) {
            throw CliFailure.usage(option + ": '" + text + "' is too long", "write at most " + longest.toDays() + "d");
        }
        return duration;
    }

    /** An instant as {@code 10m} (ago) or ISO-8601. */
    static Instant since(String option, String text, Instant now) throws CliFailure {
        if (SHAPE.matcher(text.strip().toLowerCase(Locale.ROOT)).matches()) {
            return now.minus(parse(option, text));
        }
        try {
            return Instant.parse(text.strip());
        } catch (DateTimeParseException e) {
            throw CliFailure.usage(
                    option + ": '" + text + "' is neither a duration nor an instant",
                    "write 10m for ten minutes ago, or an instant in UTC such as 2026-11-22T16:00:00Z");
        }
    }

    /** Seconds with one decimal: {@code 12.3 s}; whole minutes and seconds from a minute on. */
    static String precise(Duration duration) {
        if (duration.toSeconds() < 60) {
            return tenths(duration.toMillis() / 1000.0) + " s";
        }
        return duration.toMinutes() + " min " + duration.toSecondsPart() + " s";
    }

    /** With one decimal; a Formatter would cost every command that prints a time its loading. */
    static String tenths(double number) {
        long tenths = Math.round(number * 10);
        return tenths / 10 + "." + tenths % 10;
    }

    /** An age in its largest unit: {@code 45s}, {@code 3m}, {@code 5h}, {@code 2d}. */
    static String age(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 120) {
            return seconds + "s";
        }
        if (seconds < 7200) {
            return seconds / 60 + "m";
        }
        return seconds < 172_800 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }

    /** An instant that the daemon wrote. */
    static Optional<Instant> instant(String text) {
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
