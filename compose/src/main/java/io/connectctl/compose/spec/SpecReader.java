package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** From a declaration to a checked spec, or to every problem it has, all at once. */
public final class SpecReader {
    private static final List<String> KEYS = List.of(
            "spark",
            "master",
            "port",
            "uiPort",
            "driverMemory",
            "javaHome",
            "sparkHome",
            "runtime",
            "packages",
            "conf",
            "env",
            "health",
            "restart",
            "stop",
            "auth",
            "expose",
            "profile",
            "templates",
            "image",
            "container",
            "archive",
            "hadoopConf",
            "queue",
            "executors",
            "driver");
    private static final List<String> HEALTH =
            List.of("until", "interval", "timeout", "startTimeout", "failures", "successes", "minExecutors");
    private static final List<String> RESTART = List.of("onFault", "backoff", "maxBackoff", "budget", "resetAfter");
    private static final List<String> STOP = List.of("grace", "drain");
    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Pattern COORDINATES = Pattern.compile(
            "([A-Za-z0-9._-]{1,200}):([A-Za-z0-9._-]{1,200}?(?:_(2\\.1[0-9]))?):([A-Za-z0-9._+-]{1,100})");

    /**
     * What reading gave.
     *
     * @param spec the spec; empty if any problem is an ERROR
     * @param problems errors and warnings, in the order of the file
     */
    public record Reading(Optional<ServerSpec> spec, List<Problem> problems) {
        public Reading {
            problems = List.copyOf(problems);
        }
    }

    private final ServerName name;
    private final ObjectNode tree;
    private final Findings findings;
    private final boolean preview;
    private final boolean looksAtDisk;

    private SpecReader(ServerName name, Declaration declaration, boolean preview, boolean looksAtDisk) {
        this.looksAtDisk = looksAtDisk;
        this.name = name;
        this.preview = preview;
        this.tree = declaration.tree();
        this.findings = new Findings("servers." + name, declaration);
    }

    /**
     * Reads and checks {@code declaration} of the server {@code name}; looks at no disk but javaHome and sparkHome. Secrets
     * must be joined in ({@link Secrets#join}): a marker in place of a secret is refused.
     */
    public static Reading read(ServerName name, Declaration declaration) {
        return new SpecReader(name, declaration, false, true).read();
    }

    /**
     * Reads {@code declaration} as {@link #read}, but takes the marks of secrets that were taken out of it ({@link
     * Secrets#split}) for their values. Such a spec is for showing only, never for a launch.
     */
    public static Reading preview(ServerName name, Declaration declaration) {
        return new SpecReader(name, declaration, true, true).read();
    }

    /**
     * Reads what was accepted before, without a look at javaHome and sparkHome: a folder that is gone today (a disk not yet
     * mounted) must not make anybody forget a server. A launch looks at them anyway.
     */
    public static Reading readAccepted(ServerName name, Declaration declaration) {
        return new SpecReader(name, declaration, false, false).read();
    }

    /**
     * The spec of a declaration with a default in place of each value that is wrong, so that more can be told of it at once. It is
     * for looking at only, never for a launch.
     */
    public static ServerSpec draft(ServerName name, Declaration declaration) {
        return new SpecReader(name, declaration, true, false).spec();
    }

    private Reading read() {
        ServerSpec spec = spec();
        List<Problem> problems = findings.inOrder();
        boolean refused = problems.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR);
        return new Reading(refused ? Optional.empty() : Optional.of(spec), problems);
    }

    private ServerSpec spec() {
        unknownKeys(tree, "", KEYS);
        Optional<SparkHome> sparkHome = sparkHome();
        SparkVersion spark = spark(sparkHome);
        String master = master(spark);
        PortChoice port = port("port", "auto", Defaults.PORT);
        PortChoice uiPort = port("uiPort", "auto or off", Defaults.UI_PORT);
        if (port instanceof PortChoice.Fixed && port.equals(uiPort)) {
            findings.error(
                    tree.has("uiPort") ? "/uiPort" : "/port",
                    "port and uiPort are both " + port + ": give each a port of its own, or use 'uiPort: auto'");
        }
        SortedMap<String, String> conf = texts("conf");
        SortedMap<String, String> env = texts("env");
        ConfRules.checkKeys(conf, findings);
        Collector collector = ConfRules.collector(conf, findings);
        MemorySize driverMemory = driverMemory(collector);
        Optional<Path> javaHome = javaHome(spark);
        List<String> packages = packages(spark, sparkHome);
        Auth auth = word("", "auth", Auth.values(), Defaults.AUTH);
        Expose expose = word("", "expose", Expose.values(), Defaults.EXPOSE);
        exposure(spark, auth, expose);
        ClusterSpec cluster = new ClusterReader(tree, findings, master, looksAtDisk).read(env);
        ServerSpec spec = new ServerSpec(
                name,
                runtime(),
                spark,
                master,
                port,
                uiPort,
                driverMemory,
                javaHome,
                sparkHome.map(SparkHome::path),
                packages,
                conf,
                env,
                health(master, cluster, conf),
                restart(master),
                stop(),
                auth,
                expose,
                profile(),
                folder("templates"),
                new ContainerReader(tree, findings).read(driverMemory),
                flag("", "archive", Defaults.ARCHIVE),
                cluster);
        ContainerReader.checkAgainst(spec, tree, findings);
        ClusterReader.checkAgainst(spec, findings);
        ConfRules.checkAgainst(spec, findings);
        EnvRules.check(spec, findings.of(Rule.ENVIRONMENT));
        return spec;
    }

    private SparkVersion spark(Optional<SparkHome> sparkHome) {
        Optional<SparkVersion> installed = sparkHome.flatMap(SparkHome::version);
        Optional<String> text = text("", "spark");
        if (text.isEmpty()) {
            return installed.orElse(Defaults.SPARK);
        }
        SparkVersion version;
        try {
            version = SparkVersion.parse(text.get());
        } catch (IllegalArgumentException e) {
            findings.error(
                    "/spark",
                    "'" + Texts.shown(text.get()) + "' is no full Spark version: write all three numbers, such as 4.0.1"
                            + " (in JSON as a text, \"4.0.1\")");
            return Defaults.SPARK;
        }
        if (!version.hasConnect()) {
            findings.error("/spark", version + " has no Spark Connect: it came with 3.4.0");
        }
        if (installed.isPresent() && !installed.get().equals(version)) {
            findings.error(
                    "/spark",
                    version + " is declared, but sparkHome holds Spark " + installed.get() + ": write 'spark: "
                            + installed.get() + "', or leave it out");
        }
        return version;
    }

    private String master(SparkVersion spark) {
        Optional<String> master = text("", "master");
        master.flatMap(text -> MasterUrl.problem(text, spark)).ifPresent(why -> {
            String text = master.orElse("");
            String shown = text.contains("@") ? "the value (not shown)" : "'" + Texts.shown(text) + "'";
            findings.error(
                    "/master", shown + " is no master that Spark can parse: " + why + ".", MasterUrl.suggestion(text));
        });
        return master.orElse(Defaults.MASTER);
    }

    private PortChoice port(String key, String words, PortChoice otherwise) {
        Optional<String> text = text("", key);
        if (text.isEmpty()) {
            return otherwise;
        }
        String value = text.get();
        if (value.equals("auto")) {
            return new PortChoice.Auto();
        }
        if (value.equals("off") && words.contains("off")) {
            return new PortChoice.Off();
        }
        OptionalInt number = whole(value);
        if (number.isPresent() && number.getAsInt() >= 1024 && number.getAsInt() <= 65535) {
            return new PortChoice.Fixed(number.getAsInt());
        }
        if (number.isPresent()) {
            findings.error(
                    "/" + key,
                    value + " is outside 1024-65535, the ports Spark binds: write a port of that range, or " + words);
        } else {
            findings.error(
                    "/" + key,
                    "'" + Texts.shown(value) + "' is no port: write a number from 1024 to 65535, or " + words + ".",
                    Nearest.of(value, List.of(words.split(" or ", -1))));
        }
        return otherwise;
    }

    private MemorySize driverMemory(Collector collector) {
        Optional<String> text = text("", "driverMemory");
        MemorySize size = Defaults.DRIVER_MEMORY;
        if (text.isPresent()) {
            try {
                size = MemorySize.parse(text.get());
            } catch (IllegalArgumentException e) {
                findings.error(
                        "/driverMemory",
                        "'" + Texts.shown(text.get())
                                + "' is no memory size: write a whole number and a unit (k, m, g, t), such as 1512m or 2g;"
                                + " Spark would read a bare number as MiB, the JVM as bytes.",
                        ConfRules.memorySuggestion(text.get()));
                return size;
            }
        }
        long usable = collector.usableBytes(size.bytes());
        if (usable < MemoryModel.FLOOR_BYTES) {
            findings.error(
                    "/driverMemory",
                    size + " is less than Spark accepts: " + MemoryModel.mib(usable) + " usable under the collector "
                            + collector.title() + " < 1.5 x 300 MiB reserved = 450 MiB (" + MemoryModel.FLOOR_BYTES
                            + " bytes); write at least " + MemoryModel.least(collector));
        }
        return size;
    }

    private Optional<Path> javaHome(SparkVersion spark) {
        Optional<Path> home = folder("javaHome");
        home.filter(path -> looksAtDisk).ifPresent(path -> {
            if (!Files.isExecutable(path.resolve("bin/java"))) {
                findings.error("/javaHome", "'" + path + "' holds no bin/java: name the folder of a JDK");
                return;
            }
            OptionalInt major = JavaSupport.majorOf(path);
            if (major.isEmpty()) {
                return;
            }
            String what = "'" + path + "' is Java " + major.getAsInt();
            switch (JavaSupport.fit(spark, major.getAsInt())) {
                case GOOD -> {}
                case TOO_OLD -> findings.error("/javaHome", what + ", too old: " + JavaSupport.remedy(spark));
                case TOO_NEW -> findings.error("/javaHome", what + ", too new: " + JavaSupport.remedy(spark));
                case UNTESTED -> findings.warning("/javaHome", what + ", untested: " + JavaSupport.remedy(spark));
            }
        });
        return home;
    }

    private Optional<SparkHome> sparkHome() {
        Optional<SparkHome> home = folder("sparkHome").map(SparkHome::of);
        home.filter(found -> looksAtDisk)
                .flatMap(SparkHome::problem)
                .ifPresent(problem -> findings.error("/sparkHome", problem));
        return home;
    }

    private Optional<Path> folder(String key) {
        Optional<String> text = text("", key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String remedy = text.get().startsWith("~")
                ? "' starts with ~, which only a shell expands: write the absolute path"
                : "' is no absolute path: write it from / on";
        try {
            Path path = Path.of(text.get());
            if (path.isAbsolute()) {
                return Optional.of(path.normalize());
            }
        } catch (InvalidPathException e) {
            remedy = "' is no path";
        }
        findings.error("/" + key, "'" + Texts.shown(text.get()) + remedy);
        return Optional.empty();
    }

    private String runtime() {
        String runtime = text("", "runtime").orElse(Defaults.RUNTIME);
        switch (runtime) {
            case "auto", "docker", "process" -> {
                return runtime;
            }
            default -> {
                findings.error(
                        "/runtime",
                        "'" + Texts.shown(runtime) + "' is no runtime: write auto, docker or process.",
                        Nearest.of(runtime, List.of("auto", "docker", "process")));
                return Defaults.RUNTIME;
            }
        }
    }

    private String profile() {
        String profile = text("", "profile").orElse(Defaults.PROFILE);
        if (!ServerName.PLAIN.matcher(profile).matches()) {
            findings.error(
                    "/profile",
                    "'" + Texts.shown(profile)
                            + "' isn't plain: a profile is a folder named with 1-63 of a-z, 0-9 and '-'");
            return Defaults.PROFILE;
        }
        return profile;
    }

    private List<String> packages(SparkVersion spark, Optional<SparkHome> sparkHome) {
        JsonNode node = tree.get("packages");
        List<String> packages = new ArrayList<>();
        if (node == null || node.isNull()) {
            return packages;
        }
        if (!(node instanceof ArrayNode array)) {
            findings.error("/packages", "must be a list, such as [io.delta:delta-spark_2.13:4.0.0]");
            return packages;
        }
        String scala = sparkHome.flatMap(SparkHome::scala).orElse(spark.scalaBinary());
        for (int i = 0; i < array.size(); i++) {
            String pointer = "/packages/" + i;
            Matcher matcher =
                    COORDINATES.matcher(array.get(i).isTextual() ? array.get(i).textValue() : "");
            if (!matcher.matches()) {
                String shown = array.get(i).isValueNode()
                        ? "'" + Texts.shown(array.get(i).asText()) + "' is"
                        : "this is";
                findings.error(
                        pointer,
                        shown + " no Maven coordinates: write group:artifact:version, such as"
                                + " io.delta:delta-spark_2.13:4.0.0");
                continue;
            }
            String suffix = matcher.group(3);
            boolean sparks = matcher.group(1).equals("org.apache.spark");
            if (suffix != null && !suffix.equals(scala)) {
                String message = "'" + matcher.group() + "' is built for Scala " + suffix + ", Spark " + spark
                        + " runs on Scala " + scala + ": take the artifact that ends in _" + scala;
                if (sparks) {
                    findings.of(Rule.SCALA_SUFFIX).error(pointer, message);
                } else {
                    findings.of(Rule.SCALA_SUFFIX).warning(pointer, message);
                }
            } else if (sparks && !matcher.group(4).equals(spark.text())) {
                findings.of(Rule.PACKAGE_VERSION)
                        .warning(
                                pointer,
                                "'" + matcher.group() + "' is of another Spark version: take " + spark
                                        + ", as the server");
            }
            packages.add(matcher.group());
        }
        return packages;
    }

    private void exposure(SparkVersion spark, Auth auth, Expose expose) {
        if (auth == Auth.TOKEN && !spark.hasToken()) {
            findings.of(Rule.VERSION_IGNORES)
                    .error(
                            "/auth",
                            "Spark " + spark
                                    + " ignores a token silently; tokens came with 4.0.0: write 'auth: none', or take a"
                                    + " newer Spark");
        }
        if (expose != Expose.ALL) {
            return;
        }
        if (!spark.hasToken()) {
            findings.error(
                    "/expose",
                    "'all' would let anybody who reaches the port run code, and Spark " + spark
                            + " has no token: write 'expose: loopback' and put an authenticating proxy before it, or take"
                            + " Spark 4.0.0 or newer with 'auth: token'");
        } else if (auth != Auth.TOKEN) {
            findings.error(
                    "/expose",
                    "'all' without a token would let anybody who reaches the port run code: add 'auth: token'");
        }
    }

    /** So many executors stay however idle they are; a query brings the rest where it asks for them. */
    private static int floor(ExecutorSpec executors, Map<String, String> conf) {
        if (!dynamic(executors, conf)) {
            return Defaults.CLUSTER_MIN_EXECUTORS;
        }
        // What is no number there is told elsewhere.
        return executors
                .min()
                .orElse(whole(conf.getOrDefault("spark.dynamicAllocation.minExecutors", "0")
                                .strip())
                        .orElse(0));
    }

    private static boolean dynamic(ExecutorSpec executors, Map<String, String> conf) {
        String said = conf.get("spark.dynamicAllocation.enabled");
        return said == null ? executors.dynamic() : said.strip().equalsIgnoreCase("true");
    }

    private HealthSpec health(String master, ClusterSpec cluster, Map<String, String> conf) {
        part("health", HEALTH);
        HealthSpec standard = Defaults.HEALTH;
        boolean onCluster = MasterUrl.isCluster(master);
        int most = cluster.executors().number().orElse(cluster.executors().max().orElse(Integer.MAX_VALUE));
        int floor = floor(cluster.executors(), conf);
        HealthSpec health = new HealthSpec(
                word("health", "until", Readiness.values(), standard.until()),
                duration("health", "interval", SHORTEST, Duration.ofHours(1), standard.interval()),
                duration("health", "timeout", SHORTEST, Duration.ofMinutes(5), standard.timeout()),
                duration(
                        "health",
                        "startTimeout",
                        Duration.ofSeconds(1),
                        Duration.ofHours(24),
                        onCluster ? Defaults.CLUSTER_START_TIMEOUT : standard.startTimeout()),
                count("health", "failures", 1, 100, standard.failures()),
                count("health", "successes", 1, 100, standard.successes()),
                count(
                        "health",
                        "minExecutors",
                        0,
                        100_000,
                        onCluster ? Math.min(floor, Defaults.CLUSTER_MIN_EXECUTORS) : 0));
        if (health.minExecutors() > 0 && !onCluster) {
            findings.error(
                    "/health/minExecutors",
                    "a server with the master '" + Texts.shown(master)
                            + "' has no executors to wait for: delete it, or declare a cluster's master");
        } else if (health.minExecutors() > most) {
            findings.error(
                    "/health/minExecutors",
                    health.minExecutors() + " can never be reached: executors asks for at most " + most
                            + "; lower it, or ask for more executors");
        } else if (dynamic(cluster.executors(), conf) && health.minExecutors() > floor && looksAtDisk) {
            findings.error(
                    "/health/minExecutors",
                    health.minExecutors() + " is more than dynamic allocation keeps of idle executors, " + floor
                            + ": a quiet server would count as broken; lower it, or raise executors.min");
        }
        if (health.timeout().compareTo(health.startTimeout()) > 0) {
            findings.error(
                    tree.at("/health").has("timeout") ? "/health/timeout" : "/health/startTimeout",
                    "a probe's timeout of " + Durations.text(health.timeout()) + " is longer than the startTimeout of "
                            + Durations.text(health.startTimeout()) + ": no probe could ever pass in time");
        }
        return health;
    }

    private RestartSpec restart(String master) {
        part("restart", RESTART);
        RestartSpec standard = MasterUrl.isCluster(master) ? Defaults.CLUSTER_RESTART : Defaults.RESTART;
        RestartSpec restart = new RestartSpec(
                flag("restart", "onFault", standard.onFault()),
                duration("restart", "backoff", SHORTEST, Duration.ofHours(1), standard.backoff()),
                duration("restart", "maxBackoff", SHORTEST, Duration.ofHours(24), standard.maxBackoff()),
                count("restart", "budget", 0, 1000, standard.budget()),
                duration("restart", "resetAfter", Duration.ofSeconds(1), Duration.ofHours(168), standard.resetAfter()));
        if (restart.backoff().compareTo(restart.maxBackoff()) > 0) {
            findings.error(
                    tree.at("/restart").has("backoff") ? "/restart/backoff" : "/restart/maxBackoff",
                    "the backoff of " + Durations.text(restart.backoff()) + " is longer than the maxBackoff of "
                            + Durations.text(restart.maxBackoff()) + ": raise maxBackoff, or lower backoff");
        }
        return restart;
    }

    private StopSpec stop() {
        part("stop", STOP);
        Duration grace = duration("stop", "grace", SHORTEST, Duration.ofHours(1), Defaults.STOP.grace());
        Duration drain = duration("stop", "drain", Duration.ZERO, Duration.ofHours(24), Defaults.STOP.drain());
        return new StopSpec(grace, drain);
    }

    private void part(String key, List<String> known) {
        JsonNode node = tree.get(key);
        if (node instanceof ObjectNode object) {
            unknownKeys(object, "/" + key, known);
        } else if (node != null && !node.isNull()) {
            findings.error("/" + key, "must be a mapping with keys " + String.join(", ", known));
        }
    }

    private void unknownKeys(ObjectNode object, String above, List<String> known) {
        object.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                String elsewhere = key.startsWith("spark.")
                        ? "; Spark's own settings belong under 'conf:'."
                        : "; known are " + String.join(", ", known) + ".";
                findings.of(Rule.UNKNOWN_FIELD)
                        .unknown(
                                above + Declaration.pointer(key),
                                "unknown key '" + Texts.shown(key) + "'" + elsewhere,
                                Nearest.of(key, known));
            }
        });
    }

    private Duration duration(String part, String key, Duration least, Duration most, Duration otherwise) {
        Optional<String> text = text(part, key);
        if (text.isEmpty()) {
            return otherwise;
        }
        String pointer = Declaration.pointer(part, key);
        Duration duration;
        try {
            duration = Durations.parse(text.get());
        } catch (IllegalArgumentException e) {
            OptionalInt bare = whole(text.get());
            findings.error(
                    pointer,
                    "'" + Texts.shown(text.get())
                            + "' is no duration: write a whole number and a unit (ms, s, m, h), such"
                            + " as 500ms, 10s or 3m.",
                    bare.isPresent() ? Optional.of(bare.getAsInt() + "s") : Optional.empty());
            return otherwise;
        }
        if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
            findings.error(
                    pointer,
                    text.get() + " is outside " + Durations.text(least) + " to " + Durations.text(most)
                            + ": write a duration of that range");
            return otherwise;
        }
        return duration;
    }

    private int count(String part, String key, int least, int most, int otherwise) {
        Optional<String> text = text(part, key);
        if (text.isEmpty()) {
            return otherwise;
        }
        OptionalInt number = whole(text.get());
        if (number.isPresent() && number.getAsInt() >= least && number.getAsInt() <= most) {
            return number.getAsInt();
        }
        findings.error(
                Declaration.pointer(part, key),
                "'" + Texts.shown(text.get()) + "' is no whole number from " + least + " to " + most);
        return otherwise;
    }

    private boolean flag(String part, String key, boolean otherwise) {
        String pointer = part.isEmpty() ? Declaration.pointer(key) : Declaration.pointer(part, key);
        Optional<String> text = text(part, key);
        if (text.isEmpty() || text.get().equals("true") || text.get().equals("false")) {
            return text.map(Boolean::valueOf).orElse(otherwise);
        }
        Optional<String> meant =
                switch (text.get().toLowerCase(java.util.Locale.ROOT)) {
                    case "yes", "on", "true", "1" -> Optional.of("true");
                    case "no", "off", "false", "0" -> Optional.of("false");
                    default -> Optional.empty();
                };
        findings.error(pointer, "'" + Texts.shown(text.get()) + "' is neither true nor false.", meant);
        return otherwise;
    }

    private <E extends Enum<E>> E word(String part, String key, E[] constants, E otherwise) {
        Optional<String> text = text(part, key);
        if (text.isEmpty()) {
            return otherwise;
        }
        List<String> words = Arrays.stream(constants).map(SpecWriter::word).toList();
        int index = words.indexOf(text.get());
        if (index < 0) {
            findings.error(
                    part.isEmpty() ? Declaration.pointer(key) : Declaration.pointer(part, key),
                    "'" + Texts.shown(text.get()) + "' isn't known here: write " + Texts.oneOf(words) + ".",
                    Nearest.of(text.get(), words));
            return otherwise;
        }
        return constants[index];
    }

    /** The text of a scalar, empty if it isn't there or isn't one (which is told). */
    private Optional<String> text(String part, String key) {
        JsonNode node = part.isEmpty() ? tree.get(key) : tree.path(part).get(key);
        String pointer = part.isEmpty() ? Declaration.pointer(key) : Declaration.pointer(part, key);
        return scalar(node, pointer, "for its default, delete the line");
    }

    private Optional<String> scalar(@Nullable JsonNode node, String pointer, String unset) {
        if (node == null) {
            return Optional.empty();
        }
        if (node.isNull()) {
            findings.error(pointer, "has no value: write one; " + unset);
        } else if (node.isContainerNode()) {
            findings.error(pointer, "must be a single value, not a " + (node.isArray() ? "list" : "mapping"));
        } else if (node.isTextual() || node.isBoolean() || node.isIntegralNumber()) {
            if (Texts.isWritable(node.asText())) {
                return Optional.of(node.asText());
            }
            findings.error(
                    pointer, "holds a NUL or half of a surrogate pair, which can't be written to a file: remove it");
        } else {
            findings.error(pointer, "must be a text: put it in double quotes, so that it is taken as written");
        }
        return Optional.empty();
    }

    private SortedMap<String, String> texts(String part) {
        SortedMap<String, String> texts = new TreeMap<>();
        JsonNode node = tree.get(part);
        if (node == null || node.isNull()) {
            return texts;
        }
        if (!(node instanceof ObjectNode)) {
            findings.error("/" + part, "must be a mapping of names to values");
            node = JsonNodeFactory.instance.objectNode();
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String pointer = Declaration.pointer(part, entry.getKey());
            scalar(entry.getValue(), pointer, "for the empty text write \"\", to leave it unset delete the line")
                    .ifPresent(text -> {
                        if (text.equals(Secrets.REDACTED) && !preview) {
                            findings.error(
                                    pointer,
                                    "holds the mark of a secret that isn't here any more: give its value again");
                        }
                        texts.put(entry.getKey(), text);
                    });
        }
        return texts;
    }

    private static OptionalInt whole(String text) {
        try {
            return text.matches("-?(?:0|[1-9]\\d{0,8})") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }
}
