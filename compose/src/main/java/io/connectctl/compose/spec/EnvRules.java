package io.connectctl.compose.spec;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What an {@code env:} entry may be. Its value is secret and never shown. */
final class EnvRules {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** Names that say what a field says, and how to say it. */
    private static final Map<String, String> OWNED = Map.of(
            "SPARK_CONNECT_AUTHENTICATE_TOKEN", "the token is connectctl's to make and keep: write 'auth: token'",
            "SPARK_HOME", "use sparkHome",
            "JAVA_HOME", "use javaHome",
            "SPARK_CONF_DIR", "the configuration folder is rendered: use conf, or templates of your own",
            "SPARK_REMOTE", "it would make this server a client of another one: delete it",
            "SPARK_SCALA_VERSION", "it follows from spark and sparkHome: delete it");

    private static final Set<String> JVM_OPTIONS =
            Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "SPARK_SUBMIT_OPTS");

    /** Those of them that the JVM repeats on stderr: "Picked up JAVA_TOOL_OPTIONS: ..." (JDK 8 to 25). */
    private static final Set<String> REPEATED = Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    /** Variables that a shell keeps to itself: bash, which is /bin/sh on some systems, ends at an assignment to most. */
    private static final Set<String> SHELLS =
            Set.of("_", "PPID", "UID", "EUID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO", "PWD", "OLDPWD");

    private EnvRules() {}

    /** Checks the environment of a spec. */
    static void check(ServerSpec spec, Findings findings) {
        spec.env().forEach((name, value) -> one(spec, name, value, findings));
    }

    private static void one(ServerSpec spec, String name, String value, Findings findings) {
        if (value.equals(Secrets.REDACTED)) {
            return; // only in a preview; the variable was checked with its value when it was declared
        }
        String pointer = Declaration.pointer("env", name);
        if (!NAME.matcher(name).matches()) {
            findings.unknown(
                    pointer,
                    "'" + Texts.shown(name)
                            + "' is no name of a variable: use letters, digits and '_', not starting with a" + " digit",
                    Optional.empty());
        } else if (name.startsWith("CONNECTCTL_")) {
            findings.unknown(pointer, "names under CONNECTCTL_ belong to connectctl: delete it", Optional.empty());
        } else if (OWNED.containsKey(name)) {
            findings.unknown(pointer, "belongs to a field: " + OWNED.get(name), Optional.empty());
        } else if (name.equals("HADOOP_CONF_DIR") && spec.cluster().hadoopConf().isPresent()) {
            findings.unknown(
                    pointer,
                    "contradicts a field: hadoopConf is "
                            + spec.cluster().hadoopConf().get() + "; delete one of them",
                    Optional.empty());
        } else if (SHELLS.contains(name)) {
            findings.unknown(pointer, "belongs to the shell that starts the server: delete it", Optional.empty());
        } else if (name.equals("PATH") && !hasTools(value)) {
            findings.odd(
                    pointer,
                    "lacks /usr/bin and /bin, where programs that Spark's scripts and Hadoop call lie: add them",
                    Optional.empty());
        } else if (name.equals("SPARK_LOCAL_IP") && spec.expose() == Expose.LOOPBACK) {
            if (value.equals("127.0.0.1")) {
                findings.odd(pointer, "says again what expose says: delete it", Optional.empty());
            } else {
                findings.unknown(
                        pointer,
                        "contradicts a field: expose is loopback, which sets it to 127.0.0.1; delete it",
                        Optional.empty());
            }
        } else if (name.equals("SPARK_DRIVER_MEMORY")) {
            findings.odd(pointer, "is overruled by driverMemory: delete it and set driverMemory", Optional.empty());
        } else if (JVM_OPTIONS.contains(name)
                && (value.contains("Xmx") || !Collector.named(value).isEmpty())) {
            findings.unknown(
                    pointer,
                    "sets the heap or the collector behind connectctl's back: use driverMemory, and"
                            + " conf spark.driver.extraJavaOptions for the collector",
                    Optional.empty());
        } else if (REPEATED.contains(name)) {
            findings.odd(
                    pointer,
                    "is repeated by the JVM in the server's log, value and all: put options that hold a secret into conf"
                            + " spark.driver.extraJavaOptions",
                    Optional.empty());
        }
    }

    private static boolean hasTools(String path) {
        return List.of(path.split(":", -1)).stream()
                .anyMatch(folder -> folder.equals("/usr/bin") || folder.equals("/bin"));
    }
}
