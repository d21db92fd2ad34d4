package io.connectctl.manager.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    private static final Pattern OPTION = Pattern.compile("^ {2,6}(?:-[a-zA-Z], )?--?[a-zA-Z][^ ]* +");

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

    /** A list of names and what they mean, each meaning below its name where there is no room beside the longest of them. */
    static String stacked(String text, int columns) {
        List<String> whole = text.lines().toList();
        int longest = whole.stream()
                .map(Prose::label)
                .flatMap(Optional::stream)
                .mapToInt(Prose::width)
                .max()
                .orElse(0);
        if (columns - longest >= ROOM) {
            return folded(text, columns);
        }
        List<String> lines = new ArrayList<>();
        int below = 0;
        for (String line : whole) {
            Optional<String> label = label(line);
            if (label.isPresent()) {
                String name = label.get().stripTrailing();
                below = blanks(name).length() + 4;
                lines.add(name);
                lines.addAll(
                        lines(" ".repeat(below) + line.substring(label.get().length()), columns, 0));
            } else if (columns - blanks(line).length() < ROOM) {
                // More on the name above.
                lines.addAll(lines(" ".repeat(below) + line.strip(), columns, 0));
            } else {
                lines.addAll(lines(line, columns, 0));
            }
        }
        return String.join("\n", lines) + (text.endsWith("\n") ? "\n" : "");
    }

    /** The name that a line begins with, and the gap behind it; an option that fills its column has a single blank there. */
    private static Optional<String> label(String line) {
        Matcher option = OPTION.matcher(line);
        Matcher label = LABELLED.matcher(line);
        return option.find()
                ? Optional.of(option.group())
                : label.find() && !label.group().isBlank() ? Optional.of(label.group()) : Optional.empty();
    }

    private static List<String> lines(String text, int columns) {
        return lines(text, columns, 2);
    }

    /**
     * @param further so many blanks more stand before what a line without a label goes on with
     */
    private static List<String> lines(String text, int columns, int further) {
        List<String> lines = new ArrayList<>();
        if (text.isEmpty()) {
            lines.add("");
        }
        text.lines().forEach(line -> {
            if (width(line) <= columns) {
                lines.add(line);
            } else {
                fold(line, columns, further, lines);
            }
        });
        return lines;
    }

    private static void fold(String line, int columns, int further, List<String> into) {
        String head =
                label(line).filter(label -> columns - width(label) >= ROOM).orElseGet(() -> blanks(line));
        String below = " ".repeat(head.isBlank() ? head.length() + further : width(head));
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
