package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Puts a start's timeline together from what the launch noted, what the log says, and when each rung was proven. Pure. */
final class Timelines {
    /** So many lines from its beginning hold a server's start: some 60 of Spark, and what Ivy and warnings add. */
    static final int MOST_LINES = 3_000;

    /** The default template's times, with their offset. */
    private static final Pattern OWN =
            Pattern.compile("^(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?(?:Z|[+-]\\d{2}:?\\d{2})) ");
    /** Spark's own layout, in the machine's time zone and without a fraction. */
    private static final Pattern SPARKS = Pattern.compile("^(\\d{2}/\\d{2}/\\d{2} \\d{2}:\\d{2}:\\d{2}) ");

    private static final DateTimeFormatter SPARKS_FORMAT = DateTimeFormatter.ofPattern("yy/MM/dd HH:mm:ss");

    private static final Pattern CONTEXT_BEGINS =
            Pattern.compile("SparkConnectServer: Starting Spark session|SparkContext: Running Spark version");
    /** The service's first line comes once the session, and with it the context, is there; 3.4 writes only the second. */
    private static final Pattern CONTEXT_ENDS = Pattern.compile(
            "start GRPC service at|Successfully started service '[^']*SparkConnectService|Spark Connect server started");

    private static final Pattern IVY =
            Pattern.compile("^\\s*:: resolution report :: resolve (\\d{1,9})ms :: artifacts dl (\\d{1,9})ms");
    private static final Pattern ARCHIVE = Pattern.compile("^started? without a class data archive|^starts without");

    private Timelines() {}

    /**
     * @param kept what the launch noted; empty where nothing was kept
     * @param events of this incarnation, oldest first
     * @param log the beginning of its log, oldest first
     * @param zone in which log lines without an offset are meant
     * @param container true if it runs in one
     * @param local true if its master is in its own JVM
     */
    static Timeline of(
            ServerName server,
            int incarnation,
            Optional<LaunchTimes.Kept> kept,
            List<ServerEvent> events,
            List<String> log,
            ZoneId zone,
            boolean container,
            boolean local) {
        Map<Rung, Instant> rungs = rungs(events);
        kept.ifPresent(times -> rungs.putAll(times.rungs()));
        List<String> notes = new ArrayList<>();
        Optional<Instant> firstLine = Optional.empty();
        Optional<Instant> contextBegins = Optional.empty();
        Optional<Instant> contextEnds = Optional.empty();
        Duration ivy = Duration.ZERO;
        for (String line : log) {
            Matcher report = IVY.matcher(line);
            if (report.find() && contextBegins.isEmpty()) {
                ivy = ivy.plusMillis(Long.parseLong(report.group(1)) + Long.parseLong(report.group(2)));
            }
            Optional<Instant> at = time(line, zone);
            if (at.isEmpty()) {
                continue;
            }
            firstLine = firstLine.isPresent() ? firstLine : at;
            if (contextBegins.isEmpty() && CONTEXT_BEGINS.matcher(line).find()) {
                contextBegins = at;
            }
            if (CONTEXT_ENDS.matcher(line).find()) {
                contextEnds = at;
                break;
            }
        }
        Instant launched = kept.map(LaunchTimes.Kept::launched)
                .or(() -> launchEvent(events))
                .orElse(rungs.values().stream().findFirst().orElse(Instant.EPOCH));
        Chain chain = new Chain(kept.map(LaunchTimes.Kept::began).orElse(launched));
        if (kept.isPresent()) {
            LaunchTimes.Kept times = kept.get();
            chain.to(Timeline.Kind.RESOLVE, times.fetching().orElse(times.prepared()), "");
            if (times.fetching().isPresent()) {
                chain.to(Timeline.Kind.PULL, times.prepared(), times.fetched());
            }
            chain.to(Timeline.Kind.CREATE, times.launched(), "");
        } else {
            notes.add(
                    "what its launch spent before its process existed wasn't noted: an older connectctl, or another one, launched it");
        }
        // A log's clock may be another machine's: nothing of it lies outside of what this machine saw.
        Optional<Instant> port = Optional.ofNullable(rungs.get(Rung.PORT));
        // An engine listens on a container's port before anything in it does.
        Optional<Instant> serves = container ? Optional.ofNullable(rungs.get(Rung.RPC)) : port;
        Optional<Instant> jvm = contextBegins.isPresent() ? contextBegins : firstLine;
        if (jvm.isPresent()) {
            Instant end = earlier(jvm.get(), serves);
            if (ivy.isZero()) {
                chain.to(Timeline.Kind.JVM, end, archive(events));
            } else {
                // Spark resolves before it logs its first line: the report says how long, not when.
                chain.to(Timeline.Kind.JVM, end.minus(ivy), archive(events));
                chain.to(Timeline.Kind.PACKAGES, end, "by Spark's own resolver");
            }
            contextEnds.ifPresent(at -> chain.to(Timeline.Kind.CONTEXT, earlier(at, serves), ""));
        } else if (port.isPresent()) {
            notes.add(
                    "its log doesn't hold its start any more, or has no times: all from its launch to its port is one step");
        }
        port.ifPresent(at -> chain.to(Timeline.Kind.PORT, at, ""));
        next(chain, Timeline.Kind.RPC, rungs.get(Rung.RPC));
        next(chain, Timeline.Kind.SESSION, rungs.get(Rung.SESSION));
        next(chain, Timeline.Kind.QUERY, rungs.get(Rung.QUERY));
        if (adopted(events)) {
            notes.add(
                    "a daemon that was started meanwhile proved its rungs anew: what no earlier one had proven is told from then");
        }
        Timeline bare = new Timeline(
                server, incarnation, chain.began, chain.steps, rungs.containsKey(Rung.QUERY), Optional.empty(), notes);
        return new Timeline(
                server,
                incarnation,
                bare.began(),
                bare.steps(),
                bare.complete(),
                bare.slowest().map(step -> hint(server, step, container, local)),
                notes);
    }

    private static void next(Chain chain, Timeline.Kind kind, @Nullable Instant at) {
        if (at != null) {
            chain.to(kind, at, "");
        }
    }

    /** Steps, each from the end of the one before it. */
    private static final class Chain {
        private final Instant began;
        private final List<Timeline.Step> steps = new ArrayList<>();
        private Instant end;

        Chain(Instant began) {
            this.began = began;
            this.end = began;
        }

        void to(Timeline.Kind kind, Instant at, String about) {
            Instant until = at.isBefore(end) ? end : at;
            steps.add(new Timeline.Step(kind, Duration.between(began, end), Duration.between(end, until), about));
            end = until;
        }
    }

    private static Instant earlier(Instant one, Optional<Instant> other) {
        return other.filter(at -> at.isBefore(one)).orElse(one);
    }

    /** When each was proven first. */
    private static Map<Rung, Instant> rungs(List<ServerEvent> events) {
        Map<Rung, Instant> rungs = new EnumMap<>(Rung.class);
        for (ServerEvent event : events) {
            if (event.type().equals("rung")) {
                for (Rung rung : Rung.values()) {
                    if (event.message().endsWith(" " + rung)) {
                        rungs.putIfAbsent(rung, event.at());
                    }
                }
            }
        }
        return rungs;
    }

    /** Where nothing else is known: its first event. */
    private static Optional<Instant> launchEvent(List<ServerEvent> events) {
        return events.stream().map(ServerEvent::at).findFirst();
    }

    private static boolean adopted(List<ServerEvent> events) {
        return events.stream().anyMatch(event -> event.message().contains("adopted: "));
    }

    private static String archive(List<ServerEvent> events) {
        return events.stream()
                .filter(event -> event.type().equals("archive"))
                .map(ServerEvent::message)
                .filter(message -> ARCHIVE.matcher(message).find())
                .findFirst()
                .orElse("");
    }

    private static Optional<Instant> time(String line, ZoneId zone) {
        try {
            Matcher own = OWN.matcher(line);
            if (own.find()) {
                return Optional.of(
                        OffsetDateTime.parse(own.group(1).replace(',', '.')).toInstant());
            }
            Matcher sparks = SPARKS.matcher(line);
            if (sparks.find()) {
                return Optional.of(LocalDateTime.parse(sparks.group(1), SPARKS_FORMAT)
                        .atZone(zone)
                        .toInstant());
            }
        } catch (DateTimeException e) {
            return Optional.empty(); // looks like a time and is none
        }
        return Optional.empty();
    }

    /** What can be done about the step that took longest. */
    private static String hint(ServerName server, Timeline.Step step, boolean container, boolean local) {
        return switch (step.kind()) {
            case RESOLVE -> "a repository or registry answered slowly, or the engine did: connectctl doctor";
            case PULL ->
                "only the first start fetches; later ones of the same version find it there"
                        + (container ? " (docker pull ahead of time)" : " (connectctl cache)");
            case CREATE ->
                container
                        ? "the engine makes the container: docker system df, and the disk below it"
                        : "the disk of the state folder is slow: connectctl doctor";
            case JVM ->
                container
                        ? "an image with a class data archive takes about half off: connectctl image build"
                        : "a class data archive takes about half off: connectctl cache train " + server;
            case PACKAGES ->
                "declare them as packages: in connectctl.yaml, and a process' are fetched once and kept;"
                        + " Spark's own resolver asks at every start";
            case CONTEXT ->
                local
                        ? "SparkContext takes processor time: fewer plugins and listeners, or more cores; connectctl logs "
                                + server
                        : "the master answered slowly, or gives executors slowly: connectctl logs " + server;
            case PORT -> "the service was bound, and not seen for that long: the machine is busy; connectctl top";
            case RPC, SESSION ->
                "first calls load classes: a class data archive helps, and more processor time; a catalog or"
                        + " metastore that answers slowly shows here, too";
            case QUERY ->
                local
                        ? "a first query compiles and loads: more processor time helps; 'start' waits for it, clients needn't"
                        : "a first query waits for executors: has the master free ones? connectctl logs " + server;
        };
    }
}
