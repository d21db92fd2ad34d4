package io.connectctl.compose.render;

/**
 * Follows quotes and comments of sh and of java argument files, character by character. Both have single and double
 * quotes, a backslash and {@code #}; they differ in what a backslash does.
 */
final class Quotes {
    /** Where a character stands. */
    enum Place {
        BARE,
        SINGLE,
        DOUBLE,
        COMMENT
    }

    private final boolean shell;
    private Place place = Place.BARE;
    private boolean escaped;
    private boolean wordStart = true;

    Quotes(Format format) {
        this.shell = format == Format.SHELL;
    }

    Place place() {
        return place;
    }

    /** True if the next character is taken literally because of a backslash before it. */
    boolean escaped() {
        return escaped;
    }

    /** Goes over one character, and says where it stood itself: a comment's first {@code #} is part of it. */
    Place next(char c) {
        if (escaped) {
            escaped = false;
            wordStart = false;
            return place;
        }
        switch (place) {
            case COMMENT -> {
                if (c == '\n') {
                    place = Place.BARE;
                    wordStart = true;
                    return Place.BARE;
                }
            }
            case SINGLE -> {
                if (c == '\'') {
                    place = Place.BARE;
                } else if (c == '\\' && !shell) {
                    escaped = true;
                }
            }
            case DOUBLE -> {
                if (c == '"') {
                    place = Place.BARE;
                } else if (c == '\\') {
                    escaped = true;
                }
            }
            case BARE -> bare(c);
        }
        return place;
    }

    private void bare(char c) {
        if (c == '#' && (wordStart || !shell)) {
            place = Place.COMMENT;
            return;
        }
        switch (c) {
            case '\'' -> place = Place.SINGLE;
            case '"' -> place = Place.DOUBLE;
            case '\\' -> escaped = shell;
            default -> {}
        }
        wordStart = Character.isWhitespace(c) || (shell && ";&|()".indexOf(c) >= 0);
    }
}
