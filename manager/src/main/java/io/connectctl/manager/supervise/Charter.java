package io.connectctl.manager.supervise;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a server should be: as declared, and as in force since the last launch by hand (a replacement after a fault is like
 * the instance it replaces). Holds secret values in memory; they are stored apart, in a file of mode 0600.
 *
 * <p>The secrets file is written before the database, and holds the secrets of each revision that the database may name, so
 * that a kill between the two leaves a matching pair.
 *
 * @param origin who declared it last
 * @param declared as declared
 * @param revision rises with each change
 * @param inForce as launched, or to be launched
 * @param inForceRevision the revision that was declared then
 * @param choice where it runs, as chosen at its first start with {@code runtime: auto}; empty before
 * @param launched what the latest launch was by; empty before. What is in force may be newer: it is so from the command on, and while the
 *     instance before it is still being ended, or looked for
 * @param proven the last one that an instance got HEALTHY by that was launched by it; empty before
 */
record Charter(
        Origin origin,
        Layers declared,
        int revision,
        Layers inForce,
        int inForceRevision,
        Optional<RuntimeChoice> choice,
        Optional<Launched> launched,
        Optional<Proven> proven) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** A declaration that an incarnation was launched by. */
    record Launched(int incarnation, Layers layers, int revision) {}

    /** A declaration that an instance got HEALTHY by. */
    record Proven(Layers layers, int revision) {}

    /** Every declaration that is kept of it, whatever it is kept for. */
    List<Layers> everyDeclaration() {
        List<Layers> all = new ArrayList<>(List.of(declared, inForce));
        launched.map(Launched::layers).ifPresent(all::add);
        proven.map(Proven::layers).ifPresent(all::add);
        return all;
    }

    /** True if the next launch by hand is to differ. */
    boolean changed() {
        return revision != inForceRevision && !declared.effective().equals(inForce.effective());
    }

    /** From now on the declaration is in force. */
    Charter enforced() {
        return new Charter(origin, declared, revision, declared, revision, choice, launched, proven);
    }

    /** An incarnation is launched by what is in force. */
    Charter launchedAs(int incarnation) {
        return knowing(Optional.of(new Launched(incarnation, inForce, inForceRevision)), proven);
    }

    /**
     * An incarnation is HEALTHY: what it was launched by is proven. The same where that is known already, and where it isn't known by
     * what it was launched, as of one that a person started.
     */
    Charter proved(int incarnation) {
        Optional<Launched> by = launchOf(incarnation)
                .filter(launch -> proven.filter(known -> known.revision() == launch.revision())
                        .isEmpty());
        return by.isEmpty()
                ? this
                : knowing(
                        launched,
                        Optional.of(new Proven(by.get().layers(), by.get().revision())));
    }

    private Charter knowing(Optional<Launched> latest, Optional<Proven> last) {
        return new Charter(origin, declared, revision, inForce, inForceRevision, choice, latest, last);
    }

    /** What this incarnation was launched by; empty where that isn't known. */
    Optional<Launched> launchOf(int incarnation) {
        return launched.filter(launch -> launch.incarnation() == incarnation);
    }

    /** From now on what was proven last is in force again; what is declared stays declared. Empty where nothing was. */
    Optional<Charter> rolledBack() {
        return proven.map(known ->
                new Charter(origin, declared, revision, known.layers(), known.revision(), choice, launched, proven));
    }

    /** True where what is in force never got HEALTHY, and something else did. */
    boolean canRollBack() {
        return proven.filter(known -> known.revision() != inForceRevision
                        && !known.layers().effective().equals(inForce.effective()))
                .isPresent();
    }

    /** Of a server that nothing was chosen for yet. */
    Charter(Origin origin, Layers declared, int revision, Layers inForce, int inForceRevision) {
        this(
                origin,
                declared,
                revision,
                inForce,
                inForceRevision,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** The same, its runtime chosen. */
    Charter chosen(RuntimeChoice made) {
        return new Charter(origin, declared, revision, inForce, inForceRevision, Optional.of(made), launched, proven);
    }

    /** The spec in its place, where one was chosen for it. */
    ServerSpec placed(ServerSpec spec) {
        return spec.runtime().equals(ServerSpec.AUTO)
                ? choice.map(made -> spec.in(made.runtime())).orElse(spec)
                : spec;
    }

    Charter redeclared(Origin by, Layers layers) {
        return new Charter(by, layers, revision + 1, inForce, inForceRevision, choice, launched, proven);
    }

    /** Holds keys only: values may be secret. */
    @Override
    public String toString() {
        return "Charter[revision " + revision + ", in force " + inForceRevision + "]";
    }

    /** As the database keeps it: without secrets. */
    String toJson(SpecSource specs) {
        ObjectNode json = JSON.createObjectNode();
        origin.file().ifPresent(file -> json.put("declaredIn", file.toString()));
        choice.ifPresent(
                made -> json.putObject("runtime").put("name", made.runtime()).put("why", made.why()));
        json.set("declared", redacted(declared, revision, specs));
        json.set("inForce", redacted(inForce, inForceRevision, specs));
        launched.ifPresent(launch -> json.set(
                "launched",
                redacted(launch.layers(), launch.revision(), specs).put("incarnation", launch.incarnation())));
        proven.ifPresent(known -> json.set("proven", redacted(known.layers(), known.revision(), specs)));
        return json.toString();
    }

    private static ObjectNode redacted(Layers layers, int revision, SpecSource specs) {
        ObjectNode json = JSON.createObjectNode();
        json.put("revision", revision);
        json.set("flags", specs.split(layers.flags()).declaration().tree());
        json.set("file", specs.split(layers.file()).declaration().tree());
        return json;
    }

    /**
     * As the secrets file keeps it: nothing but secrets, by revision and layer.
     *
     * @param earlier what the database names until the next commit
     */
    String secrets(Optional<Charter> earlier, SpecSource specs) {
        ObjectNode json = JSON.createObjectNode();
        earlier.ifPresent(old -> json.set(Integer.toString(old.revision), secrets(old.declared, specs)));
        launched.ifPresent(launch -> json.set(Integer.toString(launch.revision()), secrets(launch.layers(), specs)));
        proven.ifPresent(known -> json.set(Integer.toString(known.revision()), secrets(known.layers(), specs)));
        json.set(Integer.toString(inForceRevision), secrets(inForce, specs));
        json.set(Integer.toString(revision), secrets(declared, specs));
        return json.toString();
    }

    /** True if there is any secret to keep. */
    boolean hasSecrets(SpecSource specs) {
        return Stream.of(
                        Stream.of(declared, inForce),
                        launched.map(Launched::layers).stream(),
                        proven.map(Proven::layers).stream())
                .flatMap(every -> every)
                .flatMap(layers -> Stream.of(layers.flags(), layers.file()))
                .anyMatch(layer -> !specs.split(layer).secrets().isEmpty());
    }

    private static ObjectNode secrets(Layers layers, SpecSource specs) {
        ObjectNode json = JSON.createObjectNode();
        json.set("flags", JSON.valueToTree(specs.split(layers.flags()).secrets()));
        json.set("file", JSON.valueToTree(specs.split(layers.file()).secrets()));
        return json;
    }

    /**
     * Reads both parts.
     *
     * @param text what {@link #toJson} wrote
     * @param secretsFile what {@link #secrets} wrote; may be absent where there are none
     * @throws IOException if either can't be read; says which
     */
    static Charter read(String text, Path secretsFile, SpecSource specs) throws IOException {
        JsonNode json = parse(text, "the stored declaration");
        JsonNode secrets = Files.exists(secretsFile)
                ? parse(Files.readString(secretsFile), secretsFile.toString())
                : JSON.createObjectNode();
        Origin origin = new Origin(
                json.hasNonNull("declaredIn")
                        ? Optional.of(Path.of(json.get("declaredIn").asText()))
                        : Optional.empty());
        JsonNode declared = json.path("declared");
        JsonNode inForce = json.path("inForce");
        return new Charter(
                origin,
                layers(declared, secrets, specs),
                declared.path("revision").asInt(),
                layers(inForce, secrets, specs),
                inForce.path("revision").asInt(),
                json.path("runtime").isObject()
                        ? Optional.of(new RuntimeChoice(
                                json.path("runtime").path("name").asText(),
                                json.path("runtime").path("why").asText()))
                        : Optional.empty(),
                json.path("launched").isObject()
                        ? Optional.of(new Launched(
                                json.path("launched").path("incarnation").asInt(),
                                layers(json.path("launched"), secrets, specs),
                                json.path("launched").path("revision").asInt()))
                        : Optional.empty(),
                json.path("proven").isObject()
                        ? Optional.of(new Proven(
                                layers(json.path("proven"), secrets, specs),
                                json.path("proven").path("revision").asInt()))
                        : Optional.empty());
    }

    private static Layers layers(JsonNode json, JsonNode secrets, SpecSource specs) {
        JsonNode known = secrets.path(json.path("revision").asText());
        return new Layers(layer(json, known, "flags", specs), layer(json, known, "file", specs));
    }

    private static Declaration layer(JsonNode json, JsonNode secrets, String which, SpecSource specs) {
        Map<String, String> values = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : secrets.path(which).properties()) {
            values.put(entry.getKey(), entry.getValue().asText());
        }
        JsonNode tree = json.path(which);
        return specs.join(Declaration.ofJson(tree.isObject() ? tree.toString() : "{}"), values);
    }

    private static JsonNode parse(String text, String what) throws IOException {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            // The original message quotes the text, which may be secret.
            throw new IOException(
                    what + " is no JSON, near line " + e.getLocation().getLineNr());
        }
    }
}
