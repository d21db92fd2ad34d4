package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecReaderTest {
    @Test
    void previewTakesTheMarksOfSecretsForTheirValues() {
        Declaration stored = Secrets.split(
                        Declaration.ofJson("{\"env\":{\"PATH\":\"/usr/bin\",\"SPARK_LOCAL_IP\":\"127.0.0.1\"},"
                                + "\"conf\":{\"spark.x.password\":\"hunter22\"}}"))
                .declaration();
        assertThat(SpecReader.read(NAME, stored).spec()).isEmpty();
        SpecReader.Reading preview = SpecReader.preview(NAME, stored);
        assertThat(preview.problems()).noneMatch(problem -> problem.key().contains("env"));
        assertThat(preview.spec().orElseThrow().env()).containsEntry("PATH", Secrets.REDACTED);
    }

    @Test
    void driverOfAClusterIsToldToBeExposedUnlessItAuthenticates() {
        assertThat(exposures("{\"master\":\"local[2]\"}")).isEmpty();
        assertThat(exposures("{\"master\":\"spark://127.0.0.1:7077\"}")).isEmpty();
        assertThat(exposures("{\"master\":\"spark://localhost:7077,[::1]:7078\"}"))
                .isEmpty();
        assertThat(exposures("{\"master\":\"spark://localhost:7077,cluster:7077\"}"))
                .as("the second master's executors are elsewhere")
                .hasSize(1);
        assertThat(exposures("{\"master\":\"spark://cluster:7077\"}"))
                .singleElement()
                .asString()
                .startsWith("the driver's RPC")
                .contains("spark.authenticate");
        assertThat(exposures("{\"master\":\"yarn\",\"env\":{\"HADOOP_CONF_DIR\":\"/etc/hadoop\"},"
                        + "\"conf\":{\"spark.authenticate\":\"true\"}}"))
                .isEmpty();
    }

    @Test
    void spark3IsExposedAsAProcessAndNotInAContainer() {
        assertThat(exposures("{\"spark\":\"3.5.0\",\"runtime\":\"process\",\"port\":15020}"))
                .singleElement()
                .asString()
                .contains("Spark 3.5.0 can't bind to loopback", "port 15020 is open on every interface");
        assertThat(exposures("{\"spark\":\"4.0.1\",\"runtime\":\"process\"}")).isEmpty();
        // Published on 127.0.0.1, whatever it binds inside.
        assertThat(exposures("{\"spark\":\"3.5.0\",\"runtime\":\"docker\"}")).isEmpty();
        assertThat(exposures("{\"spark\":\"3.5.0\",\"runtime\":\"docker\",\"master\":\"spark://cluster:7077\"}"))
                .singleElement()
                .asString()
                .contains("block manager ports are published on the address by which this machine reaches");
        assertThat(exposures("{\"runtime\":\"docker\",\"master\":\"spark://cluster:7077\","
                        + "\"driver\":{\"host\":\"10.0.0.7\"}}"))
                .singleElement()
                .asString()
                .contains("published on every interface (0.0.0.0)");
        assertThat(exposures("{\"runtime\":\"docker\",\"master\":\"spark://cluster:7077\","
                        + "\"conf\":{\"spark.authenticate\":\"true\",\"spark.authenticate.secret\":\"x\"}}"))
                .isEmpty();
        assertThat(exposures("{\"runtime\":\"docker\",\"expose\":\"all\",\"auth\":\"token\",\"uiPort\":\"off\"}"))
                .singleElement()
                .asString()
                .contains("open on every interface, as declared");
    }

    private static List<String> exposures(String declaration) {
        return Exposures.of(
                SpecReader.read(NAME, Declaration.ofJson(declaration)).spec().orElseThrow());
    }

    private static final ServerName NAME = new ServerName("sales");

    @Test
    void nothingDeclaredGivesEveryDefault() {
        ServerSpec spec = accepted("{}");

        assertThat(spec.spark()).isEqualTo(Defaults.SPARK);
        assertThat(spec.master()).isEqualTo("local[*]");
        assertThat(spec.port()).isEqualTo(new PortChoice.Fixed(15002));
        assertThat(spec.uiPort()).isEqualTo(new PortChoice.Fixed(4040));
        assertThat(spec.driverMemory().text()).isEqualTo("1g");
        assertThat(spec.health()).isEqualTo(Defaults.HEALTH);
        assertThat(spec.restart()).isEqualTo(Defaults.RESTART);
        assertThat(spec.stop()).isEqualTo(Defaults.STOP);
    }

    @Test
    void flagsMakeAPatchWhosePlacesAreTheFlags() {
        Declaration stored = Declaration.ofJson("{\"port\":\"15003\",\"auth\":\"token\",\"conf\":{\"spark.a\":\"1\"}}");
        Declaration patch = new DeclarationBuilder()
                .set("/port", "80", "--port")
                .set("/health/until", "query", "--until")
                .unset("/auth", "--no-auth")
                .conf("spark.b", "")
                .env("A", "x=y")
                .packages(List.of("a:b:1"))
                .build();

        SpecReader.Reading reading = SpecReader.read(NAME, stored.patchedBy(patch));

        assertThat(reading.problems()).hasSize(1);
        assertThat(reading.problems().get(0))
                .asString()
                .startsWith("--port: servers.sales.port: 80 is outside 1024-65535");
        ServerSpec spec = SpecReader.read(
                        NAME,
                        stored.patchedBy(patch)
                                .patchedBy(new DeclarationBuilder()
                                        .set("/port", "auto", "--port")
                                        .build()))
                .spec()
                .orElseThrow();
        assertThat(spec.auth()).isEqualTo(Auth.NONE);
        assertThat(spec.conf()).isEqualTo(Map.of("spark.a", "1", "spark.b", ""));
        assertThat(spec.env()).isEqualTo(Map.of("A", "x=y"));
        assertThat(spec.health().until()).isEqualTo(Readiness.QUERY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "local",
                "local[*]",
                "local[4]",
                "local[*,3]",
                "local[2, 3]",
                "local-cluster[2,1,1024]",
                "yarn",
                "spark://h:7077",
                "spark://a:7077,b:7078",
                "k8s://https://h:6443",
                "k8s://h:6443"
            })
    void masterOfSparkIsAccepted(String master) {
        String declaration = "{\"master\":\"" + master + "\",\"env\":{\"HADOOP_CONF_DIR\":\"/etc/hadoop/conf\"}}";
        assertThat(accepted(declaration).master()).isEqualTo(master);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "local[x]",
                "local[0]",
                "local[]",
                "local[-1]",
                "local[99999999999]",
                "local2",
                "spark://h",
                "spark://",
                "spark://h:7077,x",
                "spark://h:7077/p",
                "spark://u:secret1@h:1",
                "k8s://",
                "k8s://ftp://h",
                "k8s://https://u:secret1@h",
                "mesos://h:1",
                "yarn-client",
                "local-cluster[1,2]",
                "",
                "Local"
            })
    void masterThatSparkCantParseIsRefused(String master) {
        assertThat(refused(json("master", master))).contains("master").doesNotContain("secret1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "448m | | at least 449m",
                "449m | | ",
                "460m | -XX:+UseSerialGC | at least 465m",
                "465m | -XX:+UseSerialGC | ",
                "500m | -XX:+UseParallelGC | 1.5 x 300 MiB",
                "512m | -XX:+UseParallelGC | ",
                "1512 | | did you mean '1512m'?",
                "2 GiB | | did you mean '2g'?",
                "1512M | | ",
                "0g | | no memory size"
            })
    void driverMemoryIsCheckedForTheCollectorThatRuns(String memory, String options, String problem) {
        String json = "{\"driverMemory\":\"" + memory + "\",\"conf\":{\"spark.driver.extraJavaOptions\":\""
                + (options == null ? "" : options) + "\"}}";
        if (problem == null) {
            accepted(json);
        } else {
            assertThat(refused(json)).contains(problem);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'port':'0'} | 0 is outside 1024-65535",
                "{'port':'off'} | is no port",
                "{'port':15002.5} | must be a text",
                "{'port':[1]} | not a list",
                "{'spark':4.0} | must be a text",
                "{'spark':'3.3.4'} | no Spark Connect",
                "{'auth':'token','spark':'3.5.0'} | ignores a token silently",
                "{'expose':'all'} | add 'auth: token'",
                "{'expose':'all','spark':'3.5.0'} | authenticating proxy",
                "{'conf':{'spark.connect.grpc.binding.address':'0.0.0.0'}} | expose is loopback",
                "{'conf':{'spark.connect.grpc.binding.address':'127.0.0.1'},'spark':'3.4.0'} | ignores this silently",
                "{'conf':{'spark.connect.authenticate.token':'hunter2'}} | write 'auth: token'",
                "{'conf':{'spark.connect.grpc.binding.port':'15003'}} | port is 15002",
                "{'conf':{'spark.ui.enabled':'false'}} | uiPort is 4040",
                "{'conf':{'spark.ui.port':'4041'}} | uiPort is 4040",
                "{'conf':{'spark.driver.memory':'2g'}} | driverMemory is 1g",
                "{'conf':{'spark.jars.packages':'a:b:1'}} | packages is empty",
                "{'conf':{'spark.driver.extraJavaOptions':'-Xmx2g'}} | use driverMemory",
                "{'conf':{'spark.driver.extraJavaOptions':'-XX:+UseG1GC -XX:+UseZGC'}} | two collectors",
                "{'conf':{'spark.executor.memory':'100m'}} | at least 450m",
                "{'conf':{'spark.x':null}} | has no value",
                "{'conf':{'spark.x':'*********(redacted)'}} | give its value again",
                "{'conf':{'spark. x':'1'}} | is no configuration key",
                "{'conf':{'spark.x':'a\\u0000'}} | NUL",
                "{'conf':{'spark.x':'\\ud800'}} | surrogate",
                "{'conf':[]} | must be a mapping",
                "{'env':{'A-B':'x'}} | is no name of a variable",
                "{'env':{'CONNECTCTL_PORT':'x'}} | belong to connectctl",
                "{'env':{'SPARK_CONNECT_AUTHENTICATE_TOKEN':'hunter2'}} | write 'auth: token'",
                "{'env':{'SPARK_LOCAL_IP':'10.0.0.1'}} | expose is loopback",
                "{'env':{'JAVA_TOOL_OPTIONS':'-XX:+UseSerialGC'}} | behind connectctl's back",
                "{'env':{'PPID':'1'}} | belongs to the shell",
                "{'packages':['org.apache.spark:spark-avro_2.12:4.0.1']} | take the artifact that ends in _2.13",
                "{'packages':['a:b:1,c:d:2']} | no Maven coordinates",
                "{'packages':'a:b:1'} | must be a list",
                "{'runtime':'docker','sparkHome':'/opt/spark'} | which a container doesn't have",
                "{'runtime':'dokcer'} | did you mean 'docker'?",
                "{'image':'Apache/Spark:4.0.1 '} | is no image",
                "{'image':'apache/spark:'} | is no image",
                "{'container':{'memroy':'2g'}} | did you mean 'memory'?",
                "{'container':{'memory':'1g'}} | write at least 1280m",
                "{'container':{'memory':'2048'}} | is no memory size",
                "{'container':{'memory':'3g','overhead':'1g'}} | delete the other",
                "{'container':{'overhead':'100m'}} | at least 256m",
                "{'container':{'pidsLimit':10}} | from 64 to",
                "{'container':{'loosen':['readonly']}} | did you mean 'read-only'?",
                "{'container':{'volumes':['data']}} | is no mount",
                "{'container':{'volumes':'a:/b'}} | must be a list",
                "{'container':{'networks':['a b']}} | is no network",
                "{'container':{'networks':['host']}} | would listen on all of the machine's addresses",
                "{'container':{'networks':['none']}} | nobody would reach the server",
                "{'container':{'extraHosts':['metastore']}} | is no host",
                "{'container':[]} | must be a mapping",
                "{'archive':'perhaps'} | neither true nor false",
                "{'runtime':'proces'} | did you mean 'process'?",
                "{'profile':'../x'} | isn't plain",
                "{'javaHome':'~/jdk'} | only a shell expands",
                "{'javaHome':'jdk'} | no absolute path",
                "{'javaHome':'/nowhere'} | holds no bin/java",
                "{'sparkHome':'/nowhere'} | holds no Spark: name the folder",
                "{'health':{'timeout':'4m'}} | longer than the startTimeout",
                "{'health':{'interval':'0s'}} | outside 100ms to 1h",
                "{'health':{'intervall':'1s'}} | did you mean 'interval'?",
                "{'health':'fast'} | must be a mapping",
                "{'restart':{'budget':'-1'}} | whole number from 0 to 1000",
                "{'restart':{'backoff':'10m'}} | longer than the maxBackoff",
                "{'spark.x':'1'} | belong under 'conf:'"
            })
    void wrongValueIsRefusedWithARemedy(String json, String problem) {
        assertThat(refused(json.replace('\'', '"').replace("\"auth: token\"", "'auth: token'")))
                .contains(problem)
                .doesNotContain("hunter2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'conf':{'spark.master':'local[*]'}} | says again",
                "{'conf':{'spark.driver.memory':'1024'}} | says again",
                "{'conf':{'spark.connect.grpc.binding.address':'127.0.0.1'}} | says again",
                "{'conf':{'spark.connect.grpc.binding.prot':'1'}} | looks misspelt",
                "{'conf':{'fs.defaultFS':'file:///'}} | did you mean 'spark.hadoop.fs.defaultFS'?",
                "{'packages':['x:y_2.12:1']} | built for Scala 2.12",
                "{'packages':['org.apache.spark:spark-avro_2.13:4.0.0']} | another Spark version"
            })
    void oddValueIsAcceptedWithAWarning(String json, String problem) {
        SpecReader.Reading reading = SpecReader.read(NAME, Declaration.ofJson(json.replace('\'', '"')));

        assertThat(reading.spec()).isPresent();
        assertThat(told(reading)).contains(problem);
    }

    @Test
    void javaThatDoesNotFitIsRefused(@TempDir Path folder) throws IOException {
        Path java = Files.createDirectories(folder.resolve("bin")).resolve("java");
        assertThat(Files.createFile(java).toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"25.0.1\"\n");

        assertThat(refused("{\"javaHome\":\"" + folder + "\"}"))
                .contains("Java 25, too new: Spark 4.0.1 runs on Java 17 to 21");
        accepted("{\"javaHome\":\"" + folder + "\",\"spark\":\"4.2.0\"}");

        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"1.8.0_402\"\n");
        assertThat(refused("{\"javaHome\":\"" + folder + "\"}")).contains("Java 8, too old");
        accepted("{\"javaHome\":\"" + folder + "\",\"spark\":\"3.5.0\"}");
    }

    @Test
    void distributionTellsItsVersionAndScala(@TempDir Path folder) throws IOException {
        distribution(folder);

        assertThat(accepted("{\"sparkHome\":\"" + folder + "\",\"packages\":[\"x:y_2.13:1\"]}")
                        .spark())
                .hasToString("3.5.0");
        assertThat(refused("{\"sparkHome\":\"" + folder + "\",\"spark\":\"4.0.1\"}"))
                .contains("holds Spark 3.5.0");
    }

    private static void distribution(Path folder) throws IOException {
        Path submit =
                Files.createFile(Files.createDirectories(folder.resolve("bin")).resolve("spark-submit"));
        assertThat(submit.toFile().setExecutable(true)).isTrue();
        Files.createFile(Files.createDirectories(folder.resolve("jars")).resolve("spark-core_2.13-3.5.0.jar"));
    }

    @Test
    void sparkHomeComesInThreeShapes(@TempDir Path folder) throws IOException {
        distribution(Files.createDirectory(folder.resolve("whole")));
        Path inside = folder.resolve("inside");
        Files.createFile(Files.createDirectories(inside.resolve("jars")).resolve("spark-core_2.12-3.4.0.jar"));
        Path flat = Files.createDirectory(folder.resolve("flat"));
        Files.createFile(flat.resolve("spark-core_2.13-4.1.2.jar"));

        assertThat(SparkHome.of(folder.resolve("whole")).distribution()).contains(folder.resolve("whole"));
        assertThat(SparkHome.of(inside).bareJars()).contains(inside.resolve("jars"));
        assertThat(SparkHome.of(flat).bareJars()).contains(flat);
        assertThat(accepted("{\"sparkHome\":\"" + inside + "\"}").spark()).hasToString("3.4.0");
        assertThat(accepted("{\"sparkHome\":\"" + flat + "\"}").spark()).hasToString("4.1.2");
    }

    @Test
    void anEnvironmentThatHurtsIsWarnedOf() {
        SpecReader.Reading reading = SpecReader.read(
                NAME,
                Declaration.ofJson(
                        "{\"env\":{\"JAVA_TOOL_OPTIONS\":\"-Dpassword=x\",\"PATH\":\"/opt/bin\",\"PS1\":\"$\"}}"));

        assertThat(reading.spec()).isPresent();
        assertThat(reading.problems())
                .extracting(Problem::message)
                .hasSize(2)
                .anyMatch(m -> m.contains("server's log"));
    }

    @Test
    void aFolderOfOtherJarsIsNoSpark(@TempDir Path folder) throws IOException {
        Files.createFile(folder.resolve("something.jar"));

        assertThat(refused("{\"sparkHome\":\"" + folder + "\"}")).contains("holds no spark-core_*.jar");
    }

    @Test
    void canonicalDeclarationIsReadBackEqual() {
        ServerSpec spec = accepted(
                "{\"port\":\"auto\",\"uiPort\":\"off\",\"driverMemory\":\"1512m\",\"conf\":{\"spark.a/b~c\":\"\"},"
                        + "\"env\":{\"A\":\"b\"},\"packages\":[\"a:b:1\"],\"health\":{\"interval\":\"500ms\"},"
                        + "\"restart\":{\"onFault\":false,\"resetAfter\":\"90s\"},\"auth\":\"token\",\"expose\":\"all\"}");

        Declaration written = SpecWriter.write(spec);

        assertThat(SpecReader.read(NAME, Declaration.ofJson(written.toJson())).spec())
                .contains(spec);
        assertThat(written.tree().at("/health/startTimeout").asText()).isEqualTo("3m");
    }

    @Property(tries = 300)
    void anyTreeIsAnsweredAndNeverThrows(@ForAll("trees") JsonNode value, @ForAll("keys") String key) {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.set(key, value);
        Declaration declaration = new Declaration(tree, Map.of());

        SpecReader.Reading reading = SpecReader.read(NAME, declaration);

        boolean refused = reading.problems().stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR);
        assertThat(reading.spec().isPresent()).isNotEqualTo(refused);
        Secrets.Split split = Secrets.split(declaration);
        assertThat(Secrets.split(split.declaration()).secrets()).isEmpty();
    }

    @Provide
    Arbitrary<String> keys() {
        return Arbitraries.oneOf(
                Arbitraries.of(
                        "spark",
                        "master",
                        "port",
                        "uiPort",
                        "driverMemory",
                        "javaHome",
                        "sparkHome",
                        "runtime",
                        "packages",
                        "conf",
                        "env",
                        "health",
                        "restart",
                        "stop",
                        "auth",
                        "expose",
                        "profile",
                        "templates"),
                Arbitraries.strings());
    }

    @Provide
    Arbitrary<JsonNode> trees() {
        JsonNodeFactory json = JsonNodeFactory.instance;
        Arbitrary<JsonNode> leaf = Arbitraries.oneOf(
                Arbitraries.strings().map(json::textNode),
                Arbitraries.of("10s", "local[", "spark://[", "-1", "99999999999", "1g", "/")
                        .map(json::textNode),
                Arbitraries.integers().map(json::numberNode),
                Arbitraries.doubles().map(json::numberNode),
                Arbitraries.of(true, false).map(json::booleanNode),
                Arbitraries.just(json.nullNode()));
        Arbitrary<JsonNode> object = Arbitraries.maps(
                        Arbitraries.oneOf(
                                Arbitraries.strings().ofMaxLength(5),
                                Arbitraries.of("spark.driver.memory", "spark.memory.fraction", "until", "grace", "A")),
                        leaf)
                .ofMaxSize(4)
                .map(map -> {
                    ObjectNode node = json.objectNode();
                    map.forEach((name, item) -> node.set(name, item));
                    return node;
                });
        Arbitrary<JsonNode> list = leaf.list().ofMaxSize(4).map(items -> {
            ArrayNode node = json.arrayNode();
            items.forEach(node::add);
            return node;
        });
        return Arbitraries.oneOf(leaf, object, list);
    }

    private static String json(String key, String value) {
        return JsonNodeFactory.instance.objectNode().put(key, value).toString();
    }

    private static ServerSpec accepted(String json) {
        SpecReader.Reading reading = SpecReader.read(NAME, Declaration.ofJson(json));
        return reading.spec().orElseThrow(() -> new AssertionError(told(reading)));
    }

    private static String refused(String json) {
        SpecReader.Reading reading = SpecReader.read(NAME, Declaration.ofJson(json));
        assertThat(reading.spec()).isEmpty();
        return told(reading);
    }

    private static String told(SpecReader.Reading reading) {
        return reading.problems().stream().map(Problem::toString).collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @CsvSource({
        "4.0.1,25,TOO_NEW",
        "4.1.2,25,TOO_NEW",
        "4.1.2,24,UNTESTED",
        "4.1.2,21,GOOD",
        "4.2.0,25,GOOD",
        "3.5.7,25,TOO_NEW"
    })
    void javaFitsAsItWasSeenTo(String spark, int java, JavaSupport.Fit fit) {
        assertThat(JavaSupport.fit(SparkVersion.parse(spark), java)).isEqualTo(fit);
    }

    @Test
    void blanksAroundAValueAreToldAsSparkTakesThemOff() {
        assertThat(SpecReader.read(
                                new ServerName("sales"),
                                Declaration.ofJson(
                                        "{\"conf\":{\"spark.a\":\" x\",\"spark.b\":\"x\\t\",\"spark.c\":\"x y\"}}"))
                        .problems())
                .extracting(Problem::key)
                .containsExactly("servers.sales.conf.spark.a", "servers.sales.conf.spark.b");
    }
}
