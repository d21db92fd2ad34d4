package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.SparkVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches a Spark of three small jars from a repository on this machine, which settings.xml names as the mirror of all. */
class SparkDistributionsTest {
    private static final SparkVersion SPARK = SparkVersion.parse("4.0.1");

    @TempDir
    Path root = Path.of("set by JUnit");

    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Set<String> cut = ConcurrentHashMap.newKeySet();
    private final AtomicInteger asked = new AtomicInteger();
    private HttpServer repository = unstarted();

    private static HttpServer unstarted() {
        try {
            return HttpServer.create();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void open() throws IOException {
        repository = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        repository.createContext("/", this::answer);
        repository.start();
        settings("http://127.0.0.1:" + repository.getAddress().getPort());
        for (String module : List.of("spark-connect", "spark-sql", "spark-mllib")) {
            publish(module);
        }
    }

    @AfterEach
    void close() {
        repository.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        asked.incrementAndGet();
        String path = exchange.getRequestURI().getPath();
        byte[] body = files.get(path);
        if (body == null) {
            exchange.sendResponseHeaders(404, -1);
        } else {
            exchange.sendResponseHeaders(200, body.length);
            // Closing with bytes still owed makes the server end the connection.
            exchange.getResponseBody().write(cut.contains(path) ? Arrays.copyOf(body, body.length / 2) : body);
        }
        exchange.close();
    }

    private void settings(String mirror) throws IOException {
        Files.createDirectories(root.resolve(".m2"));
        Files.writeString(
                root.resolve(".m2/settings.xml"),
                "<settings><mirrors><mirror><id>near</id><mirrorOf>*</mirrorOf><url>" + mirror
                        + "</url></mirror></mirrors></settings>");
    }

    private static String place(String module, String extension) {
        return "/org/apache/spark/" + module + "_2.13/4.0.1/" + module + "_2.13-4.0.1." + extension;
    }

    private void publish(String module) throws IOException {
        String pom = "<project><modelVersion>4.0.0</modelVersion><groupId>org.apache.spark</groupId><artifactId>"
                + module + "_2.13</artifactId><version>4.0.1</version></project>";
        files.put(place(module, "pom"), pom.getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream jar = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(jar)) {
            zip.putNextEntry(new ZipEntry(module + ".txt"));
            zip.write(new byte[1000]);
        }
        files.put(place(module, "jar"), jar.toByteArray());
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

        int before = asked.get();
        repository.stop(0);
        assertThat(fetch()).isEqualTo(jars);
        assertThat(asked).hasValue(before);
    }

    @Test
    void whatYarnNeedsIsAVariantOfItsOwnWithTheProxyAlone() throws Exception {
        publish("spark-yarn");
        String proxy = "/org/apache/hadoop/hadoop-yarn-server-web-proxy/3.3.4/hadoop-yarn-server-web-proxy-3.3.4.";
        files.put(
                proxy + "pom",
                ("<project><modelVersion>4.0.0</modelVersion><groupId>org.apache.hadoop</groupId>"
                                + "<artifactId>hadoop-yarn-server-web-proxy</artifactId><version>3.3.4</version><dependencies>"
                                + "<dependency><groupId>com.sun.jersey</groupId><artifactId>jersey-server</artifactId>"
                                + "<version>1.19</version></dependency></dependencies></project>")
                        .getBytes(StandardCharsets.UTF_8));
        files.put(proxy + "jar", Objects.requireNonNull(files.get(place("spark-yarn", "jar"))));

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
        files.put(place("spark-sql", "jar.sha1"), "0".repeat(40).getBytes(StandardCharsets.UTF_8));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("spark-sql_2.13:4.0.1 arrived damaged");
        assertThat(failure.retryable()).isTrue();
    }

    @Test
    void aPageInPlaceOfAJarIsNamed() {
        files.put(place("spark-sql", "jar"), "<html>Please log in</html>".getBytes(StandardCharsets.UTF_8));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("spark-sql_2.13-4.0.1.jar").hasMessageContaining("is damaged");
        assertThat(failure.retryable()).isFalse();
    }

    @Test
    void aBrokenConnectionIsNotTakenForAMissingVersionAndTheNextTryGoesOn() throws Exception {
        cut.add(place("spark-connect", "jar"));

        LaunchException failure = failure();

        assertThat(failure).hasMessageContaining("can't be fetched").hasMessageNotContaining("isn't published");
        assertThat(failure.retryable()).isTrue();
        cut.clear();
        assertThat(fetch()).isDirectory();
    }

    @Test
    void withoutMllibItGoesOnAndKnowsIt() throws Exception {
        files.remove(place("spark-mllib", "pom"));
        files.remove(place("spark-mllib", "jar"));

        fetch();

        assertThat(distributions().lacksMllib(SparkRuntime.of(SPARK))).isTrue();
    }

    @Test
    void aVersionThatIsNotThereIsToldWithThoseThatAre() {
        files.keySet().removeIf(path -> path.contains("spark-connect"));
        files.put(
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
        repository.stop(0);

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
