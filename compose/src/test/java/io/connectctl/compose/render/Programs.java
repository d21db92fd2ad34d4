package io.connectctl.compose.render;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs real programs for tests, bounded in time. */
final class Programs {
    private Programs() {}

    /** How a program ended. */
    record Outcome(int exit, String output) {
        /** What it printed, up to each NUL. */
        List<String> words() {
            List<String> words = new ArrayList<>(List.of(output.split("\0", -1)));
            words.remove(words.size() - 1);
            return words;
        }
    }

    /** Runs {@code command} with nothing in its environment but PATH, a UTF-8 locale and {@code environment}. */
    static Outcome run(Path folder, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "output", null);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("no end after 60 s: " + command);
        }
        return new Outcome(process.exitValue(), new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
    }

    /** Writes an executable file. */
    static Path executable(Path file, String text) throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    /** Writes a rendering into its site's conf folder. */
    static void write(Rendering rendering, Site site) throws IOException {
        Files.createDirectories(site.conf());
        for (RenderedFile file : rendering.files()) {
            Files.writeString(site.conf().resolve(file.name()), file.text());
        }
    }
}
