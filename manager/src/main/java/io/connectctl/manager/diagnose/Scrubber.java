package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.Secrets;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Takes the secrets of one server out of texts that people will see. */
final class Scrubber {
    /** A shorter value would turn up by chance everywhere, and hides nothing worth hiding; it is taken out as {@code KEY=value} only. */
    private static final int SHORTEST = 4;

    /** Spark's own redaction pattern (spark.redaction.regex of 3.4 to 4.2) and what belongs beside it. */
    private static final Pattern SECRET_KEY = Pattern.compile(
            "(?i)secret|password|passwd|passphrase|token|access[._-]?key|api[._-]?key|private[._-]?key|account[._-]?key|credential");

    private static final Pattern ASSIGNED = Pattern.compile(
            "(?i)([\\w.-]{0,60}(?:secret|password|passwd|token|access[._-]?key|api[._-]?key|credential)[\\w.-]{0,40}\\s?[=:]\\s?)[^\\s,;)&\"']{1,500}");
    private static final Pattern USER_INFO = Pattern.compile("(://[^/@:\\s]{1,100}:)[^/@\\s]{1,200}@");
    private static final Pattern BEARER = Pattern.compile("(?i)(bearer )[\\w.~+/=-]{4,}");

    private final List<String> values;
    private final List<String> assignments;

    Scrubber(Evidence evidence) {
        Map<String, String> env = evidence.spec().env();
        Stream<String> conf = evidence.spec().conf().entrySet().stream()
                .filter(entry -> SECRET_KEY.matcher(entry.getKey()).find())
                .map(Map.Entry::getValue);
        values = Stream.of(env.values().stream(), conf, evidence.secrets().stream())
                .flatMap(each -> each)
                .flatMap(value -> Stream.concat(Stream.of(value), value.lines()))
                .map(String::strip)
                .filter(value -> value.length() >= SHORTEST)
                .filter(Predicate.not(Secrets.REDACTED::contains))
                .distinct()
                // A value may contain another one: the longest first, so that no rest of it stays.
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        assignments = env.entrySet().stream()
                .filter(entry -> !entry.getValue().isEmpty() && entry.getValue().length() < SHORTEST)
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .toList();
    }

    /** The text with {@link Secrets#REDACTED} in place of each secret. */
    String scrub(String text) {
        String clean = text;
        for (String value : values) {
            clean = clean.replace(value, Secrets.REDACTED);
        }
        for (String assignment : assignments) {
            clean = clean.replace(assignment, assignment.substring(0, assignment.indexOf('=') + 1) + Secrets.REDACTED);
        }
        clean = ASSIGNED.matcher(clean).replaceAll("$1" + Secrets.REDACTED);
        clean = USER_INFO.matcher(clean).replaceAll("$1" + Secrets.REDACTED + "@");
        return BEARER.matcher(clean).replaceAll("$1" + Secrets.REDACTED);
    }

    /** The text, cut to a length; three dots tell that it was. */
    static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest - 3) + "...";
    }
}
