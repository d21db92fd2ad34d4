package io.connectctl.compose.runtime;

import io.connectctl.compose.render.JavaOptions;
import io.connectctl.compose.spec.JavaSupport;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * How a JVM writes down what it knows of its classes, and takes it up again. Both of these are made at the exit of a JVM that
 * ran them, which takes seconds, so that is never a user's server.
 */
public enum ArchiveKind {
    /** A dynamic archive on top of the JDK's own (JEP 350): Java 13 and later. */
    DYNAMIC("classes.jsa", "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile=", "cds*") {
        /** It holds classes alone, so that what the second compiler would make of them is work for nothing: half of all. */
        @Override
        public String dumpOptions(Path archive) {
            return super.dumpOptions(archive) + "-XX:TieredStopAtLevel=1\n";
        }
    },
    /**
     * An ahead-of-time cache in one step (JEP 514): Java 25 and later. Its options are HotSpot's own, so they are taken or
     * ignored as a whole with {@code -XX:+IgnoreUnrecognizedVMOptions}, which is among Spark's.
     */
    AHEAD_OF_TIME("classes.aot", "-XX:AOTCacheOutput=", "-XX:AOTCache=", "aot*");

    /** The JDK's archive of its own classes, which all of these build on; below the JDK's folder. */
    public static final String BASE = "lib/server/classes.jsa";

    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_(?:RUNTIME_)?VERSION=\"([^\"]+)\"");
    private static final Pattern OTHER_VM = Pattern.compile("(?mi)^JVM_VARIANT=\"(?!hotspot)([^\"]+)\"");

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

    /**
     * What the JVM of a JDK can do.
     *
     * @param home the JDK, for people
     * @param release the text of its {@code release} file
     * @param base whether it has {@link #BASE}
     * @throws ArchiveUnfitException where it can do neither
     */
    public static ArchiveKind of(Path home, String release, boolean base) throws ArchiveUnfitException {
        if (OTHER_VM.matcher(release).find()) {
            throw new ArchiveUnfitException("the JVM in " + home + " isn't HotSpot");
        }
        OptionalInt major = JavaSupport.majorIn(release);
        Optional<ArchiveKind> kind = major.isPresent() ? of(major.getAsInt()) : Optional.empty();
        if (kind.isEmpty()) {
            throw new ArchiveUnfitException(
                    "Java " + version(release) + " in " + home + " is too old for it: " + FIRST_DYNAMIC + " is needed");
        }
        if (!base) {
            throw new ArchiveUnfitException("the JDK in " + home + " has no archive of its own classes to build on ("
                    + BASE + "): java -Xshare:dump makes one");
        }
        return kind.get();
    }

    /** The version that a {@code release} file tells: {@code 17.0.15}; {@code ?} where it tells none. */
    public static String version(String release) {
        return VERSION.matcher(release)
                .results()
                .map(match -> match.group(1))
                .findFirst()
                .orElse("?");
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
