package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.Texts;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Files and folders that are named and aren't there. Looked at is this machine's disk for a process; of a container only what is
 * sure: nothing is mounted there, and the image is Spark's own.
 */
final class Paths implements Check {
    private static final List<String> LISTS =
            List.of("spark.jars", "spark.files", "spark.archives", "spark.submit.pyFiles");
    private static final String EVENT_LOG = "spark.eventLog.enabled";
    private static final String EVENT_FOLDER = "spark.eventLog.dir";

    @Override
    public void check(Subject server, Findings findings) {
        for (String key : LISTS) {
            for (String one : server.conf().getOrDefault(key, "").split(",", -1)) {
                path(one).filter(path -> isMissing(server, path, false)).ifPresent(path -> findings.of(Rule.MISSING_JAR)
                        .value(
                                Severity.WARNING,
                                Subject.pointer(key),
                                "'" + Texts.shown(path.toString()) + "' doesn't exist" + where(server)
                                        + ": Spark starts without it",
                                Optional.empty(),
                                "correct the path" + (server.isProcess() ? "" : ", or mount it by container.volumes")));
            }
        }
        eventLog(server, findings.of(Rule.EVENT_LOG_FOLDER));
    }

    private static void eventLog(Subject server, Findings findings) {
        if (!server.isOn(EVENT_LOG)
                || (server.spec().conf().containsKey(EVENT_FOLDER)
                        && !server.conf().containsKey(EVENT_FOLDER))) {
            return;
        }
        boolean named = server.conf().containsKey(EVENT_FOLDER);
        Optional<Path> folder = path(server.conf().getOrDefault(EVENT_FOLDER, "/tmp/spark-events"));
        // A template may name another one.
        if (folder.isPresent() && isMissing(server, folder.get(), true) && (named || !server.declares("/templates"))) {
            findings.value(
                    // Where it is open which of the two it will be, the folder may be there after all.
                    server.isProcess() || server.isContainer() ? Severity.ERROR : Severity.WARNING,
                    Subject.pointer(named ? EVENT_FOLDER : EVENT_LOG),
                    "the folder of event logs '" + Texts.shown(folder.get().toString()) + "'"
                            + (named ? "" : ", Spark's default,") + " doesn't exist" + where(server)
                            + ": Spark refuses to start",
                    Optional.empty(),
                    server.isContainer()
                            ? "mount a folder by container.volumes and name it in " + EVENT_FOLDER
                            : "make it, or name another one in " + EVENT_FOLDER);
        }
    }

    private static String where(Subject server) {
        return server.isContainer() ? " in the container" : " on this machine";
    }

    /** An absolute path of the server's own file system; empty for whatever lies elsewhere or can't be looked at. */
    private static Optional<Path> path(String text) {
        String path = text.strip();
        int alias = path.indexOf('#');
        path = alias < 0 ? path : path.substring(0, alias);
        for (String scheme : List.of("file://", "file:", "local://", "local:")) {
            if (path.startsWith(scheme + "/")) {
                path = path.substring(scheme.length());
                break;
            }
        }
        if (!path.startsWith("/") || path.chars().anyMatch(c -> "*?[{".indexOf(c) >= 0)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Path.of(path).normalize());
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static boolean isMissing(Subject server, Path path, boolean folder) {
        boolean here = folder ? Files.isDirectory(path) : Files.exists(path);
        if (server.isProcess()) {
            return !here;
        }
        boolean mayBring = server.spec().container().image().isPresent()
                || path.startsWith("/opt")
                || server.spec().container().volumes().stream()
                        .map(volume -> volume.split(":", -1))
                        .anyMatch(parts -> parts.length > 1 && path.startsWith(parts[1]));
        return !mayBring && (server.isContainer() || !here);
    }
}
