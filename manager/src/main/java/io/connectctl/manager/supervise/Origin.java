package io.connectctl.manager.supervise;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Who declares a server.
 *
 * @param file the connectctl.yaml, absolute; empty for flags
 */
public record Origin(Optional<Path> file) {
    /** Flags of start and restart. */
    public static final Origin FLAGS = new Origin(Optional.empty());
}
