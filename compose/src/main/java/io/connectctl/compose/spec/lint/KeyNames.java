package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Nearest;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.Texts;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Keys that this Spark doesn't read: misspelt, of another version, deprecated, removed. */
final class KeyNames implements Check {
    @Override
    public void check(Subject server, Findings findings) {
        Optional<SparkKeys> keys = SparkKeys.of(server.spec().spark());
        for (String key : server.spec().conf().keySet()) {
            if (!key.startsWith("spark.")
                    || key.chars().anyMatch(c -> c <= ' ')
                    || key.startsWith("spark.connectctl.")) {
                continue; // the reader tells
            }
            keys.ifPresent(known -> one(key, server.spec().spark(), known, findings));
        }
        if (keys.isEmpty() && !server.spec().conf().isEmpty()) {
            findings.of(Rule.NO_CATALOGUE)
                    .value(
                            Severity.NOTE,
                            server.declares("/spark") ? "/spark" : "",
                            "the keys of Spark " + server.spec().spark()
                                    + " aren't known here, so those under conf weren't looked at; known are those of "
                                    + String.join(", ", SparkKeys.lines()),
                            Optional.empty(),
                            "nothing to mend");
        }
    }

    private static void one(String key, SparkVersion spark, SparkKeys keys, Findings findings) {
        Optional<SparkKeys.Key> found = keys.find(key);
        if (found.isPresent()) {
            outdated(key, found.get(), spark, findings);
            return;
        }
        Optional<SparkKeys.Key> elsewhere = keys.elsewhere(key);
        if (elsewhere.isPresent()) {
            otherVersion(key, elsewhere.get(), spark, keys, findings);
        } else if (!Libraries.ownsKey(key)) {
            unknown(key, spark, keys, findings);
        }
    }

    private static void outdated(String key, SparkKeys.Key found, SparkVersion spark, Findings findings) {
        String instead = found.instead().isEmpty() ? "" : String.join(" or ", found.instead());
        String since = found.since().isEmpty() ? "" : " since " + found.since();
        String remedy = instead.isEmpty() ? "delete it" : "use " + instead;
        String pointer = Subject.pointer(key);
        switch (found.kind()) {
            case REMOVED ->
                findings.of(Rule.REMOVED_KEY)
                        .key(
                                Severity.WARNING,
                                pointer,
                                "Spark " + spark + " doesn't read '" + key + "' any more" + since,
                                Optional.empty(),
                                remedy);
            case OLD ->
                findings.of(Rule.DEPRECATED_KEY)
                        .key(
                                Severity.WARNING,
                                pointer,
                                "'" + key + "' is an old name" + since + ", which a later Spark may not know",
                                Optional.empty(),
                                remedy);
            case DEPRECATED, START, SESSION, STATIC, NAMED -> {
                if (found.kind() == SparkKeys.Kind.DEPRECATED || found.deprecated()) {
                    findings.of(Rule.DEPRECATED_KEY)
                            .key(
                                    Severity.WARNING,
                                    pointer,
                                    "'" + key + "' is deprecated" + (found.isDeclared() ? "" : since),
                                    Optional.empty(),
                                    remedy);
                }
            }
        }
    }

    private static void otherVersion(
            String key, SparkKeys.Key elsewhere, SparkVersion spark, SparkKeys keys, Findings findings) {
        Optional<SparkVersion> later = keys.laterVersion(key);
        if (later.isPresent()) {
            String version = elsewhere.since().isEmpty() ? later.get().text() : elsewhere.since();
            findings.of(Rule.NEWER_KEY)
                    .key(
                            Severity.WARNING,
                            Subject.pointer(key),
                            "'" + key + "' came with Spark " + version + ": Spark " + spark + " ignores it silently",
                            Optional.empty(),
                            "delete it, or take Spark " + later.get() + " or newer");
        } else {
            findings.of(Rule.REMOVED_KEY)
                    .key(
                            Severity.WARNING,
                            Subject.pointer(key),
                            "'" + key + "' is none of Spark " + spark + " any more: it is ignored silently",
                            Optional.empty(),
                            "delete it");
        }
    }

    private static void unknown(String key, SparkVersion spark, SparkKeys keys, Findings findings) {
        List<String> names = keys.names();
        Optional<String> near = near(key, names);
        boolean own = SparkKeys.families().contains(SparkKeys.family(key));
        if (near.isPresent()) {
            findings.of(Rule.UNKNOWN_KEY)
                    .key(
                            Severity.WARNING,
                            Subject.pointer(key),
                            "Spark " + spark + " has no key '" + Texts.shown(key) + "' and ignores it silently",
                            near,
                            "correct it");
        } else if (own) {
            findings.of(Rule.UNKNOWN_KEY)
                    .key(
                            Severity.NOTE,
                            Subject.pointer(key),
                            "Spark " + spark + " has no key '" + Texts.shown(key) + "', and none that is similar",
                            Optional.empty(),
                            "delete it, unless a library of yours reads it");
        }
    }

    /** The same letters without dots and capitals, else few edits away; short keys are near one another anyway. */
    private static Optional<String> near(String key, List<String> names) {
        String bare = bare(key);
        Optional<String> same =
                names.stream().filter(name -> bare(name).equals(bare)).findFirst();
        return same.isPresent() ? same : Nearest.of(key, names, key.length() < 16 ? 1 : key.length() < 30 ? 2 : 3);
    }

    private static String bare(String key) {
        return key.toLowerCase(Locale.ROOT).replaceAll("[._-]", "");
    }
}
