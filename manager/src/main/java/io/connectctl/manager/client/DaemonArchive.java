package io.connectctl.manager.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The class data archive that a daemon starts from, which takes a third of its start-up time away. Made in the background,
 * once for each copy of connectctl and each Java; a daemon that finds none, or one that doesn't fit, starts as without.
 */
final class DaemonArchive {
    /**
     * Names the archive's file; set by {@code bin/connectctl}, which knows Java's exact build and keeps the archive in the folder
     * of the copy that it was recorded from.
     */
    private static final String PROPERTY = "connectctl.daemon.archive";

    /**
     * Records to $1 with the Java $2 and its arguments. By one at a time, anew where the one before was killed, and never again
     * where it failed. The daemon that it runs has folders of its own.
     */
    private static final String RECORD =
            """
            umask 077
            archive=$1 java=$2
            shift 2
            exec 9>>"$archive.lock" && flock -n 9 && [ ! -s "$archive.lock" ] && [ ! -e "$archive" ] || exit 1
            # Where the kernel shares out the processor by sessions (autogroup), a session's own niceness is what counts.
            { echo 19 >/proc/self/autogroup; } 2>/dev/null
            folder=$(mktemp -d) || exit 1
            trap 'rm -rf "$folder" "$archive.new"' EXIT
            trap 'exit 1' HUP INT TERM
            export CONNECTCTL_STATE_DIR="$folder/state" CONNECTCTL_CONFIG_DIR="$folder/config" \\
                CONNECTCTL_RUN_DIR="$folder/run" CONNECTCTL_CACHE_DIR="$folder/cache"
            if timeout 300 "$java" -XX:ArchiveClassesAtExit="$archive.new" -Xlog:disable "$@" 9>&-; then
                mv "$archive.new" "$archive"
            elif [ $? -ne 124 ]; then
                # A busy machine may have time for it later.
                echo failed >&9
            fi
            """;

    private final Path file;

    DaemonArchive(Path file) {
        this.file = file;
    }

    /** The one of this copy of connectctl; empty where it wasn't started by its launcher. */
    static Optional<DaemonArchive> configured() {
        return Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of).map(DaemonArchive::new);
    }

    boolean exists() {
        return Files.isRegularFile(file);
    }

    /** Java's options for a daemon that starts from it. One that doesn't fit is passed over without a word. */
    List<String> use() {
        // A JVM that finds a fault in the archive warns on stdout otherwise, with every start.
        return List.of("-XX:SharedArchiveFile=" + file, "-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr");
    }

    /**
     * The command that makes it, at the lowest priority.
     *
     * @param java the daemon's Java
     * @param options of the daemon's JVM, down to its class path
     */
    List<String> record(Path java, List<String> options) {
        List<String> command = new ArrayList<>(List.of("setsid", "nice", "-n", "19", "sh", "-c", RECORD, "sh"));
        command.add(file.toString());
        command.add(java.toString());
        command.addAll(options);
        command.add("io.connectctl.manager.cli.Main");
        command.add("train-daemon-class-data-sharing");
        return command;
    }
}
