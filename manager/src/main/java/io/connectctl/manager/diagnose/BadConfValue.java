package io.connectctl.manager.diagnose;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A configuration value that Spark refuses. */
final class BadConfValue implements Rule {
    private static final Pattern INVALID = Pattern.compile(
            "\\[INVALID_CONF_VALUE[^\\]]{0,60}\\] The value '([^']{0,200})' in the config \"([^\"]{1,200})\"");
    private static final Pattern CROSSED =
            Pattern.compile("\\[INVALID_SPARK_CONFIG[^\\]]{0,80}\\] (.{1,300}?)(?: SQLSTATE.*)?$");
    private static final Pattern KEYED = Pattern.compile(
            "Exception: (?:requirement failed: |Illegal value for config key )?'?(spark\\.[\\w.]{1,150})'?:? (.{0,200})");
    /** Spark 3's own checks of a value. */
    private static final Pattern CHECKED = Pattern.compile(
            "Exception: (?:'.{0,200}' in|The value of) (spark\\.[\\w.]{1,150}) ((?:is invalid|should be).{0,300})");

    private static final Pattern RANGE =
            Pattern.compile("startPort should be between 1024 and 65535|port out of range: ?(-?\\d{1,9})");
    private static final Pattern UNIT =
            Pattern.compile("Exception: ((?:Time|Size) must be specified as|Failed to parse (?:byte|time) string)");
    private static final Pattern SUFFIX =
            Pattern.compile("Invalid suffix: \"([^\"]{1,60})\"|Failed to parse (?:byte|time) string: (\\S{1,100})");
    private static final Pattern NUMBER =
            Pattern.compile("NumberFormatException: For input string: \"([^\"]{0,100})\"");
    private static final Pattern FILE = Pattern.compile("Properties file (\\S{1,300}) does not exist");
    private static final Pattern OPTION = Pattern.compile(
            "SparkException: Unrecognized option '?([^'\\s]{1,200})|unknown command line argument (\\S{1,200})");
    private static final Pattern MEMORY = Pattern.compile("(Driver|Executor) (memory|cores) must be a positive number");
    private static final Pattern SCHEME = Pattern.compile("No FileSystem for scheme:? \"?([\\w.+-]{1,60})");
    private static final Pattern HOST = Pattern.compile("UnknownHostException: ([\\w.-]{1,253})");
    private static final Pattern SECOND_CONTEXT =
            Pattern.compile("Only one SparkContext (?:should|may) be running in this JVM");
    private static final Pattern REQUIREMENT =
            Pattern.compile("IllegalArgumentException: requirement failed: (.{1,200})");

    @Override
    public Optional<Finding> look(Clues clues) {
        return ofOneKey(clues, clues::startup)
                .or(() -> clues.startup(UNIT).flatMap(hit -> unit(clues, hit)))
                .or(() -> clues.startup(NUMBER)
                        .flatMap(hit ->
                                number(clues, hit, numberedKey(clues, hit).orElse("KEY"))))
                .or(() -> atStart(clues))
                .or(() -> inSession(clues));
    }

    /** What no session can be made for. A host or a file that is away may come back, and no setting is to blame then. */
    private static Optional<Finding> inSession(Clues clues) {
        return ofOneKey(clues, clues::uncaught)
                .or(() -> clues.uncaught(UNIT)
                        .filter(hit -> unitsKey(clues, hit).isPresent())
                        .flatMap(hit -> unit(clues, hit)))
                .or(() -> clues.uncaught(NUMBER)
                        .flatMap(hit -> numberedKey(clues, hit).flatMap(key -> number(clues, hit, key))));
    }

    /** Where Spark itself names the key. */
    private static Optional<Finding> ofOneKey(Clues clues, Function<Pattern, Optional<Hit>> find) {
        return find.apply(INVALID)
                .flatMap(hit -> bad(
                        clues,
                        hit,
                        hit.group(2),
                        "the value '" + hit.group(1) + "' of " + hit.group(2) + " is invalid"))
                .or(() -> find.apply(CROSSED).flatMap(hit -> bad(clues, hit, "KEY", hit.group(1))))
                .or(() -> find.apply(CHECKED).flatMap(hit -> checked(clues, hit)))
                .or(() -> find.apply(KEYED)
                        .flatMap(hit -> bad(clues, hit, hit.group(1), hit.group(1) + ": " + hit.group(2))));
    }

    private static Optional<String> numberedKey(Clues clues, Hit hit) {
        return clues.keyOf(hit.group(1)).or(clues::refusedKey);
    }

    private static Optional<Finding> number(Clues clues, Hit hit, String key) {
        return bad(
                clues,
                hit,
                key,
                (key.equals("KEY") ? "a setting" : key) + " should be a number, but is '" + hit.group(1) + "'");
    }

    private static Optional<Finding> atStart(Clues clues) {
        return clues.startup(RANGE)
                .flatMap(hit -> hit.config(
                        "BAD_CONF_VALUE",
                        "a port is out of range" + clues.conf("spark.connect.grpc.binding.port"),
                        "take a port of 1024-65535: " + clues.again("--port 15002")))
                .or(() -> clues.startup(FILE)
                        .flatMap(hit -> hit.config(
                                "BAD_CONF_VALUE",
                                "there is no properties file " + hit.group(1),
                                "create it, or take it out, then " + clues.again(""))))
                .or(() -> clues.startup(OPTION)
                        .flatMap(hit -> hit.config(
                                "BAD_CONF_VALUE",
                                "spark-submit doesn't know the option " + hit.group(1) + hit.group(2),
                                "take it out of the profile's entrypoint (`connectctl render "
                                        + clues.spec().name() + "` shows it), then " + clues.again(""))))
                .or(() -> clues.startup(MEMORY).flatMap(hit -> {
                    String key = "spark." + hit.group(1).toLowerCase(Locale.ROOT) + "." + hit.group(2);
                    return bad(
                            clues,
                            hit,
                            key,
                            key + " must be a positive number, with a unit of k, m, g or t for memory"
                                    + clues.conf(key));
                }))
                .or(() -> clues.startup(SCHEME)
                        .flatMap(hit -> bad(
                                clues,
                                hit,
                                clues.keyHolding(hit.group(1) + "://").orElse("KEY"),
                                "no file system is known for " + hit.group(1) + "://"
                                        + clues.keyHolding(hit.group(1) + "://")
                                                .map(key -> " (in " + key + ")")
                                                .orElse(""))))
                .or(() -> clues.startup(HOST).flatMap(hit -> host(clues, hit)))
                .or(() -> clues.startup(SECOND_CONTEXT)
                        .flatMap(hit -> hit.config(
                                "BAD_CONF_VALUE",
                                "something in the server made a second SparkContext",
                                "take out the plugin, listener or extension that does so (spark.plugins, spark.extraListeners, spark.sql.extensions), then "
                                        + clues.again(""))))
                .or(() -> clues.startup(REQUIREMENT)
                        .flatMap(hit -> bad(clues, hit, "KEY", "Spark refuses a setting: " + hit.group(1))));
    }

    /** Spark names some keys as they were called before; the one that was declared tells people more. */
    private static Optional<Finding> checked(Clues clues, Hit hit) {
        String named = hit.group(1);
        String key = clues.spec().conf().containsKey(named)
                ? named
                : clues.refusedKey().orElse(named);
        String value = Optional.ofNullable(clues.spec().conf().get(key))
                .map(set -> "=" + set)
                .orElse("");
        return bad(clues, hit, key, key + value + " " + hit.group(2));
    }

    private static Optional<Finding> bad(Clues clues, Hit hit, String key, String summary) {
        String remedy = "correct it: " + clues.again("--conf " + key + "=VALUE");
        return hit.config(
                "BAD_CONF_VALUE",
                summary,
                clues.spec().conf().containsKey(key) ? remedy + ", or take it back: --unset conf." + key : remedy);
    }

    /** Spark names neither key nor value here; the value it choked on tells the key, if only one key has it. */
    private static Optional<Finding> unit(Clues clues, Hit hit) {
        String suffix = suffix(hit);
        String key = unitsKey(clues, hit).orElse("KEY");
        String kind = hit.group(1).startsWith("Time") ? "a time, such as 50s or 100ms" : "a size, such as 100k or 250m";
        return bad(
                clues,
                hit,
                key,
                (key.equals("KEY") ? "a setting" : key) + " should be " + kind
                        + (suffix.isEmpty() ? "" : ", and not end in '" + suffix + "'"));
    }

    private static String suffix(Hit hit) {
        return hit.entry().lines().stream()
                .map(SUFFIX::matcher)
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1) == null ? matcher.group(2) : matcher.group(1))
                .findFirst()
                .orElse("");
    }

    private static Optional<String> unitsKey(Clues clues, Hit hit) {
        String suffix = suffix(hit);
        return clues.refusedKey().or(() -> clues.keyInUnit(suffix)).or(() -> clues.keyHolding(suffix));
    }

    private static Optional<Finding> host(Clues clues, Hit hit) {
        return clues.keyHolding(hit.group(1))
                .map(key -> bad(clues, hit, key, "the host '" + hit.group(1) + "' in " + key + " can't be resolved"))
                .orElseGet(() -> hit.config(
                        "BAD_CONF_VALUE",
                        "the host name '" + hit.group(1) + "' can't be resolved",
                        "correct it where it is set; if it is this machine's own name, add it to /etc/hosts or use "
                                + clues.again("--env SPARK_LOCAL_IP=127.0.0.1")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("BAD_CONF_VALUE");
    }
}
