package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.YamlTree.Entry;
import io.connectctl.compose.spec.YamlTree.Mapping;
import io.connectctl.compose.spec.YamlTree.Node;
import io.connectctl.compose.spec.YamlTree.Scalar;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A {@code connectctl.yaml}, read.
 *
 * <p>Scalars are kept as the text that was written. Relative paths ({@code javaHome}, {@code sparkHome}, {@code templates})
 * are taken from the file's folder. Top-level keys that start with {@code x-} are left alone: a place for YAML anchors.
 *
 * @param path where it lies, absolute
 * @param servers what it declares, by name, in its order
 * @param daemon its daemon settings
 * @param pools its pools, by name, in its order
 * @param problems what is wrong with it as a whole: syntax, duplicate or unknown keys, names that aren't plain and what is
 *     declared below them
 */
public record ProjectFile(
        Path path,
        Map<ServerName, Declaration> servers,
        DaemonSettings daemon,
        Map<ServerName, PoolSettings> pools,
        List<Problem> problems) {
    /** The file's name. */
    public static final String NAME = "connectctl.yaml";

    private static final int LARGEST = 1 << 20;
    private static final List<String> KEYS = List.of("servers", "daemon", "pools");
    private static final List<String> DAEMON_KEYS = List.of("healthPort", "tcpPort");
    private static final List<String> POOL_KEYS = List.of("size", "maxAge", "memoryBudget", "server");
    private static final List<String> PATHS = List.of("javaHome", "sparkHome", "templates");

    public ProjectFile {
        servers = Collections.unmodifiableMap(new LinkedHashMap<>(servers));
        pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
        problems = List.copyOf(problems);
    }

    /** The nearest connectctl.yaml in {@code folder} or above it. */
    public static Optional<Path> search(Path folder) {
        for (Path at = folder.toAbsolutePath().normalize(); at != null; at = at.getParent()) {
            Path file = at.resolve(NAME);
            if (Files.exists(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Reads a file; what is wrong with it is in {@link #problems}, also if it can't be opened. */
    public static ProjectFile load(Path file) {
        return new Loader(file.toAbsolutePath().normalize()).load();
    }

    /**
     * Everything wrong with the file: {@link #problems}, those of each server's declaration, and servers that can't run at
     * once, in the order of the file.
     */
    public List<Problem> allProblems() {
        List<Problem> all = new ArrayList<>(problems);
        Map<Integer, ServerName> ports = new HashMap<>();
        servers.forEach((name, declaration) -> {
            SpecReader.Reading reading = SpecReader.read(name, declaration);
            all.addAll(reading.problems());
            if (reading.spec().isPresent() && reading.spec().get().port() instanceof PortChoice.Fixed fixed) {
                ServerName other = ports.putIfAbsent(fixed.port(), name);
                if (other != null) {
                    all.add(new Problem(
                            Problem.Severity.WARNING,
                            Rule.PORT_CLASH,
                            declaration.place("/port").or(() -> declaration.place("")),
                            "servers." + name + ".port",
                            "server " + other + " has port " + fixed.port()
                                    + " too, so only one of them can run at a time; give one another port, or 'port: auto'",
                            Optional.empty(),
                            Optional.empty()));
                }
            }
        });
        pools.forEach(
                (name, pool) -> all.addAll(SpecReader.read(name, pool.server()).problems()));
        all.sort(IN_FILE_ORDER);
        return all;
    }

    /** By line and column; what has no place comes last. */
    public static final Comparator<Problem> IN_FILE_ORDER = Comparator.<Problem>comparingInt(
                    problem -> problem.where().map(Location::line).orElse(Integer.MAX_VALUE))
            .thenComparingInt(problem -> problem.where().map(Location::column).orElse(Integer.MAX_VALUE));

    /** Reads one file, collecting what is wrong. */
    private static final class Loader {
        private final Path file;
        private final List<Problem> problems = new ArrayList<>();
        private final Map<ServerName, Declaration> servers = new LinkedHashMap<>();
        private final Map<ServerName, PoolSettings> pools = new LinkedHashMap<>();
        private DaemonSettings daemon = DaemonSettings.DEFAULT;

        Loader(Path file) {
            this.file = file;
        }

        ProjectFile load() {
            Optional<String> text = text();
            if (text.isPresent()) {
                Optional<Node> root = YamlTree.read(file.toString(), text.get(), problems);
                if (root.isPresent()) {
                    top(root.get());
                } else if (problems.stream().noneMatch(problem -> problem.severity() == Problem.Severity.ERROR)) {
                    empty(new Location(file.toString(), 1, 1));
                }
            }
            problems.sort(IN_FILE_ORDER);
            return new ProjectFile(file, servers, daemon, pools, problems);
        }

        private Optional<String> text() {
            try {
                if (!Files.exists(file)) {
                    throw new NoSuchFileException(file.toString());
                }
                if (!Files.isRegularFile(file)) {
                    return refuseFile("is no regular file");
                }
                if (Files.size(file) > LARGEST) {
                    return refuseFile("is larger than 1 MiB");
                }
                return decode(Files.readAllBytes(file));
            } catch (NoSuchFileException e) {
                return refuseFile("doesn't exist; give another one with -f, or declare the server by flags");
            } catch (AccessDeniedException e) {
                return refuseFile("may not be read by this user");
            } catch (IOException e) {
                return refuseFile("can't be read: " + e.getMessage());
            }
        }

        private Optional<String> refuseFile(String why) {
            error(Optional.empty(), NAME, file + " " + why, Optional.empty());
            return Optional.empty();
        }

        private Optional<String> decode(byte[] bytes) {
            if (bytes.length >= 2 && ((bytes[0] == -2 && bytes[1] == -1) || (bytes[0] == -1 && bytes[1] == -2))) {
                error(at(1, 1), NAME, "the file is UTF-16: save it as UTF-8", Optional.empty());
                return Optional.empty();
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            String text;
            try {
                text = StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
            } catch (CharacterCodingException e) {
                // The decoder stops at the first malformed byte.
                String before = new String(bytes, 0, buffer.position(), StandardCharsets.UTF_8);
                error(
                        Optional.of(end(before)),
                        NAME,
                        String.format(
                                Locale.ROOT,
                                "the byte 0x%02x isn't UTF-8: save the file as UTF-8",
                                bytes[buffer.position()] & 0xff),
                        Optional.empty());
                return Optional.empty();
            }
            if (text.startsWith("\ufeff")) {
                problems.add(new Problem(
                        Problem.Severity.WARNING,
                        Rule.FILE,
                        at(1, 1),
                        NAME,
                        "the file starts with a byte order mark, which is ignored; save it as UTF-8 without one",
                        Optional.empty(),
                        Optional.empty()));
                text = text.substring(1);
            }
            for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
                if (!org.yaml.snakeyaml.reader.StreamReader.isPrintable(text.codePointAt(i))) {
                    error(
                            Optional.of(end(text.substring(0, i))),
                            NAME,
                            String.format(
                                    Locale.ROOT,
                                    "the character U+%04X may not stand in YAML: write it as \"\\u%04x\" in double quotes",
                                    text.codePointAt(i),
                                    text.codePointAt(i)),
                            Optional.empty());
                    return Optional.empty();
                }
            }
            return Optional.of(text);
        }

        private Location end(String before) {
            int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
            String last = before.substring(before.lastIndexOf('\n') + 1);
            return new Location(file.toString(), line, last.codePointCount(0, last.length()) + 1);
        }

        private Optional<Location> at(int line, int column) {
            return Optional.of(new Location(file.toString(), line, column));
        }

        private void top(Node root) {
            if (root instanceof Scalar scalar && scalar.text() == null) {
                empty(root.place());
                return;
            }
            if (!(root instanceof Mapping mapping)) {
                error(
                        Optional.of(root.place()),
                        NAME,
                        "the file must be a mapping that starts with 'servers:', not a "
                                + (root instanceof Scalar ? "single value" : "list"),
                        Optional.empty());
                return;
            }
            mapping.entries().forEach((key, entry) -> {
                if (key.equals("servers")) {
                    servers(entry);
                } else if (key.equals("daemon")) {
                    daemon(entry);
                } else if (!key.equals("pools") && !key.startsWith("x-")) {
                    unknown(key, key, entry, KEYS);
                }
            });
            // Last: a pool may name a server that is declared below it.
            Entry pooled = mapping.entries().get("pools");
            if (pooled != null) {
                mapping("pools", pooled).ifPresent(below -> below.entries().forEach(this::pool));
            }
        }

        private void empty(Location place) {
            error(
                    Optional.of(place),
                    NAME,
                    "the file is empty: declare at least 'servers: {connect: {}}', or delete it",
                    Optional.empty());
        }

        private void unknown(String path, String key, Entry entry, List<String> known) {
            problems.add(new Problem(
                    Problem.Severity.ERROR,
                    Rule.UNKNOWN_FIELD,
                    Optional.of(entry.keyPlace()),
                    path,
                    "unknown key '" + Texts.shown(key) + "'; known are " + String.join(", ", known) + ".",
                    Nearest.of(key, known),
                    Optional.empty()));
        }

        private Optional<Mapping> mapping(String path, Entry entry) {
            if (entry.value() instanceof Mapping mapping) {
                return Optional.of(mapping);
            }
            if (!(entry.value() instanceof Scalar scalar) || scalar.text() != null) {
                error(
                        Optional.of(entry.value().place()),
                        path,
                        "must be a mapping of keys to values, not a "
                                + (entry.value() instanceof Scalar ? "single value" : "list"),
                        Optional.empty());
            }
            return Optional.empty();
        }

        private void servers(Entry entry) {
            mapping("servers", entry).ifPresent(mapping -> mapping.entries().forEach(this::server));
        }

        private void server(String name, Entry entry) {
            String path = "servers." + Texts.shown(name);
            if (!plain(path, name, entry)) {
                // Whoever mends the name shall not find the next problem only then.
                declaration(path, entry).ifPresent(declaration -> below(path, declaration));
                return;
            }
            declaration(path, entry).ifPresent(declaration -> servers.put(new ServerName(name), declaration));
        }

        private boolean plain(String path, String name, Entry entry) {
            if (!ServerName.PLAIN.matcher(name).matches()) {
                String plain = name.toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9]+", "-")
                        .replaceAll("^-+", "");
                String cut = plain.substring(0, Math.min(63, plain.length())).replaceAll("-+$", "");
                error(
                        Optional.of(entry.keyPlace()),
                        path,
                        "the name '" + Texts.shown(name)
                                + "' isn't plain: use 1-63 of a-z, 0-9 and '-', starting and ending with a letter or digit.",
                        cut.isEmpty() ? Optional.empty() : Optional.of(cut));
                return false;
            }
            return true;
        }

        /** The problems of a declaration whose name can't be used. */
        private void below(String path, Declaration declaration) {
            ServerName standIn = new ServerName("x");
            for (Problem problem : SpecReader.read(standIn, declaration).problems()) {
                problems.add(new Problem(
                        problem.severity(),
                        problem.rule(),
                        problem.where(),
                        path + problem.key().substring(("servers." + standIn).length()),
                        problem.message(),
                        problem.suggestion(),
                        problem.remedy()));
            }
        }

        private Optional<Declaration> declaration(String path, Entry entry) {
            Map<String, Location> places = new HashMap<>();
            if (!(entry.value() instanceof Scalar scalar) || scalar.text() != null) {
                Optional<ObjectNode> tree = mapping(path, entry).flatMap(mapping -> {
                    Optional<ObjectNode> json = YamlTree.json(mapping, places).map(ObjectNode.class::cast);
                    if (json.isEmpty()) {
                        error(
                                Optional.of(entry.keyPlace()),
                                path,
                                "aliases blow this up to too many values",
                                Optional.empty());
                    }
                    return json;
                });
                return tree.map(object -> declaration(object, places, entry));
            }
            return Optional.of(declaration(Declaration.empty().tree(), places, entry));
        }

        private Declaration declaration(ObjectNode tree, Map<String, Location> places, Entry entry) {
            places.put("", entry.keyPlace());
            absolutePaths(tree);
            return new Declaration(tree, places);
        }

        private void absolutePaths(ObjectNode tree) {
            for (String key : PATHS) {
                if (tree.get(key) != null && tree.get(key).isTextual()) {
                    tree.put(key, absolute(tree.get(key).textValue()));
                }
            }
        }

        private String absolute(String path) {
            // The shell's ~ is left for SpecReader to refuse: here it would be a folder of that name.
            if (path.isEmpty() || path.startsWith("~")) {
                return path;
            }
            try {
                Path folder = file.getParent();
                return folder == null ? path : folder.resolve(path).normalize().toString();
            } catch (InvalidPathException e) {
                return path;
            }
        }

        private void pool(String name, Entry entry) {
            String path = "pools." + Texts.shown(name);
            if (!plain(path, name, entry)) {
                return;
            }
            Optional<Mapping> mapping = mapping(path, entry);
            if (mapping.isEmpty()) {
                return;
            }
            Map<String, Entry> entries = mapping.get().entries();
            entries.forEach((key, value) -> {
                if (!POOL_KEYS.contains(key)) {
                    unknown(path + "." + Texts.shown(key), key, value, POOL_KEYS);
                }
            });
            Optional<Integer> size = read(path, entries.get("size"), "a whole number from 0 to 100", text -> {
                int number = text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
                if (number < 0 || number > 100) {
                    throw new IllegalArgumentException(text);
                }
                return number;
            });
            if (!entries.containsKey("size")) {
                error(
                        Optional.of(entry.keyPlace()),
                        path + ".size",
                        "is missing: how many spare servers?",
                        Optional.empty());
            }
            Optional<Duration> maxAge = read(path, entries.get("maxAge"), "a duration such as 1h", Durations::parse);
            Optional<MemorySize> budget =
                    read(path, entries.get("memoryBudget"), "a memory size such as 8g", MemorySize::parse);
            Optional<Declaration> server = pooledServer(path, entries.get("server"), entry);
            if (size.isPresent() && server.isPresent()) {
                pools.put(new ServerName(name), new PoolSettings(size.get(), maxAge, budget, server.get()));
            }
        }

        private <T> Optional<T> read(String path, @Nullable Entry entry, String what, Function<String, T> reader) {
            if (entry == null) {
                return Optional.empty();
            }
            String text = entry.value() instanceof Scalar scalar ? scalar.text() : null;
            try {
                if (text != null) {
                    return Optional.of(reader.apply(text));
                }
            } catch (IllegalArgumentException e) {
                // Said below, as for what is no text at all.
            }
            error(
                    Optional.of(entry.value().place()),
                    path,
                    (text == null ? "must be " : "'" + Texts.shown(text) + "' is not ") + what,
                    Optional.empty());
            return Optional.empty();
        }

        /** The name of a server that this file declares, or the keys of one; its ports aren't used. */
        private Optional<Declaration> pooledServer(String path, @Nullable Entry entry, Entry pool) {
            Map<String, Location> places = new HashMap<>();
            places.put("", pool.keyPlace());
            Optional<Declaration> found =
                    Optional.of(new Declaration(Declaration.empty().tree(), places));
            if (entry != null && entry.value() instanceof Scalar scalar && scalar.text() != null) {
                found = servers.entrySet().stream()
                        .filter(known -> known.getKey().value().equals(scalar.text()))
                        .map(Map.Entry::getValue)
                        .findFirst();
                if (found.isEmpty()) {
                    error(
                            Optional.of(entry.value().place()),
                            path + ".server",
                            "the file declares no server '" + Texts.shown(scalar.text()) + "'",
                            Nearest.of(
                                    scalar.text(),
                                    servers.keySet().stream()
                                            .map(ServerName::value)
                                            .toList()));
                    return Optional.empty();
                }
            } else if (entry != null) {
                Optional<Mapping> mapping = mapping(path + ".server", entry);
                if (mapping.isPresent()) {
                    found = YamlTree.json(mapping.get(), places)
                            .map(json -> new Declaration((ObjectNode) json, places));
                }
            }
            return found.map(declaration -> {
                ObjectNode tree = declaration.tree();
                absolutePaths(tree);
                tree.remove("port");
                tree.remove("uiPort");
                return new Declaration(tree, places);
            });
        }

        private void daemon(Entry entry) {
            mapping("daemon", entry).ifPresent(mapping -> {
                mapping.entries().forEach((key, value) -> {
                    if (!DAEMON_KEYS.contains(key)) {
                        unknown("daemon." + Texts.shown(key), key, value, DAEMON_KEYS);
                    }
                });
                OptionalInt health = port(mapping, "healthPort");
                OptionalInt tcp = port(mapping, "tcpPort");
                if (health.isPresent() && health.equals(tcp)) {
                    error(
                            Optional.ofNullable(mapping.entries().get("tcpPort"))
                                    .map(Entry::keyPlace),
                            "daemon.tcpPort",
                            "is " + tcp.getAsInt() + ", as healthPort; give each a port of its own",
                            Optional.empty());
                }
                daemon = new DaemonSettings(health, tcp, Optional.of(entry.keyPlace()));
            });
        }

        private OptionalInt port(Mapping mapping, String key) {
            Entry entry = mapping.entries().get(key);
            if (entry == null) {
                return OptionalInt.empty();
            }
            String text = entry.value() instanceof Scalar scalar ? scalar.text() : null;
            if (text != null && text.equals("off")) {
                return OptionalInt.empty();
            }
            if (text != null && text.matches("[1-9]\\d{3,4}")) {
                int port = Integer.parseInt(text);
                if (port >= 1024 && port <= 65535) {
                    return OptionalInt.of(port);
                }
            }
            error(
                    Optional.of(entry.value().place()),
                    "daemon." + key,
                    (text == null ? "must be" : "'" + Texts.shown(text) + "' is not")
                            + " a port from 1024 to 65535, or off",
                    Optional.empty());
            return OptionalInt.empty();
        }

        private void error(Optional<Location> where, String key, String message, Optional<String> suggestion) {
            Rule rule = key.equals(NAME) ? Rule.FILE : Rule.FIELD;
            problems.add(new Problem(Problem.Severity.ERROR, rule, where, key, message, suggestion, Optional.empty()));
        }
    }
}
