package io.connectctl.compose.render;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * The format of a rendered file: how a value is written in it so that it can't break out of its place. It follows from the
 * file's name, so that a template can't choose a wrong one.
 */
enum Format {
    /** {@link java.util.Properties}: spark-defaults.conf, metrics.properties. */
    PROPERTIES {
        /** Escapes for every position, so a value is safe as a key, too; ASCII only, since Properties reads an InputStream as Latin-1. */
        @Override
        String escape(String value) {
            StringBuilder text = new StringBuilder(value.length() + 8);
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                switch (c) {
                    case '\n' -> text.append("\\n");
                    case '\r' -> text.append("\\r");
                    case '\t' -> text.append("\\t");
                    case ' ', '\\', '=', ':', '#', '!' -> text.append('\\').append(c);
                    default -> {
                        if (c > 0x20 && c < 0x7f) {
                            text.append(c);
                        } else {
                            text.append("\\u").append(HexFormat.of().toHexDigits(c));
                        }
                    }
                }
            }
            return text.toString();
        }
    },

    /** log4j2's properties: as {@link #PROPERTIES}, and without log4j2's own <code>${lookup}</code>. */
    LOG4J2 {
        @Override
        String escape(String value) {
            return PROPERTIES.escape(value.replace("${", "$${"));
        }
    },

    /** POSIX sh: a value becomes one whole word, with its quotes. */
    SHELL {
        @Override
        String escape(String value) {
            encodable(value);
            return "'" + value.replace("'", "'\\''") + "'";
        }

        @Override
        boolean quoted() {
            return true;
        }
    },

    /** An argument file of the java launcher ({@code java @FILE}): a value becomes one quoted piece of an argument. */
    ARGUMENTS {
        @Override
        String escape(String value) {
            encodable(value);
            StringBuilder text = new StringBuilder(value.length() + 8).append('"');
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                switch (c) {
                    case '\n' -> text.append("\\n");
                    case '\r' -> text.append("\\r");
                    case '\t' -> text.append("\\t");
                    case '\f' -> text.append("\\f");
                    case '"', '\\' -> text.append('\\').append(c);
                    default -> text.append(c);
                }
            }
            return text.append('"').toString();
        }

        @Override
        boolean quoted() {
            return true;
        }
    },

    /** XML, as in hive-site.xml. */
    XML {
        @Override
        String escape(String value) {
            encodable(value);
            StringBuilder text = new StringBuilder(value.length() + 8);
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                switch (c) {
                    case '&' -> text.append("&amp;");
                    case '<' -> text.append("&lt;");
                    case '>' -> text.append("&gt;");
                    case '"' -> text.append("&quot;");
                    case '\'' -> text.append("&#39;");
                    // Two of them would end a comment; they are two also if the template has one beside the value.
                    case '-' ->
                        text.append(i == 0 || i == value.length() - 1 || value.charAt(i - 1) == '-' ? "&#45;" : "-");
                    // As references: a parser would normalise the bare characters.
                    case '\n', '\r', '\t' -> text.append("&#").append((int) c).append(';');
                    default -> {
                        if (c < 0x20 || c == 0xfffe || c == 0xffff) {
                            throw new IllegalArgumentException(
                                    "the value has character " + codePoint(c) + ", which XML can't hold");
                        }
                        text.append(c);
                    }
                }
            }
            return text.toString();
        }
    },

    /** A compose file: a value becomes one double-quoted YAML scalar, with its quotes, and no <code>${variable}</code> of compose's. */
    COMPOSE {
        @Override
        String escape(String value) {
            encodable(value);
            StringBuilder text = new StringBuilder(value.length() + 8).append('"');
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                switch (c) {
                    case '"', '\\' -> text.append('\\').append(c);
                    case '$' -> text.append("$$");
                    default -> {
                        // Everything that YAML takes for a line's end or can't hold.
                        if (c < 0x20
                                || (c >= 0x7f && c < 0xa0)
                                || c == 0x2028
                                || c == 0x2029
                                || c >= 0xfffe
                                || c == 0xfeff) {
                            text.append("\\u").append(HexFormat.of().toHexDigits(c));
                        } else {
                            text.append(c);
                        }
                    }
                }
            }
            return text.append('"').toString();
        }

        @Override
        boolean quoted() {
            return true;
        }
    },

    /** A format that isn't known: only values that mean themselves nearly everywhere. */
    PLAIN {
        @Override
        String escape(String value) {
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                boolean plain = c < 0x7f && (Character.isLetterOrDigit(c) || "_./:@%+,-[]*".indexOf(c) >= 0);
                if (!plain) {
                    throw new IllegalArgumentException("the value has character " + codePoint(c)
                            + ", and how that is escaped in a file of this name isn't known:"
                            + " known are *.properties, *.conf, *.sh, *.options and *.xml");
                }
            }
            return value;
        }
    };

    /** The format of a file of this name. */
    static Format of(String name) {
        if (name.equals("entrypoint") || name.equals("healthcheck") || name.endsWith(".sh")) {
            return SHELL;
        }
        if (name.startsWith("log4j2") && name.endsWith(".properties")) {
            return LOG4J2;
        }
        if (name.endsWith(".properties") || name.endsWith(".conf")) {
            return PROPERTIES;
        }
        if (name.endsWith(".options")) {
            return ARGUMENTS;
        }
        if (name.equals(ComposeProject.FILE)) {
            return COMPOSE;
        }
        return name.endsWith(".xml") ? XML : PLAIN;
    }

    /**
     * The value as it must be written.
     *
     * @throws IllegalArgumentException if the format has no way to write it; the message doesn't hold the value
     */
    abstract String escape(String value);

    /** True if an escaped value brings its own quotes, so that it mustn't stand inside a template's quotes or comments. */
    boolean quoted() {
        return false;
    }

    /** A C string ends at its first NUL, and a lone surrogate has no UTF-8: both would arrive as something else. */
    private static void encodable(String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("the value has character U+0000, which no program can be given");
        }
        try {
            StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the value has half a surrogate pair, which UTF-8 can't hold", e);
        }
    }

    private static String codePoint(char c) {
        return "U+" + HexFormat.of().withUpperCase().toHexDigits(c);
    }
}
