package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ClusterSpec;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.ExecutorSpec;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Renders every folder of templates/ for some telling declarations against files under src/test/resources/golden. After a
 * wanted change, run {@code mvn test -pl compose -am -Dtest=GoldenFilesTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dconnectctl.golden=write} and read the difference.
 */
class GoldenFilesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private record Case(Specs specs, Site site) {}

    private static Map<String, Case> cases(String profile) {
        Map<String, Case> cases = new LinkedHashMap<>();
        cases.put("plain-4.0", new Case(specs(profile, "4.0.1"), Specs.bareSite()));
        cases.put("plain-3.5", new Case(specs(profile, "3.5.0"), Specs.bareSite()));
        cases.put("plain-4.2", new Case(specs(profile, "4.2.0"), Specs.bareSite()));

        Specs everything = specs(profile, "4.1.2");
        everything.master = "spark://cluster:7077";
        everything.port = new PortChoice.Auto();
        everything.uiPort = new PortChoice.Off();
        everything.packages = List.of("org.example:first:1.0");
        everything.conf = Map.of(
                "spark.driver.extraJavaOptions",
                "-XX:+UseZGC -Dgreeting='hello world'",
                "spark.driver.extraClassPath",
                "/more/*",
                "spark.driver.extraLibraryPath",
                "/more/native",
                "spark.jars.packages",
                "org.example:second:2.0",
                "spark.sql.shuffle.partitions",
                "8");
        everything.env = Map.of("GREETING", "it's $HOME", "LINES", "one\ntwo");
        cases.put("everything-bare", new Case(everything, Specs.bareSite()));

        Specs home = specs(profile, "3.5.0");
        home.packages = List.of("org.example:first:1.0");
        home.expose = Expose.ALL;
        home.uiPort = new PortChoice.Auto();
        home.conf = Map.of("spark.driver.extraJavaOptions", "-Dgreeting=hello");
        cases.put("spark-home", new Case(home, Specs.homeSite(Path.of("/state/servers/sales"), Path.of("/opt/spark"))));

        Specs fetched = specs(profile, "4.0.1");
        fetched.packages = List.of("org.example:first:1.0");
        fetched.conf = Map.of("spark.jars", "/own/a.jar");
        cases.put(
                "packages",
                new Case(fetched, Specs.bareSite().with(Optional.of(Path.of("/cache/packages/0a1b2c3d/jars")))));
        Specs yarn = specs(profile, "3.5.0");
        yarn.master = "yarn";
        yarn.conf = Map.of("spark.yarn.tags", "team-sales");
        yarn.cluster = new ClusterSpec(
                Optional.of(Path.of("/etc/hadoop/conf")),
                Optional.of("root.sales"),
                new ExecutorSpec(
                        OptionalInt.of(2),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalInt.of(4),
                        Optional.of(MemorySize.parse("4g"))),
                DriverNetwork.UNDECLARED);
        cases.put(
                "yarn-3.5", new Case(yarn, Specs.bareSite().withHadoopConf(Optional.of(Path.of("/etc/hadoop/conf")))));

        Specs standalone = specs(profile, "4.0.1");
        standalone.master = "spark://one:7077,two:7077";
        standalone.cluster = new ClusterSpec(
                Optional.empty(),
                Optional.empty(),
                new ExecutorSpec(
                        OptionalInt.of(3),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalInt.of(2),
                        Optional.empty()),
                new DriverNetwork(Optional.of("10.0.0.7"), OptionalInt.of(7078), OptionalInt.of(7079)));
        cases.put("standalone-4.0", new Case(standalone, Specs.bareSite()));

        Specs dynamic = specs(profile, "4.0.1");
        dynamic.master = "spark://one:7077";
        dynamic.cluster = new ClusterSpec(
                Optional.empty(),
                Optional.empty(),
                new ExecutorSpec(
                        OptionalInt.empty(),
                        OptionalInt.of(0),
                        OptionalInt.of(8),
                        OptionalInt.empty(),
                        Optional.empty()),
                DriverNetwork.UNDECLARED);
        cases.put("dynamic-container-4.0", new Case(dynamic, Specs.containerSite(true)));
        return cases;
    }

    private static Specs specs(String profile, String spark) {
        Specs specs = new Specs();
        specs.profile = profile;
        specs.spark = spark;
        return specs;
    }

    static Stream<Arguments> everyFolder() throws RenderException {
        return TemplateSource.builtInProfiles().stream()
                .flatMap(profile -> cases(profile).keySet().stream().map(name -> Arguments.of(profile, name)));
    }

    @ParameterizedTest
    @MethodSource("everyFolder")
    void rendersAsRecorded(String profile, String name) throws Exception {
        Case one = Objects.requireNonNull(cases(profile).get(name));
        Rendering rendering =
                new Composer(Optional.empty(), Specs.SECRET).render(one.specs().spec(), one.site());
        Path folder = GOLDEN.resolve(profile).resolve(name);
        Map<String, String> actual = new TreeMap<>();
        rendering.files().forEach(file -> actual.put(file.name(), file.text()));
        if ("write".equals(System.getProperty("connectctl.golden"))) {
            Files.createDirectories(folder);
            for (RenderedFile file : rendering.files()) {
                Files.writeString(folder.resolve(file.name()), file.text());
            }
        }

        assertThat(actual).isEqualTo(read(folder));
    }

    private static Map<String, String> read(Path folder) throws IOException {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                texts.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        return texts;
    }
}
