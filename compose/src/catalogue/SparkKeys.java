import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the catalogue of Spark's configuration keys from Spark's own jars; see {@code run} beside it. Never part of the
 * product: it is run by a maintainer for a new Spark, and what it wrote is committed.
 *
 * <p>{@code read FOLDER} prints the keys of the Spark whose jars lie in a folder, {@code merge VERSION=FILE...} makes one
 * file of several such lists. Only names, types, defaults and versions are taken, nothing of Spark's documentation.
 */
public final class SparkKeys {
    private static final String CONFIG = "org/apache/spark/internal/config/";
    private static final Pattern NAME = Pattern.compile("spark\\.[A-Za-z][\\w-]*(?:\\.[\\w-]+)*");
    private static final Pattern MENTIONED = Pattern.compile("spark\\.[a-zA-Z0-9]+(?:\\.[a-zA-Z0-9_]+)+");
    private static final String PROBE = "connectctl?";
    private static final Map<String, Long> TIMES =
            Map.of("us", 1L, "ms", 1000L, "s", 1_000_000L, "m", 60_000_000L, "h", 3_600_000_000L, "d", 86_400_000_000L);
    private static final Map<String, Long> SIZES =
            Map.of("b", 1L, "k", 1L << 10, "m", 1L << 20, "g", 1L << 30, "t", 1L << 40);

    private final List<Path> jars = new ArrayList<>();
    private final ClassLoader loader;
    private final Set<String> fromMachine = new HashSet<>();

    private SparkKeys(Path folder) throws IOException {
        List<URL> urls = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.jar")) {
            for (Path jar : found) {
                urls.add(jar.toUri().toURL());
                if (String.valueOf(jar.getFileName()).startsWith("spark-")) {
                    jars.add(jar);
                }
            }
        }
        loader = new URLClassLoader(urls.toArray(URL[]::new));
        for (String property : List.of("user.dir", "user.home", "user.name", "user.timezone", "java.io.tmpdir")) {
            fromMachine.add(System.getProperty(property, PROBE));
        }
        InetAddress here = InetAddress.getLocalHost();
        fromMachine.addAll(List.of(here.getHostName(), here.getHostAddress(), here.getCanonicalHostName()));
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("read")) {
            new SparkKeys(Path.of(arguments[1])).read().values().forEach(line -> System.out.println(String.join("\t", line)));
            // A library's threads shall not keep it from ending.
            System.out.flush();
            System.exit(0);
        }
        merge(List.of(arguments).subList(1, arguments.length));
    }

    /** Key to its fields: key, kind, type, default, since, instead. */
    private TreeMap<String, String[]> read() throws Exception {
        Thread.currentThread().setContextClassLoader(loader);
        Set<String> mentioned = new TreeSet<>();
        for (String name : objects(mentioned)) {
            try {
                Class.forName(name, true, loader);
            } catch (Throwable e) {
                System.err.println("not read: " + name + ": " + e);
            }
        }
        Object sql = module("org.apache.spark.sql.internal.SQLConf$");
        Object spark = module("org.apache.spark.SparkConf$");
        Collection<?> statics = (Collection<?>) field(sql, "staticConfKeys");
        Map<?, ?> session = (Map<?, ?>) field(sql, "sqlConfEntries");
        TreeMap<String, String[]> lines = new TreeMap<>();
        Map<?, ?> entries = (Map<?, ?>) call(module("org.apache.spark.internal.config.ConfigEntry$"), "knownConfigs");
        for (Object entry : entries.values()) {
            String key = (String) call(entry, "key");
            String kind = statics.contains(key) ? "static" : session.containsKey(key) ? "session" : "start";
            boolean internal = !(boolean) call(entry, "isPublic");
            put(lines, key, kind + (internal ? ",internal" : ""), type(entry), defaultOf(entry), text(call(entry, "version")), "");
            for (Object old : seq(call(entry, "alternatives"))) {
                lines.putIfAbsent((String) old, line((String) old, "old", "", "", "", key));
            }
        }
        for (Object pair : seq(call(call(spark, "org$apache$spark$SparkConf$$configsWithAlternatives"), "toSeq"))) {
            for (Object old : seq(call(pair, "_2"))) {
                String key = (String) call(old, "key");
                put(lines, key, "old", "", "", text(call(old, "version")), (String) call(pair, "_1"));
            }
        }
        deprecated(lines, field(spark, "deprecatedConfigs"), "deprecationMessage", "deprecated");
        deprecated(lines, call(sql, "deprecatedSQLConfigs"), "comment", "deprecated");
        deprecated(lines, call(sql, "removedSQLConfigs"), "comment", "removed");
        for (String key : mentioned) {
            lines.putIfAbsent(key, line(key, "named", "", "", "", ""));
        }
        return lines;
    }

    /** The comment is for people and stays where it is; a key that it names is what to use instead. */
    private static void deprecated(TreeMap<String, String[]> lines, Object map, String comment, String kind) throws Exception {
        for (Object pair : seq(call(map, "toSeq"))) {
            Object config = call(pair, "_2");
            String key = (String) call(config, "key");
            Set<String> instead = new TreeSet<>();
            Matcher matcher = MENTIONED.matcher(text(call(config, comment)));
            while (matcher.find()) {
                if (!matcher.group().equals(key)) {
                    instead.add(matcher.group());
                }
            }
            String[] known = lines.getOrDefault(key, line(key, "", "", "", "", ""));
            String kinds = known[1].isEmpty() || known[1].equals("old") ? kind : known[1] + "," + kind;
            String newer = instead.isEmpty() ? known[5] : String.join("|", instead);
            put(lines, key, kinds, known[2], known[3], text(call(config, "version")), newer);
        }
    }

    private static void put(TreeMap<String, String[]> lines, String... fields) {
        lines.put(fields[0], line(fields));
    }

    private static String[] line(String... fields) {
        for (int i = 0; i < fields.length; i++) {
            fields[i] = fields[i].replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
        }
        return fields;
    }

    private static String text(Object value) {
        return value == null ? "" : value.toString();
    }

    /** Scala objects that declare keys; {@code mentioned} gets every text in Spark's code that looks like a key. */
    private List<String> objects(Set<String> mentioned) throws IOException {
        List<String> names = new ArrayList<>();
        for (Path jar : jars) {
            try (JarFile file = new JarFile(jar.toFile())) {
                for (JarEntry entry : (Iterable<JarEntry>) file.stream().sorted(java.util.Comparator.comparing(JarEntry::getName))::iterator) {
                    if (!entry.getName().startsWith("org/apache/spark/") || !entry.getName().endsWith(".class")) {
                        continue;
                    }
                    byte[] bytes;
                    try (InputStream in = file.getInputStream(entry)) {
                        bytes = in.readAllBytes();
                    }
                    texts(bytes).stream().filter(text -> NAME.matcher(text).matches()).forEach(mentioned::add);
                    String raw = new String(bytes, StandardCharsets.ISO_8859_1);
                    if (entry.getName().endsWith("$.class") && raw.contains(CONFIG)) {
                        names.add(entry.getName().replace('/', '.').substring(0, entry.getName().length() - 6));
                    }
                }
            }
        }
        return names;
    }

    /** The texts of a class file's constant pool (JVM specification, 4.4). */
    private static List<String> texts(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        in.readLong();
        int count = in.readUnsignedShort();
        Map<Integer, String> utf8 = new HashMap<>();
        List<Integer> strings = new ArrayList<>();
        for (int i = 1; i < count; i++) {
            int tag = in.readUnsignedByte();
            switch (tag) {
                case 1 -> utf8.put(i, in.readUTF());
                case 8 -> strings.add(in.readUnsignedShort());
                case 7, 16, 19, 20 -> in.skipBytes(2);
                case 15 -> in.skipBytes(3);
                case 5, 6 -> {
                    in.skipBytes(8);
                    i++;
                }
                default -> in.skipBytes(4);
            }
        }
        return strings.stream().map(utf8::get).toList();
    }

    private String defaultOf(Object entry) throws Exception {
        String value = text(call(entry, "defaultValueString"));
        // Long ones are lists of class names that nobody compares with.
        boolean here = fromMachine.stream().anyMatch(known -> known.length() > 3 && value.contains(known));
        return here || value.length() > 100 ? "<computed>" : value;
    }

    /** What a value must be, found by offering some: the type itself lies hidden in a closure. */
    private String type(Object entry) throws Exception {
        Object converter = call(entry, "valueConverter");
        Object probed = offer(converter, PROBE);
        if (!(probed instanceof Throwable)) {
            return isSeq(probed) ? "list" : "text";
        }
        List<String> options = options(String.valueOf(((Throwable) probed).getMessage()));
        // Options that are lists themselves can't be told from their parts.
        if (new HashSet<>(options).size() < options.size()) {
            return "checked";
        }
        if (!options.isEmpty()) {
            boolean anyCase = options.stream().noneMatch(each -> offer(converter, each.toLowerCase(Locale.ROOT)) instanceof Throwable
                    || offer(converter, each.toUpperCase(Locale.ROOT)) instanceof Throwable);
            return (anyCase ? "anycase:" : "enum:") + String.join("|", options);
        }
        if (offer(converter, "true") instanceof Boolean) {
            return "boolean";
        }
        // Not m, which is minutes and MiB, and not d, which a floating-point number may end in.
        String time = unit(converter, List.of("1h", "1s", "100ms"), TIMES);
        String size = unit(converter, List.of("1g", "4096k", "16k", "1t"), SIZES);
        if (!time.isEmpty() && size.isEmpty()) {
            return "time:" + time + bounds(converter);
        }
        if (!size.isEmpty() && time.isEmpty()) {
            return "bytes:" + size + bounds(converter);
        }
        Object number = first(converter, "1", "0", "2", "3", "10", "100", "1024", "4096", "65536", "-1", "0.5");
        if (number instanceof Integer) {
            return "int" + bounds(converter);
        }
        if (number instanceof Long) {
            return "long" + bounds(converter);
        }
        if (number instanceof Double) {
            return "double" + bounds(converter);
        }
        return "checked";
    }

    /** The unit that bare numbers are counted in: what comes of a value with a unit tells. */
    private static String unit(Object converter, List<String> offers, Map<String, Long> units) {
        for (String text : offers) {
            if (offer(converter, text) instanceof Number number && number.longValue() != 0) {
                long whole = Long.parseLong(text.replaceAll("[a-z]", "")) * units.get(text.replaceAll("\\d", ""));
                return units.entrySet().stream()
                        .filter(each -> each.getValue() * number.longValue() == whole)
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse("");
            }
        }
        return "";
    }

    private static String bounds(Object converter) {
        boolean negative = accepts(converter, "-1");
        boolean zero = accepts(converter, "0");
        boolean one = accepts(converter, "1");
        String least = negative ? "" : zero ? ">=0" : one ? ">0" : "";
        boolean unit = !accepts(converter, "1.5") && offer(converter, "0.5") instanceof Double;
        return least + (unit ? one ? "<=1" : "<1" : "");
    }

    private static boolean accepts(Object converter, String value) {
        return !(offer(converter, value) instanceof Throwable);
    }

    private static Object first(Object converter, String... values) {
        for (String value : values) {
            Object result = offer(converter, value);
            if (!(result instanceof Throwable)) {
                return result;
            }
        }
        return null;
    }

    /** The options that a refusal names. */
    private static List<String> options(String message) {
        for (String shape : List.of("should be one of ([^\\n]*), but was", "should be one of the options:? *\\[?([^\\n\\]]*?)\\]?\\.? ?(?:SQLSTATE.*)?$",
                "It should be one of ([^\\n]*?)\\.? ?(?:SQLSTATE.*)?$", "one of the options ([^\\n]*?)\\.? ?(?:SQLSTATE.*)?$")) {
            Matcher matcher = Pattern.compile(shape, Pattern.MULTILINE).matcher(message);
            if (matcher.find()) {
                return List.of(matcher.group(1).replace("[", "").replace("]", "").split(",\\s*")).stream()
                        .map(each -> each.replace("'", "").strip()).filter(each -> each.matches("[\\w.-]+")).sorted().toList();
            }
        }
        return List.of();
    }

    /** What comes of a value: unwrapped from an Option, or what was thrown. */
    private static Object offer(Object converter, String value) {
        try {
            Method apply = converter.getClass().getMethod("apply", Object.class);
            apply.setAccessible(true);
            Object result = apply.invoke(converter, value);
            return result != null && result.getClass().getName().equals("scala.Some") ? call(result, "get") : result;
        } catch (java.lang.reflect.InvocationTargetException e) {
            return e.getCause();
        } catch (Exception e) {
            return e;
        }
    }

    private boolean isSeq(Object value) throws Exception {
        return value != null && loader.loadClass("scala.collection.Iterable").isInstance(value)
                && !value.getClass().getName().startsWith("scala.None");
    }

    private Object module(String name) throws Exception {
        return Class.forName(name, true, loader).getField("MODULE$").get(null);
    }

    private static Object call(Object target, String name) throws Exception {
        for (Class<?> type = target.getClass(); type != null; type = type.getSuperclass()) {
            for (Method method : type.getDeclaredMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == 0) {
                    method.setAccessible(true);
                    return method.invoke(target);
                }
            }
        }
        // A trait's default method.
        Method method = target.getClass().getMethod(name);
        method.setAccessible(true);
        return method.invoke(target);
    }

    private static Object field(Object module, String name) throws Exception {
        Field field = module.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(module);
    }

    private static List<Object> seq(Object seq) throws Exception {
        List<Object> items = new ArrayList<>();
        Object iterator = call(seq, "iterator");
        while ((boolean) call(iterator, "hasNext")) {
            items.add(call(iterator, "next"));
        }
        return items;
    }

    /** One line for all versions in which a key looks the same: the versions' letters, then its fields. */
    private static void merge(List<String> files) throws IOException {
        List<String> versions = new ArrayList<>();
        TreeMap<String, Map<String, String>> lines = new TreeMap<>();
        for (String file : files) {
            String letter = String.valueOf((char) ('a' + versions.size()));
            versions.add(letter + "=" + file.substring(0, file.indexOf('=')));
            for (String line : Files.readAllLines(Path.of(file.substring(file.indexOf('=') + 1)))) {
                String key = line.substring(0, line.indexOf('\t'));
                lines.computeIfAbsent(key, k -> new LinkedHashMap<>())
                        .merge(line.replaceAll("\t+$", "").substring(key.length()), letter, String::concat);
            }
        }
        System.out.println(String.join(" ", versions));
        lines.forEach((key, shapes) -> shapes.forEach((rest, letters) -> System.out.println(letters + "\t" + key + rest)));
    }
}
