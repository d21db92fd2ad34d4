package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.Texts;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Classes that nothing declared can bring: of half of these keys Spark says so in its log at the most, and goes on. */
final class Classes implements Check {
    /** Spark refuses to start without these. */
    private static final List<String> NEEDED = List.of(
            "spark.plugins",
            "spark.extraListeners",
            "spark.connect.grpc.interceptor.classes",
            "spark.serializer",
            "spark.shuffle.sort.io.plugin.class");

    /** Spark goes on without these, or fails in a query only. */
    private static final List<String> WANTED = List.of(
            "spark.sql.extensions",
            "spark.sql.queryExecutionListeners",
            "spark.sql.streaming.streamingQueryListeners",
            "spark.connect.extensions.relation.classes",
            "spark.connect.extensions.expression.classes",
            "spark.connect.extensions.command.classes");

    private static final Pattern CLASS =
            Pattern.compile("[\\p{L}_$][\\p{L}\\p{N}_$]*(\\.[\\p{L}_$][\\p{L}\\p{N}_$]*)*");
    private static final Pattern CATALOG = Pattern.compile("spark\\.sql\\.catalog\\.[^.]+");

    /** Short names that Spark itself resolves. */
    private static final List<String> SHORT = List.of("builtin", "sort", "tungsten-sort", "hive", "in-memory");

    @Override
    public void check(Subject server, Findings findings) {
        for (Map.Entry<String, String> entry : server.conf().entrySet()) {
            boolean needed = NEEDED.contains(entry.getKey());
            if (needed
                    || WANTED.contains(entry.getKey())
                    || CATALOG.matcher(entry.getKey()).matches()) {
                for (String name : entry.getValue().split(",", -1)) {
                    one(server, entry.getKey(), name.strip(), needed, findings.of(Rule.MISSING_CLASS));
                }
            }
        }
        hive(server, findings.of(Rule.HIVE_JARS));
    }

    private static void one(Subject server, String key, String name, boolean needed, Findings findings) {
        if (name.isEmpty() || SHORT.contains(name)) {
            return;
        }
        Severity severity = needed ? Severity.ERROR : Severity.WARNING;
        String outcome = needed ? ": Spark refuses to start" : ": Spark goes on without it";
        if (!CLASS.matcher(name).matches()) {
            String dotted = name.replace('/', '.').replaceAll("\\.(?:class|scala|java)$", "");
            findings.value(
                    severity,
                    Subject.pointer(key),
                    "'" + Texts.shown(name) + "' is no name of a class" + outcome,
                    CLASS.matcher(dotted).matches() ? Optional.of(dotted) : Optional.empty(),
                    "write it as package.Name");
            return;
        }
        Optional<Libraries.Library> library = Libraries.of(name);
        boolean sparks = name.startsWith("org.apache.spark.") && library.isEmpty();
        if (sparks || isOpaque(server)) {
            return;
        }
        List<String> packages = server.spec().packages();
        boolean brought = library.map(known -> packages.stream()
                        .anyMatch(one -> one.toLowerCase(Locale.ROOT).contains(known.artifact())))
                .orElse(!packages.isEmpty());
        if (!brought) {
            findings.value(
                    severity,
                    Subject.pointer(key),
                    "no package or jar that is declared can bring the class " + Texts.shown(name) + outcome,
                    Optional.empty(),
                    library.map(known -> "add " + example(known, server) + " to packages")
                            .orElse("add its library to packages"));
        }
    }

    private static String example(Libraries.Library library, Subject server) {
        String line =
                server.spec().spark().major() + "." + server.spec().spark().minor();
        return library.example()
                .replace("SCALA", server.spec().spark().scalaBinary())
                .replace("SPARK", line);
    }

    /** True if jars come from where nobody can look from here. */
    private static boolean isOpaque(Subject server) {
        return server.spec().sparkHome().isPresent()
                || server.spec().container().image().isPresent()
                || server.declares("/templates")
                || server.declares("/profile")
                || server.spec().env().containsKey("SPARK_DIST_CLASSPATH")
                || Stream.of("spark.jars", "spark.driver.extraClassPath")
                        .anyMatch(key -> server.spec().conf().containsKey(key));
    }

    private static void hive(Subject server, Findings findings) {
        String key = "spark.sql.catalogImplementation";
        boolean wanted = server.conf().getOrDefault(key, "").strip().equals("hive");
        boolean brought = server.spec().packages().stream().anyMatch(one -> one.contains("spark-hive"));
        if (!wanted || brought) {
            return;
        }
        Optional<Path> jars = server.spec().sparkHome().map(home -> io.connectctl.compose.spec.SparkHome.of(home)
                .jars());
        boolean missing = jars.map(folder -> Files.isDirectory(folder) && !holdsHive(folder))
                .orElse(server.isProcess() && !isOpaque(server));
        if (missing) {
            findings.value(
                    Severity.WARNING,
                    Subject.pointer(key),
                    "this Spark has no spark-hive in it: it starts, and every session fails",
                    Optional.empty(),
                    "add org.apache.spark:spark-hive_" + server.spec().spark().scalaBinary() + ":"
                            + server.spec().spark() + " to packages, or delete this");
        }
    }

    private static boolean holdsHive(Path folder) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "spark-hive_*.jar")) {
            return found.iterator().hasNext();
        } catch (IOException e) {
            return true; // it can't be looked at, so nothing is said
        }
    }
}
