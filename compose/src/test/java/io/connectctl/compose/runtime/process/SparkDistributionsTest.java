package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches a Spark of three small jars from a repository on this machine, which settings.xml names as the mirror of all. */
class SparkDistributionsTest {
    private static final SparkVersion SPARK = SparkVersion.parse("4.0.1");

    @TempDir
    Path root = Path.of("set by JUnit");

    private SmallRepository repository = SmallRepository.closed();

    @BeforeEach
    void open() throws IOException {
        repository = new SmallRepository();
        repository.mirrorFor(root);
        for (String module : List.of("spark-connect", "spark-sql", "spark-mllib")) {
            repository.publish(coordinates(module));
        }
    }

    @AfterEach
    void close() {
        repository.close();
    }

    private static String coordinates(String module) {
        return "org.apache.spark:" + module + "_2.13:4.0.1";
    }

    private static String place(String module, String extension) {
        return SmallRepository.place(coordinates(module), extension);
    }

    private SparkDistributions distributions() {
        return new SparkDistributions(root.resolve("cache"), Map.of("HOME", root.toString()));
    }

    private Path fetch() throws LaunchException, InterruptedException {
        return distributions().fetch(SparkRuntime.of(SPARK), (stage, done, total) -> {});
    }

    private LaunchException failure() {
        LaunchException failure = catchThrowableOfType(LaunchException.class, this::fetch);
        assertThat(failure.code()).isEqualTo("SPARK_UNRESOLVABLE");
        assertThat(root.resolve("cache/spark/4.0.1")).as("nothing half-done").doesNotExist();
        return failure;
    }

    @Test
    void aMirrorWithoutChecksumsIsEnoughAndTheSecondTimeNothingIsAsked() throws Exception {
        Path jars = fetch();

        assertThat(jars.toFile().list())
                .containsExactlyInAnyOrder(
                        "spark-connect_2.13-4.0.1.jar", "spark-sql_2.13-4.0.1.jar", "spark-mllib_2.13-4.0.1.jar");
        assertThat(distributions().lacksMllib(SparkRuntime.of(SPARK))).isFalse();

        int before = repository.asked();
        repository.close();
        assertThat(fetch()).isEqualTo(jars);
        assertThat(repository.asked()).isEqualTo(before);
    }

    @Test
    void theSettingsOfTheMavenOnThePathCountWhereverItWasUnpacked() throws Exception {
        Files.delete(root.resolve(".m2/settings.xml"));
        Path maven = root.resolve("opt/apache-maven-3.9.9");
        Files.createDirectories(maven.resolve("bin"));
        Files.createDirectories(maven.resolve("conf"));
        repository.mirrorIn(maven.resolve("conf/settings.xml"));
        Path mvn = Files.writeString(maven.resolve("bin/mvn"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(mvn, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path linked = Files.createDirectory(root.resolve("linked"));
        Files.createSymbolicLink(linked.resolve("mvn"), mvn);

        Path jars = new SparkDistributions(
                        root.resolve("cache"),
                        Map.of("HOME", root.toString(), "PATH", root.resolve("nowhere") + ":" + linked))
                .fetch(SparkRuntime.of(SPARK), (stage, done, total) -> {});

        assertThat(jars.toFile().list()).hasSize(3);
        assertThat(repository.asked()).isPositive();
    }

    @Test
    void aProxyOfTheSettingsIsAskedForHostsThatAreNotExempt() throws Exception {
        String proxy = "<proxies><proxy><active>true</active><protocol>http</protocol><host>127.0.0.1</host><port>"
                + repository.port() + "</port><nonProxyHosts>%s</nonProxyHosts></proxy></proxies>";
        Path settings = root.resolve(".m2/settings.xml");
        // No name server knows this host: only through the proxy can it be had.
        String mirror = SmallRepository.mirror("http://nowhere.invalid");
        Files.writeString(settings, "<settings>" + mirror + proxy.formatted("*.invalid") + "</settings>");

        assertThat(failure()).hasMessageContaining("nowhere.invalid");
        assertThat(repository.asked()).isZero();
        Files.writeString(settings, "<settings>" + mirror + proxy.formatted("localhost") + "</settings>");

        assertThat(fetch().toFile().list()).hasSize(3);
        assertThat(repository.asked()).isPositive();
    }

    @Test
    void whatYarnNeedsIsAVariantOfItsOwnWithTheProxyAlone() throws Exception {
        repository.publish(coordinates("spark-yarn"));
        repository.publish("org.apache.hadoop:hadoop-yarn-server-web-proxy:3.3.4", "com.sun.jersey:jersey-server:1.19");

        Path jars =
                distributions().fetch(new SparkRuntime(SPARK, SparkRuntime.Module.YARN), (stage, done, total) -> {});

        assertThat(jars).isEqualTo(root.resolve("cache/spark/4.0.1-yarn/jars"));
        assertThat(jars.toFile().list())
                .contains("spark-yarn_2.13-4.0.1.jar", "hadoop-yarn-server-web-proxy-3.3.4.jar")
                .noneMatch(jar -> jar.startsWith("jersey"));
        assertThat(root.resolve("cache/spark/4.0.1")).doesNotExist();
    }

    @Test
    void aVersionWithoutTheModuleOfItsMasterIsToldSo() {
        LaunchException failure = catchThrowableOfType(LaunchException.class, () -> distributions()
                .fetch(new SparkRuntime(SPARK, SparkRuntime.Module.YARN), (stage, done, total) -> {}));

        assertThat(failure.code()).isEqualTo("SPARK_UNRESOLVABLE");
        assertThat(failure)
                .hasMessageContaining("spark-yarn_2.13:4.0.1, without which Spark 4.0.1 can't use this master");
        assertThat(failure.remedy()).contains("sparkHome");
        assertThat(failure.retryable()).isFalse();
    }

    @Test
    void aWrongChecksumIsRefused() {
        repository.files().put(place("spark-sql", "jar.sha1"), "0".repeat(40).getBytes(StandardCharsets.UTF_8));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("spark-sql_2.13:4.0.1 arrived damaged");
        assertThat(failure.retryable()).isTrue();
    }

    @Test
    void aPageInPlaceOfAJarIsNamed() {
        repository
                .files()
                .put(place("spark-sql", "jar"), "<html>Please log in</html>".getBytes(StandardCharsets.UTF_8));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("spark-sql_2.13-4.0.1.jar").hasMessageContaining("is damaged");
        assertThat(failure.retryable()).isFalse();
    }

    @Test
    void aBrokenConnectionIsNotTakenForAMissingVersionAndTheNextTryGoesOn() throws Exception {
        repository.cut().add(place("spark-connect", "jar"));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("can't be fetched").hasMessageNotContaining("isn't published");
        assertThat(failure.retryable()).isTrue();
        repository.cut().clear();
        assertThat(fetch()).isDirectory();
    }

    @Test
    void withoutMllibItGoesOnAndKnowsIt() throws Exception {
        repository.files().remove(place("spark-mllib", "pom"));
        repository.files().remove(place("spark-mllib", "jar"));

        fetch();

        assertThat(distributions().lacksMllib(SparkRuntime.of(SPARK))).isTrue();
    }

    @Test
    void aVersionThatIsNotThereIsToldWithThoseThatAre() {
        repository.files().keySet().removeIf(path -> path.contains("spark-connect"));
        repository
                .files()
                .put(
                        "/org/apache/spark/spark-connect_2.13/maven-metadata.xml",
                        ("<metadata><groupId>org.apache.spark</groupId><artifactId>spark-connect_2.13</artifactId><versioning>"
                                        + "<versions><version>4.0.0</version><version>4.0.1</version><version>4.1.2</version>"
                                        + "</versions></versioning></metadata>")
                                .getBytes(StandardCharsets.UTF_8));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("Spark 4.0.1 isn't published");
        assertThat(failure.remedy()).isEqualTo("choose a published version; nearby are 4.0.0, 4.1.2");
        assertThat(failure.retryable()).isFalse();
    }

    @Test
    void aMirrorThatIsDownIsToldAsSuch() {
        repository.close();

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("can't be fetched").hasMessageContaining("near (http://127.0.0.1");
        assertThat(failure.retryable()).isTrue();
    }

    @Test
    void manyAtOnceFetchOnce() throws Exception {
        ExecutorService daemons = Executors.newFixedThreadPool(4);
        try {
            List<Future<Path>> fetched = daemons.invokeAll(List.of(this::fetch, this::fetch, this::fetch, this::fetch));
            for (Future<Path> one : fetched) {
                assertThat(one.get().toFile().list()).hasSize(3);
            }
        } finally {
            daemons.shutdown();
        }
        assertThat(root.resolve("cache/spark").toFile().list()).containsExactlyInAnyOrder("4.0.1", "4.0.1.lock");
    }
}
