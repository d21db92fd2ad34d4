package io.connectctl.compose.runtime;

import io.connectctl.compose.render.JavaOptions;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a JVM writes down what it knows of its classes, and takes it up again. Both of these are made at the exit of a JVM that
 * ran them, which takes seconds, so that is never a user's server.
 */
public enum ArchiveKind {
    /** A dynamic archive on top of the JDK's own (JEP 350): Java 13 and later. */
    DYNAMIC("classes.jsa", "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile=", "cds*"),
    /**
     * An ahead-of-time cache in one step (JEP 514): Java 25 and later. Its options are HotSpot's own, so they are taken or
     * ignored as a whole with {@code -XX:+IgnoreUnrecognizedVMOptions}, which is among Spark's.
     */
    AHEAD_OF_TIME("classes.aot", "-XX:AOTCacheOutput=", "-XX:AOTCache=", "aot*");

    private static final int FIRST_DYNAMIC = 13;
    private static final int FIRST_AHEAD_OF_TIME = 25;

    private final String file;
    private final String dump;
    private final String use;
    private final String logTags;

    ArchiveKind(String file, String dump, String use, String logTags) {
        this.file = file;
        this.dump = dump;
        this.use = use;
        this.logTags = logTags;
    }

    /** What the JVMs of this feature version can do; empty where they can do neither. */
    public static Optional<ArchiveKind> of(int javaVersion) {
        if (javaVersion >= FIRST_AHEAD_OF_TIME) {
            return Optional.of(AHEAD_OF_TIME);
        }
        return javaVersion >= FIRST_DYNAMIC ? Optional.of(DYNAMIC) : Optional.empty();
    }

    /** The archive's file name. */
    public String file() {
        return file;
    }

    /** The text of a java argument file whose JVM makes the archive when it ends, also by SIGTERM. */
    public String dumpOptions(Path archive) {
        return JavaOptions.join(dump + archive) + "\n";
    }

    /**
     * The text of a java argument file that uses the archive. A JVM that can't goes on without it, and without a word: its
     * warnings would stand first in the server's log and look like the reason for whatever fails later.
     */
    public String useOptions(Path archive) {
        return "-Xlog:" + logTags + "=off\n" + JavaOptions.join(use + archive) + "\n";
    }
}
