package io.connectctl.compose.spec;

/**
 * Where a value was written: a place in a file, or a flag.
 *
 * @param source the file's path, or the flag such as {@code --port}
 * @param line 1-based line, 0 for a flag
 * @param column 1-based column, 0 for a flag
 */
public record Location(String source, int line, int column) {
    /** A command line flag. */
    public static Location flag(String flag) {
        return new Location(flag, 0, 0);
    }

    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
