package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Rung;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When one launch did what, for its timeline: kept in {@code servers/NAME/run/N/launch.json}, so that a later daemon knows it too. Thread-safe:
 * progress comes from the threads that fetch.
 */
final class LaunchTimes {
    private static final Logger LOG = LoggerFactory.getLogger(LaunchTimes.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "launch.json";
    private static final List<Rung> HIGHEST_FIRST = List.of(Rung.QUERY, Rung.SESSION, Rung.RPC, Rung.PORT);

    /** Of incarnations without a log. */
    private static final int KEPT = 10;

    private final Time time;
    private final Instant began;
    private final Duration beganBoot;
    private Optional<Instant> fetching = Optional.empty();
    private String fetched = "";
    private Optional<Instant> prepared = Optional.empty();
    private Optional<Instant> launched = Optional.empty();
    private final Map<Rung, Instant> rungs = new EnumMap<>(Rung.class);

    /**
     * What is known of a launch.
     *
     * @param began when its preparation began
     * @param fetching when the first thing began to be fetched; empty where all was there
     * @param fetched what was fetched, for people; empty text for nothing
     * @param prepared when all was there
     * @param launched when its process or container existed
     * @param rungs when each rung was passed first, as the probes timed it; those that aren't known are missing
     */
    record Kept(
            Instant began,
            Optional<Instant> fetching,
            String fetched,
            Instant prepared,
            Instant launched,
            Map<Rung, Instant> rungs) {}

    LaunchTimes(Time time) {
        this.time = time;
        this.began = time.now().wall();
        this.beganBoot = time.now().boot();
    }

    /** On the wall clock of the beginning: one that is set meanwhile must not make a step last an hour. */
    private Instant now() {
        return began.plus(time.now().boot().minus(beganBoot));
    }

    /** Notes when something is fetched, and passes it on. */
    Progress hearing(Progress next) {
        return (stage, done, total) -> {
            heard(stage);
            next.report(stage, done, total);
        };
    }

    private synchronized void heard(String stage) {
        // "resolving Spark 4.0.1" asks repositories which files there are; whatever else is told of is brought here.
        if (!stage.startsWith("resolving ")) {
            fetching = fetching.isPresent() ? fetching : Optional.of(now());
            fetched = stage;
        }
    }

    synchronized void prepared() {
        prepared = Optional.of(now());
    }

    synchronized void launched() {
        launched = Optional.of(now());
    }

    /**
     * Notes when a climb that just ended passed which rung: its events tell of all at once, at its end.
     *
     * @return true if something new was noted
     */
    synchronized boolean climbed(Climb climb) {
        Instant at = now();
        boolean news = false;
        for (Rung each : HIGHEST_FIRST) {
            if (climb.reached().atLeast(each)) {
                news |= rungs.putIfAbsent(each, at) == null;
            }
            // Before the rung above it was begun, this one had been passed.
            at = at.minus(climb.timings().getOrDefault(each, Duration.ZERO));
        }
        return news;
    }

    /** Writes it down; a start doesn't fail for want of a timeline. */
    synchronized void keep(Path servers, ServerName server, int incarnation) {
        ObjectNode node = JSON.createObjectNode()
                .put("began", began.toString())
                .put("fetched", fetched)
                .put("prepared", prepared.orElse(began).toString())
                .put("launched", launched.orElse(began).toString());
        fetching.ifPresent(at -> node.put("fetching", at.toString()));
        ObjectNode passed = node.putObject("rungs");
        rungs.forEach((rung, at) -> passed.put(rung.name(), at.toString()));
        try {
            Path folder = run(servers, server, incarnation);
            PrivateFiles.folderBelow(servers.resolve(server.value()), folder);
            PrivateFiles.write(folder.resolve(FILE), node + "\n", false);
            prune(folder.resolveSibling(""), incarnation);
        } catch (IOException | DirectoryIteratorException e) {
            LOG.debug("{}: the times of its launch aren't kept: {}", server, e.toString());
        }
    }

    /** A runtime prunes the folders that hold a log; a container that was adopted, or removed by somebody, left none. */
    private static void prune(Path runs, int incarnation) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(runs, "[0-9]*")) {
            for (Path run : all) {
                String name = run.getFileName().toString();
                if (name.matches("\\d{1,9}")
                        && Integer.parseInt(name) <= incarnation - KEPT
                        && !Files.exists(run.resolve("server.log"))
                        && Files.exists(run.resolve(FILE))) {
                    PrivateFiles.remove(run);
                }
            }
        }
    }

    /** What was kept of an incarnation; empty where nothing was, or it can't be read. */
    static Optional<Kept> read(Path servers, ServerName server, int incarnation) {
        Path file = run(servers, server, incarnation).resolve(FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            JsonNode node = JSON.readTree(Files.readString(file));
            Map<Rung, Instant> rungs = new EnumMap<>(Rung.class);
            for (Map.Entry<String, JsonNode> rung : node.path("rungs").properties()) {
                rungs.put(
                        Rung.valueOf(rung.getKey()),
                        Instant.parse(rung.getValue().asText()));
            }
            return Optional.of(new Kept(
                    Instant.parse(node.path("began").asText()),
                    node.has("fetching")
                            ? Optional.of(Instant.parse(node.path("fetching").asText()))
                            : Optional.empty(),
                    node.path("fetched").asText(),
                    Instant.parse(node.path("prepared").asText()),
                    Instant.parse(node.path("launched").asText()),
                    rungs));
        } catch (IOException | DateTimeException | IllegalArgumentException e) {
            LOG.debug("{} can't be read: {}", file, e.toString());
            return Optional.empty();
        }
    }

    private static Path run(Path servers, ServerName server, int incarnation) {
        return servers.resolve(server.value()).resolve("run").resolve(Integer.toString(incarnation));
    }
}
