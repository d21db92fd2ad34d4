package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads and checks the keys {@code image} and {@code container}. */
final class ContainerReader {
    private static final List<String> KEYS =
            List.of("memory", "overhead", "pidsLimit", "tmpfs", "networks", "volumes", "extraHosts", "loosen");
    private static final int LEAST_PIDS = 64;
    private static final int MOST_PIDS = 1 << 20;

    /** The grammar of image references (distribution/reference): {@code [host[:port]/]path[:tag][@digest]}. */
    private static final Pattern IMAGE = Pattern.compile("(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\\d{1,5})?/)?"
            + "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*"
            + "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?");

    private static final Pattern NETWORK = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}");
    private static final Pattern VOLUME =
            Pattern.compile("(?:/[^:]*|[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}):/[^:]+(?::(?:ro|rw|z|Z)(?:,(?:ro|rw|z|Z))*)?");
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?:(?:[0-9a-fA-F.:]+|host-gateway)");

    private final ObjectNode tree;
    private final Findings findings;

    ContainerReader(ObjectNode tree, Findings findings) {
        this.tree = tree;
        this.findings = findings;
    }

    ContainerSpec read(MemorySize heap) {
        ContainerSpec standard = Defaults.CONTAINER;
        Optional<String> image = text("/image", tree.get("image"));
        image.filter(name -> !IMAGE.matcher(name).matches())
                .ifPresent(name -> findings.error(
                        "/image",
                        "'" + Texts.shown(name)
                                + "' is no image: write a name in lower case with a tag, such as apache/spark:4.0.1"));
        JsonNode node = tree.get("container");
        if (node == null || node.isNull()) {
            return new ContainerSpec(
                    image,
                    Optional.empty(),
                    Optional.empty(),
                    standard.pidsLimit(),
                    standard.tmpfs(),
                    List.of(),
                    List.of(),
                    List.of(),
                    Set.of());
        }
        if (!(node instanceof ObjectNode container)) {
            findings.error("/container", "must be a mapping with keys " + String.join(", ", KEYS));
            return standard;
        }
        container.fieldNames().forEachRemaining(key -> {
            if (!KEYS.contains(key)) {
                findings.of(Rule.UNKNOWN_FIELD)
                        .unknown(
                                "/container" + Declaration.pointer(key),
                                "unknown key '" + Texts.shown(key) + "'; known are " + String.join(", ", KEYS) + ".",
                                Nearest.of(key, KEYS));
            }
        });
        ContainerSpec read = new ContainerSpec(
                image,
                size(container, "memory"),
                size(container, "overhead"),
                pids(container),
                size(container, "tmpfs").orElse(standard.tmpfs()),
                networks(container),
                list(
                        container,
                        "volumes",
                        VOLUME,
                        "no mount: write SOURCE:/path or SOURCE:/path:ro, the source being a volume's name or an absolute path"),
                list(container, "extraHosts", HOST, "no host: write name:address, such as metastore:10.0.0.7"),
                loosen(container));
        memory(read, heap);
        return read;
    }

    /** On the host's own network nothing is published, so the server would listen on every address, and none is told; on none, nowhere. */
    private List<String> networks(ObjectNode container) {
        List<String> networks = list(container, "networks", NETWORK, "no network: write its name, such as frontend");
        for (String network : networks) {
            if (network.equals("host") || network.equals("none")) {
                findings.error(
                        "/container/networks",
                        "'" + network + "' is no network of containers: "
                                + (network.equals("host")
                                        ? "the server would listen on all of the machine's addresses, unprotected; to be reached from"
                                                + " elsewhere declare expose: all with auth: token"
                                        : "nobody would reach the server")
                                + "; name a network that 'docker network create' made, or leave it out");
            }
        }
        return networks;
    }

    private void memory(ContainerSpec read, MemorySize heap) {
        MemorySize least = ContainerSpec.LEAST_OVERHEAD;
        if (read.memory().isPresent() && read.overhead().isPresent()) {
            findings.error(
                    "/container/overhead",
                    "memory and overhead are both declared: one of them says it all, delete the other");
        } else if (read.memory().isPresent() && read.overheadFor(heap).compareTo(least) < 0) {
            findings.of(Rule.CONTAINER_MEMORY)
                    .error(
                            "/container/memory",
                            read.memory().get() + " is too small for a heap of " + heap
                                    + " (driverMemory): a JVM needs at least "
                                    + least + " beyond it; write at least "
                                    + new MemorySize(heap.bytes() + least.bytes()) + ", or lower driverMemory");
        } else if (read.overhead().isPresent() && read.overhead().get().compareTo(least) < 0) {
            findings.of(Rule.CONTAINER_MEMORY)
                    .error(
                            "/container/overhead",
                            read.overhead().get() + " is too small: a JVM needs at least " + least
                                    + " beyond its heap");
        }
    }

    private Optional<MemorySize> size(ObjectNode container, String key) {
        String pointer = "/container/" + key;
        Optional<String> text = text(pointer, container.get(key));
        try {
            return text.map(MemorySize::parse);
        } catch (IllegalArgumentException e) {
            findings.error(
                    pointer,
                    "'" + Texts.shown(text.orElse(""))
                            + "' is no memory size: write a whole number and a unit (k, m, g, t),"
                            + " such as 512m or 2g.",
                    ConfRules.memorySuggestion(text.orElse("")));
            return Optional.empty();
        }
    }

    private int pids(ObjectNode container) {
        Optional<String> text = text("/container/pidsLimit", container.get("pidsLimit"));
        if (text.isEmpty()) {
            return Defaults.CONTAINER.pidsLimit();
        }
        if (text.get().matches("\\d{1,7}")) {
            int number = Integer.parseInt(text.get());
            if (number >= LEAST_PIDS && number <= MOST_PIDS) {
                return number;
            }
        }
        findings.error(
                "/container/pidsLimit",
                "'" + Texts.shown(text.get()) + "' is no whole number from " + LEAST_PIDS + " to " + MOST_PIDS
                        + ": an idle server has some 100 threads, and each counts; 'loosen: [pids]' lifts the limit");
        return Defaults.CONTAINER.pidsLimit();
    }

    private Set<Loosening> loosen(ObjectNode container) {
        Map<String, Loosening> parts = new LinkedHashMap<>();
        for (Loosening part : Loosening.values()) {
            parts.put(SpecWriter.word(part), part);
        }
        List<String> words = List.copyOf(parts.keySet());
        Set<Loosening> loosened = EnumSet.noneOf(Loosening.class);
        List<String> written = list(container, "loosen", null, "");
        for (int i = 0; i < written.size(); i++) {
            Loosening part = parts.get(written.get(i));
            if (part != null) {
                loosened.add(part);
            } else {
                findings.error(
                        "/container/loosen/" + i,
                        "'" + Texts.shown(written.get(i)) + "' isn't known here: write " + Texts.oneOf(words) + ".",
                        Nearest.of(written.get(i), words));
            }
        }
        return loosened;
    }

    private List<String> list(ObjectNode container, String key, @Nullable Pattern shape, String problem) {
        List<String> texts = new ArrayList<>();
        JsonNode node = container.get(key);
        if (node == null || node.isNull()) {
            return texts;
        }
        if (!(node instanceof ArrayNode array)) {
            findings.error("/container/" + key, "must be a list");
            return texts;
        }
        for (int i = 0; i < array.size(); i++) {
            String pointer = "/container/" + key + "/" + i;
            Optional<String> text = text(pointer, array.get(i));
            if (text.isPresent() && shape != null && !shape.matcher(text.get()).matches()) {
                findings.error(pointer, "'" + Texts.shown(text.get()) + "' is " + problem);
            } else {
                text.ifPresent(texts::add);
            }
        }
        return texts;
    }

    private Optional<String> text(String pointer, @Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return Optional.empty();
        }
        if (node.isContainerNode()
                || !Texts.isWritable(node.asText())
                || node.asText().isBlank()) {
            findings.error(pointer, "must be a single text that isn't empty");
            return Optional.empty();
        }
        return Optional.of(node.asText());
    }

    /** What of a whole declaration belongs to another runtime than its own. */
    static void checkAgainst(ServerSpec spec, ObjectNode tree, Findings findings) {
        if (spec.runtime().equals("docker")) {
            for (String key : List.of("javaHome", "sparkHome")) {
                if (tree.hasNonNull(key)) {
                    findings.error(
                            "/" + key,
                            "is a folder of this machine, which a container doesn't have: delete it and declare an"
                                    + " image, or write 'runtime: process'");
                }
            }
        }
        if (spec.runtime().equals("process")) {
            for (String key : List.of("image", "container")) {
                if (tree.hasNonNull(key)) {
                    findings.warning("/" + key, "has no effect on a process: delete it, or write 'runtime: docker'");
                }
            }
        }
    }
}
