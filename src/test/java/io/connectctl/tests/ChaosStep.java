package io.connectctl.tests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/** One action under way: its choices, what it did, and what the events must tell of it afterwards. */
final class ChaosStep {
    final ChaosWorld world;
    final Random random;
    private final StringBuilder told = new StringBuilder();
    private final List<Expected> expected = new ArrayList<>();

    private record Expected(String what, Predicate<JsonNode> event) {}

    ChaosStep(ChaosWorld world, Random random) {
        this.world = world;
        this.random = random;
    }

    /** Writes down what is done: for whoever reads the run, or replays it by hand. */
    ChaosStep tell(String what) {
        told.append(told.isEmpty() ? "" : ", ").append(what);
        return this;
    }

    String told() {
        return told.toString();
    }

    /** Any server. */
    ChaosServer any() {
        return world.servers.get(random.nextInt(world.servers.size()));
    }

    /** A server of this runtime that is up: it is started, should it be down. */
    ChaosServer up(Where where) {
        List<ChaosServer> fitting =
                world.servers.stream().filter(server -> server.where == where).toList();
        ChaosServer chosen = fitting.get(random.nextInt(fitting.size()));
        if (!chosen.surelyUp()) {
            tell("start " + chosen.name);
            world.must("start", chosen);
            world.settle("before the action itself");
            world.hear();
        }
        return chosen;
    }

    /** Any server that is up: it is started, should it be down. */
    ChaosServer up() {
        return up(any().where);
    }

    /** After the action there must be an event of this server with a cause of one of these codes. */
    void expectCause(ChaosServer server, String... codes) {
        List<String> wanted = List.of(codes);
        expected.add(new Expected(
                "an event of " + server.name + " with the cause " + String.join(" or ", wanted),
                event -> event.path("server").asText().equals(server.name)
                        && wanted.contains(event.path("cause").path("code").asText())));
    }

    /** After the action there must be an event of this server in this phase. */
    void expectPhase(ChaosServer server, String phase) {
        expected.add(new Expected(
                "an event of " + server.name + " in phase " + phase,
                event -> event.path("server").asText().equals(server.name)
                        && event.path("phase").asText().equals(phase)));
    }

    /** After the action there must be an event of this server of this type that says this. */
    void expectEvent(ChaosServer server, String type, String text) {
        expected.add(new Expected(
                "an event '" + type + "' of " + server.name + " that says '" + text + "'",
                event -> event.path("server").asText().equals(server.name)
                        && event.path("type").asText().equals(type)
                        && event.path("message").asText().contains(text)));
    }

    /** What was expected of the events and isn't there. */
    List<String> missing(List<JsonNode> news) {
        return expected.stream()
                .filter(each -> news.stream().noneMatch(each.event()))
                .map(each -> each.what() + " is missing")
                .toList();
    }
}
