package io.connectctl.compose.render;

import io.connectctl.compose.spec.Secrets;
import java.io.IOException;
import java.io.StringReader;
import java.util.Properties;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Hides secrets that a user's template holds in plain text; declared ones are hidden before the rendering. */
final class Redaction {
    /** Hadoop's way: a name, and its value after it. */
    private static final Pattern XML_PROPERTY = Pattern.compile(
            "(<name>\\s*+)([^<]*+)(</name>\\s*+(?:<description>[^<]*+</description>\\s*+)?<value>)([^<]*+)(</value>)");

    /** A name before an equals sign, be it in a script, an option {@code -Dname=} or {@code --conf name=}. */
    private static final Pattern ASSIGNED = Pattern.compile("(?<![\\w.])(?:-D)?([A-Za-z_][\\w.-]*+)=");

    /** The same, and as JSON, YAML and the like write it; no {@code scheme://}. */
    private static final Pattern NAMED =
            Pattern.compile("(?<![\\w.])(?:-D)?([A-Za-z_][\\w.-]*+)[\"']?[ \\t]*+[=:](?!//)[ \\t]*+");

    /** A word of a shell, with all of its quotes, which may go over lines. */
    private static final Pattern WORD =
            Pattern.compile("(?:\"(?:[^\"\\\\]|\\\\.)*+\"?|'[^']*+'?|\\\\.|[^\\s\"'\\\\;&|<>()])*+", Pattern.DOTALL);

    /** Quoted, or all of the rest of the line: a password may hold blanks. */
    private static final Pattern REST = Pattern.compile("\"(?:[^\"\\\\\\n]|\\\\.)*+\"|'[^'\\n]*+'|[^\\r\\n]*+");

    /** Names a value that lies elsewhere, and holds none itself. */
    private static final Pattern REFERENCE = Pattern.compile("\"?\\$(?:\\w+|\\{\\w+[-?]?\\}|\\(.*|)\"?|\"\"|''|");

    private static final Pattern PRIVATE_KEY = Pattern.compile(
            "-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\\z)", Pattern.DOTALL);

    private Redaction() {}

    /** The file as it may be shown. */
    static RenderedFile of(RenderedFile file, BiPredicate<String, String> isSecret) {
        String text =
                switch (Format.of(file.name())) {
                    case PROPERTIES, LOG4J2 -> properties(file.text(), isSecret);
                    case XML -> xml(file.text(), isSecret);
                    case SHELL, ARGUMENTS -> values(file.text(), ASSIGNED, WORD, isSecret);
                    case PLAIN -> values(file.text(), NAMED, REST, isSecret);
                    // Made from the declaration alone, whose secrets are hidden by then: no template has a part in it.
                    case COMPOSE -> file.text();
                };
        return new RenderedFile(file.name(), text, file.executable());
    }

    /** Line by line; a line goes on in the next one while it ends with a backslash that isn't escaped itself. */
    private static String properties(String text, BiPredicate<String, String> isSecret) {
        StringBuilder shown = new StringBuilder(text.length());
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && !isComment(text, start)) {
                i++;
                if (text.startsWith("\r\n", i)) {
                    i++;
                }
            } else if (c == '\n' || c == '\r') {
                shown.append(property(text.substring(start, i), isSecret)).append(c);
                start = i + 1;
            }
        }
        return shown.append(property(text.substring(start), isSecret)).toString();
    }

    /** Comments aren't continued. */
    private static boolean isComment(String text, int start) {
        int i = start;
        while (i < text.length() && " \t\f".indexOf(text.charAt(i)) >= 0) {
            i++;
        }
        return i < text.length() && (text.charAt(i) == '#' || text.charAt(i) == '!');
    }

    private static String property(String line, BiPredicate<String, String> isSecret) {
        Properties one = new Properties();
        try {
            one.load(new StringReader(line));
        } catch (IOException | IllegalArgumentException e) {
            // Nobody can tell what a malformed line holds.
            return "# " + Secrets.REDACTED;
        }
        for (String key : one.stringPropertyNames()) {
            String value = one.getProperty(key);
            if (!value.equals(Secrets.REDACTED) && isSecret.test(key, value)) {
                return Format.PROPERTIES.escape(key) + "=" + Secrets.REDACTED;
            }
        }
        return line;
    }

    /** What follows a name that gives it away as a secret, or gives itself away. */
    private static String values(String text, Pattern name, Pattern value, BiPredicate<String, String> isSecret) {
        StringBuilder shown = new StringBuilder(text.length());
        Matcher names = name.matcher(text);
        Matcher values = value.matcher(text);
        int copied = 0;
        for (int at = 0; names.find(at); at = Math.max(copied, names.end())) {
            values.region(names.end(), text.length());
            String found = values.lookingAt() ? values.group() : "";
            if (!REFERENCE.matcher(found).matches()
                    && !found.contains(Secrets.REDACTED)
                    && isSecret.test(String.valueOf(names.group(1)), unquoted(found))) {
                shown.append(text, copied, names.end()).append(Secrets.REDACTED);
                copied = values.end();
            }
        }
        shown.append(text, copied, text.length());
        return PRIVATE_KEY.matcher(shown).replaceAll(Matcher.quoteReplacement(Secrets.REDACTED));
    }

    private static String unquoted(String value) {
        return value.length() > 1 && (value.startsWith("\"") || value.startsWith("'"))
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static String xml(String text, BiPredicate<String, String> isSecret) {
        return XML_PROPERTY.matcher(text).replaceAll(match -> {
            boolean secret =
                    isSecret.test(match.group(2).strip(), match.group(4).strip());
            String value = secret ? Secrets.REDACTED : match.group(4);
            return Matcher.quoteReplacement(match.group(1) + match.group(2) + match.group(3) + value + match.group(5));
        });
    }
}
