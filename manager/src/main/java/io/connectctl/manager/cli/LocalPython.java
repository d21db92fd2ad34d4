package io.connectctl.manager.cli;

import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Whether Python UDFs can work on a server of this machine. The server starts {@code PYTHON -m pyspark.daemon} for them, where PYTHON is
 * its own PYSPARK_PYTHON, else PYSPARK_DRIVER_PYTHON, else python3 (pythonExec of Spark's SparkConnectPlanner, 3.4 to 4.x, which doesn't
 * look at spark.pyspark.python), so it needs that on its PATH and a pyspark that it can import: from SPARK_HOME, or installed.
 */
final class LocalPython {
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

    /** What decides which python runs and what it can import; the rest of a server's environment is none of its business here. */
    private static final Set<String> ASKED_WITH = Set.of(
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "LD_LIBRARY_PATH",
            "PYTHONHOME",
            "PYTHONPATH",
            "PYTHONUSERBASE",
            "VIRTUAL_ENV");

    private LocalPython() {}

    /**
     * Looks.
     *
     * @param environment the server's own
     * @param distribution true where SPARK_HOME brings its own pyspark
     */
    static PythonNote look(Map<String, String> environment, String spark, boolean distribution)
            throws InterruptedException {
        String variable = environment.containsKey("PYSPARK_PYTHON") ? "PYSPARK_PYTHON" : "PYSPARK_DRIVER_PYTHON";
        Optional<String> named = Optional.ofNullable(environment.get(variable));
        Optional<Path> python = find(named.orElse("python3"), environment.getOrDefault("PATH", ""));
        if (python.isEmpty()) {
            String lacks = named.map(name -> "the server's " + variable + " is " + name + ", which can't be run")
                    .orElse("there is no python3 on the server's PATH (" + environment.getOrDefault("PATH", "") + ")");
            return new PythonNote(
                    "Python UDFs can't work: " + lacks + "; install one"
                            + (distribution ? "" : " with pyspark==" + spark)
                            + ", or name another: env: PYSPARK_PYTHON",
                    false);
        }
        Optional<String> answer = ask(python.get(), environment, PATIENCE);
        if (answer.isEmpty()) {
            return new PythonNote("Python UDFs may not work: " + python.get() + " didn't answer", false);
        }
        String[] words = answer.get().split(" ", 2);
        String version = words[0];
        String pyspark = words.length > 1 ? words[1] : "-";
        String oldest = oldest(spark);
        if (minor(version) < minor(oldest)) {
            return new PythonNote(
                    "Python UDFs can't work: Spark " + spark + " needs Python " + oldest + " or newer, " + python.get()
                            + " is " + version,
                    false);
        }
        if (!distribution && pyspark.equals("-")) {
            return new PythonNote(
                    "Python UDFs can't work: " + python.get() + " (Python " + version
                            + ") has no pyspark, and the jars alone bring none; install pyspark==" + spark
                            + ", or declare a sparkHome",
                    false);
        }
        if (!distribution && !pyspark.equals(spark)) {
            return new PythonNote(
                    "Python UDFs may not work: the server is Spark " + spark + ", " + python.get() + " has pyspark "
                            + pyspark + "; install pyspark==" + spark,
                    false);
        }
        return new PythonNote(
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
        Optional<Path> python = find("python3", environment.getOrDefault("PATH", ""));
        if (python.isEmpty()) {
            return new Pyspark(Optional.empty(), "no pyspark on this machine");
        }
        Optional<String> answer = ask(python.get(), environment, patience);
        if (answer.isEmpty()) {
            return new Pyspark(Optional.empty(), python.get() + " didn't say whether it has a pyspark");
        }
        String version = answer.get().substring(answer.get().indexOf(' ') + 1);
        return version.equals("-")
                ? new Pyspark(Optional.empty(), "no pyspark on this machine")
                : new Pyspark(Optional.of(version), "");
    }

    private static Optional<Path> find(String name, String path) {
        // As execvp does: a name with a slash is a path.
        for (String folder : name.contains("/") ? new String[] {""} : path.split(":", -1)) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder).resolve(name);
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> ask(Path python, Map<String, String> environment, Duration patience)
            throws InterruptedException {
        try {
            ProcessBuilder builder = new ProcessBuilder(List.of(python.toString(), "-c", QUESTION))
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().clear();
            environment.forEach((name, value) -> {
                if (ASKED_WITH.contains(name)) {
                    builder.environment().put(name, value);
                }
            });
            Process process = builder.start();
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

    /** What a process was started with; empty if it is gone, or another user's. */
    static Map<String, String> environment(long pid) {
        Map<String, String> variables = new HashMap<>();
        try {
            byte[] all = Files.readAllBytes(Path.of("/proc/" + pid + "/environ"));
            for (String each : new String(all, StandardCharsets.UTF_8).split("\0", -1)) {
                int equals = each.indexOf('=');
                if (equals > 0) {
                    variables.put(each.substring(0, equals), each.substring(equals + 1));
                }
            }
        } catch (IOException e) {
            return Map.of();
        }
        return variables;
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
