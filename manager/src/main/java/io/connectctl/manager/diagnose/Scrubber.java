package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Takes the secrets of one server out of texts that people will see. */
final class Scrubber {
    /** A shorter value would turn up by chance everywhere, and hides nothing worth hiding; it is taken out as {@code KEY=value} only. */
    private static final int SHORTEST = 4;

    private static final Pattern ASSIGNED = Pattern.compile(
            "(?i)([\\w.-]{0,60}(?:secret|password|passwd|token|access[._-]?key|api[._-]?key|credential)[\\w.-]{0,40}\\s?[=:]\\s?)[^\\s,;)&\"']{1,500}");
    private static final Pattern USER_INFO = Pattern.compile("(://[^/@:\\s]{1,100}:)[^/@\\s]{1,200}@");
    private static final Pattern BEARER = Pattern.compile("(?i)(bearer )[\\w.~+/=-]{4,}");

    private final UnaryOperator<String> values;
    private final List<String> assignments;

    /**
     * @param spec the server's, secret values included
     * @param others values that must not be shown beyond those of the spec, such as the server's token
     */
    Scrubber(ServerSpec spec, Collection<String> others) {
        Map<String, String> env = spec.env();
        List<String> known = new ArrayList<>(Secrets.valuesOf(spec));
        known.addAll(others);
        values = Secrets.scrubber(known);
        assignments = env.entrySet().stream()
                .filter(entry -> !entry.getValue().isEmpty() && entry.getValue().length() < SHORTEST)
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .toList();
    }

    /** The text with {@link Secrets#REDACTED} in place of each secret. */
    String scrub(String text) {
        String clean = values.apply(text);
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
