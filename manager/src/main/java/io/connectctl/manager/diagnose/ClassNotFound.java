package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A class that the configuration names isn't there. */
final class ClassNotFound implements Rule {
    private static final Pattern NO_CLASS = Pattern.compile(
            "(?:ClassNotFoundException|NoClassDefFoundError): (?!Could not )(?:Class )?([\\w.$/]{1,200})");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(NO_CLASS)
                .or(() -> clues.noSession().flatMap(refusal -> refusal.within(NO_CLASS)))
                .flatMap(hit -> missing(clues, hit));
    }

    private static Optional<Finding> missing(Clues clues, Hit hit) {
        String name = hit.group(1).replace('/', '.');
        String key =
                clues.keyHolding(name).map(each -> " (named by " + each + ")").orElse("");
        String packages = name.startsWith("org.apache.spark.sql.hive.")
                ? "org.apache.spark:spark-hive_" + clues.spec().spark().scalaBinary() + ":"
                        + clues.spec().spark()
                : "GROUP:ARTIFACT:VERSION";
        return hit.config(
                "CLASS_NOT_FOUND",
                "class " + name + key + " is not on the server's class path",
                "add the jar that holds it: " + clues.again("--packages " + packages)
                        + (key.isEmpty() ? "" : ", or correct the name"));
    }

    @Override
    public Set<String> codes() {
        return Set.of("CLASS_NOT_FOUND");
    }
}
