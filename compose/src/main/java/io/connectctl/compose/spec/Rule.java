package io.connectctl.compose.spec;

import java.util.Arrays;
import java.util.Optional;

/**
 * Every rule that a declaration is checked by: docs/rules.md is this list for users. What finds a breach of one is in the
 * readers of this package, and for the rules that need to know Spark's keys in {@code lint}.
 */
public enum Rule {
    FILE(
            "file",
            Problem.Severity.ERROR,
            "The file isn't YAML as it is read here: syntax, encoding, a key that stands twice.",
            "Mend the file at the place that is told."),
    UNKNOWN_FIELD(
            "unknown-field",
            Problem.Severity.ERROR,
            "A key that no declaration has.",
            "Write it as docs/configuration.md does; Spark's own settings belong under `conf:`."),
    FIELD(
            "field",
            Problem.Severity.ERROR,
            "A field's value isn't of its kind or range, contradicts another field, or has no effect.",
            "Write what docs/configuration.md tells of that field."),
    ENVIRONMENT(
            "environment",
            Problem.Severity.ERROR,
            "A variable that isn't one, belongs to a field, or does harm.",
            "Delete it, and use the field that is named."),
    CONF_KEY(
            "conf-key",
            Problem.Severity.ERROR,
            "A key of `conf:` with blanks or control characters, or one that belongs to connectctl.",
            "Correct or delete it."),
    FOREIGN_KEY(
            "foreign-key",
            Problem.Severity.WARNING,
            "A key that doesn't start with `spark.`: Spark ignores it.",
            "Write it with its prefix, for Hadoop's keys `spark.hadoop.`."),
    CONTRADICTS_FIELD(
            "contradicts-field",
            Problem.Severity.ERROR,
            "A key says otherwise what a field of the declaration says.",
            "Delete the key and set the field."),
    REPEATS_FIELD("repeats-field", Problem.Severity.WARNING, "A key says again what a field says.", "Delete the key."),
    REFUSED_KEY(
            "refused-key",
            Problem.Severity.ERROR,
            "A key that would take the server out of connectctl's hands.",
            "Delete it, and use the field that is named."),
    VERSION_IGNORES(
            "version-ignores",
            Problem.Severity.ERROR,
            "A guard (address, token) that this Spark doesn't know, so that the server would be open.",
            "Delete it, or take a newer Spark."),
    JAVA_OPTIONS(
            "java-options",
            Problem.Severity.ERROR,
            "Java options that set the heap, or two collectors.",
            "Use `driverMemory`; name one collector."),
    UNKNOWN_KEY(
            "unknown-key",
            Problem.Severity.WARNING,
            "A key that no Spark and no known library reads: Spark ignores it silently. Without a similar key it is a note.",
            "Take the key that is suggested."),
    NEWER_KEY(
            "newer-key",
            Problem.Severity.WARNING,
            "A key that came with a later Spark: this one ignores it silently.",
            "Delete it, or take a newer Spark."),
    REMOVED_KEY(
            "removed-key",
            Problem.Severity.WARNING,
            "A key that this Spark doesn't have any more: it is ignored.",
            "Delete it, or use its successor."),
    DEPRECATED_KEY(
            "deprecated-key",
            Problem.Severity.WARNING,
            "A key that is deprecated or renamed in this Spark.",
            "Use its successor."),
    VALUE_TYPE(
            "value-type",
            Problem.Severity.ERROR,
            "A value that isn't of the key's type (number, true or false, size, duration, one of some words). A warning where"
                    + " no start and no session reads the key.",
            "Write a value of that type."),
    VALUE_RANGE(
            "value-range",
            Problem.Severity.ERROR,
            "A value that is out of the key's range.",
            "Write a value of that range."),
    VALUE_UNIT(
            "value-unit",
            Problem.Severity.WARNING,
            "A bare number that Spark counts in another unit than was probably meant.",
            "Write the unit."),
    CONFLICTING_KEYS(
            "conflicting-keys",
            Problem.Severity.ERROR,
            "Two keys that Spark refuses together, or one that needs another.",
            "Change one of the two."),
    NO_EFFECT(
            "no-effect",
            Problem.Severity.WARNING,
            "A key that is read by another program or another kind of master, so that it changes nothing here.",
            "Delete it, or set what it was meant for."),
    MISSING_JAR(
            "missing-jar",
            Problem.Severity.WARNING,
            "A file of `spark.jars`, `spark.files` and the like that isn't there: Spark starts without it.",
            "Correct the path."),
    EVENT_LOG_FOLDER(
            "event-log-folder",
            Problem.Severity.ERROR,
            "Event logs are on and their folder isn't there: Spark refuses to start.",
            "Make the folder, or name another one in `spark.eventLog.dir`."),
    MISSING_CLASS(
            "missing-class",
            Problem.Severity.ERROR,
            "A class that no declared package or jar can bring. A warning where Spark starts without it.",
            "Add the library to `packages:`."),
    HIVE_JARS(
            "hive-jars",
            Problem.Severity.WARNING,
            "`spark.sql.catalogImplementation: hive` with a Spark that has no Hive in it.",
            "Add `spark-hive` to `packages:`."),
    BAD_HOST(
            "bad-host",
            Problem.Severity.WARNING,
            "A driver's host or address that can't be one: Spark starts, and no executor ever reaches it.",
            "Write a name or an address alone."),
    CONTAINER_MEMORY(
            "container-memory",
            Problem.Severity.ERROR,
            "Heap and memory beyond it exceed the container's limit: the kernel would kill the server.",
            "Raise `container.memory`, or lower what is named."),
    RESULT_SIZE(
            "result-size",
            Problem.Severity.NOTE,
            "`spark.driver.maxResultSize` isn't below the heap, so that it can't keep a result from filling it.",
            "Lower it, or raise `driverMemory`."),
    SCALA_SUFFIX(
            "scala-suffix",
            Problem.Severity.ERROR,
            "A package for another Scala than this Spark's. A warning for artifacts that aren't Spark's.",
            "Take the artifact with the suffix that is told."),
    PACKAGE_VERSION(
            "package-version",
            Problem.Severity.WARNING,
            "A module of Spark of another version than the server's.",
            "Take the same version."),
    PORT_CLASH(
            "port-clash",
            Problem.Severity.WARNING,
            "Two servers, or a server and the daemon, declare one port.",
            "Give each a port of its own, or `auto`."),
    PLAINTEXT_SECRET(
            "plaintext-secret",
            Problem.Severity.WARNING,
            "A secret stands in the file in plain text.",
            "Keep it out of the file: `--env NAME` takes it from your environment at the start."),
    NO_CATALOGUE(
            "no-catalogue",
            Problem.Severity.NOTE,
            "A Spark version whose keys aren't known here: rules on keys were not applied.",
            "Nothing is wrong; a newer release may know it.");

    private final String id;
    private final Problem.Severity severity;
    private final String says;
    private final String remedy;

    Rule(String id, Problem.Severity severity, String says, String remedy) {
        this.id = id;
        this.severity = severity;
        this.says = says;
        this.remedy = remedy;
    }

    /** Its name for users and scripts. */
    public String id() {
        return id;
    }

    /** The worst that a finding of it can be. */
    public Problem.Severity severity() {
        return severity;
    }

    /** What is wrong, in a sentence. */
    public String says() {
        return says;
    }

    /** What to do in general. */
    public String remedy() {
        return remedy;
    }

    /** The rule of this id. */
    public static Optional<Rule> of(String id) {
        return Arrays.stream(values()).filter(rule -> rule.id.equals(id)).findFirst();
    }
}
