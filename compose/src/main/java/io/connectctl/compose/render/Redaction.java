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
    /** One logical line of a properties file: continued while a line ends with an odd number of backslashes. */
    private static final Pattern LOGICAL_LINE =
            Pattern.compile("(?:[^\\\\\\r\\n]|\\\\(?:\\r\\n|[\\s\\S]))+", Pattern.CASE_INSENSITIVE);

    private static final Pattern XML_PROPERTY =
            Pattern.compile("(<name>\\s*)([^<]*?)(\\s*</name>(?:(?!</property>)[\\s\\S])*?<value>)([^<]*)(</value>)");

    private Redaction() {}

    /** The file as it may be shown. */
    static RenderedFile of(RenderedFile file, BiPredicate<String, String> isSecret) {
        String text =
                switch (Format.of(file.name())) {
                    case PROPERTIES, LOG4J2 -> properties(file.text(), isSecret);
                    case XML -> xml(file.text(), isSecret);
                    case SHELL, ARGUMENTS, PLAIN -> file.text();
                };
        return new RenderedFile(file.name(), text, file.executable());
    }

    private static String properties(String text, BiPredicate<String, String> isSecret) {
        return LOGICAL_LINE
                .matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(property(match.group(), isSecret)));
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

    private static String xml(String text, BiPredicate<String, String> isSecret) {
        return XML_PROPERTY.matcher(text).replaceAll(match -> {
            boolean secret = isSecret.test(match.group(2), match.group(4));
            String value = secret ? Secrets.REDACTED : match.group(4);
            return Matcher.quoteReplacement(match.group(1) + match.group(2) + match.group(3) + value + match.group(5));
        });
    }
}
