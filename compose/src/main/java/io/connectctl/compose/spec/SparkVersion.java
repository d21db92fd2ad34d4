package io.connectctl.compose.spec;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Spark version such as {@code 4.0.1} or {@code 4.2.0-preview5}; knows what that version can do. */
public record SparkVersion(String text, int major, int minor, int patch) implements Comparable<SparkVersion> {
    private static final Pattern SHAPE =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})(?:[-.][A-Za-z0-9.-]{1,40})?");

    /**
     * Reads a version.
     *
     * @throws IllegalArgumentException if it isn't of the form MAJOR.MINOR.PATCH[-QUALIFIER]
     */
    public static SparkVersion parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no Spark version: write it as 4.0.1");
        }
        return new SparkVersion(
                text,
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)));
    }

    /** Spark Connect exists since 3.4. */
    public boolean hasConnect() {
        return major > 3 || (major == 3 && minor >= 4);
    }

    /** Token authentication came with 4.0.0 (SPARK-51156). */
    public boolean hasToken() {
        return major >= 4;
    }

    /** {@code spark.connect.grpc.binding.address} came with 4.0.0 (SPARK-44482); 3.x ignores it silently. */
    public boolean hasBindingAddress() {
        return major >= 4;
    }

    /** Scala's binary version in the artifact names that Spark Connect is published under. */
    public String scalaBinary() {
        return major >= 4 ? "2.13" : "2.12";
    }

    @Override
    public int compareTo(SparkVersion other) {
        int byNumbers = Integer.compare(
                major * 1_000_000 + minor * 1_000 + patch, other.major * 1_000_000 + other.minor * 1_000 + other.patch);
        return byNumbers != 0 ? byNumbers : text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }
}
