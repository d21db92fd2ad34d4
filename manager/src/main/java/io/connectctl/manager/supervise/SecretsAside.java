package io.connectctl.manager.supervise;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * Secrets of a server that is being removed: out of the way until the store has forgotten the server, so that neither a full disk nor a
 * daemon that is killed in between leaves a server without its secrets, or secrets without their server.
 */
final class SecretsAside {
    private static final String SUFFIX = ".removed";

    private final List<Path> files;

    /**
     * @param files those of one server, whether they are there or not
     */
    SecretsAside(Path... files) {
        this.files = List.of(files);
    }

    /** Puts them aside: all of them or, where that fails, none. */
    void put() throws IOException {
        try {
            for (Path file : files) {
                if (Files.exists(file)) {
                    Files.move(file, aside(file), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            back(e);
            throw e;
        }
    }

    /** Puts back what was put aside, also by a daemon before this one; a file that was written since is newer. */
    void back() throws IOException {
        for (Path file : files) {
            if (Files.exists(aside(file))) {
                if (Files.exists(file)) {
                    Files.delete(aside(file));
                } else {
                    Files.move(aside(file), file);
                }
            }
        }
    }

    private void back(IOException why) {
        try {
            back();
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** Deletes what was put aside: nobody knows the server any more. */
    void delete() throws IOException {
        for (Path file : files) {
            Files.deleteIfExists(aside(file));
        }
    }

    private static Path aside(Path file) {
        return file.resolveSibling(file.getFileName() + SUFFIX);
    }
}
