package io.connectctl.manager.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.EndedBy;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerState;
import io.connectctl.manager.lifecycle.Terms;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A server's state as JSON, field by field: renaming a Java field can't silently change what is stored. Fields that it
 * doesn't know are left alone, missing ones get their first value. What a restarted daemon finds out anew is not stored
 * (probe times, tallies, deadlines but that of BACKING_OFF), so that an uneventful probe writes nothing.
 */
public final class StateCodec {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private StateCodec() {}

    /** The state as one line of JSON; equal states give equal text. */
    public static String encode(ServerState state) {
        ObjectNode json = JSON.createObjectNode();
        json.put("phase", state.phase().name());
        json.put("desired", state.desired().name());
        json.put("incarnation", state.incarnation());
        json.put("wanted", state.wanted());
        json.put("endedBy", state.endedBy().name());
        state.cause().ifPresent(cause -> json.set("cause", cause(cause)));
        json.put("rung", state.rung().name());
        json.put("proven", state.proven());
        json.put("queried", state.queried());
        if (state.forced()) {
            json.put("forced", true);
        }
        json.put("faults", state.faults());
        json.put("restarts", state.restarts());
        if (state.phase() == Phase.BACKING_OFF) {
            state.deadline().ifPresent(deadline -> json.put("deadlineMillis", deadline.toMillis()));
        }
        json.put("phaseSince", state.phaseSince().toString());
        state.healthySince().ifPresent(since -> json.put("healthySince", since.toString()));
        state.instance().ifPresent(instance -> json.set("instance", instance(instance)));
        state.port().ifPresent(port -> json.put("port", port));
        json.put("seed", state.seed());
        return json.toString();
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @param terms of the declaration in force
     * @throws IllegalArgumentException if it is no such JSON; says which field
     */
    public static ServerState decode(ServerName name, String text, Terms terms) {
        JsonNode json = parse(text);
        Rung rung = constant(json, "rung", Rung.class, Rung.NONE);
        return new ServerState(
                name,
                constant(json, "phase", Phase.class, Phase.UNKNOWN),
                constant(json, "desired", Desired.class, Desired.DOWN),
                json.path("incarnation").asInt(0),
                json.path("wanted").asInt(json.path("incarnation").asInt(0)),
                constant(json, "endedBy", EndedBy.class, EndedBy.OPERATOR),
                json.has("cause") ? Optional.of(cause(json.get("cause"))) : Optional.empty(),
                rung,
                json.path("proven").asBoolean(rung.atLeast(terms.until())),
                json.path("queried").asBoolean(rung.atLeast(Rung.QUERY)),
                json.path("forced").asBoolean(false),
                json.path("faults").asInt(0),
                json.path("restarts").asInt(0),
                0,
                0,
                Optional.empty(),
                json.has("deadlineMillis")
                        ? Optional.of(
                                Duration.ofMillis(json.get("deadlineMillis").asLong()))
                        : Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                instant(json, "phaseSince").orElse(Instant.EPOCH),
                instant(json, "healthySince"),
                json.has("instance") ? Optional.of(instance(name, json.get("instance"))) : Optional.empty(),
                json.has("port") ? OptionalInt.of(json.get("port").asInt()) : OptionalInt.empty(),
                json.path("seed").asLong(0),
                terms);
    }

    static String encodeCause(Cause cause) {
        return cause(cause).toString();
    }

    static Cause decodeCause(String text) {
        return cause(parse(text));
    }

    private static JsonNode parse(String text) {
        try {
            JsonNode json = JSON.readTree(text);
            if (json.isObject()) {
                return json;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("no JSON object");
    }

    private static ObjectNode cause(Cause cause) {
        ObjectNode json = JSON.createObjectNode();
        json.put("code", cause.code());
        json.put("summary", cause.summary());
        json.put("remedy", cause.remedy());
        ArrayNode evidence = json.putArray("evidence");
        cause.evidence().forEach(evidence::add);
        json.put("retryable", cause.retryable());
        cause.log().ifPresent(file -> json.put("log", file.toString()));
        return json;
    }

    private static Cause cause(JsonNode json) {
        List<String> evidence = new ArrayList<>();
        json.path("evidence").forEach(line -> evidence.add(line.asText()));
        return new Cause(
                json.path("code").asText("UNKNOWN"),
                json.path("summary").asText(""),
                json.path("remedy").asText(""),
                evidence,
                json.path("retryable").asBoolean(true),
                text(json, "log").map(Path::of));
    }

    private static ObjectNode instance(Instance instance) {
        ObjectNode json = JSON.createObjectNode();
        json.put("incarnation", instance.incarnation());
        json.put("marker", instance.marker());
        instance.pid().ifPresent(pid -> json.put("pid", pid));
        instance.containerId().ifPresent(id -> json.put("containerId", id));
        json.put("launchedAt", instance.launchedAt().toString());
        instance.exit().ifPresent(exit -> {
            ObjectNode end = json.putObject("exit");
            exit.code().ifPresent(code -> end.put("code", code));
            end.put("at", exit.at().toString());
            exit.note().ifPresent(note -> end.put("note", note));
            if (exit.outside()) {
                end.put("outside", true);
            }
        });
        return json;
    }

    private static Instance instance(ServerName name, JsonNode json) {
        Optional<ExitStatus> exit = Optional.empty();
        if (json.has("exit")) {
            JsonNode end = json.get("exit");
            exit = Optional.of(new ExitStatus(
                    end.has("code") ? OptionalInt.of(end.get("code").asInt()) : OptionalInt.empty(),
                    instant(end, "at").orElse(Instant.EPOCH),
                    text(end, "note"),
                    end.path("outside").asBoolean(false)));
        }
        return new Instance(
                name,
                json.path("incarnation").asInt(0),
                json.path("marker").asText(""),
                json.has("pid") ? OptionalLong.of(json.get("pid").asLong()) : OptionalLong.empty(),
                text(json, "containerId"),
                instant(json, "launchedAt").orElse(Instant.EPOCH),
                exit);
    }

    private static Optional<String> text(JsonNode json, String field) {
        return json.has(field) ? Optional.of(json.get(field).asText()) : Optional.empty();
    }

    private static Optional<Instant> instant(JsonNode json, String field) {
        return text(json, field).map(text -> {
            try {
                return Instant.parse(text);
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException("'" + field + "' is no instant: " + text, e);
            }
        });
    }

    private static <E extends Enum<E>> E constant(JsonNode json, String field, Class<E> type, E first) {
        return text(json, field).map(name -> Enum.valueOf(type, name)).orElse(first);
    }
}
