package io.connectctl.manager.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.manager.lease.Ending;
import io.connectctl.manager.lease.Lease;
import io.connectctl.manager.lease.LeaseState;
import io.connectctl.manager.lease.Moment;
import io.connectctl.manager.lease.Owner;
import io.connectctl.manager.lease.OwnerProcess;
import io.connectctl.manager.pool.Pool;
import java.time.Duration;
import java.util.Optional;

/**
 * Leases and pools as JSON, field by field, as {@link StateCodec} does it for servers. Moments are on the boot clock. A pool's failures
 * are not stored: a daemon that starts tries again at once.
 */
public final class LeaseCodec {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private LeaseCodec() {}

    /** The lease as one line of JSON; equal leases give equal text. */
    public static String encode(Lease lease) {
        ObjectNode json = JSON.createObjectNode();
        json.put("number", lease.number());
        json.put("state", lease.state().name());
        json.put("held", lease.held());
        lease.owner().ifPresent(owner -> {
            ObjectNode node = json.putObject("owner").put("text", owner.text());
            owner.process().ifPresent(process -> node.put("pid", process.pid())
                    .put("start", process.start())
                    .put("boot", process.boot()));
        });
        lease.pool().ifPresent(pool -> json.put("pool", pool));
        json.put("revision", lease.revision());
        json.set("since", moment(lease.since()));
        json.put("ttlMillis", lease.ttl().toMillis());
        json.set("expiry", moment(lease.expiry()));
        lease.cause().ifPresent(cause -> json.put("cause", StateCodec.encodeCause(cause)));
        lease.ending().ifPresent(ending -> json.put("ending", ending.name()));
        return json.toString();
    }

    /**
     * Reads what {@link #encode(Lease)} wrote.
     *
     * @throws IllegalArgumentException if it is no such JSON
     */
    public static Lease lease(String id, String text) {
        JsonNode json = parse("lease " + id, text);
        return new Lease(
                id,
                Lease.serverOf(id),
                json.path("number").asLong(),
                LeaseState.valueOf(json.path("state").asText()),
                json.path("held").asBoolean(),
                json.has("owner") ? Optional.of(owner(json.get("owner"))) : Optional.empty(),
                text(json, "pool"),
                json.path("revision").asInt(),
                moment(json.path("since")),
                Duration.ofMillis(json.path("ttlMillis").asLong()),
                moment(json.path("expiry")),
                text(json, "cause").map(StateCodec::decodeCause),
                text(json, "ending").map(Ending::valueOf));
    }

    /** The pool as one line of JSON; equal pools give equal text, whatever failed. */
    public static String encode(Pool pool) {
        ObjectNode json = JSON.createObjectNode();
        json.put("size", pool.size());
        json.put("declaration", pool.declaration());
        json.put("revision", pool.revision());
        json.put("maxAgeMillis", pool.maxAge().toMillis());
        json.put("memberBytes", pool.memberBytes());
        json.put("budgetBytes", pool.budgetBytes());
        json.put("claims", pool.claims());
        json.put("misses", pool.misses());
        return json.toString();
    }

    /**
     * Reads what {@link #encode(Pool)} wrote.
     *
     * @throws IllegalArgumentException if it is no such JSON
     */
    public static Pool pool(String name, String text) {
        JsonNode json = parse("pool " + name, text);
        return new Pool(
                name,
                json.path("size").asInt(),
                json.path("declaration").asText(),
                json.path("revision").asInt(),
                Duration.ofMillis(json.path("maxAgeMillis").asLong()),
                json.path("memberBytes").asLong(),
                json.path("budgetBytes").asLong(),
                json.path("claims").asLong(),
                json.path("misses").asLong(),
                0,
                Optional.empty(),
                Optional.empty());
    }

    private static ObjectNode moment(Moment moment) {
        return JSON.createObjectNode()
                .put("boot", moment.boot())
                .put("atMillis", moment.at().toMillis());
    }

    private static Moment moment(JsonNode json) {
        return new Moment(
                json.path("boot").asText(),
                Duration.ofMillis(json.path("atMillis").asLong()));
    }

    private static Owner owner(JsonNode json) {
        return new Owner(
                json.path("text").asText(),
                json.has("pid")
                        ? Optional.of(new OwnerProcess(
                                json.path("pid").asLong(),
                                json.path("start").asLong(),
                                json.path("boot").asText()))
                        : Optional.empty());
    }

    private static Optional<String> text(JsonNode json, String field) {
        return json.hasNonNull(field) ? Optional.of(json.get(field).asText()) : Optional.empty();
    }

    private static JsonNode parse(String what, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the stored " + what + " is no JSON: " + e.getOriginalMessage(), e);
        }
    }
}
