package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterReaderTest {
    private Path folder;

    @BeforeEach
    void writeHadoopConf(@TempDir Path temporary) throws IOException {
        folder = temporary;
        Files.writeString(
                folder.resolve("yarn-site.xml"),
                """
                <?xml version="1.0"?>
                <configuration>
                  <property><name>cluster.host</name><value>rm.example.org</value></property>
                  <property><name>yarn.resourcemanager.hostname</name><value>${cluster.host}</value></property>
                  <property><name>yarn.resourcemanager.webapp.address</name><value>${cluster.host}:8188</value></property>
                </configuration>
                """);
    }

    private static SpecReader.Reading read(String json) {
        return SpecReader.read(new ServerName("sales"), Declaration.ofJson(json));
    }

    private static List<String> errors(String json) {
        return read(json).problems().stream()
                .filter(problem -> problem.severity() == Problem.Severity.ERROR)
                .map(problem -> problem.key() + ": " + problem.message())
                .toList();
    }

    private String yarn(String more) {
        return "{\"spark\": \"3.5.0\", \"master\": \"yarn\", \"hadoopConf\": \"" + folder + "\"" + more + "}";
    }

    @Test
    void aDeclarationForYarnIsReadWithTheDefaultsOfAcluster() {
        SpecReader.Reading reading = read(
                yarn(
                        ", \"queue\": \"root.sales\", \"executors\": {\"number\": 2, \"cores\": 4,"
                                + " \"memory\": \"4g\"}, \"driver\": {\"host\": \"10.0.0.7\", \"port\": 7078, \"blockManagerPort\": 7079}"));

        assertThat(reading.problems()).isEmpty();
        ServerSpec spec = reading.spec().orElseThrow();
        assertThat(spec.restart()).isEqualTo(Defaults.CLUSTER_RESTART);
        assertThat(spec.cluster().hadoopConf()).contains(folder);
        assertThat(spec.cluster().queue()).contains("root.sales");
        assertThat(spec.cluster().executors().number()).isEqualTo(OptionalInt.of(2));
        assertThat(spec.cluster().executors().memory()).contains(MemorySize.parse("4g"));
        assertThat(spec.cluster().driver().host()).contains("10.0.0.7");
        assertThat(spec.health().startTimeout()).isEqualTo(Duration.ofMinutes(10));
        assertThat(spec.health().minExecutors()).isEqualTo(1);
        assertThat(SpecReader.read(spec.name(), SpecWriter.write(spec)).spec()).contains(spec);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3          | 3 |   |  ",
                "\"1-8\"    |   | 1 | 8",
                "{\"min\": 0, \"max\": 4} | | 0 | 4",
                "{\"number\": \"2-5\"}    | | 2 | 5",
            })
    void executorsAreANumberOrARange(
            String json, @Nullable Integer number, @Nullable Integer min, @Nullable Integer max) {
        ExecutorSpec executors = read(yarn(", \"executors\": " + json))
                .spec()
                .orElseThrow()
                .cluster()
                .executors();

        assertThat(executors.number()).isEqualTo(of(number));
        assertThat(executors.min()).isEqualTo(of(min));
        assertThat(executors.max()).isEqualTo(of(max));
    }

    private static OptionalInt of(@Nullable Integer number) {
        return number == null ? OptionalInt.empty() : OptionalInt.of(number);
    }

    @Test
    void aServerThatMayHaveNoExecutorNeedsNone() {
        assertThat(read(yarn(", \"executors\": \"0-4\""))
                        .spec()
                        .orElseThrow()
                        .health()
                        .minExecutors())
                .isZero();
    }

    private static int minExecutors(String rest) {
        return read("{\"master\": \"spark://h:7077\", " + rest + "}")
                .spec()
                .orElseThrow()
                .health()
                .minExecutors();
    }

    @Test
    void dynamicAllocationInConfMayHaveNoExecutorEither() {
        assertThat(minExecutors("\"conf\": {\"spark.dynamicAllocation.enabled\": \"true\"}"))
                .isZero();
        assertThat(minExecutors("\"conf\": {\"spark.dynamicAllocation.enabled\": \"true\","
                        + " \"spark.dynamicAllocation.minExecutors\": \"3\"}"))
                .isEqualTo(1);
        assertThat(minExecutors("\"conf\": {\"spark.dynamicAllocation.enabled\": \"false\"}"))
                .isEqualTo(1);
        assertThat(minExecutors("\"executors\": \"0-4\", \"conf\": {\"spark.executor.cores\": \"1\"}"))
                .isZero();
    }

    @Test
    void moreExecutorsThanDynamicAllocationKeepsCannotBeAskedFor() {
        assertThat(errors(yarn(", \"executors\": \"1-8\", \"health\": {\"minExecutors\": 4}")))
                .singleElement()
                .asString()
                .contains("servers.sales.health.minExecutors", "4 is more than", "raise executors.min");
        assertThat(errors(yarn(", \"executors\": \"4-8\", \"health\": {\"minExecutors\": 4}")))
                .isEmpty();
        assertThat(errors(yarn(", \"executors\": 8, \"health\": {\"minExecutors\": 4}")))
                .isEmpty();
        assertThat(errors("{\"master\": \"spark://h:7077\", \"health\": {\"minExecutors\": 1},"
                        + " \"conf\": {\"spark.dynamicAllocation.enabled\": \"true\"}}"))
                .hasSize(1);
    }

    @Test
    void everyMistakeSaysWhatToDo() {
        assertThat(errors(yarn(", \"executors\": {\"number\": 2, \"min\": 1, \"max\": 3}")))
                .singleElement()
                .asString()
                .contains("servers.sales.executors.number", "contradicts min and max");
        assertThat(errors(yarn(", \"executors\": {\"min\": 5, \"max\": 3}")))
                .singleElement()
                .asString()
                .contains("lower min");
        assertThat(errors(yarn(", \"executors\": {\"min\": 5}")))
                .singleElement()
                .asString()
                .contains("add max");
        assertThat(errors(yarn(", \"executors\": {\"memory\": \"300m\"}")))
                .singleElement()
                .asString()
                .contains("450m");
        assertThat(errors(yarn(", \"executors\": \"many\"")))
                .singleElement()
                .asString()
                .contains("'many'", "1-8");
        assertThat(errors(yarn(", \"queue\": \"a b\"")))
                .singleElement()
                .asString()
                .contains("'a b' is no queue");
        assertThat(errors(yarn(", \"executors\": 2, \"health\": {\"minExecutors\": 3}")))
                .singleElement()
                .asString()
                .contains("3 can never be reached", "at most 2");
        assertThat(errors(yarn(", \"driver\": {\"port\": 7078, \"blockManagerPort\": 7078}")))
                .singleElement()
                .asString()
                .contains("both 7078");
        assertThat(errors(yarn(", \"env\": {\"HADOOP_CONF_DIR\": \"/else\"}")))
                .singleElement()
                .asString()
                .contains("contradicts a field: hadoopConf");
    }

    @Test
    void yarnWithoutItsConfigurationIsRefusedBeforeAnythingStarts() throws IOException {
        assertThat(errors("{\"master\": \"yarn\"}"))
                .singleElement()
                .asString()
                .contains("servers.sales.master", "--hadoop-conf", "yarn-site.xml");
        assertThat(errors("{\"master\": \"yarn\", \"hadoopConf\": \"/no/such/folder\"}"))
                .singleElement()
                .asString()
                .contains("/no/such/folder", "is no folder");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(errors("{\"master\": \"yarn\", \"hadoopConf\": \"" + empty + "\"}"))
                .singleElement()
                .asString()
                .contains("holds no yarn-site.xml");
        Files.writeString(empty.resolve("yarn-site.xml"), "<configuration/>");
        assertThat(errors("{\"master\": \"yarn\", \"hadoopConf\": \"" + empty + "\"}"))
                .singleElement()
                .asString()
                .contains("names no ResourceManager");
        Files.writeString(empty.resolve("yarn-site.xml"), "<configuration>");
        assertThat(errors("{\"master\": \"yarn\", \"hadoopConf\": \"" + empty + "\"}"))
                .singleElement()
                .asString()
                .contains("is no Hadoop configuration");
    }

    @Test
    void aLocalMasterHasNeitherExecutorsNorAQueue() {
        assertThat(errors("{\"executors\": 2}"))
                .singleElement()
                .asString()
                .contains("servers.sales.executors: has no meaning", "local[*]");
        assertThat(errors("{\"queue\": \"default\"}"))
                .singleElement()
                .asString()
                .contains("only YARN has queues");
        assertThat(errors("{\"health\": {\"minExecutors\": 1}}"))
                .singleElement()
                .asString()
                .contains("no executors");
    }

    @Test
    void whatConfSaysOtherwiseThanAFieldIsRefused() {
        assertThat(errors(yarn(", \"executors\": {\"number\": 2, \"cores\": 2}, \"queue\": \"a\", \"conf\": {"
                        + "\"spark.executor.instances\": \"3\", \"spark.executor.cores\": \"1\", \"spark.yarn.queue\": \"b\","
                        + " \"spark.dynamicAllocation.enabled\": \"true\"}")))
                .hasSize(4)
                .allMatch(problem -> problem.contains("contradicts a field"));
        assertThat(errors(yarn(", \"conf\": {\"spark.submit.deployMode\": \"cluster\"}")))
                .singleElement()
                .asString()
                .contains("Spark 3.5.0 refuses it", "client mode");
    }

    @Test
    void aMasterOnLoopbackIsNoneOfAContainers() {
        assertThat(errors("{\"master\": \"spark://localhost:7077\", \"runtime\": \"docker\"}"))
                .singleElement()
                .asString()
                .contains("the container's own loopback");
    }

    @Test
    void kubernetesIsPassedOnWithAWarningWhereNoImageIsNamed() {
        SpecReader.Reading reading = read("{\"master\": \"k8s://https://api:6443\"}");

        assertThat(reading.spec()).isPresent();
        assertThat(reading.problems())
                .singleElement()
                .extracting(Problem::message)
                .asString()
                .contains("spark.kubernetes.container.image");
    }

    @Test
    void resourceManagersAreFoundAsHadoopFindsThem() throws IOException {
        HadoopConf one = HadoopConf.of(folder, Map.of());
        assertThat(one.managers()).containsExactly(URI.create("http://rm.example.org:8188"));
        assertThat(one.submissions()).containsExactly("rm.example.org:8032");

        Files.writeString(
                folder.resolve("yarn-site.xml"),
                """
                <configuration>
                  <property><name>yarn.resourcemanager.ha.enabled</name><value>true</value></property>
                  <property><name>yarn.resourcemanager.ha.rm-ids</name><value>a, b</value></property>
                  <property><name>yarn.resourcemanager.hostname.a</name><value>one</value></property>
                  <property><name>yarn.resourcemanager.hostname.b</name><value>two</value></property>
                </configuration>
                """);
        assertThat(HadoopConf.of(folder, Map.of()).managers())
                .containsExactly(URI.create("http://one:8088"), URI.create("http://two:8088"));
    }

    @Test
    void hadoopsInclusionsAndVariablesAreReadAsHadoopReadsThem() throws IOException {
        Path common = Files.createDirectory(folder.resolve("common"));
        Files.writeString(
                common.resolve("rm.xml"),
                """
                <configuration>
                  <property><name>yarn.resourcemanager.address</name><value>${env.RM_HOST}:${env.RM_PORT:-8032}</value></property>
                  <property><name>yarn.resourcemanager.address</name><value/></property>
                  <property name="short" value="form"/>
                  <property><name>who</name><value>${user.name}${env.NOT_THERE-!}${env.EMPTY-no}${unknown}</value></property>
                </configuration>
                """);
        Files.writeString(
                folder.resolve("yarn-site.xml"),
                """
                <configuration xmlns:xi="http://www.w3.org/2001/XInclude">
                  <property><name>kept</name><value>first</value><final>true</final></property>
                  <property><name>kept</name><value>second</value></property>
                  <xi:include href="http://config.example/rm.xml"/>
                  <xi:include href="common/rm.xml"/>
                  <xi:include href="nothing.xml"><xi:fallback><property><name>x</name><value>1</value></property></xi:fallback></xi:include>
                </configuration>
                """);

        HadoopConf conf = HadoopConf.of(folder, Map.of("RM_HOST", "rm.example.org", "RM_PORT", "", "EMPTY", ""));

        assertThat(conf.submissions()).containsExactly("rm.example.org:8032");
        assertThat(conf.managers()).containsExactly(URI.create("http://rm.example.org:8088"));
        assertThat(conf.get("who")).contains(System.getProperty("user.name") + "!${unknown}");
        assertThat(conf.get("x")).contains("1");
        assertThat(conf.get("short")).contains("form");
        assertThat(conf.get("kept")).contains("first");
        assertThat(conf.inclusions()).containsExactly("common/rm.xml");
        assertThat(conf.toString()).doesNotContain("RM_HOST=");
    }

    @Test
    void anInclusionThatIsNotThereOrHasNoEndIsToldWithItsFile() throws IOException {
        Path site = folder.resolve("yarn-site.xml");
        String include = "<configuration><include xmlns='http://www.w3.org/2001/XInclude' href='%s'/></configuration>";
        Files.writeString(site, include.formatted("nothing.xml"));
        assertThatThrownBy(() -> HadoopConf.of(folder, Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(site + " includes 'nothing.xml'");
        Path below = Files.createDirectory(folder.resolve("below"));
        Files.writeString(below.resolve("yarn-site.xml"), include.formatted("../outside.xml"));
        Files.writeString(folder.resolve("outside.xml"), "<configuration/>");
        assertThatThrownBy(() -> HadoopConf.of(below, Map.of()))
                .hasMessageContaining("'../outside.xml', which isn't there");
        Files.writeString(site, include.formatted("yarn-site.xml"));
        assertThatThrownBy(() -> HadoopConf.of(folder, Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("10 files deep");
    }

    @Test
    void anAddressWithColonsIsGivenToSparkInBrackets() {
        for (String host : List.of("2001:db8::7", "[2001:db8::7]")) {
            assertThat(read("{\"master\": \"spark://h:7077\", \"driver\": {\"host\": \"" + host + "\"}}")
                            .spec()
                            .orElseThrow()
                            .cluster()
                            .driver()
                            .host())
                    .contains("[2001:db8::7]");
        }
    }
}
