package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The Spark runtime lacks, or shadows, a class of its own. */
final class SparkClassMissing implements Rule {
    private static final Pattern NO_CLASS = Pattern.compile(
            "(?:NoClassDefFoundError|ClassNotFoundException): ((?:org[./]apache[./]spark|org[./]sparkproject)[./][\\w./$]{1,200})");
    private static final Pattern NO_MAIN =
            Pattern.compile("Could not find or load main class (org\\.apache\\.spark\\.[\\w.$]{1,200})");
    private static final Pattern NO_HOME = Pattern.compile(
            "Failed to find Spark jars directory|Cannot find any build directories|\\S{0,300}/bin/spark-(?:submit|class): (?:not found|No such file)");

    @Override
    public Optional<Finding> look(Clues clues) {
        String home = clues.spec()
                .sparkHome()
                .map(path -> "the Spark in " + path)
                .orElse("the cached Spark " + clues.spec().spark());
        String remedy = clues.spec().sparkHome().isPresent()
                ? "let `sparkHome:` name an unpacked Spark distribution (it holds bin/ and jars/), or leave it out to have Spark fetched"
                : "remove that version's folder from the cache, so that the next start fetches it anew: "
                        + clues.again("");
        return clues.startup(NO_CLASS)
                .or(() -> clues.startup(NO_MAIN))
                .flatMap(hit -> hit.config(
                        "SPARK_UNRESOLVABLE",
                        home + " is incomplete, or its jars contradict each other: no class "
                                + hit.group(1).replace('/', '.'),
                        remedy))
                .or(() -> clues.startup(NO_HOME)
                        .flatMap(hit -> hit.config("SPARK_UNRESOLVABLE", home + " has no jars or scripts", remedy)));
    }

    @Override
    public Set<String> codes() {
        return Set.of("SPARK_UNRESOLVABLE");
    }
}
