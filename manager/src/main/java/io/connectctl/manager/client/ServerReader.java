package io.connectctl.manager.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.connectctl.manager.api.v1.ActivityView;
import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.ChangeView;
import io.connectctl.manager.api.v1.ClusterView;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.LeaseInfo;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerList;
import io.connectctl.manager.api.v1.ServerView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads servers, leases, and what a stop is answered with, as {@link Wire} would, by Jackson's streaming parser alone: loading
 * databind takes longer than the rest of {@code connectctl status}. A test holds both equal. Unknown fields are tolerated; a missing text reads as empty.
 */
final class ServerReader {
    private static final JsonFactory JSON = new JsonFactory();

    /** One JSON object. */
    private final Map<String, @Nullable Object> fields;

    private ServerReader(Map<String, @Nullable Object> fields) {
        this.fields = fields;
    }

    /** Reads the answer of {@code GET /v1/servers}. */
    static ServerList list(byte[] json) throws IOException {
        ServerReader list = document(json, ServerList.class);
        List<ServerView> servers = new ArrayList<>();
        for (Object each : list.array("servers")) {
            servers.add(of(each).view());
        }
        return new ServerList(list.text("apiVersion"), list.text("kind"), servers);
    }

    /** Reads the answer of {@code GET /v1/servers/NAME}. */
    static ServerView server(byte[] json) throws IOException {
        return document(json, ServerView.class).view();
    }

    /** Reads the answer of {@code GET /v1/daemon}. */
    static DaemonView daemon(byte[] json) throws IOException {
        ServerReader daemon = document(json, DaemonView.class);
        return new DaemonView(
                daemon.text("version"),
                daemon.text("build"),
                daemon.whole("pid"),
                daemon.text("startedAt"),
                daemon.text("socket"),
                daemon.text("stateFolder"),
                daemon.optionalInt("tcpPort"),
                daemon.optionalInt("healthPort"),
                (int) daemon.whole("servers"),
                daemon.optional("notice"),
                daemon.flag("supervised"),
                daemon.optional("engine"));
    }

    /** Reads the answer to a command. */
    static ReceiptView receipt(byte[] json) throws IOException {
        ServerReader receipt = document(json, ReceiptView.class);
        return new ReceiptView(receipt.whole("sequence"), receipt.flag("changed"), receipt.text("message"));
    }

    /** Reads the answer to whoever asks for a lease, looks at one or renews it. */
    static LeaseView leased(byte[] json) throws IOException {
        ServerReader lease = document(json, LeaseView.class);
        return new LeaseView(
                lease.text("lease"),
                lease.text("server"),
                lease.text("state"),
                lease.flag("held"),
                lease.optional("pool"),
                lease.optional("owner"),
                lease.optionalLong("ownerPid"),
                lease.whole("ttlSeconds"),
                lease.text("expiresAt"),
                (int) lease.whole("position"),
                lease.optional("url"),
                lease.optional("tokenFile"),
                lease.optional("ending"),
                lease.cause(),
                lease.whole("sequence"));
    }

    /** Reads one line of {@code GET /v1/events}. */
    static EventView event(String json) throws IOException {
        ServerReader event = document(json.getBytes(StandardCharsets.UTF_8), EventView.class);
        return new EventView(
                event.whole("sequence"),
                event.text("at"),
                event.text("server"),
                (int) event.whole("incarnation"),
                event.text("type"),
                event.text("phase"),
                event.text("message"),
                event.cause());
    }

    private static ServerReader document(byte[] json, Class<?> type) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                return new ServerReader(object(parser));
            }
            throw new IOException("the daemon's answer is no " + type.getSimpleName() + ": it is no JSON object");
        } catch (JsonProcessingException e) {
            throw Wire.unreadable(type, e);
        }
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            fields.put(name, value(parser));
        }
        return fields;
    }

    private static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> {
                List<@Nullable Object> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield elements;
            }
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getNumberValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> parser.getText();
        };
    }

    private ServerView view() throws IOException {
        Number seconds = number("startSeconds");
        Number startTimeout = number("startTimeoutSeconds");
        return new ServerView(
                text("name"),
                text("desired"),
                text("phase"),
                text("rung"),
                optional("url"),
                text("runtime"),
                (int) whole("incarnation"),
                optionalLong("pid"),
                optional("containerId"),
                text("sparkVersion"),
                text("master"),
                optionalInt("port"),
                optional("uiUrl"),
                memory(),
                (int) whole("restarts"),
                optional("startedAt"),
                optional("healthySince"),
                optional("phaseSince"),
                cause(),
                flag("changed"),
                optional("declaredIn"),
                optional("logFile"),
                optional("tokenFile"),
                texts("exposures"),
                optional("applicationId"),
                optionalInt("cores"),
                seconds == null ? null : (Double) seconds.doubleValue(),
                startTimeout == null ? 0 : startTimeout.doubleValue(),
                lease(),
                drift(),
                flag("canRollBack"),
                activity(),
                cluster());
    }

    private @Nullable ActivityView activity() throws IOException {
        if (!(fields.get("activity") instanceof Map)) {
            return null;
        }
        ServerReader activity = of(fields.get("activity"));
        return new ActivityView(
                (int) activity.whole("sessions"),
                (int) activity.whole("operations"),
                activity.texts("users"),
                activity.flag("drains"));
    }

    private List<ChangeView> drift() throws IOException {
        List<ChangeView> changes = new ArrayList<>();
        for (Object each : array("drift")) {
            ServerReader change = of(each);
            changes.add(
                    new ChangeView(change.text("key"), change.text("old"), change.text("new"), change.flag("restart")));
        }
        return changes;
    }

    private @Nullable ClusterView cluster() throws IOException {
        if (!(fields.get("cluster") instanceof Map)) {
            return null;
        }
        ServerReader cluster = of(fields.get("cluster"));
        return new ClusterView(
                cluster.optional("applicationId"),
                cluster.optional("state"),
                cluster.optional("queue"),
                cluster.optional("link"),
                cluster.optional("diagnostics"),
                cluster.optional("executorsWanted"),
                cluster.optionalInt("executorsRegistered"),
                cluster.optionalInt("executorsLost"),
                cluster.optionalInt("executorCores"),
                cluster.optionalLong("executorPoolBytes"),
                cluster.optional("explanation"));
    }

    private @Nullable LeaseInfo lease() throws IOException {
        if (!(fields.get("lease") instanceof Map)) {
            return null;
        }
        ServerReader lease = of(fields.get("lease"));
        return new LeaseInfo(lease.text("id"), lease.text("expiresAt"), lease.optional("owner"));
    }

    private MemoryView memory() throws IOException {
        ServerReader memory = of(fields.get("memory"));
        return new MemoryView(
                memory.whole("driverBytes"),
                memory.whole("poolBytes"),
                memory.optionalLong("observedPoolBytes"),
                memory.text("explanation"));
    }

    private @Nullable CauseView cause() throws IOException {
        if (!(fields.get("cause") instanceof Map)) {
            return null;
        }
        ServerReader cause = of(fields.get("cause"));
        return new CauseView(
                cause.text("code"),
                cause.text("summary"),
                cause.text("remedy"),
                cause.texts("evidence"),
                cause.optional("logFile"));
    }

    @SuppressWarnings("unchecked") // Every map in the tree was made by object().
    private static ServerReader of(@Nullable Object value) {
        return new ServerReader(value instanceof Map ? (Map<String, @Nullable Object>) value : Map.of());
    }

    private @Nullable String optional(String name) throws IOException {
        Object value = fields.get(name);
        if (value instanceof Map || value instanceof List) {
            throw new IOException("the daemon's answer can't be read: '" + name + "' is no text but " + value
                    + "; daemon and command line may be of different versions: see connectctl version");
        }
        return value == null ? null : value.toString();
    }

    private String text(String name) throws IOException {
        String text = optional(name);
        return text == null ? "" : text;
    }

    private boolean flag(String name) {
        return Boolean.TRUE.equals(fields.get(name));
    }

    private @Nullable Number number(String name) {
        return fields.get(name) instanceof Number number ? number : null;
    }

    private long whole(String name) {
        Number number = number(name);
        return number == null ? 0 : number.longValue();
    }

    private @Nullable Long optionalLong(String name) {
        return number(name) == null ? null : (Long) whole(name);
    }

    private @Nullable Integer optionalInt(String name) {
        return number(name) == null ? null : (Integer) (int) whole(name);
    }

    private List<?> array(String name) {
        return fields.get(name) instanceof List<?> list ? list : List.of();
    }

    private List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        for (Object each : array(name)) {
            texts.add(String.valueOf(each));
        }
        return texts;
    }
}
