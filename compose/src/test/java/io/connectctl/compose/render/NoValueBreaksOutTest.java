package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** Whatever a value is: it is read back equal, and nothing beside it appears. Real readers: java.util.Properties, sh, java, an XML parser. */
class NoValueBreaksOutTest {
    private static final List<String> NASTY = List.of(
            "",
            " ",
            " leading",
            "trailing ",
            "\n",
            "a\nb=c",
            "\r\n#x",
            "'",
            "''",
            "\"",
            "it's",
            "\\",
            "\\\\",
            "a\\",
            "\\\n",
            "\\u0041",
            "$HOME",
            "${HOME}",
            "$(touch broken)",
            "`touch broken`",
            "#comment",
            "a # b",
            "=",
            ":",
            "!x",
            "key=value",
            "{{ name }}",
            "{% if true %}",
            "{# c #}",
            "%}",
            "}}",
            "ä€",
            "\uD83D\uDE00",
            "\u0001\u007f\u0085\u2028",
            "*",
            "~",
            "-n",
            "@file",
            ";exit 1",
            "\t\f\u000b",
            "']]>--></value>&amp;<",
            "\u0081\u0082\u0088");

    @Provide
    Arbitrary<String> anyText() {
        Arbitrary<String> pieces = Arbitraries.of(NASTY).list().ofMaxSize(5).map(list -> String.join("", list));
        return Arbitraries.oneOf(
                Arbitraries.of(NASTY), pieces, Arbitraries.strings().all().ofMaxLength(40));
    }

    /** Programs take no NUL, and UTF-8 has no half of a surrogate pair. */
    @Provide
    Arbitrary<String> programText() {
        return anyText().filter(text -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return text.indexOf('\0') < 0 && new String(bytes, StandardCharsets.UTF_8).equals(text);
        });
    }

    @Provide
    Arbitrary<List<String>> manyProgramTexts() {
        return programText().list().ofSize(120).map(list -> {
            List<String> all = new ArrayList<>(NASTY);
            all.addAll(list);
            return all;
        });
    }

    @Property(tries = 1000)
    void propertiesReadEveryValueAndKeyBack(@ForAll("anyText") String key, @ForAll("anyText") String value)
            throws Exception {
        String text = Renderer.render(
                new Template(
                        "x.properties", "x.properties", "before=1\n{{ key }}={{ value }}\n# {{ value }}\nafter=2\n"),
                Map.of("key", "k" + key, "value", value));

        Map<String, String> expected = Map.of("before", "1", "k" + key, value, "after", "2");
        assertThat(fromReader(text)).isEqualTo(expected);
        assertThat(fromLatin1(text)).isEqualTo(expected);
    }

    @Property(tries = 200)
    void sparkDefaultsReadEveryConfValueBack(@ForAll("anyText") String first, @ForAll("anyText") String second)
            throws Exception {
        Specs specs = new Specs();
        specs.conf = Map.of("spark.first", first, "spark.second", second);

        String text = Specs.text(Specs.composer().render(specs.spec(), Specs.bareSite()), "spark-defaults.conf");

        Map<String, String> plain = fromReader(
                Specs.text(Specs.composer().render(new Specs().spec(), Specs.bareSite()), "spark-defaults.conf"));
        plain.put("spark.first", first);
        plain.put("spark.second", second);
        assertThat(fromReader(text)).isEqualTo(plain);
        assertThat(fromLatin1(text)).isEqualTo(plain);
    }

    /** Many a try has one; they go with the build's folder. */
    private static Path scratch(String name) throws IOException {
        return Files.createTempDirectory(
                Files.createDirectories(Path.of("target/scratch").toAbsolutePath()), name);
    }

    @Property(tries = 12, shrinking = ShrinkingMode.BOUNDED)
    void shReadsEveryWordAndItsEnvironmentBack(@ForAll("manyProgramTexts") List<String> values) throws Exception {
        Path folder = scratch("words");
        String template =
                "{% for v in values %}\nprintf '%s\\0' {{ v }}\n{% endfor %}\n{% for v in values %}\nexport V={{ v }}; printf '%s\\0' \"$V\"\n{% endfor %}\n";
        Path script = folder.resolve("x.sh");
        Files.writeString(script, Renderer.render(new Template("x.sh", "x.sh", template), Map.of("values", values)));

        Programs.Outcome outcome = Programs.run(folder, Map.of(), List.of("/bin/sh", script.toString()));

        List<String> twice = new ArrayList<>(values);
        twice.addAll(values);
        assertThat(outcome.words()).isEqualTo(twice);
        assertThat(outcome.exit()).isZero();
        assertThat(folder.resolve("broken")).doesNotExist();
    }

    @Property(tries = 5, shrinking = ShrinkingMode.BOUNDED)
    void theEntrypointHandsEveryEnvironmentValueOn(@ForAll("manyProgramTexts") List<String> values) throws Exception {
        Path folder = scratch("it's a $folder\\\"");
        Path java = folder.resolve("jdk");
        Programs.executable(java.resolve("bin/java"), "#!/bin/sh\nexec env -0\n");
        Site site = Specs.site(folder, java);
        Specs specs = new Specs();
        specs.env = numbered(values, "V_");

        Programs.write(Specs.composer().render(specs.spec(), site), site);
        Programs.Outcome outcome = Programs.run(
                folder,
                Map.of(),
                List.of("/bin/sh", site.conf().resolve("entrypoint").toString()));

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(outcome.words())
                .containsAll(specs.env.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList());
        assertThat(site.work().resolve("broken")).doesNotExist();
    }

    @Property(tries = 5, shrinking = ShrinkingMode.BOUNDED)
    void javaReadsEveryOptionBack(@ForAll("manyProgramTexts") List<String> values) throws Exception {
        Path folder = scratch("it's java");
        Site site = Specs.site(folder, Path.of(System.getProperty("java.home")));
        StringBuilder options = new StringBuilder();
        for (int i = 0; i < values.size(); i++) {
            options.append(JavaOptions.join("-Dv." + i + "=" + values.get(i))).append(' ');
        }
        Specs specs = new Specs();
        specs.spark = "3.5.0";
        specs.conf = Map.of("spark.driver.extraJavaOptions", options.toString());

        Programs.write(Specs.composer().render(specs.spec(), site), site);
        Programs.Outcome outcome = Programs.run(
                folder,
                Map.of(),
                List.of(
                        site.javaHome().orElseThrow().resolve("bin/java").toString(),
                        "@" + site.conf().resolve("java.options"),
                        "-cp",
                        Path.of("target/test-classes").toAbsolutePath().toString(),
                        PrintProperties.class.getName(),
                        Integer.toString(values.size())));

        assertThat(outcome.words()).isEqualTo(values);
        assertThat(outcome.exit()).isZero();
    }

    @Property(tries = 300)
    void xmlReadsEveryValueBackOrIsRefused(@ForAll("anyText") String value) throws Exception {
        Template template = new Template(
                "hive-site.xml", "hive-site.xml", "<!-- {{ value }} --><a b='{{ value }}'><c>{{ value }}</c></a>");
        try {
            String text = Renderer.render(template, Map.of("value", value));
            assertThat(xml(text)).isEqualTo(value);
        } catch (RenderException e) {
            assertThat(e).hasMessageStartingWith("hive-site.xml:1: the value has ");
        }
    }

    @Property(tries = 300)
    void optionsAreSplitAsTheyWereJoined(@ForAll("anyText") String first, @ForAll("anyText") String second) {
        assertThat(JavaOptions.split(" " + JavaOptions.join(first) + "\n\t" + JavaOptions.join(second) + " "))
                .containsExactly(first, second);
    }

    @Example
    void log4jLookupsAreTakenLiterally() throws Exception {
        String text = Renderer.render(
                new Template("log4j2.properties", "log4j2.properties", "a={{ value }}\n"),
                Map.of("value", "${env:HOME} $x"));

        assertThat(fromReader(text)).containsEntry("a", "$${env:HOME} $x");
    }

    private static Map<String, String> numbered(List<String> values, String prefix) {
        Map<String, String> numbered = new TreeMap<>();
        IntStream.range(0, values.size()).forEach(i -> numbered.put(prefix + i, values.get(i)));
        return numbered;
    }

    private static String xml(String text) throws ParserConfigurationException, SAXException, IOException {
        NodeList nodes = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName("c");
        assertThat(nodes.getLength()).isEqualTo(1);
        return nodes.item(0).getTextContent();
    }

    private static Map<String, String> fromReader(String text) throws IOException {
        Properties properties = new Properties();
        properties.load(new StringReader(text));
        return map(properties);
    }

    private static Map<String, String> fromLatin1(String text) throws IOException {
        Properties properties = new Properties();
        properties.load(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        return map(properties);
    }

    private static Map<String, String> map(Properties properties) {
        Map<String, String> map = new HashMap<>();
        properties.stringPropertyNames().forEach(key -> map.put(key, properties.getProperty(key)));
        return map;
    }
}
