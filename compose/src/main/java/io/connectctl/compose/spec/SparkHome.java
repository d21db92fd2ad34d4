package io.connectctl.compose.spec;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a folder named by {@code sparkHome} is: the one rule for the declaration that is checked and for the runtime that
 * starts from it.
 *
 * @param path the folder
 * @param shape what lies in it
 */
public record SparkHome(Path path, Shape shape) {
    private static final Pattern CORE_JAR = Pattern.compile("spark-core_(2\\.\\d+)-(.+)\\.jar");

    /** The shapes in which people have a Spark. */
    public enum Shape {
        /** As Apache releases it: {@code bin/spark-submit}, which can be run, and {@code jars/}. Its own scripts start it. */
        DISTRIBUTION,
        /** {@code jars/} without a {@code bin/spark-submit} that can be run. */
        JARS_INSIDE,
        /** A folder that holds the jars itself. */
        JARS,
        /** No Spark that could be started. */
        NOTHING
    }

    /** Looks at a folder. */
    public static SparkHome of(Path path) {
        return new SparkHome(path, shape(path));
    }

    private static Shape shape(Path path) {
        if (Files.isDirectory(path.resolve("jars"))) {
            return Files.isExecutable(path.resolve("bin/spark-submit")) ? Shape.DISTRIBUTION : Shape.JARS_INSIDE;
        }
        return first(path, "*.jar").isPresent() ? Shape.JARS : Shape.NOTHING;
    }

    /** The folder itself where its own scripts start it; empty where there are none. */
    public Optional<Path> distribution() {
        return shape == Shape.DISTRIBUTION || shape == Shape.NOTHING ? Optional.of(path) : Optional.empty();
    }

    /** The jars to start from where there are no scripts; empty for a distribution. */
    public Optional<Path> bareJars() {
        return distribution().isPresent() ? Optional.empty() : Optional.of(jars());
    }

    /** Where its jars lie. */
    public Path jars() {
        return shape == Shape.JARS ? path : path.resolve("jars");
    }

    /** Why no server can be started from it, with the remedy; empty if one can. */
    public Optional<String> problem() {
        if (shape == Shape.NOTHING) {
            return Optional.of(
                    "'" + path + "' holds no Spark: name the folder of a Spark distribution (bin/ and jars/),"
                            + " or a folder with its jars");
        }
        // A distribution's own scripts know what they start, whatever its builder called the jars.
        if (shape != Shape.DISTRIBUTION && core().isEmpty()) {
            return Optional.of(
                    "'" + jars() + "' holds no spark-core_*.jar: name the folder of a Spark distribution (bin/"
                            + " and jars/), or a folder with its jars");
        }
        return Optional.empty();
    }

    /** The version in the name of its core jar. */
    public Optional<SparkVersion> version() {
        return core().flatMap(matcher -> {
            try {
                return Optional.of(SparkVersion.parse(matcher.group(2)));
            } catch (IllegalArgumentException e) {
                return Optional.empty(); // a build of somebody's own, named in another way
            }
        });
    }

    /** {@code 2.12} or {@code 2.13}, by the name of its core jar. */
    public Optional<String> scala() {
        return core().map(matcher -> matcher.group(1));
    }

    /** True if a Connect server lies among its jars: distributions before 4.0 have none. */
    public boolean hasConnect() {
        return first(jars(), "spark-connect_*.jar").isPresent();
    }

    /** The names of its jars; none where they can't be read. */
    public List<String> jarNames() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(jars(), "*.jar")) {
            found.forEach(jar -> names.add(String.valueOf(jar.getFileName())));
        } catch (IOException | DirectoryIteratorException e) {
            return List.of(); // as above: nothing to start from
        }
        return names;
    }

    private Optional<Matcher> core() {
        return first(jars(), "spark-core_*.jar")
                .map(jar -> CORE_JAR.matcher(String.valueOf(jar.getFileName())))
                .filter(Matcher::matches);
    }

    private static Optional<Path> first(Path folder, String glob) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, glob)) {
            for (Path path : found) {
                return Optional.of(path);
            }
        } catch (IOException | DirectoryIteratorException e) {
            return Optional.empty(); // there is no such folder, or it can't be read: nothing to start from
        }
        return Optional.empty();
    }
}
