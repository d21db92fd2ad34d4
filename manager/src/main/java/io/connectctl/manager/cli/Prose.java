package io.connectctl.manager.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sentences on a terminal: broken between words, where the terminal would break within one, and indented below. A word that is longer
 * than a line, such as a path, and a command between backticks stay whole, so that they can be copied.
 */
final class Prose {
    /** A line that no terminal is too narrow for: its width need not be asked for. */
    private static final int SHORT = 40;

    /** So many columns a text beside its label needs to be read as one. */
    private static final int ROOM = 30;

    /** A label and the gap to its text. */
    private static final Pattern LABELLED = Pattern.compile("^ *[^ ]+(?: [^ ]+)* {2,}");

    private static final Pattern PAINT = Pattern.compile("\u001b\\[[0-9;]*m");

    private Prose() {}

    /** A text of any number of lines, as this terminal shows it. */
    static String fitted(Terminal terminal, String text) {
        return text.lines().allMatch(line -> line.length() <= SHORT) ? text : folded(text, terminal.columns());
    }

    /** The same for a terminal so wide. */
    static String folded(String text, int columns) {
        return String.join("\n", lines(text, columns)) + (text.endsWith("\n") ? "\n" : "");
    }

    private static List<String> lines(String text, int columns) {
        List<String> lines = new ArrayList<>();
        text.lines().forEach(line -> {
            if (width(line) <= columns) {
                lines.add(line);
            } else {
                fold(line, columns, lines);
            }
        });
        return lines;
    }

    private static void fold(String line, int columns, List<String> into) {
        Matcher label = LABELLED.matcher(line);
        String head = label.find() && columns - width(label.group()) >= ROOM ? label.group() : blanks(line);
        String below = " ".repeat(head.isBlank() ? head.length() + 2 : width(head));
        StringBuilder now = new StringBuilder(head);
        boolean begun = false;
        for (String word : words(line.substring(head.length()))) {
            if (begun && width(now) + 1 + width(word) > columns) {
                into.add(now.toString().stripTrailing());
                now = new StringBuilder(below);
                begun = false;
                if (word.isEmpty()) {
                    continue;
                }
            }
            now.append(begun ? " " : "").append(word);
            begun = true;
        }
        into.add(now.toString().stripTrailing());
    }

    /** What stands between two backticks is a command to be copied: one word, whatever blanks are in it. */
    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            quoted ^= each == '`' && (quoted || text.indexOf('`', i + 1) > 0);
            if (each == ' ' && !quoted) {
                words.add(word.toString());
                word.setLength(0);
            } else {
                word.append(each);
            }
        }
        words.add(word.toString());
        return words;
    }

    private static String blanks(String line) {
        return line.substring(0, line.length() - line.stripLeading().length());
    }

    private static int width(CharSequence painted) {
        return PAINT.matcher(painted).replaceAll("").length();
    }
}
