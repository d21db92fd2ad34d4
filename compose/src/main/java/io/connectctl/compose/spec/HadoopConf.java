package io.connectctl.compose.spec;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * What connectctl itself must know of a Hadoop configuration: where the ResourceManager is. Spark reads the folder with Hadoop's own
 * classes; these few properties don't justify a hundred jars in the daemon. Read as Hadoop 3's Configuration reads them: final
 * properties, files that are included, and within values {@code ${name}}, {@code ${env.NAME}}, {@code ${env.NAME-default}},
 * {@code ${env.NAME:-default}} and Java's system properties. What is included from a URL that is no file's isn't read.
 *
 * @param properties name to value, as they are written
 * @param environment variables that the server is declared to have; of those that it inherits none is known here
 * @param inclusions what the files include and is there, as they name it
 */
public record HadoopConf(Map<String, String> properties, Map<String, String> environment, Set<String> inclusions) {
    /** The file without which there is no YARN to speak to: Hadoop's default, 0.0.0.0, is no cluster's. */
    public static final String YARN_SITE = "yarn-site.xml";

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}$\\s]{1,200})}");

    /** As Hadoop divides it: with a colon, an empty variable has the default, too. */
    private static final Pattern VARIABLE = Pattern.compile("env\\.([^:-]{1,200})(?:(:?-)(.*))?");

    /** A URL of another kind than {@code file:}. */
    private static final Pattern ELSEWHERE = Pattern.compile("(?!file:)[A-Za-z][A-Za-z0-9+.-]+:.*");

    /** As deep as Hadoop itself goes (Configuration.MAX_SUBST). */
    private static final int MOST_SUBSTITUTIONS = 20;

    /** Hadoop has no bound; files that include each other have no end. */
    private static final int DEEPEST_INCLUSION = 10;

    private static final String MANAGER = "yarn.resourcemanager.";

    public HadoopConf {
        properties = Map.copyOf(properties);
        environment = Map.copyOf(environment);
        inclusions = Set.copyOf(inclusions);
    }

    /**
     * Reads {@code core-site.xml} and {@code yarn-site.xml} of a folder; one that isn't there says nothing.
     *
     * @param environment variables that the server is declared to have
     * @throws IOException if one of them can't be read, or isn't a Hadoop configuration
     */
    public static HadoopConf of(Path folder, Map<String, String> environment) throws IOException {
        return of(folder, List.of("core-site.xml", YARN_SITE), environment);
    }

    /** The same of other files of the folder, the later one's values before the earlier one's. */
    public static HadoopConf of(Path folder, Collection<String> files, Map<String, String> environment)
            throws IOException {
        Reading reading = new Reading(folder);
        for (String name : files) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                reading.read(file, document(file), 0);
            }
        }
        return new HadoopConf(reading.properties, environment, reading.inclusions);
    }

    /** Without the variables, some of which may be secrets. */
    @Override
    public String toString() {
        return "HadoopConf" + properties;
    }

    private static Element document(Path file) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            // An entity that reads other files on the daemon's behalf is nothing it should follow; nor does Hadoop.
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
            factory.setFeature("http://xml.org/sax/features/external-general-entities", false);
            factory.setFeature("http://xml.org/sax/features/external-parameter-entities", false);
            factory.setExpandEntityReferences(false);
            factory.setNamespaceAware(true);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(file.toFile()).getDocumentElement();
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(file + " is no Hadoop configuration: " + e.getMessage(), e);
        }
    }

    /** What the files read so far come to. */
    private static final class Reading {
        private final Path folder;
        private final Map<String, String> properties = new TreeMap<>();
        private final Set<String> last = new HashSet<>();
        private final Set<String> inclusions = new TreeSet<>();

        Reading(Path folder) {
            this.folder = folder.normalize();
        }

        void read(Path file, Element within, int depth) throws IOException {
            for (Element element : elements(within)) {
                switch (Objects.requireNonNullElse(element.getLocalName(), "")) {
                    case "property" -> property(element);
                    case "include" -> include(file, element, depth);
                    case "configuration" -> read(file, element, depth);
                    default -> {
                        // Hadoop knows no other, and says nothing of them.
                    }
                }
            }
        }

        private void property(Element element) {
            Optional<String> name = said(element, "name").map(String::strip).filter(text -> !text.isEmpty());
            Optional<String> value = said(element, "value");
            if (name.isEmpty() || last.contains(name.get())) {
                return;
            }
            value.ifPresent(text -> properties.put(name.get(), text));
            if (said(element, "final").filter("true"::equals).isPresent()) {
                last.add(name.get());
            }
        }

        private void include(Path file, Element include, int depth) throws IOException {
            String href = include.getAttribute("href");
            if (depth >= DEEPEST_INCLUSION) {
                throw new IOException(
                        file + " includes '" + href + "', more than " + DEEPEST_INCLUSION + " files deep");
            }
            Optional<Path> named = local(href);
            if (named.filter(Files::isRegularFile).isPresent()) {
                inclusions.add(href);
                read(named.get(), document(named.get()), depth + 1);
                return;
            }
            if (ELSEWHERE.matcher(href).matches()) {
                return; // What is there, and whether its fallback is needed, only Hadoop finds out.
            }
            List<Element> fallbacks = elements(include).stream()
                    .filter(element -> "fallback".equals(element.getLocalName()))
                    .toList();
            if (fallbacks.isEmpty()) {
                throw new IOException(file + " includes '" + href + "', which isn't there (looked for in " + folder
                        + ", as Hadoop does), and has no fallback");
            }
            for (Element fallback : fallbacks) {
                read(file, fallback, depth + 1);
            }
        }

        /** Hadoop asks the class path, where the folder is: so from there also in a file of a subfolder, and never from above it. */
        private Optional<Path> local(String href) {
            try {
                if (href.startsWith("file:")) {
                    return Optional.of(Path.of(URI.create(href)));
                }
                Path path = folder.resolve(href).normalize();
                return Optional.of(path).filter(any -> href.startsWith("/") || path.startsWith(folder));
            } catch (IllegalArgumentException | FileSystemNotFoundException e) {
                return Optional.empty();
            }
        }
    }

    private static List<Element> elements(Element within) {
        List<Element> elements = new ArrayList<>();
        NodeList nodes = within.getChildNodes();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element element) {
                elements.add(element);
            }
        }
        return elements;
    }

    /** By an element of this name that isn't empty or, in the short form, an attribute. */
    private static Optional<String> said(Element property, String tag) {
        return elements(property).stream()
                .filter(element -> tag.equals(element.getLocalName()))
                .findFirst()
                .map(Element::getTextContent)
                .filter(text -> !text.isEmpty())
                .or(() -> property.hasAttribute(tag) ? Optional.of(property.getAttribute(tag)) : Optional.empty());
    }

    /** A property's value. */
    public Optional<String> get(String name) {
        String value = properties.get(name);
        for (int i = 0; value != null && i < MOST_SUBSTITUTIONS; i++) {
            Matcher matcher = REFERENCE.matcher(value);
            if (!matcher.find()) {
                break;
            }
            Optional<String> meant = referenced(matcher.group(1));
            if (meant.isEmpty()) {
                break;
            }
            value = value.substring(0, matcher.start()) + meant.get() + value.substring(matcher.end());
        }
        return Optional.ofNullable(value).map(String::strip).filter(text -> !text.isEmpty());
    }

    private Optional<String> referenced(String reference) {
        Matcher variable = VARIABLE.matcher(reference);
        if (variable.matches()) {
            Optional<String> value = Optional.ofNullable(environment.get(variable.group(1)));
            return ":-".equals(variable.group(2))
                    ? value.filter(text -> !text.isEmpty()).or(() -> Optional.of(variable.group(3)))
                    : value.or(() -> Optional.ofNullable(variable.group(3)));
        }
        return Optional.ofNullable(System.getProperty(reference))
                .or(() -> Optional.ofNullable(properties.get(reference)));
    }

    /** The first variable that addresses of ResourceManagers need and the declaration doesn't have. */
    public Optional<String> unknownVariable() {
        return properties.keySet().stream()
                .filter(name -> name.startsWith(MANAGER))
                .sorted()
                .flatMap(name -> get(name).stream())
                .flatMap(value -> REFERENCE.matcher(value).results())
                .map(match -> match.group(1))
                .filter(reference -> reference.startsWith("env."))
                .map(reference -> reference.substring("env.".length()))
                .findFirst();
    }

    /** Where the ResourceManagers answer over HTTP, the first one first; several where they stand in for each other. */
    public List<URI> managers() {
        boolean secure = get("yarn.http.policy").orElse("").equals("HTTPS_ONLY");
        String key = secure ? "webapp.https.address" : "webapp.address";
        List<URI> managers = new ArrayList<>();
        for (String suffix : suffixes()) {
            String address = get(MANAGER + key + suffix).orElseGet(() -> host(suffix)
                    .or(() -> submission(suffix).map(HadoopConf::hostOf))
                    .map(host -> host + (secure ? ":8090" : ":8088"))
                    .orElse(""));
            uri((secure ? "https://" : "http://") + address).ifPresent(managers::add);
        }
        return List.copyOf(managers);
    }

    /** Empty for what isn't an address: Spark's own clients will complain of theirs. */
    private static Optional<URI> uri(String text) {
        try {
            return Optional.of(new URI(text)).filter(uri -> uri.getHost() != null);
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** Where Spark submits its applications: {@code HOST:PORT} of each ResourceManager. */
    public List<String> submissions() {
        List<String> addresses = new ArrayList<>();
        for (String suffix : suffixes()) {
            submission(suffix).ifPresent(addresses::add);
        }
        return List.copyOf(addresses);
    }

    private Optional<String> submission(String suffix) {
        return get(MANAGER + "address" + suffix).or(() -> host(suffix).map(host -> host + ":8032"));
    }

    /** Without the port, which Hadoop adds where it isn't given. */
    private static String hostOf(String address) {
        return address.replaceFirst(":\\d+$", "");
    }

    private Optional<String> host(String suffix) {
        return get(MANAGER + "hostname" + suffix);
    }

    private List<String> suffixes() {
        if (!get(MANAGER + "ha.enabled").orElse("false").equals("true")) {
            return List.of("");
        }
        List<String> suffixes = new ArrayList<>();
        for (String id : get(MANAGER + "ha.rm-ids").orElse("").split(",", -1)) {
            if (!id.isBlank()) {
                suffixes.add("." + id.strip());
            }
        }
        return suffixes.isEmpty() ? List.of("") : suffixes;
    }
}
