package io.connectctl.compose.render;

import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerSpec;
import io.pebbletemplates.pebble.extension.escaper.SafeString;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What templates may use, made from a declaration and a site; templates/README.md describes each. */
final class Variables {
    /** Where Spark 4.0+ looks for the token that its clients must have, beside its configuration. */
    static final String TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";

    private static final String EXTRA_OPTIONS = "spark.driver.extraJavaOptions";
    private static final String DEFAULT_OPTIONS = "spark.driver.defaultJavaOptions";
    private static final String PACKAGES = "spark.jars.packages";
    private static final String JARS = "spark.jars";

    /** Settings that reach Spark in another way than as a line of spark-defaults.conf. */
    private static final Set<String> ELSEWHERE = Set.of(EXTRA_OPTIONS, DEFAULT_OPTIONS, PACKAGES);

    /** Variables that a JVM reads options from by itself. */
    private static final List<String> OPTION_VARIABLES =
            List.of("SPARK_SUBMIT_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS");

    /** What a path in spark.jars can't hold as itself: it is split at commas, read as a URI, and looked up as a pattern. */
    private static final Pattern NO_PATTERN = Pattern.compile("[,#{}\\[\\]*?\\\\]");

    private static final Pattern ENVIRONMENT_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Variables() {}

    /**
     * The variables.
     *
     * @param files the names of all files that are rendered
     */
    static Map<String, Object> of(ServerSpec spec, Site site, Set<String> files) throws RenderException {
        Map<String, Object> variables = new TreeMap<>();
        variables.put("name", spec.name().value());
        variables.put("spark", spec.spark().text());
        variables.put("sparkMajor", spec.spark().major());
        variables.put("sparkMinor", spec.spark().minor());
        variables.put("scala", spec.spark().scalaBinary());
        variables.put("master", spec.master());
        variables.put("driverMemory", spec.driverMemory().text());
        // In a container a port must be known before it is bound, or it couldn't be published.
        boolean container = !site.loopback();
        variables.put("port", container ? ContainerPorts.grpc(spec) : number(spec.port()));
        variables.put("uiPort", container ? ContainerPorts.ui(spec).orElse(0) : number(spec.uiPort()));
        variables.put("answerSeconds", Integer.toString(ContainerChecks.answerSeconds(spec.health())));
        variables.put("uiEnabled", !(spec.uiPort() instanceof PortChoice.Off));

        boolean loopback = spec.expose() == Expose.LOOPBACK && site.loopback();
        boolean localMaster = !MasterUrl.isCluster(spec.master());
        variables.put("loopback", loopback);
        variables.put("bindingAddress", loopback && spec.spark().hasBindingAddress() ? "127.0.0.1" : "");
        variables.put("localMaster", localMaster);
        variables.put("publishDriver", Exposures.opensDriver(spec));
        variables.put("driverHost", spec.cluster().driver().host().orElse(""));
        variables.put("hadoopConf", site.hadoopConf().map(Path::toString).orElse(""));
        variables.put("yarn", spec.master().equals("yarn"));
        variables.put("yarnTags", spec.conf().getOrDefault("spark.yarn.tags", ""));
        variables.put("clusterSettings", pairs(ClusterSettings.of(spec, site)));

        variables.put("confFolder", site.conf().toString());
        variables.put("confOnClassPath", ClassPath.holdsConf(files));
        variables.put("logConfiguration", location(site.conf().resolve("log4j2.properties")));
        variables.put("workFolder", site.work().toString());
        variables.put("warehouseFolder", site.warehouse().toString());
        variables.put("ivyFolder", ivy(site).toString());
        variables.put("javaHome", site.javaHome().map(Path::toString).orElse(""));
        variables.put("tokenFile", site.token().map(Path::toString).orElse(""));
        variables.put("sparkHome", site.sparkHome().map(Path::toString).orElse(""));
        variables.put("jarsFolder", site.jars().map(Path::toString).orElse(""));
        variables.put("bare", site.jars().isPresent());
        if (site.jars().isPresent()) {
            checkClassPath(site.conf());
            checkClassPath(site.jars().get());
        }

        SortedMap<String, String> conf = conf(spec, site);
        List<String> javaOptions = javaOptions(spec, site);
        List<String> everyOption = new ArrayList<>(javaOptions);
        for (String variable : OPTION_VARIABLES) {
            everyOption.addAll(split("env " + variable, spec.env().get(variable)));
        }
        variables.put("javaOptions", javaOptions);
        variables.put("pinCollector", !JavaOptions.nameCollector(everyOption));
        variables.put("argumentFileOption", JavaOptions.join("@" + site.conf().resolve("java.options")));
        variables.put("extraClassPath", conf.getOrDefault("spark.driver.extraClassPath", ""));
        variables.put("extraLibraryPath", conf.getOrDefault("spark.driver.extraLibraryPath", ""));
        variables.put("packagesFolder", site.packages().map(Path::toString).orElse(""));
        variables.put("packages", site.packages().isPresent() ? List.of() : spec.allPackages());
        variables.put("conf", entries(conf));
        variables.put("confKeys", List.copyOf(conf.keySet()));
        variables.put("env", environment(spec));
        return variables;
    }

    /**
     * Ivy's cache must outlive a run, or each start would fetch the packages anew; and it must be one server's own, since
     * Ivy doesn't lock it. In a container only the work folder is sure to be writable.
     */
    private static Path ivy(Site site) {
        return site.loopback() ? site.conf().resolveSibling("ivy") : site.work().resolve("ivy");
    }

    /** A file as log4j wants it named: as a URI, in which it would split at a comma and look up what stands in {@code ${}}. */
    private static String location(Path file) {
        return file.toUri().toASCIIString().replace("$", "%24").replace(",", "%2C");
    }

    private static int number(PortChoice port) {
        return port instanceof PortChoice.Fixed fixed ? fixed.port() : 0;
    }

    private static void checkClassPath(Path folder) throws RenderException {
        if (folder.toString().indexOf(':') >= 0) {
            throw new RenderException("folder " + folder
                    + " has a ':' in its path, which Java's class path can't hold; move the state or cache folder"
                    + " (CONNECTCTL_STATE_DIR, CONNECTCTL_CACHE_DIR)");
        }
    }

    private static List<String> javaOptions(ServerSpec spec, Site site) throws RenderException {
        List<String> options = new ArrayList<>();
        if (site.jars().isPresent()) {
            // Spark's own bin/spark-submit reads it; without one, nobody else would.
            options.addAll(split("env SPARK_SUBMIT_OPTS", spec.env().get("SPARK_SUBMIT_OPTS")));
        }
        for (String key : List.of(DEFAULT_OPTIONS, EXTRA_OPTIONS)) {
            List<String> own = split("conf " + key, spec.conf().get(key));
            if (JavaOptions.nameHeap(own)) {
                throw new RenderException("conf " + key
                        + " sets the heap (-Xmx), which Spark doesn't allow; declare driverMemory instead");
            }
            options.addAll(own);
        }
        return options;
    }

    private static List<String> split(String what, @Nullable String text) throws RenderException {
        try {
            return text == null ? List.of() : JavaOptions.split(text);
        } catch (IllegalArgumentException e) {
            throw new RenderException(what + " can't be split into Java options: " + e.getMessage(), e);
        }
    }

    /** The declaration's settings; its jars joined by those that its packages came to, so that either is on the class path. */
    private static SortedMap<String, String> conf(ServerSpec spec, Site site) throws RenderException {
        if (site.packages().isEmpty()) {
            return spec.conf();
        }
        String folder = site.packages().get().toString();
        if (NO_PATTERN.matcher(folder).find()) {
            throw new RenderException("folder " + folder + " has one of , # { } [ ] * ? \\ in its path, which " + JARS
                    + " takes for something else; move the cache folder (CONNECTCTL_CACHE_DIR)");
        }
        SortedMap<String, String> conf = new TreeMap<>(spec.conf());
        conf.merge(JARS, folder + "/*.jar", (own, packages) -> own.isBlank() ? packages : own + "," + packages);
        return conf;
    }

    private static List<Map<String, Object>> pairs(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(entry -> Map.<String, Object>of("key", entry.getKey(), "value", entry.getValue()))
                .toList();
    }

    private static List<Map<String, Object>> entries(SortedMap<String, String> conf) {
        return conf.entrySet().stream()
                .filter(entry -> !ELSEWHERE.contains(entry.getKey()))
                .map(entry -> Map.<String, Object>of("key", entry.getKey(), "value", entry.getValue()))
                .toList();
    }

    private static List<Map<String, Object>> environment(ServerSpec spec) throws RenderException {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Map.Entry<String, String> entry : spec.env().entrySet()) {
            String key = entry.getKey();
            if (!ENVIRONMENT_NAME.matcher(key).matches()) {
                throw new RenderException("env '" + key
                        + "' is no name of an environment variable: use letters, digits and '_', and no digit first");
            }
            // Checked above, so it needs no quotes in any format.
            entries.add(Map.of("key", new SafeString(key), "value", entry.getValue()));
        }
        return entries;
    }
}
