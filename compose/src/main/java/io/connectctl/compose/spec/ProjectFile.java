package io.connectctl.compose.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A {@code connectctl.yaml}, read.
 *
 * @param path where it lies, absolute
 * @param servers what it declares, by name, in its order
 * @param daemon its daemon settings
 * @param problems what is wrong with it as a whole: syntax, duplicate or unknown keys, names that aren't plain
 */
public record ProjectFile(
        Path path, Map<ServerName, Declaration> servers, DaemonSettings daemon, List<Problem> problems) {
    /** The file's name. */
    public static final String NAME = "connectctl.yaml";

    /** The nearest connectctl.yaml in {@code folder} or above it. */
    public static Optional<Path> search(Path folder) {
        throw new UnsupportedOperationException("skeleton: " + folder);
    }

    /** Reads a file; what is wrong with it is in {@link #problems}, also if it can't be opened. */
    public static ProjectFile load(Path file) {
        throw new UnsupportedOperationException("skeleton: " + file);
    }
}
