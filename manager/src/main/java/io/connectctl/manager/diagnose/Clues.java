package io.connectctl.manager.diagnose;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.lint.Linter;
import io.connectctl.health.ProbeFailure;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The evidence, arranged for the rules: what the log complains of, and how things are said to the user. */
final class Clues {
    /** Longer lines are cut before patterns see them, so that a rule's time is bounded. */
    private static final int LONGEST_MATCHED = 1_000;

    /** So many complaints are searched, the first ones of a start and the last ones of a run: the time stays bounded. */
    private static final int MOST_COMPLAINTS = 300;

    /** What Spark 3.4 to 4.2 log where no session can be made: it reads spark.sql keys, and what extends sessions, no earlier than that. */
    private static final Pattern NO_SESSION = Pattern.compile(
            "^(?:Caused by: )?java\\.lang\\.IllegalArgumentException: Error while instantiating 'org\\.apache\\.spark\\.sql\\.[\\w.]{1,100}SessionStateBuilder'");

    /** Spark answers what is wrong with a query by itself; what it leaves to gRPC it stumbled over before it came to the query. */
    private static final Pattern UNCAUGHT = Pattern.compile("Exception while executing runnable \\S{1,100}\\.grpc\\.");

    private static final Pattern READY = Pattern.compile("Spark Connect server started(?: at: .{1,200}:\\d|\\.)");

    /** What a healthy server, or one that failed for another reason, says as well (facts measured on 3.4 to 4.2). */
    private static final Pattern HARMLESS = Pattern.compile(
            "Heartbeater|MetricsSystem that is not running"
                    + "|NativeCodeLoader|loopback address|ShutdownHookManager|Picked up (?:_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS)");

    /** What the JVM or the kernel says where memory runs out. */
    private static final Pattern MEMORY =
            Pattern.compile("(?i)\\boom\\b|out ?of ?memory|oom[-_ ]?kill|cannot allocate");

    private final Evidence evidence;
    private final List<LogEntry> entries;
    private final List<LogEntry> startup;
    private final Scrubber scrubber;

    Clues(Evidence evidence, Scrubber scrubber) {
        List<String> log = evidence.log();
        this.evidence = evidence;
        this.scrubber = scrubber;
        this.entries = LogEntry.read(log.subList(Math.max(0, log.size() - Diagnosis.MOST_LINES), log.size()).stream()
                .map(line -> line.length() > LONGEST_MATCHED ? line.substring(0, LONGEST_MATCHED) : line)
                .toList());
        this.startup = evidence.stage() == Evidence.Stage.RUNNING
                ? List.of()
                : entries.stream().takeWhile(Predicate.not(Clues::isReady)).toList();
    }

    private static boolean isReady(LogEntry entry) {
        return READY.matcher(entry.lines().get(0)).find();
    }

    ServerSpec spec() {
        return evidence.spec();
    }

    Evidence evidence() {
        return evidence;
    }

    /** How it ended, if nobody of us ended it. */
    Optional<ExitStatus> exit() {
        return evidence.killedByUs() ? Optional.empty() : evidence.exit();
    }

    /** True if it ended by itself with one of these codes. */
    boolean exitedWith(int... codes) {
        return exit().map(ExitStatus::code)
                .filter(code -> code.isPresent() && Arrays.stream(codes).anyMatch(each -> each == code.getAsInt()))
                .isPresent();
    }

    /** True if the process is still there, or was until we ended it. */
    boolean lived() {
        return evidence.exit().isEmpty() || evidence.killedByUs();
    }

    /** The first complaint of its start in which the pattern is found. */
    Optional<Hit> startup(Pattern pattern) {
        return first(startup.stream().filter(Clues::matters).limit(MOST_COMPLAINTS), pattern);
    }

    /** As {@link #startup(Pattern)}, in warnings too. */
    Optional<Hit> startupWarning(Pattern pattern) {
        return first(
                startup.stream()
                        .filter(entry -> entry.level() != LogEntry.Level.INFO)
                        .limit(MOST_COMPLAINTS),
                pattern);
    }

    /** The first complaint in the whole log in which the pattern is found, errors of users' queries included. */
    Optional<Hit> anywhere(Pattern pattern) {
        return first(lastOf(entries.stream().filter(Clues::matters).toList()), pattern);
    }

    /** Where Spark says that it can't make a session, for anybody; as {@link #uncaught}. */
    Optional<Hit> noSession() {
        return uncaught(NO_SESSION);
    }

    /**
     * The first exception that Spark's service left to gRPC in which the pattern is found. Only where a query of ours failed: errors of
     * users' queries are no matter of the server's, and what they say is logged by others.
     */
    Optional<Hit> uncaught(Pattern pattern) {
        return queryFailed()
                ? first(
                        lastOf(entries.stream()
                                .filter(Clues::matters)
                                .filter(entry ->
                                        UNCAUGHT.matcher(entry.lines().get(0)).find())
                                .toList()),
                        pattern)
                : Optional.empty();
    }

    private boolean queryFailed() {
        return evidence.probe()
                .map(ProbeFailure::kind)
                .filter(kind -> kind == ProbeFailure.Kind.QUERY_FAILED || kind == ProbeFailure.Kind.CONTEXT_GONE)
                .isPresent();
    }

    /** The first complaint from outside of the server's own logging, where no user's query can write. */
    Optional<Hit> outsideLogging(Pattern pattern) {
        return first(
                lastOf(entries.stream()
                        .filter(entry -> entry.level() == LogEntry.Level.RAW)
                        .toList()),
                pattern);
    }

    /** The first line of its start, of any level, in which the pattern is found. */
    Optional<Hit> startupLine(Pattern pattern) {
        return first(startup.stream(), pattern);
    }

    /** The first line of the whole log, of any level, in which the pattern is found. */
    Optional<Hit> anyLine(Pattern pattern) {
        return first(entries.stream(), pattern);
    }

    /** The first complaint of its start, for an end that no rule knows. */
    Optional<LogEntry> firstComplaint() {
        return startup.stream()
                .filter(Clues::matters)
                .filter(entry -> entry.level() == LogEntry.Level.ERROR
                        || entry.lines().get(0).startsWith("Exception in thread ")
                        || entry.lines().get(0).startsWith("Error"))
                .findFirst();
    }

    /** The last lines that say something. */
    List<String> lastLines(int count) {
        List<String> telling = entries.stream()
                .filter(entry -> !HARMLESS.matcher(entry.lines().get(0)).find())
                .map(entry -> entry.lines().get(0))
                .toList();
        return telling.subList(Math.max(0, telling.size() - count), telling.size());
    }

    /** The last thing that it wrote, if that is a warning or worse, or speaks of memory. */
    Optional<String> lastComplaint() {
        return entries.stream()
                .filter(entry -> !HARMLESS.matcher(entry.lines().get(0)).find())
                .reduce((first, second) -> second)
                .filter(entry -> switch (entry.level()) {
                    case WARN, ERROR -> true;
                    case INFO -> false;
                    case RAW -> MEMORY.matcher(entry.lines().get(0)).find();
                })
                .map(entry -> entry.lines().get(0));
    }

    private static boolean matters(LogEntry entry) {
        return entry.isComplaint()
                && entry.lines().stream().limit(2).noneMatch(line -> HARMLESS.matcher(line)
                        .find());
    }

    private static Stream<LogEntry> lastOf(List<LogEntry> complaints) {
        return complaints.subList(Math.max(0, complaints.size() - MOST_COMPLAINTS), complaints.size()).stream();
    }

    private Optional<Hit> first(Stream<LogEntry> among, Pattern pattern) {
        return among.flatMap(entry -> Hit.in(entry, pattern, scrubber).stream()).findFirst();
    }

    /** The command that starts, or where it ran restarts, this server with other flags. */
    String again(String flags) {
        String verb = evidence.stage() == Evidence.Stage.RUNNING ? "restart" : "start";
        return "`connectctl " + verb + " " + spec().name() + (flags.isEmpty() ? "" : " " + flags) + "`";
    }

    /** True if it runs, or ran, in a container. */
    boolean contained() {
        return spec().runtime().equals("docker");
    }

    /** Where to read more. */
    String readTheLog() {
        String logs = "`connectctl logs " + spec().name() + "`";
        return evidence.logFile().map(file -> logs + " (" + file + ")").orElse(logs);
    }

    /** A setting of the user's, as a remark in a sentence; empty if it isn't set. */
    String conf(String key) {
        return Optional.ofNullable(spec().conf().get(key))
                .map(value -> " (" + key + "=" + value + ")")
                .orElse("");
    }

    /** The configuration key whose value is this text, if it is only one. */
    Optional<String> keyOf(String value) {
        return onlyKey(theirs -> theirs.strip().toLowerCase(Locale.ROOT).equals(value.toLowerCase(Locale.ROOT)));
    }

    /** The configuration key whose value holds this text, if it is only one. */
    Optional<String> keyHolding(String part) {
        return part.isEmpty() ? Optional.empty() : onlyKey(value -> value.contains(part));
    }

    /** The configuration key of which the linter knows that this Spark refuses its value, if it is only one. */
    Optional<String> refusedKey() {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("spark", spec().spark().text());
        ObjectNode conf = tree.putObject("conf");
        spec().conf().forEach(conf::put);
        String above = "servers." + spec().name() + ".conf.";
        List<String> keys = Linter.read(spec().name(), Declaration.ofJson(tree.toString())).problems().stream()
                .filter(problem -> problem.endsStart() && problem.key().startsWith(above))
                .map(problem -> problem.key().substring(above.length()))
                .distinct()
                .toList();
        return keys.size() == 1 ? Optional.of(keys.get(0)) : Optional.empty();
    }

    /** The configuration key whose value is a number with this unit, if it is only one. */
    Optional<String> keyInUnit(String unit) {
        if (unit.isEmpty()) {
            return Optional.empty();
        }
        Pattern quantity =
                Pattern.compile("\\s*-?[0-9.]+\\s*" + Pattern.quote(unit) + "\\s*", Pattern.CASE_INSENSITIVE);
        return onlyKey(value -> quantity.matcher(value).matches());
    }

    private Optional<String> onlyKey(Predicate<String> fits) {
        List<String> keys = spec().conf().entrySet().stream()
                .filter(entry -> fits.test(entry.getValue()))
                .map(Map.Entry::getKey)
                .toList();
        return keys.size() == 1 ? Optional.of(keys.get(0)) : Optional.empty();
    }
}
