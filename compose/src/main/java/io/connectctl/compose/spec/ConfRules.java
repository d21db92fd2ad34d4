package io.connectctl.compose.spec;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a {@code conf:} entry may be: nothing that contradicts a field, is ignored silently, or keeps Spark from starting. */
final class ConfRules {
    private static final String EXTRA_OPTIONS = "spark.driver.extraJavaOptions";
    private static final String DEFAULT_OPTIONS = "spark.driver.defaultJavaOptions";
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([kmgtp]?)b?");

    /** Well-known keys, to find a misspelt one; siblings of listed keys are listed too, lest one be taken for the other. */
    private static final List<String> KNOWN = List.of(
            "spark.master",
            "spark.app.name",
            "spark.connect.grpc.binding.port",
            "spark.connect.grpc.binding.address",
            "spark.connect.grpc.port.maxRetries",
            "spark.connect.grpc.maxInboundMessageSize",
            "spark.connect.grpc.arrow.maxBatchSize",
            "spark.connect.grpc.interceptor.classes",
            "spark.connect.grpc.maxMetadataSize",
            "spark.connect.session.manager.defaultSessionTimeout",
            "spark.connect.session.manager.maintenanceInterval",
            "spark.driver.memory",
            "spark.driver.memoryOverhead",
            "spark.driver.cores",
            "spark.driver.host",
            "spark.driver.port",
            "spark.driver.bindAddress",
            "spark.driver.maxResultSize",
            EXTRA_OPTIONS,
            DEFAULT_OPTIONS,
            "spark.driver.extraClassPath",
            "spark.executor.memory",
            "spark.executor.memoryOverhead",
            "spark.executor.cores",
            "spark.executor.instances",
            "spark.executor.extraJavaOptions",
            "spark.executor.extraClassPath",
            "spark.cores.max",
            "spark.memory.fraction",
            "spark.memory.storageFraction",
            "spark.memory.offHeap.enabled",
            "spark.memory.offHeap.size",
            "spark.jars",
            "spark.jars.packages",
            "spark.jars.excludes",
            "spark.jars.ivy",
            "spark.jars.ivySettings",
            "spark.jars.repositories",
            "spark.local.dir",
            "spark.ui.port",
            "spark.ui.enabled",
            "spark.serializer",
            "spark.default.parallelism",
            "spark.dynamicAllocation.enabled",
            "spark.dynamicAllocation.minExecutors",
            "spark.dynamicAllocation.maxExecutors",
            "spark.blockManager.port",
            "spark.yarn.queue",
            "spark.yarn.tags",
            "spark.yarn.jars",
            "spark.yarn.archive",
            "spark.yarn.am.memory",
            "spark.yarn.am.cores",
            "spark.eventLog.enabled",
            "spark.eventLog.dir",
            "spark.sql.extensions",
            "spark.sql.shuffle.partitions",
            "spark.sql.adaptive.enabled",
            "spark.sql.session.timeZone",
            "spark.sql.ansi.enabled",
            "spark.sql.warehouse.dir",
            "spark.sql.catalogImplementation",
            "spark.sql.autoBroadcastJoinThreshold",
            "spark.sql.execution.arrow.pyspark.enabled");

    private static final List<String> HADOOP =
            List.of("fs.", "dfs.", "hive.", "yarn.", "hadoop.", "parquet.", "javax.");
    /** SPARK-55239 */
    private static final SparkVersion CLUSTER_MODE_SINCE = SparkVersion.parse("4.2.0");

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");
    private static final Set<String> EVERYWHERE = Set.of("0.0.0.0", "::", "[::]");

    private ConfRules() {}

    /** What can be said of keys and values by themselves. */
    static void checkKeys(SortedMap<String, String> conf, Findings findings) {
        conf.forEach((key, value) -> {
            String pointer = pointer(key);
            if (key.isEmpty() || !Texts.isWritable(key) || key.codePoints().anyMatch(ConfRules::isBlank)) {
                findings.of(Rule.CONF_KEY)
                        .unknown(
                                pointer,
                                "'" + Texts.shown(key)
                                        + "' is no configuration key: it is empty, or holds blanks or control"
                                        + " characters; remove them",
                                Optional.empty());
            } else if (key.startsWith("spark.connectctl.")) {
                findings.of(Rule.CONF_KEY)
                        .unknown(
                                pointer,
                                "keys under spark.connectctl. belong to connectctl: delete it",
                                Optional.empty());
            } else if (!key.startsWith("spark.")) {
                findings.of(Rule.FOREIGN_KEY)
                        .odd(
                                pointer,
                                "Spark ignores keys that don't start with 'spark.', as '" + Texts.shown(key) + "'.",
                                prefixed(key));
            } else if (!KNOWN.contains(key)) {
                Nearest.of(key, KNOWN, 2).ifPresent(known -> findings.of(Rule.UNKNOWN_KEY)
                        .odd(
                                pointer,
                                "'" + Texts.shown(key) + "' looks misspelt; Spark ignores unknown keys silently.",
                                Optional.of(known)));
            }
        });
        conf.forEach((key, value) -> {
            if (!value.isEmpty() && (isTrimmed(value.charAt(0)) || isTrimmed(value.charAt(value.length() - 1)))) {
                findings.of(Rule.VALUE_TYPE)
                        .warning(
                                pointer(key),
                                "'" + Texts.shown(value)
                                        + "' loses the blanks around it: Spark takes them off what it reads from a properties file");
            }
        });
        fraction("spark.memory.fraction", conf, findings.of(Rule.VALUE_RANGE));
        fraction("spark.memory.storageFraction", conf, findings.of(Rule.VALUE_RANGE));
        executorMemory(conf, findings);
        javaOptions(conf, findings.of(Rule.JAVA_OPTIONS));
    }

    /** As Spark's Utils.trimExceptCRLF has it (3.1 and later). */
    private static boolean isTrimmed(char each) {
        return each <= ' ' && each != '\r' && each != '\n';
    }

    private static boolean isBlank(int point) {
        return Character.isWhitespace(point) || Character.isSpaceChar(point) || Character.isISOControl(point);
    }

    private static Optional<String> prefixed(String key) {
        if (HADOOP.stream().anyMatch(key::startsWith)) {
            return Optional.of("spark.hadoop." + key);
        }
        return KNOWN.contains("spark." + key) ? Optional.of("spark." + key) : Nearest.of(key, KNOWN, 3);
    }

    private static void fraction(String key, Map<String, String> conf, Findings findings) {
        String value = conf.get(key);
        if (value == null) {
            return;
        }
        try {
            double fraction = Double.parseDouble(value.strip());
            if (fraction >= 0 && fraction <= 1) {
                return;
            }
        } catch (NumberFormatException e) {
            // Told below, as a number out of range is.
        }
        findings.error(pointer(key), "'" + Texts.shown(value) + "' must be a number from 0 to 1");
    }

    private static void executorMemory(Map<String, String> conf, Findings findings) {
        String key = "spark.executor.memory";
        String value = conf.get(key);
        if (value == null) {
            return;
        }
        OptionalLong bytes = bytes(value, 0);
        if (bytes.isEmpty()) {
            findings.of(Rule.VALUE_TYPE)
                    .error(
                            pointer(key),
                            "'" + Texts.shown(value)
                                    + "' is no memory size: write a whole number and a unit, such as 2g.",
                            memorySuggestion(value));
        } else if (bytes.getAsLong() < MemoryModel.FLOOR_BYTES) {
            findings.of(Rule.VALUE_RANGE)
                    .error(
                            pointer(key),
                            "'" + value
                                    + "' is less than Spark accepts, also with a local master: 1.5 x 300 MiB reserved = 450 MiB;"
                                    + " write at least 450m");
        }
    }

    private static void javaOptions(Map<String, String> conf, Findings findings) {
        for (String key : List.of(EXTRA_OPTIONS, DEFAULT_OPTIONS)) {
            String value = conf.getOrDefault(key, "");
            if (value.contains("Xmx") || value.contains("MaxHeapSize")) {
                findings.error(
                        pointer(key),
                        "sets the heap (-Xmx or MaxHeapSize), which Spark refuses here: use driverMemory");
            }
        }
    }

    /** The collector that will really run; G1 with a problem if two are named. */
    static Collector collector(Map<String, String> conf, Findings findings) {
        Set<Collector> named =
                Collector.named(conf.getOrDefault(DEFAULT_OPTIONS, "") + " " + conf.getOrDefault(EXTRA_OPTIONS, ""));
        if (named.size() > 1) {
            findings.of(Rule.JAVA_OPTIONS)
                    .error(
                            pointer(conf.containsKey(EXTRA_OPTIONS) ? EXTRA_OPTIONS : DEFAULT_OPTIONS),
                            "the JVM refuses two collectors ("
                                    + Texts.oneOf(named.stream()
                                            .map(Collector::option)
                                            .toList()) + "): name one");
        }
        return named.size() == 1 ? named.iterator().next() : Collector.PINNED;
    }

    /** Entries that say again, or otherwise, what a field says. */
    static void checkAgainst(ServerSpec spec, Findings findings) {
        Map<String, String> conf = spec.conf();
        same("spark.master", spec.master(), "master", conf, findings);
        same("spark.connect.grpc.binding.port", spec.port().toString(), "port", conf, findings);
        same("spark.jars.packages", String.join(",", spec.packages()), "packages", conf, findings);
        cluster(spec, findings);
        uiPort(spec, findings);
        driverMemory(spec, findings);
        address(spec, findings);
        String token = "spark.connect.authenticate.token";
        if (conf.containsKey(token)) {
            findings.of(spec.spark().hasToken() ? Rule.REFUSED_KEY : Rule.VERSION_IGNORES)
                    .error(
                            pointer(token),
                            spec.spark().hasToken()
                                    ? "the token is connectctl's to make and keep: delete this and write 'auth: token'"
                                    : "Spark " + spec.spark()
                                            + " ignores a token silently; tokens came with 4.0.0: delete this");
        }
        forbidden("spark.remote", "it would make this server a client of another one: delete it", conf, findings);
        if ("cluster".equals(conf.get("spark.submit.deployMode"))) {
            findings.of(Rule.REFUSED_KEY).error(pointer("spark.submit.deployMode"), clusterMode(spec));
        }
        String retries = "spark.connect.grpc.port.maxRetries";
        if (conf.containsKey(retries) && !conf.getOrDefault(retries, "").strip().equals("0")) {
            findings.of(Rule.REFUSED_KEY)
                    .error(
                            pointer(retries),
                            "would let the server move to another port unseen: delete it, or write 'port: auto'");
        }
    }

    /** Spark itself refuses it before 4.2.0, and for every master but YARN since (SPARK-55239). */
    private static String clusterMode(ServerSpec spec) {
        boolean able = spec.spark().compareTo(CLUSTER_MODE_SINCE) >= 0;
        return "'cluster' would run the server where connectctl can't watch it"
                + (able
                        ? ""
                        : ", and Spark " + spec.spark() + " refuses it for Spark Connect (4.2.0 allows it on YARN)")
                + ": delete it; in client mode, the default, the driver runs here and the executors on the cluster";
    }

    /** Settings that the fields about a cluster stand for; where a field isn't declared, its setting is the user's to make. */
    private static void cluster(ServerSpec spec, Findings findings) {
        Map<String, String> conf = spec.conf();
        ClusterSpec cluster = spec.cluster();
        ExecutorSpec executors = cluster.executors();
        cluster.queue().ifPresent(queue -> same("spark.yarn.queue", queue, "queue", conf, findings));
        number("spark.executor.cores", executors.cores(), "executors.cores", conf, findings);
        executors
                .memory()
                .ifPresent(size -> same("spark.executor.memory", size.text(), "executors.memory", conf, findings));
        number("spark.executor.instances", executors.number(), "executors.number", conf, findings);
        number("spark.dynamicAllocation.minExecutors", executors.min(), "executors.min", conf, findings);
        number("spark.dynamicAllocation.maxExecutors", executors.max(), "executors.max", conf, findings);
        if (executors.counted()) {
            same("spark.dynamicAllocation.enabled", Boolean.toString(executors.dynamic()), "executors", conf, findings);
            if (conf.containsKey("spark.cores.max") && executors.number().isPresent()) {
                findings.error(
                        pointer("spark.cores.max"),
                        "follows from executors, number times cores: delete it, or leave executors.number out");
            }
        }
        cluster.driver().host().ifPresent(host -> same("spark.driver.host", host, "driver.host", conf, findings));
        number("spark.driver.port", cluster.driver().port(), "driver.port", conf, findings);
        number(
                "spark.driver.blockManager.port",
                cluster.driver().blockManagerPort(),
                "driver.blockManagerPort",
                conf,
                findings);
        number(
                "spark.blockManager.port",
                cluster.driver().blockManagerPort(),
                "driver.blockManagerPort",
                conf,
                findings);
        if (conf.containsKey("spark.yarn.tags")
                && conf.getOrDefault("spark.yarn.tags", "").contains(":")) {
            findings.error(
                    pointer("spark.yarn.tags"),
                    "tags with a ':' are connectctl's own, by which it knows its applications: write another one");
        }
    }

    private static void number(
            String key, OptionalInt field, String name, Map<String, String> conf, Findings findings) {
        if (field.isPresent()) {
            same(key, Integer.toString(field.getAsInt()), name, conf, findings);
        }
    }

    private static void forbidden(String key, String why, Map<String, String> conf, Findings findings) {
        if (conf.containsKey(key)) {
            findings.of(Rule.REFUSED_KEY).error(pointer(key), why);
        }
    }

    private static void same(String key, String field, String name, Map<String, String> conf, Findings findings) {
        String value = conf.get(key);
        if (value != null) {
            boolean equal = list(value).equals(list(field));
            tell(
                    key,
                    equal,
                    value,
                    name + (field.isEmpty() ? " is empty" : " is " + Texts.shown(field)),
                    name,
                    findings);
        }
    }

    /** Comma lists are equal whatever blanks they are written with. */
    private static List<String> list(String value) {
        return Arrays.stream(value.split(",", -1)).map(String::strip).toList();
    }

    private static void tell(String key, boolean equal, String value, String field, String name, Findings findings) {
        if (equal) {
            findings.of(Rule.REPEATS_FIELD).warning(pointer(key), "says again what " + name + " says: delete it");
        } else {
            String shown = Secrets.isSecret(key, value) ? "its value" : "'" + Texts.shown(value) + "'";
            findings.of(Rule.CONTRADICTS_FIELD)
                    .error(pointer(key), shown + " contradicts a field: " + field + "; delete this and set " + name);
        }
    }

    private static void uiPort(ServerSpec spec, Findings findings) {
        String port = spec.conf().get("spark.ui.port");
        if (port != null) {
            tell(
                    "spark.ui.port",
                    port.strip().equals(spec.uiPort().toString()),
                    port,
                    "uiPort is " + spec.uiPort(),
                    "uiPort",
                    findings);
        }
        String enabled = spec.conf().get("spark.ui.enabled");
        if (enabled != null) {
            boolean on = !(spec.uiPort() instanceof PortChoice.Off);
            tell(
                    "spark.ui.enabled",
                    enabled.strip().equals(Boolean.toString(on)),
                    enabled,
                    "uiPort is " + spec.uiPort(),
                    "uiPort",
                    findings);
        }
    }

    private static void driverMemory(ServerSpec spec, Findings findings) {
        String value = spec.conf().get("spark.driver.memory");
        if (value != null) {
            // Spark reads a bare number here as MiB.
            OptionalLong bytes = bytes(value, 20);
            tell(
                    "spark.driver.memory",
                    bytes.isPresent()
                            && bytes.getAsLong() == spec.driverMemory().bytes(),
                    value,
                    "driverMemory is " + spec.driverMemory(),
                    "driverMemory",
                    findings);
        }
    }

    private static void address(ServerSpec spec, Findings findings) {
        String key = "spark.connect.grpc.binding.address";
        String value = spec.conf().get(key);
        if (value == null) {
            return;
        }
        if (!spec.spark().hasBindingAddress()) {
            findings.of(Rule.VERSION_IGNORES)
                    .error(
                            pointer(key),
                            "Spark " + spec.spark()
                                    + " ignores this silently and binds every interface; it came with 4.0.0: delete"
                                    + " it");
            return;
        }
        Set<String> fitting = spec.expose() == Expose.ALL ? EVERYWHERE : LOOPBACK;
        tell(
                key,
                fitting.contains(value.strip()),
                value,
                "expose is " + SpecWriter.word(spec.expose()),
                "expose",
                findings);
    }

    /** Bytes of a size as Spark reads it; a bare number is shifted by {@code bare}. */
    private static OptionalLong bytes(String value, int bare) {
        Matcher matcher = SIZE.matcher(value.strip().toLowerCase(java.util.Locale.ROOT));
        if (!matcher.matches()) {
            return OptionalLong.empty();
        }
        String unit = matcher.group(2);
        int shift = unit.isEmpty() ? bare : 10 * ("kmgtp".indexOf(unit) + 1);
        long number = Long.parseLong(matcher.group(1));
        return number > (Long.MAX_VALUE >> shift) ? OptionalLong.empty() : OptionalLong.of(number << shift);
    }

    private static final int LEAST_MEBIBYTES_MEANT = 64;

    /** How a size was probably meant: {@code 1512} as 1512m, {@code 1.5g} as 1536m, {@code 2 GiB} as 2g. */
    static Optional<String> memorySuggestion(String text) {
        Matcher matcher = Pattern.compile("(\\d{1,6})(?:\\.(\\d{1,3}))?\\s*([kmgt]?)(?:i?b)?")
                .matcher(text.strip().toLowerCase(java.util.Locale.ROOT));
        if (!matcher.matches() || matcher.group(1).matches("0+")) {
            return Optional.empty();
        }
        String unit = matcher.group(3);
        if (matcher.group(2) == null) {
            int number = Integer.parseInt(matcher.group(1));
            // Nobody means so few MiB.
            return Optional.of(number + (!unit.isEmpty() ? unit : number < LEAST_MEBIBYTES_MEANT ? "g" : "m"));
        }
        if (unit.isEmpty() || unit.equals("k")) {
            return Optional.empty();
        }
        double number = Double.parseDouble(matcher.group(1) + "." + matcher.group(2));
        return Optional.of(Math.round(number * 1024) + (unit.equals("m") ? "k" : unit.equals("g") ? "m" : "g"));
    }

    private static String pointer(String key) {
        return Declaration.pointer("conf", key);
    }
}
