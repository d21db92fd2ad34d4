package io.connectctl.manager.supervise;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an instance was made of beside its declaration, so that it can be compared with what it would be made of now. Holds
 * fingerprints alone, no text: nothing in it is secret. Lies beside the server's other files, since it says nothing that a
 * server couldn't be supervised without.
 *
 * @param files the rendered files' fingerprints, by name: where things are planned to lie, so that a preview compares with them
 * @param ingredients see {@code ServerRuntime.ingredients}
 */
record LaunchRecord(SortedMap<String, String> files, SortedMap<String, String> ingredients) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String NAME = "launched.json";

    LaunchRecord {
        files = new TreeMap<>(files);
        ingredients = new TreeMap<>(ingredients);
    }

    LaunchRecord(Map<String, String> files, Map<String, String> ingredients) {
        this(new TreeMap<>(files), new TreeMap<>(ingredients));
    }

    /** Writes it into the server's folder, in place of the one before. */
    void write(Path server) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.set("files", JSON.valueToTree(files));
        json.set("ingredients", JSON.valueToTree(ingredients));
        PrivateFiles.write(server.resolve(NAME), json.toString());
    }

    /** Reads it; empty where nothing is known, as of a server that an earlier connectctl launched. */
    static Optional<LaunchRecord> read(Path server) throws IOException {
        Path file = server.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode json = JSON.readTree(Files.readString(file));
            return Optional.of(new LaunchRecord(texts(json.path("files")), texts(json.path("ingredients"))));
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is no JSON; the next launch writes it anew", e);
        }
    }

    /** Forgets it: whatever runs next, it isn't what this tells of. */
    static void forget(Path server) throws IOException {
        Files.deleteIfExists(server.resolve(NAME));
    }

    private static Map<String, String> texts(JsonNode json) {
        Map<String, String> texts = new TreeMap<>();
        json.properties()
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
        return texts;
    }
}
