package io.connectctl.compose.runtime;

import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shell that watches over deadlines: starting it again does no harm, since all but one end at once. */
final class DeadlineShell implements DeadlineWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DeadlineShell.class);
    private static final File NOTHING = new File("/dev/null");

    private final Folders folders;
    private final List<Process> started = new CopyOnWriteArrayList<>();

    DeadlineShell(Folders folders) {
        this.folders = folders;
    }

    @Override
    public synchronized void start() {
        Path script = folders.state().resolve("deadlines.sh");
        try {
            // A shell that runs has read it as a whole, and the file is replaced, never changed.
            PrivateFiles.write(script, text(), false);
            ProcessBuilder builder = new ProcessBuilder(
                            "setsid",
                            "/bin/sh",
                            script.toString(),
                            folders.state().toString())
                    .directory(new File("/"))
                    .redirectInput(NOTHING)
                    .redirectOutput(NOTHING)
                    .redirectError(NOTHING);
            String path = builder.environment().get("PATH");
            builder.environment().clear();
            if (path != null) {
                builder.environment().put("PATH", path);
            }
            started.removeIf(process -> !process.isAlive());
            started.add(builder.start());
        } catch (IOException e) {
            LOG.warn("deadlines aren't watched, so only a daemon removes what is over: {}", e.getMessage());
        }
    }

    private static String text() throws IOException {
        try (InputStream script = DeadlineShell.class.getResourceAsStream("deadlines.sh")) {
            if (script == null) {
                throw new IOException("deadlines.sh is missing in this installation");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        started.forEach(Process::destroy);
        started.clear();
    }
}
