package io.connectctl.compose.spec.lint;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One declared server, as the checks look at it.
 *
 * @param name its name
 * @param declaration as written
 * @param spec as read, with defaults in place of what is wrong
 * @param conf its configuration as far as the values are known here: without the marks of secrets, and without what Spark
 *     fills in from elsewhere
 */
record Subject(ServerName name, Declaration declaration, ServerSpec spec, Map<String, String> conf) {
    /** A declaration, looked at. */
    static Subject of(ServerName name, Declaration declaration) {
        ServerSpec spec = SpecReader.draft(name, declaration);
        Map<String, String> conf = new TreeMap<>(spec.conf());
        // ${env:X}, ${system:x} and ${spark.x} are put in by Spark itself.
        conf.values().removeIf(value -> value.equals(Secrets.REDACTED) || value.contains("${"));
        return new Subject(name, declaration, spec, conf);
    }

    /** True if the declaration says something there itself. */
    boolean declares(String pointer) {
        JsonNode node = declaration.tree().at(pointer);
        return !node.isMissingNode() && !node.isNull();
    }

    /** A key's value if it is {@code true}. */
    boolean isOn(String key) {
        return conf.getOrDefault(key, "").strip().equalsIgnoreCase("true");
    }

    /** A size, a bare number being counted in {@code bare}. */
    Optional<Long> bytes(String key, String bare) {
        return Optional.ofNullable(conf.get(key)).flatMap(value -> ValueType.bytes(value, bare));
    }

    /** True if its executors are threads of the server itself. */
    boolean isLocal() {
        return spec.master().equals("local") || spec.master().startsWith("local[");
    }

    /** True if it surely runs as a process of this machine. */
    boolean isProcess() {
        return spec.runtime().equals("process");
    }

    /** True if it surely runs in a container. */
    boolean isContainer() {
        return spec.runtime().equals("docker");
    }

    /** The pointer of a key of {@code conf:}. */
    static String pointer(String key) {
        return Declaration.pointer("conf", key);
    }
}
