package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a declaration from flags, with the flag as the place of each value. The result is a patch: see
 * {@link Declaration#patchedBy}.
 *
 * <pre>{@code
 * Declaration patch = new DeclarationBuilder()
 *         .set("/port", "15020", "--port")
 *         .set("/health/until", "query", "--until")
 *         .conf("spark.sql.shuffle.partitions", "8")
 *         .env("TZ", "UTC")
 *         .packages(List.of("io.delta:delta-spark_2.13:4.0.0"))
 *         .build();
 * }</pre>
 *
 * <p>Values are taken as text and checked by {@link SpecReader} only, so that every problem is told at once.
 */
public final class DeclarationBuilder {
    private final ObjectNode tree = JsonNodeFactory.instance.objectNode();
    private final Map<String, Location> places = new HashMap<>();

    /**
     * Sets a field.
     *
     * @param pointer a JSON pointer of at most two plain keys: {@code /port}, {@code /health/until}
     * @param value as the user wrote it
     * @param flag the flag, such as {@code --port}
     */
    public DeclarationBuilder set(String pointer, String value, String flag) {
        String[] keys = keys(pointer);
        parent(keys).put(keys[keys.length - 1], value);
        return placed(pointer, flag);
    }

    /** Removes a field of the declaration that this patch is laid over: its default holds again. */
    public DeclarationBuilder unset(String pointer, String flag) {
        String[] keys = keys(pointer);
        parent(keys).putNull(keys[keys.length - 1]);
        return placed(pointer, flag);
    }

    /** Adds or replaces one entry of Spark's configuration ({@code --conf key=value}); the value may be empty. */
    public DeclarationBuilder conf(String key, String value) {
        tree.withObject("/conf").put(key, value);
        return placed(Declaration.pointer("conf", key), "--conf");
    }

    /** Adds or replaces one environment variable ({@code --env NAME=value}); the value may be empty. */
    public DeclarationBuilder env(String name, String value) {
        tree.withObject("/env").put(name, value);
        return placed(Declaration.pointer("env", name), "--env");
    }

    /** Replaces the list of packages ({@code --packages a:b:1,c:d:2}); an empty list removes them all. */
    public DeclarationBuilder packages(List<String> packages) {
        ArrayNode array = tree.putArray("packages");
        for (int i = 0; i < packages.size(); i++) {
            array.add(packages.get(i));
            placed("/packages/" + i, "--packages");
        }
        return placed("/packages", "--packages");
    }

    /** The declaration. */
    public Declaration build() {
        return new Declaration(tree, places);
    }

    private DeclarationBuilder placed(String pointer, String flag) {
        places.put(pointer, Location.flag(flag));
        return this;
    }

    private ObjectNode parent(String[] keys) {
        return keys.length == 1 ? tree : tree.withObject("/" + keys[0]);
    }

    private static String[] keys(String pointer) {
        String[] keys = pointer.startsWith("/") ? pointer.substring(1).split("/", -1) : new String[0];
        if (keys.length == 0 || keys.length > 2 || pointer.contains("~")) {
            throw new IllegalArgumentException(
                    "'" + pointer + "' is no pointer of one or two plain keys, such as /port");
        }
        return keys;
    }
}
