package io.connectctl.compose.runtime;

import java.nio.file.Path;
import java.util.Optional;

/** What class data archive there is for a server that is about to be launched. */
public sealed interface Archive {
    /** None is wanted: {@code archive: false}. */
    record NotWanted() implements Archive {}

    /** There is none, and nobody can train one here: a container whose image brings none. */
    record None() implements Archive {}

    /**
     * There is one, checked a moment ago.
     *
     * @param key what it is for
     * @param options a java argument file that uses it, as the server sees it
     * @param file the archive itself, likewise
     */
    record Ready(String key, Path options, Path file) implements Archive {}

    /**
     * There is none yet, and one can be trained.
     *
     * @param key what it would be for
     * @param failure why an earlier training failed; then nobody tries again by itself
     * @param discarded why one that was there was thrown away just now
     */
    record Missing(String key, Optional<String> failure, Optional<String> discarded) implements Archive {}

    /**
     * This server can't use one.
     *
     * @param why in a few words, with values: {@code HADOOP_CONF_DIR puts a folder on the class path}
     */
    record Unfit(String why) implements Archive {}
}
