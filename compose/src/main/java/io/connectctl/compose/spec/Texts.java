package io.connectctl.compose.spec;

import java.util.Collection;

/** How texts of a user are shown in messages. */
public final class Texts {
    private static final int LONGEST = 120;

    private Texts() {}

    /** A text on one line: control characters and lone surrogates escaped, the end cut off where it is long. */
    public static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length() && shown.length() < LONGEST; ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            switch (point) {
                case '\n' -> shown.append("\\n");
                case '\r' -> shown.append("\\r");
                case '\t' -> shown.append("\\t");
                default -> {
                    if (Character.isISOControl(point) || Character.getType(point) == Character.SURROGATE) {
                        shown.append(String.format("\\u%04x", point));
                    } else {
                        shown.appendCodePoint(point);
                    }
                }
            }
        }
        return shown.length() >= LONGEST ? shown + "..." : shown.toString();
    }

    /** True if a text can be written to a file and to a process' environment: no NUL, no half of a surrogate pair. */
    static boolean isWritable(String text) {
        return text.codePoints().noneMatch(point -> point == 0 || Character.getType(point) == Character.SURROGATE);
    }

    /** {@code a, b or c}. */
    public static String oneOf(Collection<String> words) {
        String all = String.join(", ", words);
        int last = all.lastIndexOf(", ");
        return last < 0 ? all : all.substring(0, last) + " or " + all.substring(last + 2);
    }
}
