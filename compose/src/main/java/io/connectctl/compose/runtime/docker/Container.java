package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * A container as the engine describes it; only what matters here.
 *
 * @param id its full id
 * @param name its name, without the slash that the engine puts before it
 * @param labels its labels
 * @param image id of its image
 * @param environment the variables that it was made with
 * @param status {@code created}, {@code running}, {@code paused}, {@code restarting}, {@code removing}, {@code exited} or {@code dead}
 * @param live true while its process exists, also where it is paused
 * @param startedAt when it was started last, exactly as the engine writes it: the name of this very start
 * @param finishedAt when it ended last
 * @param exitCode how it ended last
 * @param outOfMemory whether the kernel killed it for its memory
 * @param error what the engine says of a start that failed
 * @param ports published ports: of the container to those of the engine's machine
 * @param open those of them that more than loopback leads to: of the container to {@code ADDRESS:PORT} of the engine's machine
 * @param pid its first process, as the engine's machine numbers it; 0 where it has none
 * @param tty whether it has a terminal, which makes its log one plain stream
 */
record Container(
        String id,
        String name,
        Map<String, String> labels,
        String image,
        Map<String, String> environment,
        String status,
        boolean live,
        String startedAt,
        Instant finishedAt,
        int exitCode,
        boolean outOfMemory,
        String error,
        Map<Integer, Integer> ports,
        Map<Integer, String> open,
        long pid,
        boolean tty) {
    Container {
        labels = Map.copyOf(labels);
        environment = Map.copyOf(environment);
        ports = Map.copyOf(ports);
        open = Map.copyOf(open);
    }

    /** From an answer to {@code GET /containers/ID/json}. */
    static Container of(JsonNode json) {
        JsonNode state = json.path("State");
        Map<String, String> labels = new TreeMap<>();
        json.path("Config")
                .path("Labels")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        Map<String, String> environment = new TreeMap<>();
        for (JsonNode entry : json.path("Config").path("Env")) {
            String[] parts = entry.asText().split("=", 2);
            environment.put(parts[0], parts.length > 1 ? parts[1] : "");
        }
        Map<Integer, Integer> ports = new TreeMap<>();
        Map<Integer, String> open = new TreeMap<>();
        json.path("NetworkSettings").path("Ports").properties().forEach(port -> {
            OptionalInt published = published(port.getValue());
            if (port.getKey().endsWith("/tcp") && published.isPresent()) {
                int inside = Integer.parseInt(port.getKey().replace("/tcp", ""));
                ports.put(inside, published.getAsInt());
                beyondLoopback(port.getValue()).ifPresent(address -> open.put(inside, address));
            }
        });
        // Podman writes capital letters in some versions.
        String status = state.path("Status").asText("").toLowerCase(java.util.Locale.ROOT);
        return new Container(
                json.path("Id").asText(),
                json.path("Name").asText().replaceFirst("^/", ""),
                labels,
                json.path("Image").asText(),
                environment,
                status,
                state.path("Running").asBoolean() || state.path("Restarting").asBoolean(),
                state.path("StartedAt").asText(""),
                time(state.path("FinishedAt").asText("")),
                state.path("ExitCode").asInt(),
                state.path("OOMKilled").asBoolean(),
                state.path("Error").asText(""),
                ports,
                open,
                state.path("Pid").asLong(),
                json.path("Config").path("Tty").asBoolean());
    }

    /** The same, paused since. */
    Container paused() {
        return new Container(
                id,
                name,
                labels,
                image,
                environment,
                "paused",
                live,
                startedAt,
                finishedAt,
                exitCode,
                outOfMemory,
                error,
                ports,
                open,
                pid,
                tty);
    }

    private static OptionalInt published(JsonNode bindings) {
        for (JsonNode binding : bindings) {
            int port = binding.path("HostPort").asInt(0);
            if (port > 0) {
                return OptionalInt.of(port);
            }
        }
        return OptionalInt.empty();
    }

    private static Optional<String> beyondLoopback(JsonNode bindings) {
        for (JsonNode binding : bindings) {
            String address = binding.path("HostIp").asText("");
            if (binding.path("HostPort").asInt(0) > 0 && !address.startsWith("127.") && !address.equals("::1")) {
                // Podman leaves out what docker writes as 0.0.0.0.
                return Optional.of(
                        (address.isEmpty() ? "0.0.0.0" : address.contains(":") ? "[" + address + "]" : address) + ":"
                                + binding.path("HostPort").asText());
            }
        }
        return Optional.empty();
    }

    /** An instant as the engine writes it; the epoch where it writes none. */
    static Instant time(String text) {
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            return instant.isBefore(Instant.EPOCH) ? Instant.EPOCH : instant;
        } catch (DateTimeException e) {
            return Instant.EPOCH;
        }
    }

    /** True once it was started; one that never was is no instance of anything. */
    boolean everStarted() {
        return live || time(startedAt).isAfter(Instant.EPOCH);
    }

    /** When it was started last, as precise as instances are told. */
    Instant started() {
        return time(startedAt).truncatedTo(ChronoUnit.MILLIS);
    }

    /** Without its variables: of somebody else's container they may be secret. */
    @Override
    public String toString() {
        return "container " + name + " (" + id + ", " + status + ")";
    }

    /** A label's value; empty text where it has none. */
    String label(String key) {
        return labels.getOrDefault(key, "");
    }
}
