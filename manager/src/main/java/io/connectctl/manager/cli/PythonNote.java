package io.connectctl.manager.cli;

import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Whether Python UDFs can work on a server of this machine. The server starts {@code python3 -m pyspark.daemon} for them, so
 * it needs a python3 on its PATH and a pyspark that it can import: from SPARK_HOME, or installed.
 */
final class PythonNote {
    private static final String QUESTION =
            """
            import sys
            v = '%d.%d' % sys.version_info[:2]
            try:
                import pyspark
                print(v, pyspark.__version__)
            except Exception:
                print(v, '-')
            """;

    /** To import pyspark from a slow disk takes seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private PythonNote() {}

    /**
     * What to tell.
     *
     * @param text one line for people
     * @param works false if it is a warning
     */
    record Note(String text, boolean works) {}

    /**
     * Looks.
     *
     * @param environment holds the PATH
     * @param distribution true where SPARK_HOME brings its own pyspark
     */
    static Note look(Map<String, String> environment, String spark, boolean distribution) throws InterruptedException {
        Optional<Path> python = find(environment.getOrDefault("PATH", ""));
        if (python.isEmpty()) {
            return new Note(
                    "Python UDFs can't work: there is no python3 on the PATH; install one"
                            + (distribution ? "" : " with pyspark==" + spark),
                    false);
        }
        Optional<String> answer = ask(python.get(), PATIENCE);
        if (answer.isEmpty()) {
            return new Note("Python UDFs may not work: " + python.get() + " didn't answer", false);
        }
        String[] words = answer.get().split(" ", 2);
        String version = words[0];
        String pyspark = words.length > 1 ? words[1] : "-";
        String oldest = oldest(spark);
        if (minor(version) < minor(oldest)) {
            return new Note(
                    "Python UDFs can't work: Spark " + spark + " needs Python " + oldest + " or newer, " + python.get()
                            + " is " + version,
                    false);
        }
        if (!distribution && pyspark.equals("-")) {
            return new Note(
                    "Python UDFs can't work: " + python.get() + " (Python " + version
                            + ") has no pyspark, and the jars alone bring none; install pyspark==" + spark
                            + ", or declare a sparkHome",
                    false);
        }
        if (!distribution && !pyspark.equals(spark)) {
            return new Note(
                    "Python UDFs may not work: the server is Spark " + spark + ", " + python.get() + " has pyspark "
                            + pyspark + "; install pyspark==" + spark,
                    false);
        }
        return new Note(
                "Python UDFs run in " + python.get() + ": clients need the same Python " + version + " for them", true);
    }

    /**
     * This machine's pyspark.
     *
     * @param version empty where there is none, or none is known
     * @param why it is empty, for people
     */
    record Pyspark(Optional<String> version, String why) {}

    /** Asks for the version of this machine's pyspark. */
    static Pyspark pyspark(Map<String, String> environment, Duration patience) throws InterruptedException {
        Optional<Path> python = find(environment.getOrDefault("PATH", ""));
        if (python.isEmpty()) {
            return new Pyspark(Optional.empty(), "no pyspark on this machine");
        }
        Optional<String> answer = ask(python.get(), patience);
        if (answer.isEmpty()) {
            return new Pyspark(Optional.empty(), python.get() + " didn't say whether it has a pyspark");
        }
        String version = answer.get().substring(answer.get().indexOf(' ') + 1);
        return version.equals("-")
                ? new Pyspark(Optional.empty(), "no pyspark on this machine")
                : new Pyspark(Optional.of(version), "");
    }

    private static Optional<Path> find(String path) {
        for (String folder : path.split(":", -1)) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder, "python3");
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> ask(Path python, Duration patience) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(List.of(python.toString(), "-c", QUESTION))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return answer.matches("\\d+\\.\\d+ \\S+") ? Optional.of(answer) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** From the release notes: 4.0 dropped Python 3.8, 3.5 dropped 3.7, 4.1 dropped 3.9. */
    private static String oldest(String spark) {
        SparkVersion version;
        try {
            version = SparkVersion.parse(spark);
        } catch (IllegalArgumentException e) {
            return "3.9";
        }
        if (version.major() >= 4) {
            return version.minor() >= 1 ? "3.10" : "3.9";
        }
        return version.minor() >= 5 ? "3.8" : "3.7";
    }

    private static int minor(String version) {
        String[] parts = version.split("\\.", -1);
        return Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1]);
    }
}
