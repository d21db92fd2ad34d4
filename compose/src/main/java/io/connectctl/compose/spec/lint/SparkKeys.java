package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The configuration keys of one line of Spark's versions (3.5, 4.0, ...), from the catalogue that {@code compose/src/catalogue}
 * makes of Spark's own jars.
 *
 * <p>The catalogue is read on first use and searched as the text it is: a start looks up a handful of keys, and that is done
 * sooner than any map of all of them is made.
 */
final class SparkKeys {
    /** How a key is known. */
    enum Kind {
        /** Read once, at the start. */
        START,
        /** Of a session's configuration, with the start's value for its default. */
        SESSION,
        /** Of sessions' configuration, but fixed at the start. */
        STATIC,
        /** The old name of another key. */
        OLD,
        /** Read no more; Spark warns. */
        DEPRECATED,
        /** Read no more, as Spark's own list says. */
        REMOVED,
        /** Named in Spark's code without a type. */
        NAMED
    }

    /**
     * One key.
     *
     * @param name the key
     * @param kind how it is known
     * @param deprecated true if Spark calls it deprecated
     * @param type what its value must be, as the catalogue writes it; empty where nothing is known
     * @param defaultValue its default; empty where nothing is known
     * @param since the version it came with; for OLD, DEPRECATED and REMOVED the one in which it became so
     * @param instead what to use instead
     */
    record Key(
            String name,
            Kind kind,
            boolean deprecated,
            String type,
            String defaultValue,
            String since,
            List<String> instead) {
        Key {
            instead = List.copyOf(instead);
        }

        /** True if Spark declares it, with a type. */
        boolean isDeclared() {
            return kind == Kind.START || kind == Kind.SESSION || kind == Kind.STATIC;
        }
    }

    /** Both files, read once. */
    private static final class Catalogue {
        static final String TEXT = text("spark-keys.tsv");
        static final List<SparkVersion> VERSIONS = Arrays.stream(
                        TEXT.substring(0, TEXT.indexOf('\n')).split(" ", -1))
                .map(each -> SparkVersion.parse(each.substring(each.indexOf('=') + 1)))
                .toList();
        static final Set<String> READ_AT_START =
                text("read-at-start.txt").lines().collect(Collectors.toUnmodifiableSet());

        private static String text(String name) {
            try (InputStream in = SparkKeys.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("the resource " + name + " isn't packaged");
                }
                return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                throw new UncheckedIOException("the resource " + name + " can't be read", e);
            }
        }
    }

    /** A line of the catalogue: which versions it is true of, and the key. */
    private record Row(String letters, Key key) {
        boolean isOf(SparkVersion version, int index) {
            SparkVersion one = Catalogue.VERSIONS.get(index);
            return one.major() == version.major()
                    && one.minor() == version.minor()
                    && letters.indexOf('a' + index) >= 0;
        }

        int first() {
            return letters.charAt(0) - 'a';
        }
    }

    private final SparkVersion version;
    /** The index of the catalogued version that is nearest below, else nearest above, within the line. */
    private final int nearest;

    private SparkKeys(SparkVersion version, int nearest) {
        this.version = version;
        this.nearest = nearest;
    }

    /** The keys of this version's line; empty for a line that isn't catalogued. */
    static Optional<SparkKeys> of(SparkVersion version) {
        int nearest = -1;
        for (int i = 0; i < Catalogue.VERSIONS.size(); i++) {
            SparkVersion one = Catalogue.VERSIONS.get(i);
            if (one.major() == version.major()
                    && one.minor() == version.minor()
                    && (nearest < 0 || one.compareTo(version) <= 0)) {
                nearest = i;
            }
        }
        return nearest < 0 ? Optional.empty() : Optional.of(new SparkKeys(version, nearest));
    }

    /** Every line that is catalogued, such as {@code 4.0}. */
    static List<String> lines() {
        return Catalogue.VERSIONS.stream()
                .map(one -> one.major() + "." + one.minor())
                .distinct()
                .toList();
    }

    /** True if a value of no type was seen to keep Spark from starting, in each version that was tried. */
    static boolean isReadAtStart(String name) {
        return Catalogue.READ_AT_START.contains(name);
    }

    /** The key in this version. */
    Optional<Key> find(String name) {
        List<Row> rows = rows(name);
        Optional<Row> exact = rows.stream()
                .filter(row -> row.letters.indexOf('a' + nearest) >= 0)
                .findFirst();
        Optional<Row> sibling = rows.stream()
                .filter(row -> here(row))
                // A patch release may lack a module in Maven Central; its declaration in another one tells more than a
                // mention.
                .max(java.util.Comparator.comparing(row -> row.key.isDeclared()));
        Optional<Row> found = exact.filter(row -> row.key.kind != Kind.NAMED)
                .or(() -> sibling)
                .or(() -> exact);
        return found.or(() -> between(rows)).map(Row::key);
    }

    /** What a line before and a line after have is there in between: a module may not be published for it. */
    private Optional<Row> between(List<Row> rows) {
        boolean before = rows.stream().anyMatch(row -> row.first() < nearest && row.key.kind != Kind.REMOVED);
        Optional<Row> after = rows.stream()
                .filter(row -> row.letters.charAt(row.letters.length() - 1) - 'a' > nearest)
                .findFirst();
        // Or it says itself that it is older.
        return after.filter(row -> before || (!isLater(row.key) && row.key.kind != Kind.NAMED));
    }

    private boolean here(Row row) {
        for (int i = 0; i < Catalogue.VERSIONS.size(); i++) {
            if (row.isOf(version, i)) {
                return true;
            }
        }
        return false;
    }

    private boolean isLater(Key key) {
        String[] parts = key.since.split("\\.", -1);
        try {
            int major = Integer.parseInt(parts[0]);
            int minor = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
            return major > version.major() || (major == version.major() && minor > version.minor());
        } catch (NumberFormatException e) {
            return true; // it doesn't say
        }
    }

    /** The key in another version, where this one hasn't got it: the next later one, else the last earlier one. */
    Optional<Key> elsewhere(String name) {
        return rows(name).stream().map(Row::key).filter(Key::isDeclared).findFirst();
    }

    /** The first catalogued version after this one that declares a key; empty if only earlier ones did. */
    Optional<SparkVersion> laterVersion(String name) {
        return rows(name).stream()
                .filter(row -> row.key.isDeclared())
                .map(row -> row.first())
                .filter(first -> first > nearest)
                .min(Integer::compare)
                .map(Catalogue.VERSIONS::get);
    }

    /** Every key that this version declares, for suggestions. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        Catalogue.TEXT.lines().skip(1).forEach(line -> {
            Row row = row(line);
            if (row.key.isDeclared() && !row.key.deprecated && here(row)) {
                names.add(row.key.name);
            }
        });
        return names;
    }

    /** What stands between the first two dots of Spark's own keys, of any version: {@code sql}, {@code executor}, ... */
    static Set<String> families() {
        Set<String> families = new TreeSet<>();
        Catalogue.TEXT.lines().skip(1).map(SparkKeys::row).forEach(row -> {
            if (row.key.isDeclared()) {
                families.add(family(row.key.name));
            }
        });
        return families;
    }

    /** What stands between the first two dots of a key. */
    static String family(String name) {
        int first = name.indexOf('.');
        int second = name.indexOf('.', first + 1);
        return name.substring(first + 1, second < 0 ? name.length() : second);
    }

    private static List<Row> rows(String name) {
        List<Row> rows = new ArrayList<>();
        String text = Catalogue.TEXT;
        String needle = "\t" + name + "\t";
        for (int at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
            int start = text.lastIndexOf('\n', at) + 1;
            Row row = row(text.substring(start, text.indexOf('\n', at)));
            if (row.key.name.equals(name)) {
                rows.add(row);
            }
        }
        return rows;
    }

    private static Row row(String line) {
        String[] fields = Arrays.copyOf(line.split("\t", -1), 7);
        String[] kinds = fields[2].split(",", -1);
        List<String> marks = List.of(kinds);
        return new Row(
                fields[0],
                new Key(
                        fields[1],
                        Kind.valueOf(kinds[0].toUpperCase(java.util.Locale.ROOT)),
                        marks.contains("deprecated"),
                        orEmpty(fields[3]),
                        orEmpty(fields[4]),
                        orEmpty(fields[5]),
                        orEmpty(fields[6]).isEmpty()
                                ? List.of()
                                : List.of(orEmpty(fields[6]).split("\\|", -1))));
    }

    private static String orEmpty(@org.jspecify.annotations.Nullable String text) {
        return text == null ? "" : text;
    }
}
