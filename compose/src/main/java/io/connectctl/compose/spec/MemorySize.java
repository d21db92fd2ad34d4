package io.connectctl.compose.spec;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An amount of memory in bytes, written as the JVM and Spark write it: {@code 1512m}, {@code 2g}. */
public record MemorySize(long bytes) implements Comparable<MemorySize> {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,12})([kmgt])b?");

    /**
     * Reads a size such as {@code 1512m}. A bare number is refused, since Spark reads it as MiB and the JVM as bytes.
     *
     * @throws IllegalArgumentException if it has no unit of k, m, g, t, or is 0
     */
    public static MemorySize parse(String text) {
        Matcher matcher = SHAPE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no memory size: write a whole number and a unit, such as 1512m or 2g");
        }
        int shift =
                switch (matcher.group(2)) {
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    default -> 40;
                };
        long number = Long.parseLong(matcher.group(1));
        if (number == 0 || number > (Long.MAX_VALUE >> shift)) {
            throw new IllegalArgumentException("'" + text + "' is no memory size that a server can have");
        }
        return new MemorySize(number << shift);
    }

    /** As the JVM's -Xmx takes it, in the largest unit that is exact: {@code 1512m}. */
    public String text() {
        if (bytes % (1L << 30) == 0) {
            return (bytes >> 30) + "g";
        }
        if (bytes % (1L << 20) == 0) {
            return (bytes >> 20) + "m";
        }
        return Math.max(1, bytes >> 10) + "k";
    }

    @Override
    public int compareTo(MemorySize other) {
        return Long.compare(bytes, other.bytes);
    }

    @Override
    public String toString() {
        return text();
    }
}
