package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which values of a declaration are secret, and how they are kept apart from it.
 *
 * <p>All of {@code env} is secret. Of {@code conf}, what its key (Spark's own redaction pattern and more) or its value (a
 * URL with a password, {@code password=...} and the like, well-known forms of keys) gives away.
 */
public final class Secrets {
    /** What stands in a declaration, preview or answer instead of a secret value. */
    public static final String REDACTED = "*********(redacted)";

    /** Shorter values would blot out half of any text. */
    private static final int SHORTEST = 4;

    /** Values that often stand in {@code env} and, if scrubbed, would make any log unreadable. */
    private static final Set<String> COMMONPLACE = Set.of(
            "true", "false", "none", "null", "info", "warn", "debug", "error", "trace", "utf-8", "c.utf-8", "/tmp");

    /** Compiled on first use: most runs of the CLI meet no secret. */
    private static final class Patterns {
        /** spark.redaction.regex of 4.x is {@code (?i)secret|password|token|access[.]?key}; the rest is ours. */
        static final Pattern KEY = Pattern.compile(
                "(?i)secret|passw(?:or)?d|passphrase|token|access[._-]?key|credential|private[._-]?key|api[._-]?key"
                        + "|account[._-]key|encryption[._-]?key|(?:^|[._-])(?:sas|pwd|auth)(?:[._-]|$)");

        /** {@code scheme://user:password@host}; group 1 is the password. */
        static final Pattern USER_INFO =
                Pattern.compile("[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\\s:@]{0,200}:([^/\\s@]{1,500})@");

        /** {@code password=x}, {@code -Dfoo.secretKey=x}, {@code "token": "x"}, {@code ?sig=x}; group 1 is the secret. */
        static final Pattern PAIR = Pattern.compile(
                "(?i)(?:passw(?:or)?d|pwd|passphrase|secret|token|access[._-]?key|api[._-]?key|account[._-]?key"
                        + "|private[._-]?key|credentials?|[?&;]sig)[A-Za-z0-9_.-]{0,40}[\"']?\\s{0,4}[=:]\\s{0,4}"
                        + "[\"']?([^\\s\"',;&]+)");

        /** Keys that are known by their form: AWS, GitHub, JSON web tokens, PEM. */
        static final Pattern FORM = Pattern.compile(
                "(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|eyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY");
    }

    private Secrets() {}

    /**
     * A declaration without its secrets, and the secrets by JSON pointer ({@code /env/DB_PASSWORD}; {@code /} and {@code ~}
     * in a key are escaped, see {@link Declaration#pointer}).
     *
     * @param declaration safe to store, log and answer with
     * @param secrets to be kept in a file of mode 0600 only
     */
    public record Split(Declaration declaration, Map<String, String> secrets) {
        public Split {
            secrets = Map.copyOf(secrets);
        }

        /** Pointers only. */
        @Override
        public String toString() {
            return "Split[" + declaration + ", " + new TreeSet<>(secrets.keySet()) + "]";
        }
    }

    /**
     * Takes secret values out: all of {@code env}, and what {@link #isSecret} says of {@code conf}. A value that is
     * {@link #REDACTED} already stays, so splitting twice changes nothing. Numbers come back as text from {@link #join}.
     */
    public static Split split(Declaration declaration) {
        ObjectNode tree = declaration.tree();
        Map<String, String> secrets = new HashMap<>();
        for (String part : List.of("env", "conf")) {
            JsonNode node = tree.get(part);
            if (node != null) {
                tree.set(part, redacted(node, part, "", "/" + part, secrets));
            }
        }
        return new Split(new Declaration(tree, declaration.places()), secrets);
    }

    private static JsonNode redacted(
            JsonNode node, String part, String key, String pointer, Map<String, String> secrets) {
        if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> entry : List.copyOf(object.properties())) {
                String name = entry.getKey();
                // The outermost key decides: what hangs below a secret key is secret too.
                String decisive = key.isEmpty() ? name : key + "." + name;
                object.set(
                        name, redacted(entry.getValue(), part, decisive, pointer + Declaration.pointer(name), secrets));
            }
            return object;
        }
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, redacted(array.get(i), part, key, pointer + "/" + i, secrets));
            }
            return array;
        }
        String value = node.asText();
        if (node.isNull() || value.equals(REDACTED) || !(part.equals("env") || isSecret(key, value))) {
            return node;
        }
        secrets.put(pointer, value);
        return TextNode.valueOf(REDACTED);
    }

    /** Puts secret values back in place of their markers; secrets whose place is gone or holds another value are left out. */
    public static Declaration join(Declaration declaration, Map<String, String> secrets) {
        ObjectNode tree = declaration.tree();
        for (String part : List.of("env", "conf")) {
            JsonNode node = tree.get(part);
            if (node != null) {
                tree.set(part, joined(node, "/" + part, secrets));
            }
        }
        return new Declaration(tree, declaration.places());
    }

    private static JsonNode joined(JsonNode node, String pointer, Map<String, String> secrets) {
        if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> entry : List.copyOf(object.properties())) {
                String below = pointer + Declaration.pointer(entry.getKey());
                object.set(entry.getKey(), joined(entry.getValue(), below, secrets));
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, joined(array.get(i), pointer + "/" + i, secrets));
            }
        } else if (node.isTextual() && node.textValue().equals(REDACTED)) {
            String secret = secrets.get(pointer);
            return secret == null ? node : TextNode.valueOf(secret);
        }
        return node;
    }

    /** True if the value of this configuration key must never be shown; every environment variable's value is secret anyway. */
    public static boolean isSecret(String key, String value) {
        boolean byKey = Patterns.KEY.matcher(key).find()
                && !(key.endsWith(".enabled") && (value.equals("true") || value.equals("false")));
        return byKey
                || Patterns.USER_INFO.matcher(value).find()
                || Patterns.PAIR.matcher(value).find()
                || Patterns.FORM.matcher(value).find();
    }

    /** A spec as it may be shown: {@link #REDACTED} in place of each secret value. */
    public static ServerSpec redact(ServerSpec spec) {
        return redact(spec, Secrets::isSecret);
    }

    /** As {@link #redact(ServerSpec)}, with another judge of which configuration values are secret. */
    public static ServerSpec redact(ServerSpec spec, BiPredicate<String, String> isSecret) {
        SortedMap<String, String> conf = new TreeMap<>(spec.conf());
        conf.replaceAll((key, value) -> isSecret.test(key, value) ? REDACTED : value);
        SortedMap<String, String> env = new TreeMap<>(spec.env());
        env.replaceAll((name, value) -> REDACTED);
        return spec.with(conf, env);
    }

    /**
     * The secret values of a spec, for {@link #scrubber}: each environment variable's, each secret configuration value, and
     * the passwords inside such values, which a log may show alone.
     */
    public static Set<String> valuesOf(ServerSpec spec) {
        Set<String> values = new TreeSet<>(spec.env().values());
        spec.conf().forEach((key, value) -> {
            if (isSecret(key, value)) {
                values.add(value);
            }
        });
        for (String value : List.copyOf(values)) {
            for (Pattern pattern : List.of(Patterns.USER_INFO, Patterns.PAIR)) {
                Matcher matcher = pattern.matcher(value);
                while (matcher.find()) {
                    values.add(matcher.group(1));
                }
            }
        }
        return values;
    }

    /** {@code text} with every occurrence of a secret value replaced; see {@link #scrubber}. */
    public static String scrub(String text, Collection<String> secretValues) {
        return scrubber(secretValues).apply(text);
    }

    /**
     * Replaces every occurrence of known secret values in free text such as log lines; made once for many texts. Values
     * under 4 characters and commonplace ones ({@code true}, {@code INFO}) are left alone; of a value of several lines, each
     * line of 8 characters or more is replaced too.
     */
    public static UnaryOperator<String> scrubber(Collection<String> secretValues) {
        List<String> needles = new ArrayList<>();
        for (String value : secretValues) {
            needles.add(value);
            if (value.indexOf('\n') >= 0) {
                value.lines()
                        .map(String::strip)
                        .filter(line -> line.length() >= 8)
                        .forEach(needles::add);
            }
        }
        // The longest first, so that a secret within another one leaves no rest of it.
        Optional<Pattern> any = needles.stream()
                .filter(value -> value.length() >= SHORTEST
                        && !value.equals(REDACTED)
                        && !COMMONPLACE.contains(value.toLowerCase(Locale.ROOT)))
                .distinct()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.collectingAndThen(
                        Collectors.joining("|"),
                        all -> all.isEmpty() ? Optional.empty() : Optional.of(Pattern.compile(all))));
        return any.<UnaryOperator<String>>map(
                        pattern -> text -> pattern.matcher(text).replaceAll(Matcher.quoteReplacement(REDACTED)))
                .orElse(UnaryOperator.identity());
    }
}
