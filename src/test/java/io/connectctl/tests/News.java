package io.connectctl.tests;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;

/** What was told of a server after a moment: the one at which this was made. */
final class News {
    private final Installation installation;
    private final String server;
    private final long before;

    News(Installation installation, String server) {
        this.installation = installation;
        this.server = server;
        this.before = events().stream()
                .mapToLong(event -> event.path("sequence").asLong())
                .max()
                .orElse(0);
    }

    private List<JsonNode> events() {
        return installation
                .get("/v1/events?limit=10000&server=" + server)
                .lines()
                .map(Installation::json)
                .toList();
    }

    private List<String> since(Predicate<JsonNode> which, String pointer) {
        return events().stream()
                .filter(event -> event.path("sequence").asLong() > before)
                .filter(which)
                .map(event -> event.at(pointer).asText(""))
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private List<String> ofCauses(String pointer) {
        return since(event -> !event.path("cause").isNull(), pointer);
    }

    /** Codes of causes. */
    List<String> causes() {
        return ofCauses("/cause/code");
    }

    /** What the causes say. */
    List<String> summaries() {
        return ofCauses("/cause/summary");
    }

    /** What is to be done about them. */
    List<String> remedies() {
        return ofCauses("/cause/remedy");
    }

    /** When it first came into a phase. */
    Instant firstAt(String phase) {
        return since(
                        event -> event.path("type").asText().equals("phase")
                                && event.path("phase").asText().equals(phase),
                        "/at")
                .stream()
                .map(Instant::parse)
                .findFirst()
                .orElseThrow(() -> new AssertionError(server + " was never " + phase + ": " + events()));
    }

    /** The phases it went through. */
    List<String> phases() {
        return since(event -> event.path("type").asText().equals("phase"), "/phase");
    }
}
