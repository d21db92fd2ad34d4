package io.connectctl.compose.spec;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * What connectctl itself must know of a Hadoop configuration: where the ResourceManager is. Spark reads the folder with Hadoop's own
 * classes; these few properties don't justify a hundred jars in the daemon.
 *
 * @param properties name to value, {@code ${name}} within values replaced where the name is known
 */
public record HadoopConf(Map<String, String> properties) {
    /** The file without which there is no YARN to speak to: Hadoop's default, 0.0.0.0, is no cluster's. */
    public static final String YARN_SITE = "yarn-site.xml";

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}$\\s]{1,200})}");

    /** As deep as Hadoop itself goes (Configuration.MAX_SUBST). */
    private static final int MOST_SUBSTITUTIONS = 20;

    private static final String MANAGER = "yarn.resourcemanager.";

    public HadoopConf {
        properties = Map.copyOf(properties);
    }

    /**
     * Reads {@code core-site.xml} and {@code yarn-site.xml} of a folder; one that isn't there says nothing.
     *
     * @throws IOException if one of them can't be read, or isn't a Hadoop configuration
     */
    public static HadoopConf of(Path folder) throws IOException {
        Map<String, String> properties = new TreeMap<>();
        for (String name : List.of("core-site.xml", YARN_SITE)) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                read(file, properties);
            }
        }
        return new HadoopConf(properties);
    }

    private static void read(Path file, Map<String, String> into) throws IOException {
        Document document;
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            // Hadoop allows inclusions; an entity that reads other files on the daemon's behalf is nothing it should
            // follow.
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
            factory.setFeature("http://xml.org/sax/features/external-general-entities", false);
            factory.setFeature("http://xml.org/sax/features/external-parameter-entities", false);
            factory.setExpandEntityReferences(false);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(null);
            document = builder.parse(file.toFile());
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(file + " is no Hadoop configuration: " + e.getMessage(), e);
        }
        NodeList all = document.getElementsByTagName("property");
        for (int i = 0; i < all.getLength(); i++) {
            if (all.item(i) instanceof Element property) {
                child(property, "name")
                        .ifPresent(name -> child(property, "value").ifPresent(value -> into.put(name, value)));
            }
        }
    }

    private static Optional<String> child(Element property, String tag) {
        NodeList found = property.getElementsByTagName(tag);
        return found.getLength() == 0
                ? Optional.empty()
                : Optional.of(found.item(0).getTextContent().strip());
    }

    /** A property's value. */
    public Optional<String> get(String name) {
        String value = properties.get(name);
        for (int i = 0; value != null && i < MOST_SUBSTITUTIONS; i++) {
            Matcher matcher = REFERENCE.matcher(value);
            if (!matcher.find() || !properties.containsKey(matcher.group(1))) {
                break;
            }
            value = value.substring(0, matcher.start())
                    + properties.get(matcher.group(1))
                    + value.substring(matcher.end());
        }
        return Optional.ofNullable(value).filter(text -> !text.isEmpty());
    }

    /** Where the ResourceManagers answer over HTTP, the first one first; several where they stand in for each other. */
    public List<URI> managers() {
        boolean secure = get("yarn.http.policy").orElse("").equals("HTTPS_ONLY");
        String key = secure ? "webapp.https.address" : "webapp.address";
        List<URI> managers = new ArrayList<>();
        for (String suffix : suffixes()) {
            String address = get(MANAGER + key + suffix).orElseGet(() -> host(suffix)
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
            get(MANAGER + "address" + suffix)
                    .or(() -> host(suffix).map(host -> host + ":8032"))
                    .ifPresent(addresses::add);
        }
        return List.copyOf(addresses);
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
