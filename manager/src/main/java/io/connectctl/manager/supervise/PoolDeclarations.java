package io.connectctl.manager.supervise;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Secrets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The declarations of pools: the database has them without secret values, which lie in {@code STATE/pools/NAME.json}, for its owner
 * only. A number beside the declaration tells that the secrets changed, so that spares of the old ones are replaced too.
 */
final class PoolDeclarations {
    private static final Logger LOG = LoggerFactory.getLogger(PoolDeclarations.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path folder;
    private final SpecSource specs;

    PoolDeclarations(Path state, SpecSource specs) {
        this.folder = state.resolve("pools");
        this.specs = specs;
    }

    private Path file(String pool) {
        return folder.resolve(pool + ".json");
    }

    /**
     * Keeps the secrets; gives what the database may keep.
     *
     * @param before what it keeps now
     */
    String keep(String pool, Declaration declaration, Optional<String> before) throws IOException {
        Secrets.Split split = specs.split(declaration);
        Map<String, String> secrets = new TreeMap<>(split.secrets());
        String text = JSON.writeValueAsString(secrets);
        int number = before.isPresent() ? parse(before.get()).path("secrets").asInt() : 0;
        if (!secrets.isEmpty() || Files.exists(file(pool))) {
            if (!Files.exists(file(pool)) || !Files.readString(file(pool)).equals(text)) {
                number++;
                PrivateFiles.write(file(pool), text);
            }
        }
        ObjectNode json = JSON.createObjectNode();
        json.set("server", split.declaration().tree());
        json.put("secrets", number);
        return json.toString();
    }

    /** The whole declaration again. */
    Declaration read(String pool, String kept) throws IOException {
        Map<String, String> secrets = new TreeMap<>();
        if (Files.exists(file(pool))) {
            parse(Files.readString(file(pool)))
                    .properties()
                    .forEach(entry ->
                            secrets.put(entry.getKey(), entry.getValue().asText()));
        }
        return specs.join(Declaration.ofJson(parse(kept).path("server").toString()), secrets);
    }

    void forget(String pool) throws IOException {
        Files.deleteIfExists(file(pool));
    }

    /** Secrets of pools that a daemon deleted just before it died. */
    void forgetAllBut(Set<String> pools) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(".json") && !pools.contains(name.substring(0, name.length() - ".json".length()))) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            LOG.warn("secrets of pools that are deleted can't be looked for in {}: {}", folder, e.toString());
        }
    }

    private static JsonNode parse(String text) throws IOException {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            // The original message quotes the text, which may be secret.
            throw new IOException("what is kept of the pool is no JSON");
        }
    }
}
