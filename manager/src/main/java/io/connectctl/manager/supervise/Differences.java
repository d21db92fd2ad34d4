package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What one spec says otherwise than another, for people: no secret's value is shown, and no variable's. */
final class Differences {
    /** Long enough for a path or a URL; a list of packages is cut. */
    private static final int LONGEST = 60;

    static final String ABSENT = "(none)";

    private Differences() {}

    /** One change for each key that differs, by key; empty where both are the same. */
    static List<Change> between(ServerSpec old, ServerSpec next) {
        SortedMap<String, String> before = flat(old);
        SortedMap<String, String> after = flat(next);
        SortedMap<String, String> all = new TreeMap<>(before);
        all.putAll(after);
        List<Change> told = new ArrayList<>();
        for (String key : all.keySet()) {
            String from = before.getOrDefault(key, ABSENT);
            String to = after.getOrDefault(key, ABSENT);
            if (!from.equals(to)) {
                told.add(new Change(key, shown(key, from), shown(key, to), !SessionKeys.contains(key)));
            }
        }
        return told;
    }

    /** What a server that nobody declared before would be: each key whose value isn't the default. */
    static List<Change> ofNew(ServerSpec defaults, ServerSpec next) {
        return between(defaults, next).stream()
                .map(change -> new Change(change.key(), ABSENT, change.next(), true))
                .toList();
    }

    private static String shown(String key, String value) {
        if (value.equals(ABSENT)) {
            return ABSENT;
        }
        boolean secret = key.startsWith("env.")
                || (key.startsWith("conf.") && Secrets.isSecret(key.substring("conf.".length()), value));
        return secret ? Secrets.REDACTED : value.length() <= LONGEST ? value : value.substring(0, LONGEST - 3) + "...";
    }

    private static SortedMap<String, String> flat(ServerSpec spec) {
        SortedMap<String, String> keys = new TreeMap<>();
        collect("", SpecWriter.write(spec).tree(), keys);
        return keys;
    }

    private static void collect(String key, JsonNode value, Map<String, String> keys) {
        if (value.isObject()) {
            value.properties()
                    .forEach(entry -> collect(
                            key.isEmpty() ? entry.getKey() : key + "." + entry.getKey(), entry.getValue(), keys));
        } else if (value.isArray()) {
            List<String> elements = new ArrayList<>();
            value.forEach(each -> elements.add(each.asText()));
            keys.put(key, elements.isEmpty() ? ABSENT : String.join(", ", elements));
        } else {
            keys.put(key, value.asText());
        }
    }
}
