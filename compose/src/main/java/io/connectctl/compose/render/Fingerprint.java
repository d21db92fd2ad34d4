package io.connectctl.compose.render;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What a server's files mean, as one short text: comments, blank lines and the order of properties don't count. */
final class Fingerprint {
    private static final Pattern XML_COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
    private static final Pattern BETWEEN_TAGS = Pattern.compile(">[ \\t]*\\R\\s*<");

    private Fingerprint() {}

    /** The fingerprint of files in the order of their names: 32 hex digits. */
    static String of(List<RenderedFile> files) {
        MessageDigest digest = sha256();
        for (RenderedFile file : files) {
            add(digest, file.name());
            add(digest, Boolean.toString(file.executable()));
            add(digest, meaning(file));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    /** The fingerprint of one file: changes exactly when its meaning does. */
    static String of(RenderedFile file) {
        return of(List.of(file));
    }

    private static String meaning(RenderedFile file) {
        return switch (Format.of(file.name())) {
            case PROPERTIES, LOG4J2 -> properties(file.text());
            case SHELL -> code(file.text(), Format.SHELL);
            case ARGUMENTS -> code(file.text(), Format.ARGUMENTS);
            case XML -> xml(file.text());
            case COMPOSE, PLAIN -> file.text();
        };
    }

    /** Without comments, and line breaks with blanks around them between two tags. */
    private static String xml(String text) {
        if (text.contains("<![CDATA[")) {
            // In there comments are none, and it isn't worth a parser.
            return text;
        }
        return BETWEEN_TAGS
                .matcher(XML_COMMENT.matcher(text).replaceAll(""))
                .replaceAll("><")
                .strip();
    }

    private static String properties(String text) {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(text));
        } catch (IOException | IllegalArgumentException e) {
            // A malformed \\u escape of a user's template: Spark will say so; here any change of it is a change.
            return text;
        }
        TreeMap<String, String> sorted = new TreeMap<>();
        properties.stringPropertyNames().forEach(key -> sorted.put(key, properties.getProperty(key)));
        StringBuilder meaning = new StringBuilder();
        sorted.forEach((key, value) -> meaning.append(key.length())
                .append(' ')
                .append(key)
                .append(value.length())
                .append(' ')
                .append(value));
        return meaning.toString();
    }

    /** Without comments, blank lines and blanks around a line; what stands inside quotes stays, whatever it looks like. */
    private static String code(String text, Format format) {
        StringBuilder code = new StringBuilder();
        Quotes quotes = new Quotes(format);
        boolean lineBlank = true;
        int end = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean bareBefore = quotes.place() == Quotes.Place.BARE && !quotes.escaped();
            boolean comment = quotes.place() == Quotes.Place.COMMENT;
            Quotes.Place place = quotes.next(c);
            if (place == Quotes.Place.COMMENT) {
                continue;
            }
            if (c == '\n' && (bareBefore || comment)) {
                code.setLength(end);
                if (!lineBlank) {
                    code.append(c);
                    end = code.length();
                }
                lineBlank = true;
            } else if (!lineBlank || !bareBefore || !Character.isWhitespace(c)) {
                code.append(c);
                lineBlank = false;
                if (!bareBefore || !Character.isWhitespace(c)) {
                    end = code.length();
                }
            }
        }
        return code.toString();
    }

    private static void add(MessageDigest digest, String text) {
        // With lone surrogates kept apart, unlike UTF-8.
        byte[] bytes = text.getBytes(StandardCharsets.UTF_16BE);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
