package io.connectctl.compose.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * A YAML text as a tree that knows the place of every key and value. Made from the parser's events, not by a binding: so
 * every scalar stays the text that was written ({@code 4.0}, {@code off} and {@code 015} are no number or boolean here), and
 * no resolver has to be loaded on the CLI's way.
 */
final class YamlTree {
    private static final int DEEPEST = 40;
    private static final Set<String> PLAIN_TAGS = Set.of(
            "!",
            "tag:yaml.org,2002:str",
            "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:float",
            "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:map",
            "tag:yaml.org,2002:seq");

    /** Aliases may repeat a part: enough for any real file, and an end to a bomb of aliases. */
    private static final int MOST_NODES = 20_000;

    /** A value with its place. */
    sealed interface Node {
        Location place();
    }

    /** A scalar as written; null where nothing, {@code null} or {@code ~} stands unquoted. */
    record Scalar(Location place, @Nullable String text) implements Node {}

    /** A list. */
    record Items(Location place, List<Node> items) implements Node {}

    /** A mapping: its entries by key, in order. */
    record Mapping(Location place, Map<String, Entry> entries) implements Node {}

    /** One entry of a mapping, with the place of its key. */
    record Entry(Location keyPlace, Node value) {}

    /** A problem that ends the reading. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Location place;

        Refused(Location place, String message) {
            super(message);
            this.place = place;
        }
    }

    private final String source;
    private final List<Problem> problems;
    private final Map<String, Node> anchors = new HashMap<>();
    private int nodes;

    private YamlTree(String source, List<Problem> problems) {
        this.source = source;
        this.problems = problems;
    }

    /** Reads a text; empty if it holds no document or can't be read, then {@code problems} says why. */
    static Optional<Node> read(String source, String text, List<Problem> problems) {
        return new YamlTree(source, problems).document(text);
    }

    private Optional<Node> document(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(Integer.MAX_VALUE);
        ParserImpl parser = new ParserImpl(new StreamReader(text), options);
        try {
            parser.getEvent();
            if (parser.checkEvent(Event.ID.StreamEnd)) {
                return Optional.empty();
            }
            parser.getEvent();
            Node root = node(parser, parser.getEvent(), 0);
            parser.getEvent();
            if (!parser.checkEvent(Event.ID.StreamEnd)) {
                throw new Refused(
                        place(parser.peekEvent().getStartMark()),
                        "a second YAML document starts here: connectctl.yaml is one document, remove the '---'");
            }
            return Optional.of(root);
        } catch (Refused e) {
            refuse(e.place, String.valueOf(e.getMessage()));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
            refuse(mark == null ? new Location(source, 1, 1) : place(mark), syntax(e));
        } catch (YAMLException e) {
            refuse(new Location(source, 1, 1), "this isn't YAML: " + e.getMessage());
        }
        return Optional.empty();
    }

    private static String syntax(MarkedYAMLException e) {
        String problem = String.valueOf(e.getProblem());
        if (problem.contains("\\t(TAB)")) {
            return "a tab stands here: YAML is indented by blanks only";
        }
        String context = e.getContext() == null ? "" : e.getContext() + ": ";
        return "this isn't YAML: " + context + problem.strip();
    }

    private void refuse(Location place, String message) {
        problems.add(new Problem(
                Problem.Severity.ERROR,
                Rule.FILE,
                Optional.of(place),
                ProjectFile.NAME,
                message,
                Optional.empty(),
                Optional.empty()));
    }

    private Location place(Mark mark) {
        return new Location(source, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private Node node(ParserImpl parser, Event event, int depth) throws Refused {
        Location place = place(event.getStartMark());
        count(place);
        if (depth > DEEPEST) {
            throw new Refused(place, "this is nested more than " + DEEPEST + " deep");
        }
        if (event instanceof AliasEvent alias) {
            Node known = anchors.get(alias.getAnchor());
            if (known == null) {
                throw new Refused(
                        place,
                        "the alias *" + alias.getAnchor() + " has no anchor &" + alias.getAnchor() + " before it");
            }
            return known;
        }
        Node read =
                switch (event.getEventId()) {
                    case Scalar -> scalar((ScalarEvent) event, place);
                    case SequenceStart -> {
                        checkTag(((CollectionStartEvent) event).getTag(), place);
                        yield items(parser, place, depth);
                    }
                    case MappingStart -> {
                        checkTag(((MappingStartEvent) event).getTag(), place);
                        yield mapping(parser, place, depth);
                    }
                    default -> throw new Refused(place, "this isn't YAML: unexpected " + event.getEventId());
                };
        String anchor = ((NodeEvent) event).getAnchor();
        if (anchor != null) {
            anchors.put(anchor, read);
        }
        return read;
    }

    private void count(Location place) throws Refused {
        if (++nodes > MOST_NODES) {
            throw new Refused(
                    place, "the file holds more than " + MOST_NODES + " values, aliases counted as often as used");
        }
    }

    private Scalar scalar(ScalarEvent event, Location place) throws Refused {
        String tag = event.getTag();
        String text = event.getValue();
        if ("tag:yaml.org,2002:null".equals(tag)) {
            return new Scalar(place, null);
        }
        checkTag(tag, place);
        boolean nothing =
                event.isPlain() && tag == null && (text.isEmpty() || text.equals("~") || text.equalsIgnoreCase("null"));
        return new Scalar(place, nothing ? null : text);
    }

    private static void checkTag(@Nullable String tag, Location place) throws Refused {
        if (tag != null && !PLAIN_TAGS.contains(tag)) {
            throw new Refused(place, "the tag " + tag + " isn't known here: write the value without it");
        }
    }

    private Items items(ParserImpl parser, Location place, int depth) throws Refused {
        List<Node> items = new ArrayList<>();
        while (!parser.checkEvent(Event.ID.SequenceEnd)) {
            items.add(node(parser, parser.getEvent(), depth + 1));
        }
        parser.getEvent();
        return new Items(place, items);
    }

    private Mapping mapping(ParserImpl parser, Location place, int depth) throws Refused {
        Map<String, Entry> entries = new LinkedHashMap<>();
        List<Node> merged = new ArrayList<>();
        while (!parser.checkEvent(Event.ID.MappingEnd)) {
            Event keyEvent = parser.getEvent();
            Location keyPlace = place(keyEvent.getStartMark());
            Node key = node(parser, keyEvent, depth + 1);
            Node value = node(parser, parser.getEvent(), depth + 1);
            if (!(key instanceof Scalar scalar) || scalar.text() == null) {
                throw new Refused(keyPlace, "a key must be a word");
            }
            if (scalar.text().equals("<<") && keyEvent instanceof ScalarEvent written && written.isPlain()) {
                merged.add(value);
                continue;
            }
            Entry before = entries.putIfAbsent(scalar.text(), new Entry(keyPlace, value));
            if (before != null) {
                problems.add(new Problem(
                        Problem.Severity.ERROR,
                        Rule.FILE,
                        Optional.of(keyPlace),
                        Texts.shown(scalar.text()),
                        "this key is already there at line " + before.keyPlace().line() + ": keep one of the two",
                        Optional.empty(),
                        Optional.empty()));
            }
        }
        parser.getEvent();
        for (Node other : merged) {
            merge(entries, other);
        }
        return new Mapping(place, entries);
    }

    /** YAML 1.1's merge key: what is written in the mapping itself wins, then the first of a list. */
    private void merge(Map<String, Entry> entries, Node other) throws Refused {
        if (other instanceof Mapping mapping) {
            for (Map.Entry<String, Entry> entry : mapping.entries().entrySet()) {
                count(entry.getValue().keyPlace());
                entries.putIfAbsent(entry.getKey(), entry.getValue());
            }
        } else if (other instanceof Items items && items.items().stream().allMatch(Mapping.class::isInstance)) {
            for (Node item : items.items()) {
                merge(entries, item);
            }
        } else {
            throw new Refused(other.place(), "'<<' takes a mapping or a list of mappings");
        }
    }

    /**
     * A part of the tree as JSON, the place of each of its values by pointer, and of each key by {@link Declaration#KEY} and
     * pointer; empty if aliases blow it up beyond all measure.
     */
    static Optional<JsonNode> json(Node node, Map<String, Location> places) {
        int[] left = {MOST_NODES};
        JsonNode json = json(node, "", 0, places, left);
        return left[0] < 0 ? Optional.empty() : Optional.of(json);
    }

    private static JsonNode json(Node node, String pointer, int depth, Map<String, Location> places, int[] left) {
        // Aliases in aliases nest deeper than the text does.
        if (depth > DEEPEST) {
            left[0] = 0;
        }
        if (--left[0] < 0) {
            return NullNode.instance;
        }
        places.put(pointer, node.place());
        if (node instanceof Mapping mapping) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            mapping.entries().forEach((key, entry) -> {
                String below = pointer + Declaration.pointer(key);
                places.put(Declaration.KEY + below, entry.keyPlace());
                object.set(key, json(entry.value(), below, depth + 1, places, left));
            });
            return object;
        }
        if (node instanceof Items items) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            for (int i = 0; i < items.items().size() && left[0] >= 0; i++) {
                array.add(json(items.items().get(i), pointer + "/" + i, depth + 1, places, left));
            }
            return array;
        }
        String text = ((Scalar) node).text();
        return text == null ? NullNode.instance : TextNode.valueOf(text);
    }
}
