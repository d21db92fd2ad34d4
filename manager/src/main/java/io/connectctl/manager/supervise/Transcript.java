package io.connectctl.manager.supervise;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.ServerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * What the database knows of a server that nothing else could tell: its declaration, and what is wanted of it. Kept a second time in
 * the server's own folder, so that a database that is lost, or thrown back to an earlier state, costs no server.
 *
 * <p>It is written after the database and removed before: what it says was once committed, and one without a row in the database is of
 * a row that was lost. A leased server has none: it goes with its lease, and its switch ends it where the lease is lost.
 *
 * @param sequence the newest event's number when it was written: a database that knows none as high has lost something
 * @param desired what is wanted
 * @param incarnation the current or last run; 0 before the first
 * @param wanted the least incarnation that may run
 * @param declaration as the database has it, without secrets: those lie beside it, by revision, as for the database
 */
record Transcript(long sequence, Desired desired, int incarnation, int wanted, String declaration) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FILE = "transcript.json";

    /** Of a server as it stands. */
    static Transcript of(long sequence, ServerState state, String declaration) {
        return new Transcript(sequence, state.desired(), state.incarnation(), state.wanted(), declaration);
    }

    /** True if both say the same of the server. */
    boolean says(Transcript other) {
        return desired == other.desired
                && incarnation == other.incarnation
                && wanted == other.wanted
                && declaration.equals(other.declaration);
    }

    private static Path file(Folders folders, ServerName server) {
        return folders.servers().resolve(server.value()).resolve(FILE);
    }

    /** Writes it beside what else is kept of the server. */
    void write(Folders folders, ServerName server) throws IOException {
        if (Files.exists(Deadline.file(folders, server))) {
            return;
        }
        ObjectNode json = JSON.createObjectNode();
        json.put("sequence", sequence);
        json.put("desired", desired.name());
        json.put("incarnation", incarnation);
        json.put("wanted", wanted);
        try {
            json.set("declaration", JSON.readTree(declaration));
        } catch (JsonProcessingException e) {
            throw new IOException("the declaration of " + server + " is no JSON", e);
        }
        PrivateFiles.write(file(folders, server), json.toString());
    }

    /** Before the database forgets the server. */
    static void delete(Folders folders, ServerName server) throws IOException {
        Files.deleteIfExists(file(folders, server));
    }

    /**
     * Reads it.
     *
     * @return empty where there is none
     * @throws IOException if it can't be read, or isn't whole: says why
     */
    static Optional<Transcript> read(Folders folders, ServerName server) throws IOException {
        Path file = file(folders, server);
        try {
            JsonNode json = JSON.readTree(Files.readString(file));
            if (!json.path("declaration").isObject() || !json.path("sequence").canConvertToLong()) {
                throw new IOException(file + " holds no declaration");
            }
            return Optional.of(new Transcript(
                    json.path("sequence").asLong(),
                    Desired.valueOf(json.path("desired").asText().toUpperCase(Locale.ROOT)),
                    json.path("incarnation").asInt(),
                    json.path("wanted").asInt(),
                    json.get("declaration").toString()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
    }
}
