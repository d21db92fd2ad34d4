package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.spec.Secrets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ComposerTest {
    private final Composer composer = Specs.composer();

    private final Path folder;

    ComposerTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void thePlanRunsTheEntrypointAndKeepsSecretsOutOfTheCommand() throws Exception {
        Specs specs = new Specs();
        specs.env = Map.of("DB_PASSWORD", "hunter2");
        LaunchTicket ticket = new LaunchTicket(3, "sales/3/0123abcd", Optional.of("the-token"), OptionalInt.of(15099));

        LaunchPlan plan = composer.compose(specs.spec(), Specs.bareSite(), ticket);

        assertThat(plan.command()).containsExactly("/bin/sh", "/state/servers/sales/conf/entrypoint");
        assertThat(plan.environment())
                .containsOnly(
                        Map.entry("JAVA_HOME", "/jdk"),
                        Map.entry("CONNECTCTL_INSTANCE", "sales/3/0123abcd"),
                        Map.entry("CONNECTCTL_GRPC_PORT", "15099"),
                        Map.entry("SPARK_CONNECT_AUTHENTICATE_TOKEN", "the-token"));
        assertThat(plan.toString()).doesNotContain("the-token", "hunter2");
        assertThat(plan.rendering()).isEqualTo(composer.render(specs.spec(), Specs.bareSite()));
    }

    @Test
    void aPreviewShowsNoSecretAndHasTheFingerprintOfTheRealFiles() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.writeString(overlay.resolve("extra.conf"), "own.password : hunter2 \\\n  and more\n# kept\nplain=1\n");
        Files.writeString(
                overlay.resolve("hive-site.xml"),
                "<property>\n<name>jdbc.password</name>\n<value>hunter2</value></property><property><name>plain</name><value>1</value></property>");
        Specs specs = new Specs();
        specs.templates = Optional.of(overlay);
        specs.env = Map.of("ANY", "hunter2");
        specs.conf = Map.of("spark.password", "hunter2", "spark.driver.extraJavaOptions", "-Dx=1", "spark.plain", "2");

        Rendering preview = composer.preview(specs.spec(), Specs.bareSite());

        assertThat(preview.files())
                .allSatisfy(file ->
                        assertThat(file.text()).doesNotContain("hunter2").doesNotContain("and more"));
        assertThat(Specs.text(preview, "spark-defaults.conf"))
                .contains("spark.password=" + Secrets.REDACTED + "\n", "spark.plain=2\n");
        assertThat(Specs.text(preview, "entrypoint")).contains("export ANY='" + Secrets.REDACTED + "'\n");
        assertThat(Specs.text(preview, "extra.conf"))
                .isEqualTo("own.password=" + Secrets.REDACTED + "\n# kept\nplain=1\n");
        assertThat(Specs.text(preview, "hive-site.xml")).contains("<name>plain</name><value>1</value>");
        assertThat(preview.fingerprint())
                .isEqualTo(composer.render(specs.spec(), Specs.bareSite()).fingerprint());
    }

    @Test
    void aCommentOfAPropertiesFileIsNotContinued() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.writeString(overlay.resolve("extra.conf"), "# a path C:\\\nown.password=hunter2\nplain=1");
        Specs specs = new Specs();
        specs.templates = Optional.of(overlay);

        assertThat(Specs.text(composer.preview(specs.spec(), Specs.bareSite()), "extra.conf"))
                .isEqualTo("# a path C:\\\nown.password=" + Secrets.REDACTED + "\nplain=1");
    }

    @Test
    void aLongValueIsPreviewed() throws Exception {
        Specs specs = new Specs();
        specs.conf = Map.of("spark.long", "\u00e4=".repeat(100_000), "spark.password", "\u00e4=".repeat(100_000));

        String shown = Specs.text(composer.preview(specs.spec(), Specs.bareSite()), "spark-defaults.conf");

        assertThat(shown).contains("spark.password=" + Secrets.REDACTED).hasSizeGreaterThan(800_000);
    }

    @Test
    void theFingerprintIgnoresCommentsOrderAndBlankLines() {
        assertThat(fingerprint("x.conf", "a=1\nb = 2\n")).isEqualTo(fingerprint("x.conf", "# c\n\nb=2\n! d\na 1\n"));
        assertThat(fingerprint("x.sh", "a\nb 'c'\n"))
                .isEqualTo(fingerprint("x.sh", "#!/bin/sh\n# it's\na # x\n\n  \n  b 'c'\n"));
        assertThat(fingerprint("x.options", "-a\n-b\n")).isEqualTo(fingerprint("x.options", "# \"c\n-a\n\n-b # d\n"));
    }

    @Test
    void theFingerprintOfXmlIgnoresCommentsAndLayout() {
        String plain = "<configuration><property><name>a</name><value>1</value></property></configuration>";
        String laidOut =
                """
                <!-- mine -->
                <configuration>
                  <property>
                    <name>a</name>
                    <!-- was
                     2 -->

                    <value>1</value>
                  </property>
                </configuration>
                """;
        assertThat(fingerprint("hive-site.xml", laidOut)).isEqualTo(fingerprint("hive-site.xml", plain));
        assertThat(fingerprint("hive-site.xml", laidOut.replace("<value>1", "<value>2")))
                .isNotEqualTo(fingerprint("hive-site.xml", plain));
        assertThat(fingerprint("x.xml", "<a> </a>")).isNotEqualTo(fingerprint("x.xml", "<a></a>"));
        assertThat(fingerprint("x.xml", "<a><![CDATA[<!-- b -->]]></a>"))
                .isNotEqualTo(fingerprint("x.xml", "<a><![CDATA[<!-- c -->]]></a>"));
    }

    @Test
    void theFingerprintSeesWhatMatters() {
        assertThat(fingerprint("x.conf", "a=1\na=2\n")).isNotEqualTo(fingerprint("x.conf", "a=2\na=1\n"));
        assertThat(fingerprint("x.conf", "a=1\n")).isNotEqualTo(fingerprint("y.conf", "a=1\n"));
        assertThat(fingerprint("x.sh", "a='\n# b\n'\n")).isNotEqualTo(fingerprint("x.sh", "a='\n# c\n'\n"));
        assertThat(fingerprint("x.sh", "a='\n\n'\n")).isNotEqualTo(fingerprint("x.sh", "a='\n'\n"));
        assertThat(fingerprint("x.sh", "a=b#c\n")).isNotEqualTo(fingerprint("x.sh", "a=b#d\n"));
        assertThat(fingerprint("x.options", "-a '# b'\n")).isNotEqualTo(fingerprint("x.options", "-a '# c'\n"));
    }

    private static String fingerprint(String name, String text) {
        return Fingerprint.of(List.of(new RenderedFile(name, text, false)));
    }

    @Test
    void aNamedCollectorIsNotOverruledWhereverItIsNamed() throws Exception {
        assertThat(javaOptions(Map.of(), Map.of())).contains("-XX:+UseG1GC");
        assertThat(javaOptions(Map.of("spark.driver.extraJavaOptions", "-Dx=1 -XX:+UseSerialGC"), Map.of()))
                .doesNotContain("-XX:+UseG1GC");
        assertThat(javaOptions(Map.of("spark.driver.defaultJavaOptions", "-XX:+UseZGC"), Map.of()))
                .doesNotContain("-XX:+UseG1GC");
        assertThat(javaOptions(Map.of(), Map.of("JDK_JAVA_OPTIONS", "-XX:+UseParallelGC")))
                .doesNotContain("-XX:+UseG1GC");
    }

    private String javaOptions(Map<String, String> conf, Map<String, String> env) throws RenderException {
        Specs specs = new Specs();
        specs.conf = conf;
        specs.env = env;
        return Specs.text(composer.render(specs.spec(), Specs.bareSite()), "java.options");
    }

    @Test
    void aHeapAmongTheJavaOptionsIsRefused() {
        assertThatThrownBy(() -> javaOptions(Map.of("spark.driver.extraJavaOptions", "-Xmx9g"), Map.of()))
                .isInstanceOf(RenderException.class)
                .hasMessageContaining("spark.driver.extraJavaOptions sets the heap")
                .hasMessageContaining("declare driverMemory instead");
    }

    @Test
    void unclosedQuotesInJavaOptionsAreRefusedWithoutBeingShown() {
        assertThatThrownBy(() -> javaOptions(Map.of("spark.driver.extraJavaOptions", "-Dp='hunter2"), Map.of()))
                .hasMessage("conf spark.driver.extraJavaOptions can't be split into Java options:"
                        + " a quote or an escape isn't closed");
    }

    @Test
    void aNameThatIsNoVariableIsRefused() {
        Specs specs = new Specs();
        specs.env = Map.of("A;rm", "x");

        assertThatThrownBy(() -> composer.render(specs.spec(), Specs.bareSite()))
                .hasMessageContaining("env 'A;rm' is no name of an environment variable");
    }

    @Test
    void aFolderThatAClassPathCannotHoldIsRefused() {
        assertThatThrownBy(
                        () -> composer.render(new Specs().spec(), Specs.site(Path.of("/state/a:b"), Path.of("/jdk"))))
                .hasMessageContaining("/state/a:b/conf has a ':' in its path");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a,b", "a#b", "{a}", "[a]", "a*", "a?", "a\\b"})
    void aFolderThatSparkJarsCannotHoldIsRefused(String name) {
        Path folder = Path.of("/cache", name);

        assertThatThrownBy(() ->
                        composer.render(new Specs().spec(), Specs.bareSite().with(Optional.of(folder))))
                .hasMessageContaining("folder " + folder + " has one of");
    }
}
