package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.SnapshotScript;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Looks into a JVM of this machine, by a shell of its own that is ended when its time is over. */
final class LocalSnapshot {
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** Beyond the limit for the JVM's threads: its heap, and the kernel's part. */
    private static final Duration SLACK = Duration.ofSeconds(4);

    private LocalSnapshot() {}

    /**
     * @param folder for a file while it is being looked at; nothing stays in it
     * @param limit for the JVM's answer
     */
    static Snapshot take(long pid, Path folder, Duration limit) throws IOException, InterruptedException {
        // To a file rather than a pipe: reading from a pipe can't be ended while something that hangs holds its other
        // end.
        Path printed = Files.createTempFile(folder, "snapshot", ".tmp");
        try {
            ProcessBuilder builder = new ProcessBuilder(
                            "/bin/sh",
                            "-c",
                            SnapshotScript.text(),
                            "snapshot",
                            Long.toString(pid),
                            Long.toString(Math.max(1, limit.toSeconds())))
                    .redirectInput(new File("/dev/null"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectOutput(printed.toFile());
            builder.environment().clear();
            builder.environment().putAll(Map.of("PATH", PATH, "LC_ALL", "C.UTF-8"));
            Process shell = builder.start();
            boolean ended = false;
            try {
                ended = shell.waitFor(limit.plus(SLACK).toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                if (!ended) {
                    // Children first: without their shell nobody would know them.
                    List<ProcessHandle> children = shell.descendants().toList();
                    shell.destroyForcibly();
                    children.forEach(ProcessHandle::destroyForcibly);
                }
            }
            try (InputStream stream = Files.newInputStream(printed)) {
                return Snapshot.read(
                        new String(stream.readNBytes(Snapshot.LARGEST), StandardCharsets.UTF_8),
                        ended
                                ? ""
                                : "looking into it was ended after "
                                        + limit.plus(SLACK).toSeconds() + " s");
            }
        } finally {
            Files.deleteIfExists(printed);
        }
    }
}
