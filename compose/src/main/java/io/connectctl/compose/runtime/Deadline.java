package io.connectctl.compose.runtime;

import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * When a leased server ends by itself, should nobody be there to end it: the content of its dead man's switch, the file {@code
 * deadline} in the server's folder. Whoever keeps the server writes it anew ahead of time. A runtime that launches a server with such a
 * file puts a watcher beside it that reads the file again and again; one without it is never ended by itself.
 *
 * @param boot the kernel's boot id, of this machine
 * @param at time since that boot
 * @param left how long that is from now: for a server on a machine that counts from another boot
 */
public record Deadline(String boot, Duration at, Duration left) {
    /** The file's name, in the server's folder. */
    public static final String FILE = "deadline";

    /** Where a server's deadline lies. */
    public static Path file(Folders folders, ServerName server) {
        return folders.servers().resolve(server.value()).resolve(FILE);
    }

    /** The content: boot id, second of its uptime, seconds from now, each whole and rather later than earlier. */
    public String text() {
        return boot + " " + whole(at) + " " + whole(left) + "\n";
    }

    private static long whole(Duration time) {
        return time.plusNanos(999_999_999).toSeconds();
    }

    /** Writes it for a server that may not have been launched yet. */
    public void write(Folders folders, ServerName server) throws IOException {
        PrivateFiles.write(file(folders, server), text());
    }
}
