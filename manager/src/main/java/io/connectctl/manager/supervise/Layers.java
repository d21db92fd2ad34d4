package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The two hands that declare a server: flags below, a file above. The file wins for every key it names; flags hold for the
 * others, also after the file was read again.
 */
record Layers(Declaration flags, Declaration file) {
    /** What both say together. */
    Declaration effective() {
        return flags.patchedBy(file);
    }

    /** Keys of {@code flags} that {@code file} sets to something else, as JSON pointers. */
    static List<String> overruled(Declaration flags, Declaration file) {
        List<String> pointers = new ArrayList<>();
        collect(flags.tree(), file.tree(), "", pointers);
        return pointers;
    }

    /** Keys that {@code flags} unsets though {@code held} doesn't set them, as JSON pointers. */
    static List<String> neverSet(Declaration flags, Declaration held) {
        List<String> pointers = new ArrayList<>();
        collectUnset(flags.tree(), held.tree(), "", pointers);
        return pointers;
    }

    private static void collectUnset(ObjectNode patch, JsonNode held, String prefix, List<String> pointers) {
        for (Map.Entry<String, JsonNode> entry : patch.properties()) {
            String pointer = prefix + Declaration.pointer(entry.getKey());
            if (entry.getValue() instanceof ObjectNode below) {
                collectUnset(below, held.path(entry.getKey()), pointer, pointers);
            } else if (entry.getValue().isNull() && !held.has(entry.getKey())) {
                pointers.add(pointer);
            }
        }
    }

    private static void collect(ObjectNode patch, ObjectNode file, String prefix, List<String> pointers) {
        for (Map.Entry<String, JsonNode> entry : patch.properties()) {
            JsonNode held = file.get(entry.getKey());
            String pointer = prefix + Declaration.pointer(entry.getKey());
            if (held instanceof ObjectNode below && entry.getValue() instanceof ObjectNode over) {
                collect(over, below, pointer, pointers);
            } else if (held != null && !held.equals(entry.getValue())) {
                pointers.add(pointer);
            }
        }
    }
}
