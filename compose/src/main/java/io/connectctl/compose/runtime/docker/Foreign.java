package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Recalled;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.Collector;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads from a container that somebody else started what a server must be known by. */
final class Foreign {
    private static final String SERVER_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer";
    private static final String TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";
    private static final int GRPC = 15002;
    private static final int UI = 4040;
    private static final int UI_RETRIES = 16;
    private static final long SERVER_CLASS_MEMORY = (2L << 30) - (256L << 20);
    private static final Pattern VERSION = Pattern.compile("(?:^|[^0-9.])([34]\\.\\d+\\.\\d+)(?:[^0-9.]|$)");
    private static final Pattern NOT_PLAIN = Pattern.compile("[^a-z0-9]+");

    private final Engine engine;
    private final String what;
    private final JsonNode json;
    private final Container container;
    private final Map<String, String> environment;
    private final Map<String, String> settings = new TreeMap<>();

    private Foreign(Engine engine, String what, JsonNode json) {
        this.engine = engine;
        this.what = what;
        this.json = json;
        this.container = Container.of(json);
        this.environment = container.environment();
    }

    /**
     * Looks at a container.
     *
     * @param what its name or id
     * @throws LaunchException {@code NOT_ADOPTABLE} says why it can't be taken over
     */
    static Adoptable look(Engine engine, String what)
            throws LaunchException, RuntimeUnavailableException, InterruptedException {
        try {
            JsonNode json = engine.get(
                    "looking at container " + what, Engine.PATIENCE, "/containers/" + Engine.encode(what) + "/json");
            return new Foreign(engine, what, json).adoptable();
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                Optional<String> exported = exported(engine, what);
                if (exported.isPresent()) {
                    return look(engine, exported.get());
                }
                throw not("there is no container '" + what + "' at " + engine.describe(), "docker ps shows them");
            }
            throw engine.unanswered("looking at container " + what, e);
        }
    }

    /** The container that an exported project runs this server in; compose names it by project, service and number. */
    private static Optional<String> exported(Engine engine, String server)
            throws RuntimeUnavailableException, InterruptedException {
        if (!ServerName.PLAIN.matcher(server).matches()) {
            return Optional.empty();
        }
        List<String> found = engine.containers(List.of(Names.SERVER + "=" + server, Names.GRPC_PORT), false).stream()
                .filter(container -> !container.labels().containsKey(Names.INSTALLATION))
                .map(Engine.Listed::id)
                .toList();
        // Of two projects with the same server nobody knows which one is meant.
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    /**
     * What can be told of the declaration of a container of our own, whose declaration was lost: by its labels, its image, how it
     * publishes its port, and the configuration that it runs on.
     */
    static Recalled recall(Engine engine, String id) throws RuntimeUnavailableException, InterruptedException {
        try {
            JsonNode json = engine.get(
                    "looking at container " + id, Engine.PATIENCE, "/containers/" + Engine.encode(id) + "/json");
            Foreign container = new Foreign(engine, id, json);
            List<String> words = container.words();
            container.read(words);
            return container.recalled(container.options(words));
        } catch (EngineRefusal e) {
            throw engine.unanswered("looking at container " + id, e);
        }
    }

    private Recalled recalled(List<String> words) throws RuntimeUnavailableException, InterruptedException {
        Optional<String> token = token();
        ObjectNode tree =
                declaration(OptionalInt.empty(), token.isPresent(), words).tree();
        tree.remove("uiPort");
        int grpc = number(environment.getOrDefault("CONNECTCTL_GRPC_PORT", "")).orElse(GRPC);
        if (token.isPresent() && container.open().containsKey(grpc)) {
            tree.put("expose", "all"); // never without a token
        }
        number(json.path("HostConfig")
                        .path("PortBindings")
                        .path(grpc + "/tcp")
                        .path(0)
                        .path("HostPort")
                        .asText())
                .ifPresent(port -> tree.put("port", port));
        return new Recalled(new Declaration(tree, Map.of()), token);
    }

    private static LaunchException not(String message, String remedy) {
        return new LaunchException("NOT_ADOPTABLE", message, remedy, false);
    }

    private Adoptable adoptable() throws LaunchException, RuntimeUnavailableException, InterruptedException {
        if (!container.label(Names.INSTALLATION).isEmpty()) {
            throw not(
                    "container '" + container.name() + "' is connectctl's own already: server "
                            + container.label(Names.SERVER) + " of installation " + container.label(Names.INSTALLATION),
                    "connectctl status shows the servers of this installation");
        }
        if (!container.live()) {
            throw not("container '" + container.name() + "' doesn't run", "start it first: docker start " + what);
        }
        List<String> words = words();
        if (words.stream().noneMatch(word -> word.equals(SERVER_CLASS) || word.endsWith("/start-connect-server.sh"))) {
            throw not(
                    "no Spark Connect server runs in container '" + container.name() + "'",
                    "docker top " + container.name() + " shows what does");
        }
        read(words);
        int grpc = grpc();
        OptionalInt ui = ui(grpc);
        Optional<String> token = token();
        return new Adoptable(
                container.id(),
                container.name(),
                name(),
                declaration(ui, token.isPresent(), options(words)),
                grpc,
                ui,
                endpoint(grpc, ui),
                container.open(),
                container.label(Names.MARKER),
                token);
    }

    /** Of its own command, and of every process in it: what its entrypoint made of it counts. */
    private List<String> words() throws RuntimeUnavailableException, InterruptedException {
        List<String> words = new ArrayList<>();
        json.path("Config").path("Entrypoint").forEach(word -> words.add(word.asText()));
        json.path("Config").path("Cmd").forEach(word -> words.add(word.asText()));
        try {
            JsonNode top = engine.get(
                    "looking at the processes of " + container.name(),
                    Engine.PATIENCE,
                    "/containers/" + container.id() + "/top");
            for (JsonNode process : top.path("Processes")) {
                String command = process.path(process.size() - 1).asText();
                words.addAll(List.of(command.split("\\s+", -1)));
            }
        } catch (EngineRefusal e) {
            // An engine's machine without ps, or one that hides processes: its own command must do.
            return words;
        }
        return words;
    }

    /** What the command line says, and then what the configuration file does. */
    private void read(List<String> words) throws RuntimeUnavailableException, InterruptedException {
        String folder = environment.getOrDefault(
                "SPARK_CONF_DIR", environment.getOrDefault("SPARK_HOME", "/opt/spark") + "/conf");
        String file = folder + "/spark-defaults.conf";
        String before = "";
        for (String word : words) {
            String setting = word.startsWith("--conf=") ? word.substring("--conf=".length()) : word;
            boolean told = before.equals("--conf") || before.equals("-c") || word.startsWith("--conf=");
            int equals = setting.indexOf('=');
            if (told && equals > 0) {
                settings.put(setting.substring(0, equals), setting.substring(equals + 1));
            }
            if (before.equals("--properties-file")) {
                file = word;
            }
            before = word;
        }
        // As spark-submit weighs them: an option of its own wins over --conf.
        option(words, "--driver-memory").ifPresent(memory -> settings.put("spark.driver.memory", memory));
        option(words, "--master").ifPresent(master -> settings.put("spark.master", master));
        Properties written = new Properties();
        try {
            written.load(new StringReader(engine.file(container.id(), file).orElse("")));
        } catch (EngineRefusal | IOException | IllegalArgumentException e) {
            return; // then only the command line tells
        }
        for (String key : written.stringPropertyNames()) {
            settings.putIfAbsent(key, written.getProperty(key).strip());
        }
    }

    private int grpc() throws LaunchException {
        Map<Integer, Integer> ports = container.ports();
        OptionalInt told = number(container.label(Names.GRPC_PORT));
        if (told.isEmpty()) {
            told = number(settings.getOrDefault("spark.connect.grpc.binding.port", ""));
        }
        if (told.isEmpty()) {
            told = number(environment.getOrDefault("CONNECTCTL_GRPC_PORT", ""));
        }
        if (told.isEmpty() && !ports.containsKey(GRPC)) {
            // It may stand in a file of its own; where only one port besides a UI's is published, that is it.
            List<Integer> others = ports.keySet().stream()
                    .filter(port -> port < UI || port > UI + UI_RETRIES)
                    .toList();
            told = others.size() == 1 ? OptionalInt.of(others.get(0)) : OptionalInt.empty();
        }
        int grpc = told.orElse(GRPC);
        if (!ports.containsKey(grpc)) {
            throw not(
                    "container '" + container.name() + "' doesn't publish port " + grpc
                            + ", where its Spark Connect server listens, so nobody reaches it from here (published: "
                            + (ports.isEmpty() ? "nothing" : ports.keySet()) + ")",
                    "run it with -p 127.0.0.1:" + grpc + ":" + grpc);
        }
        return grpc;
    }

    private OptionalInt ui(int grpc) {
        if (settings.getOrDefault("spark.ui.enabled", "true").equalsIgnoreCase("false")) {
            return OptionalInt.empty();
        }
        OptionalInt told = number(container.label(Names.UI_PORT));
        if (told.isEmpty()) {
            told = number(settings.getOrDefault("spark.ui.port", ""));
        }
        int ui = told.orElse(UI);
        return ui != grpc && container.ports().containsKey(ui) ? OptionalInt.of(ui) : OptionalInt.empty();
    }

    /** Both were found to be published. */
    private Endpoint endpoint(int grpc, OptionalInt ui) {
        Map<Integer, Integer> ports = container.ports();
        return new Endpoint(
                engine.host(),
                OptionalInt.of(Objects.requireNonNull(ports.get(grpc))),
                ui.isEmpty() ? List.of() : List.of(Objects.requireNonNull(ports.get(ui.getAsInt()))));
    }

    private static OptionalInt number(String text) {
        return text.matches("[1-9]\\d{0,4}") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
    }

    /** What its clients must have; empty where it asks for none. */
    private Optional<String> token() {
        return Optional.ofNullable(environment.get(TOKEN))
                .or(() -> Optional.ofNullable(settings.get("spark.connect.authenticate.token")))
                .or(this::tokenFile)
                .filter(text -> !text.isEmpty());
    }

    /** A container of our own holds its token in a file, and so does one that the exported compose file made. */
    private Optional<String> tokenFile() {
        try {
            return engine.file(container.id(), Names.CONF.resolve("token").toString());
        } catch (EngineRefusal | RuntimeUnavailableException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private String name() {
        String label = container.label(Names.SERVER);
        String text = label.isEmpty() ? container.name() : label;
        String plain =
                NOT_PLAIN.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("-").replaceAll("^-+", "");
        plain = plain.substring(0, Math.min(63, plain.length())).replaceAll("-+$", "");
        return plain.isEmpty() ? "connect" : plain;
    }

    /** The value of an option of spark-submit, as its last mention says it. */
    private static Optional<String> option(List<String> words, String name) {
        Optional<String> value = Optional.empty();
        String before = "";
        for (String word : words) {
            if (before.equals(name)) {
                value = Optional.of(word);
            } else if (word.startsWith(name + "=")) {
                value = Optional.of(word.substring(name.length() + 1));
            }
            before = word;
        }
        return value;
    }

    /** What is known for sure; how it was made is its maker's business, and it is never made anew. */
    private Declaration declaration(OptionalInt ui, boolean token, List<String> words)
            throws RuntimeUnavailableException, InterruptedException {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("runtime", "docker");
        // The engine published them already; the real ones are read back.
        tree.put("port", "auto");
        tree.put("uiPort", ui.isPresent() ? "auto" : "off");
        tree.put("image", json.path("Config").path("Image").asText());
        Optional<SparkVersion> spark = spark();
        spark.ifPresent(version -> tree.put("spark", version.text()));
        if (token) {
            tree.put("auth", "token");
        }
        // Where it says none, it has Spark's own, which are our defaults too.
        Optional.ofNullable(settings.get("spark.master"))
                .filter(master -> MasterUrl.isMaster(master, spark.orElse(Defaults.SPARK)))
                .ifPresent(master -> tree.put("master", master));
        MemorySize heap = heap(words).orElse(Defaults.DRIVER_MEMORY);
        tree.put("driverMemory", heap.text());
        ObjectNode conf = tree.putObject("conf");
        // Both decide how much of the heap is Spark's pool.
        conf.put("spark.driver.extraJavaOptions", collector(words).option());
        Optional.ofNullable(settings.get("spark.memory.fraction"))
                .filter(fraction -> fraction.matches("0?\\.\\d{1,6}"))
                .ifPresent(fraction -> conf.put("spark.memory.fraction", fraction));
        container(tree.putObject("container"), heap);
        return new Declaration(tree, Map.of());
    }

    /** What its JVM is told: on its command line, in the files that this names, and in the variables that a JVM reads. */
    private List<String> options(List<String> words) throws RuntimeUnavailableException, InterruptedException {
        List<String> options = new ArrayList<>(words);
        for (String variable : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")) {
            options.addAll(List.of(environment.getOrDefault(variable, "").split("\\s+", -1)));
        }
        for (String word : new TreeSet<>(words)) {
            if (word.startsWith("@/")) {
                options.addAll(List.of(file(word.substring(1)).split("\\s+", -1)));
            }
        }
        return options;
    }

    /** Empty text where there is none, or the engine doesn't give it: then only the others tell. */
    private String file(String path) throws RuntimeUnavailableException, InterruptedException {
        try {
            return engine.file(container.id(), path).orElse("");
        } catch (EngineRefusal e) {
            return "";
        }
    }

    /** Of the JVM that runs, as it was told; before that of its settings. */
    private Optional<MemorySize> heap(List<String> words) {
        Optional<String> said = words.stream()
                .filter(word -> word.matches("-Xmx[1-9]\\d{0,9}[kmgKMG]"))
                .reduce((first, last) -> last)
                .map(word -> word.substring("-Xmx".length()))
                .or(() -> Optional.ofNullable(settings.get("spark.driver.memory")))
                // Spark's own unit, where there is none.
                .map(text -> text.matches("\\d+") ? text + "m" : text);
        try {
            return said.map(MemorySize::parse);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * The collector that the JVM was told, else the one that it chooses itself: G1 on a machine for servers, else Serial
     * (os::is_server_class_machine of JDK 17 to 25: two processors and, less 256 MiB, 2 GiB of memory).
     */
    private Collector collector(List<String> words) throws RuntimeUnavailableException, InterruptedException {
        Optional<Collector> told =
                Collector.named(String.join(" ", words)).stream().findFirst();
        if (told.isPresent()) {
            return told.get();
        }
        Optional<JsonNode> machine = machine();
        double processors = machine.map(info -> info.path("NCPU").asInt()).orElse(2);
        long memory = machine.map(info -> info.path("MemTotal").asLong()).orElse(Long.MAX_VALUE);
        JsonNode host = json.path("HostConfig");
        if (host.path("NanoCpus").asLong() > 0) {
            processors = Math.min(processors, Math.ceil(host.path("NanoCpus").asLong() / 1e9));
        } else if (host.path("CpuQuota").asLong() > 0) {
            long period =
                    host.path("CpuPeriod").asLong() > 0 ? host.path("CpuPeriod").asLong() : 100_000;
            processors = Math.min(processors, Math.ceil(host.path("CpuQuota").asLong() / (double) period));
        }
        if (host.path("Memory").asLong() > 0) {
            memory = Math.min(memory, host.path("Memory").asLong());
        }
        return processors >= 2 && memory >= SERVER_CLASS_MEMORY ? Collector.G1 : Collector.SERIAL;
    }

    private Optional<JsonNode> machine() throws RuntimeUnavailableException, InterruptedException {
        try {
            return Optional.of(engine.get("asking what it is", Engine.PATIENCE, "/info"));
        } catch (EngineRefusal e) {
            return Optional.empty(); // then it is taken for a server
        }
    }

    /** How hard it is, in the words that a declaration has for it: describe must not call whole what isn't. */
    private void container(ObjectNode tree, MemorySize heap) {
        JsonNode host = json.path("HostConfig");
        long limit = host.path("Memory").asLong();
        if (limit >= heap.bytes() + ContainerSpec.LEAST_OVERHEAD.bytes()) {
            tree.put("memory", new MemorySize(limit).text());
        }
        ArrayNode loosen = tree.putArray("loosen");
        Set<String> dropped = new TreeSet<>();
        host.path("CapDrop").forEach(name -> dropped.add(name.asText().toUpperCase(Locale.ROOT)));
        Map<String, Boolean> kept = new TreeMap<>(Map.of(
                "user", json.path("Config").path("User").asText().matches("185(:.*)?"),
                "capabilities", dropped.contains("ALL"),
                "new-privileges", host.path("SecurityOpt").toString().contains("no-new-privileges"),
                "read-only", host.path("ReadonlyRootfs").asBoolean(),
                "pids", host.path("PidsLimit").asLong() > 0,
                "memory", limit > 0,
                "swap", limit > 0 && host.path("MemorySwap").asLong() == limit,
                "init", host.path("Init").asBoolean()));
        kept.forEach((part, whole) -> {
            if (!whole) {
                loosen.add(part);
            }
        });
    }

    private Optional<SparkVersion> spark() {
        for (String text : new String[] {
            container.label("io.connectctl.spark"),
            environment.getOrDefault("SPARK_VERSION", ""),
            json.path("Config").path("Image").asText()
        }) {
            Matcher matcher = VERSION.matcher(text);
            if (matcher.find()) {
                return Optional.of(SparkVersion.parse(matcher.group(1)));
            }
        }
        return Optional.empty();
    }
}
