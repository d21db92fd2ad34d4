package io.connectctl.compose.spec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a user wrote of one server, before defaults: a tree with the keys of connectctl.yaml, and where each value was
 * written. Patches are declarations too.
 */
public final class Declaration {
    /** Before a pointer in {@link #places}: the place of the key, not of its value. Pointers start with a slash. */
    static final String KEY = "key:";

    /** Loaded by whoever reads one: a command that only hands one on is done sooner than a mapper is made. */
    private static final class Json {
        private static final JsonMapper MAPPER = JsonMapper.builder().build();
    }

    private final ObjectNode tree;
    private final Map<String, Location> places;

    /**
     * @param tree keys and values as written
     * @param places JSON pointer of a value ({@code /port}, {@code /conf/spark.x}) to where it was written
     */
    public Declaration(ObjectNode tree, Map<String, Location> places) {
        this.tree = tree.deepCopy();
        this.places = Collections.unmodifiableMap(new HashMap<>(places));
    }

    /** Nothing declared: all defaults. */
    public static Declaration empty() {
        return new Declaration(JsonNodeFactory.instance.objectNode(), Map.of());
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException if it is no JSON object
     */
    public static Declaration ofJson(String json) {
        try {
            if (Json.MAPPER.readTree(json) instanceof ObjectNode object) {
                return new Declaration(object, Map.of());
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a declaration must be a JSON object: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("a declaration must be a JSON object");
    }

    /** True if it says nothing at all. */
    public boolean isEmpty() {
        return tree.isEmpty();
    }

    /** The tree as written; a copy. */
    public ObjectNode tree() {
        return tree.deepCopy();
    }

    /** Where the value at a JSON pointer was written. */
    public Optional<Location> place(String pointer) {
        return Optional.ofNullable(places.get(pointer));
    }

    /** Where the key at a JSON pointer was written; the place of its value where only that is known. */
    public Optional<Location> keyPlace(String pointer) {
        return Optional.ofNullable(places.get(KEY + pointer)).or(() -> place(pointer));
    }

    /**
     * The JSON pointer (RFC 6901) to nested keys: {@code /} and {@code ~} in a key are escaped as {@code ~1} and {@code ~0}.
     */
    public static String pointer(String... keys) {
        StringBuilder pointer = new StringBuilder();
        for (String key : keys) {
            pointer.append('/').append(key.replace("~", "~0").replace("/", "~1"));
        }
        return pointer.toString();
    }

    /** Every known place. */
    public Map<String, Location> places() {
        return places;
    }

    /** This declaration with {@code patch} laid over it: objects merge key by key, anything else replaces; null removes. */
    public Declaration patchedBy(Declaration patch) {
        ObjectNode merged = tree.deepCopy();
        merge(merged, patch.tree);
        Map<String, Location> all = new HashMap<>(places);
        all.putAll(patch.places);
        return new Declaration(merged, all);
    }

    private static void merge(ObjectNode base, ObjectNode patch) {
        for (Map.Entry<String, JsonNode> entry : patch.properties()) {
            JsonNode value = entry.getValue();
            if (value.isNull()) {
                base.remove(entry.getKey());
            } else if (value instanceof ObjectNode object) {
                // Also where there is nothing below: what removes must not be kept as a value.
                merge(
                        base.get(entry.getKey()) instanceof ObjectNode below ? below : base.putObject(entry.getKey()),
                        object);
            } else {
                base.set(entry.getKey(), value.deepCopy());
            }
        }
    }

    /** As one JSON object, keys as written. */
    public String toJson() {
        return tree.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Declaration that && tree.equals(that.tree);
    }

    @Override
    public int hashCode() {
        return tree.hashCode();
    }

    /** Keys only: values may be secret. */
    @Override
    public String toString() {
        StringBuilder keys = new StringBuilder("Declaration[");
        tree.fieldNames().forEachRemaining(key -> keys.append(key).append(' '));
        return keys.append(']').toString();
    }
}
