package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A shell beside a leased container that removes the server's folder on this machine once its deadline is over: see folder.sh. */
final class FolderWatch {
    private static final Logger LOG = LoggerFactory.getLogger(FolderWatch.class);
    private static final File NOTHING = new File("/dev/null");

    private FolderWatch() {}

    /** Starts one. Where that fails, the next daemon removes the folder. */
    static void start(Path folder) {
        Path script = folder.resolve("folder.sh");
        try {
            PrivateFiles.write(script, text(), false);
            ProcessBuilder builder = new ProcessBuilder("setsid", "/bin/sh", script.toString(), folder.toString())
                    .directory(new File("/"))
                    .redirectInput(NOTHING)
                    .redirectOutput(NOTHING)
                    .redirectError(NOTHING);
            Map<String, String> environment = builder.environment();
            environment.keySet().retainAll(Set.of("PATH"));
            Process started = builder.start();
            LOG.debug("{} is watched by process {}", folder, started.pid());
        } catch (IOException e) {
            LOG.warn("{} isn't watched, so only a daemon removes it: {}", folder, e.getMessage());
        }
    }

    private static String text() throws IOException {
        try (InputStream script = FolderWatch.class.getResourceAsStream("folder.sh")) {
            if (script == null) {
                throw new IOException("folder.sh is missing in this installation");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
