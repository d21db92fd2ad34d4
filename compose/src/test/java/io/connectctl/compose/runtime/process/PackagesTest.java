package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.connectctl.compose.render.Composer;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prepares servers with packages from a repository on this machine; Spark itself is a folder with some empty jars. */
class PackagesTest {
    @TempDir
    Path root = Path.of("set by JUnit");

    private SmallRepository repository = SmallRepository.closed();
    private Path home = Path.of("set below");

    @BeforeEach
    void open() throws IOException {
        repository = new SmallRepository();
        repository.mirrorFor(root);
        home = home("spark", "spark-core_2.13-4.0.1.jar", "spark-connect_2.13-4.0.1.jar", "shared-1.0.jar");
    }

    @AfterEach
    void close() {
        repository.close();
    }

    private Path home(String name, String... jars) throws IOException {
        Path jarsFolder = Files.createDirectories(root.resolve(name).resolve("jars"));
        for (String jar : jars) {
            Files.createFile(jarsFolder.resolve(jar));
        }
        return root.resolve(name);
    }

    private ProcessRuntime runtime() {
        return new ProcessRuntime(
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache")),
                Map.of("HOME", root.toString()));
    }

    private static ServerSpec spec(Path sparkHome, String more) {
        return SpecReader.read(
                        new ServerName("sales"),
                        Declaration.ofJson(
                                "{\"runtime\":\"process\",\"sparkHome\":\"" + sparkHome + "\"," + more + "}"))
                .spec()
                .orElseThrow();
    }

    private ServerSpec packages(String coordinates) {
        return spec(home, "\"packages\":[\"" + coordinates.replace(",", "\",\"") + "\"]");
    }

    private Site prepare(ServerSpec spec) throws LaunchException, InterruptedException {
        return runtime().prepare(spec, Progress.SILENT);
    }

    private List<String> jars(ServerSpec spec) throws Exception {
        return names(prepare(spec).packages().orElseThrow());
    }

    private static List<String> names(Path folder) throws IOException {
        return ServerFolder.children(folder).stream()
                .map(jar -> jar.getFileName().toString())
                .sorted()
                .toList();
    }

    private static Properties rendered(ServerSpec spec, Site site) throws Exception {
        Properties properties = new Properties();
        for (RenderedFile file :
                new Composer(Optional.empty()).render(spec, site).files()) {
            if (file.name().equals("spark-defaults.conf")) {
                properties.load(new StringReader(file.text()));
            }
        }
        return properties;
    }

    private LaunchException failure(ServerSpec spec) throws IOException {
        LaunchException failure = catchThrowableOfType(LaunchException.class, () -> prepare(spec));
        assertThat(failure.code()).isEqualTo("PACKAGE_UNRESOLVABLE");
        assertThat(failure.evidence()).isNotEmpty();
        assertThat(names(root.resolve("cache/packages")))
                .as("nothing half-done")
                .allMatch(name -> name.endsWith(".lock"));
        return failure;
    }

    @Test
    void theyAreFetchedOnceWithoutWhatSparkBrings() throws Exception {
        repository.publish(
                "g:a_2.13:1",
                "g:b:1",
                "org.apache.spark:spark-sql_2.13:4.0.1",
                "org.scala-lang:scala-library:2.13.16",
                "g:shared:1.0");
        repository.publish("g:b:1");
        repository.publish("g:shared:1.0");
        ServerSpec spec = packages("g:a_2.13:1");
        Site planned = runtime().plannedSite(spec);
        assertThat(repository.asked()).as("a plan asks nobody").isZero();

        Site site = prepare(spec);

        assertThat(site).as("what was shown is what is used").isEqualTo(planned);
        assertThat(names(site.packages().orElseThrow())).containsExactly("g_a_2.13-1.jar", "g_b-1.jar");
        assertThat(rendered(spec, site))
                .containsEntry("spark.jars", site.packages().orElseThrow() + "/*.jar")
                .doesNotContainKey("spark.jars.packages");
        int asked = repository.asked();
        repository.close();
        assertThat(prepare(spec)).isEqualTo(site);
        assertThat(repository.asked()).isEqualTo(asked);
    }

    @Test
    void ofSeveralVersionsTheHighestIsTaken() throws Exception {
        repository.publish("g:a:1", "g:x:1.9");
        repository.publish("g:b:1", "g:c:1");
        repository.publish("g:c:1", "g:x:1.10");
        repository.publish("g:x:1.9");
        repository.publish("g:x:1.10");

        assertThat(jars(packages("g:a:1,g:b:1")))
                .containsExactly("g_a-1.jar", "g_b-1.jar", "g_c-1.jar", "g_x-1.10.jar");
    }

    @Test
    void artifactsOfOneNameStayApart() throws Exception {
        repository.publish("g:a:1");
        repository.publish("h:a:1");

        assertThat(jars(packages("g:a:1,h:a:1"))).containsExactly("g_a-1.jar", "h_a-1.jar");
    }

    @Test
    void aPomAloneIsWhatItLists() throws Exception {
        repository.pom("g:all:1", "pom", "g:a:1");
        repository.publish("g:a:1");

        assertThat(jars(packages("g:all:1"))).containsExactly("g_a-1.jar");
    }

    @Test
    void aPomWithoutItsJarInMavensRepositoryIsNotInTheWay() throws Exception {
        repository.publish("g:a:1");
        Path local = root.resolve(".m2/repository/g/a/1/a-1.pom");
        Files.createDirectories(local.getParent());
        Files.write(local, repository.files().get(SmallRepository.place("g:a:1", "pom")));

        assertThat(jars(packages("g:a:1"))).containsExactly("g_a-1.jar");
    }

    @Test
    void aHomeWithoutTheConnectServerGetsIt() throws Exception {
        repository.publish("org.apache.spark:spark-connect_2.13:4.0.1", "org.apache.spark:spark-core_2.13:4.0.1");
        Path bare = home("bare", "spark-core_2.13-4.0.1.jar");

        assertThat(jars(spec(bare, "\"conf\":{}"))).containsExactly("org.apache.spark_spark-connect_2.13-4.0.1.jar");
        assertThat(prepare(spec(bare, "\"conf\":{\"spark.jars\":\"/own/spark-connect_2.13-4.0.1.jar\"}"))
                        .packages())
                .as("it has one of its own")
                .isEmpty();
        assertThat(prepare(spec(home, "\"conf\":{}")).packages()).isEmpty();
    }

    @Test
    void jarsOfTheDeclarationStay() throws Exception {
        repository.publish("g:a:1");
        ServerSpec spec = spec(home, "\"packages\":[\"g:a:1\"],\"conf\":{\"spark.jars\":\"/own/a.jar\"}");

        Site site = prepare(spec);

        assertThat(rendered(spec, site))
                .containsEntry("spark.jars", "/own/a.jar," + site.packages().orElseThrow() + "/*.jar");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"conf\":{\"spark.jars.ivy\":\"/opt/ivy\"}",
                "\"conf\":{\"spark.jars.ivySettings\":\"/x.xml\"}",
                "\"conf\":{\"spark.jars.repositories\":\"file:/x\"}",
                "\"conf\":{\"spark.jars.excludes\":\"g:b\"}",
                "\"env\":{\"DEFAULT_ARTIFACT_REPOSITORY\":\"file:/x\"}"
            })
    void settingsOfSparksOwnResolverLeaveItToThat(String settings) throws Exception {
        ServerSpec spec = spec(home, "\"packages\":[\"g:a:1\"]," + settings);

        Site site = prepare(spec);

        assertThat(site.packages()).isEmpty();
        assertThat(rendered(spec, site)).containsEntry("spark.jars.packages", "g:a:1");
        assertThat(repository.asked()).isZero();
    }

    @Test
    void aCacheThatCannotBeWrittenLeavesItToSparksOwnResolver() throws Exception {
        // Stands for a read-only one, which root could write all the same.
        Files.createDirectories(root.resolve("cache"));
        Files.createFile(root.resolve("cache/packages"));
        ServerSpec spec = spec(home, "\"packages\":[\"g:a:1\"]");

        Site site = prepare(spec);

        assertThat(site.packages()).isEmpty();
        assertThat(rendered(spec, site)).containsEntry("spark.jars.packages", "g:a:1");
    }

    @Test
    void whatNobodyHasIsNotRetried() throws Exception {
        LaunchException failure = failure(packages("g:none_2.13:1"));

        assertThat(failure)
                .hasMessageContaining("package g:none_2.13:1 isn't published")
                .hasMessageContaining("near (http://127.0.0.1");
        assertThat(failure.remedy()).contains("2.13", "spark.jars.repositories");
        assertThat(failure.retryable()).isFalse();
    }

    @Test
    void aDependencyThatNobodyHasIsNamed() throws Exception {
        repository.publish("g:a:1", "g:lost:2");

        assertThat(failure(packages("g:a:1"))).hasMessageContaining("g:lost:2");
    }

    @Test
    void aRepositoryThatIsDownIsAskedAgain() throws Exception {
        repository.close();

        LaunchException failure = failure(packages("g:a:1"));

        assertThat(failure).hasMessageContaining("g:a:1 can't be fetched").hasMessageContaining("near (http://");
        assertThat(failure.retryable()).isTrue();
    }

    @Test
    void aPageInPlaceOfAJarIsNamed() throws Exception {
        repository.publish("g:a:1");
        repository.files().put(SmallRepository.place("g:a:1", "jar"), new byte[] {'<', 'p', '>'});

        assertThat(failure(packages("g:a:1"))).hasMessageContaining("a-1.jar").hasMessageContaining("is damaged");
    }

    @Test
    void theKeyIsOfWhatMattersAlone() {
        String key = set("4.0.1", "g:a:1", "g:b:1").key();

        assertThat(set("4.0.1", "g:b:1", "g:a:1", "g:b:1").key()).isEqualTo(key);
        assertThat(List.of(
                        set("4.0.1", "g:a:1").key(),
                        set("4.0.0", "g:a:1", "g:b:1").key(),
                        new PackageSet(List.of("g:a:1", "g:b:1"), "4.0.1", "2.12", List.of()).key(),
                        new PackageSet(List.of("g:a:1", "g:b:1"), "4.0.1", "2.13", List.of("b-1.jar")).key()))
                .doesNotHaveDuplicates()
                .doesNotContain(key);
    }

    private static PackageSet set(String spark, String... coordinates) {
        return new PackageSet(List.of(coordinates), spark, "2.13", List.of());
    }
}
