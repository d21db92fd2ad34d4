package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the files that declared servers say by now: whoever edited one wants to see that what runs isn't what the file says. Each is
 * read again once it changed.
 */
final class DeclaredFiles {
    /** A file as it was: an editor gives it another time or size, or puts another file in its place. */
    private record Stamp(Object key, long size, Object changed) {}

    private record Read(Stamp stamp, Map<ServerName, Declaration> servers) {}

    private final Map<Path, Read> read = new ConcurrentHashMap<>();

    /** What the file declares of a server now; empty where it can't be read, has errors, or no longer declares it. */
    Optional<Declaration> declaration(Path file, ServerName name) {
        Optional<Stamp> stamp = stamp(file);
        if (stamp.isEmpty()) {
            read.remove(file);
            return Optional.empty();
        }
        Read known = read.get(file);
        if (known == null || !known.stamp().equals(stamp.get())) {
            known = new Read(stamp.get(), servers(file));
            read.put(file, known);
        }
        return Optional.ofNullable(known.servers().get(name));
    }

    private static Map<ServerName, Declaration> servers(Path file) {
        ProjectFile project = ProjectFile.load(file);
        return project.problems().stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR)
                ? Map.of()
                : project.servers();
    }

    private static Optional<Stamp> stamp(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.isRegularFile()
                    ? Optional.of(new Stamp(
                            Objects.requireNonNullElse(attributes.fileKey(), file),
                            attributes.size(),
                            attributes.lastModifiedTime()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
