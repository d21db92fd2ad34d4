package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MemoryModel;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of somebody else's container, from what an engine says of it. */
class ForeignTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final String LOOPBACK = "127.0.0.1";

    @TempDir
    Path root = Path.of("set by JUnit");

    private ScriptedEngine engine;
    private DockerRuntime runtime;

    @BeforeEach
    void listen() throws IOException {
        engine = new ScriptedEngine("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}");
        engine.answer("/info", "{\"NCPU\":8,\"MemTotal\":17179869184}");
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        runtime = new DockerRuntime(folders, Map.of("DOCKER_HOST", engine.host(), "HOME", root.toString()));
    }

    @AfterEach
    void end() {
        runtime.close();
        engine.close();
    }

    /** A container of Apache's image that publishes 15002 and 4040, and 5005 besides where there is an address for it. */
    private Adoptable found(String grpc, String ui, String host, String command) throws Exception {
        String json =
                """
                {"Id":"c0ffee","Name":"/theirs",
                "State":{"Status":"running","Running":true,"Pid":4711,"StartedAt":"2026-11-23T10:00:00Z"},
                "Image":"sha256:beef","Config":{"Image":"apache/spark:4.0.1","User":"spark","Labels":{},"Env":["PATH=/usr/bin:/bin"],"Entrypoint":["/opt/entrypoint.sh"],
                "Cmd":["/opt/spark/sbin/start-connect-server.sh"]},
                "HostConfig":%s,
                "NetworkSettings":{"Ports":{"15002/tcp":[{"HostIp":"%s","HostPort":"15002"}],"4040/tcp":[{"HostIp":"%s","HostPort":"14040"}],
                "7077/tcp":null}}}"""
                        .formatted(host, grpc, ui);
        engine.answer("/containers/theirs/json", json);
        engine.answer("/containers/c0ffee/json", json);
        engine.answer(
                "/containers/c0ffee/top",
                "{\"Titles\":[\"PID\",\"CMD\"],\"Processes\":[[\"4711\",\"tini -s\"],[\"4712\",\"" + command + "\"]]}");
        return runtime.inspect("theirs");
    }

    private static ServerSpec spec(Adoptable found) {
        SpecReader.Reading reading = SpecReader.read(SALES, found.declaration());
        assertThat(reading.spec()).as("%s", reading.problems()).isPresent();
        return reading.spec().orElseThrow();
    }

    private static String java(String options) {
        return "/usr/bin/java -cp /opt/spark/jars/* " + options + " org.apache.spark.deploy.SparkSubmit --class"
                + " org.apache.spark.sql.connect.service.SparkConnectServer spark-internal";
    }

    // ------------------------------------------------------------------ who reaches it

    @Test
    void whatIsPublishedToTheWorldIsTold() throws Exception {
        Adoptable found = found("0.0.0.0", "192.0.2.7", "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        assertThat(runtime.exposures(spec(found)))
                .satisfiesExactlyInAnyOrder(
                        grpc -> assertThat(grpc)
                                .contains(
                                        "port 15002 of container theirs is published on every interface (0.0.0.0:15002)",
                                        "asks for no token",
                                        "-p 127.0.0.1:15002:15002"),
                        ui -> assertThat(ui).contains("Spark UI", "at 192.0.2.7:14040", "asks nobody who they are"));
    }

    @Test
    void theNextDaemonKnowsToo() throws Exception {
        Adoptable found = found("", LOOPBACK, "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        Adoptions next = new Adoptions(
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache")));

        assertThat(next.of(SALES).orElseThrow().exposures(true))
                .singleElement()
                .asString()
                .contains("every interface (0.0.0.0:15002); clients need the token");
    }

    @Test
    void whatIsPublishedOnLoopbackIsNot() throws Exception {
        Adoptable found = found(LOOPBACK, "::1", "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        assertThat(runtime.exposures(spec(found))).isEmpty();
    }

    // ------------------------------------------------------------------ what it is

    @Test
    void masterMemoryAndCollectorAreThoseOfItsCommandLine() throws Exception {
        ServerSpec spec = spec(
                found(
                        LOOPBACK,
                        LOOPBACK,
                        "{}",
                        java("-Xmx1512m -XX:+UseSerialGC")
                                .replace(
                                        "--class",
                                        "--conf spark.master=local[2] --conf spark.memory.fraction=0.5 --master local[4] --class")));

        assertThat(spec.master()).isEqualTo("local[4]");
        assertThat(spec.driverMemory().text()).isEqualTo("1512m");
        MemoryModel memory = MemoryModel.of(spec);
        assertThat(memory.collector()).isEqualTo("Serial");
        assertThat(memory.fraction()).isEqualTo(0.5);
        assertThat(memory.poolBytes()).isLessThan(((1512L - 300) << 20) / 2);
    }

    @Test
    void theCollectorThatNobodyNamedIsTheOneThatTheJvmChooses() throws Exception {
        assertThat(MemoryModel.of(spec(found(LOOPBACK, LOOPBACK, "{}", java("-Xmx1g"))))
                        .collector())
                .isEqualTo("G1");
        assertThat(MemoryModel.of(spec(found(LOOPBACK, LOOPBACK, "{\"Memory\":1610612736}", java("-Xmx1g"))))
                        .collector())
                .isEqualTo("Serial");
        assertThat(MemoryModel.of(spec(found(LOOPBACK, LOOPBACK, "{\"NanoCpus\":1000000000}", java("-Xmx1g"))))
                        .collector())
                .isEqualTo("Serial");
    }

    @Test
    void whereNothingIsToldSparksDefaultsAre() throws Exception {
        ServerSpec spec = spec(found(LOOPBACK, LOOPBACK, "{}", java("")));

        assertThat(spec.master()).isEqualTo("local[*]");
        assertThat(spec.driverMemory().text()).isEqualTo("1g");
    }

    @Test
    void anImageWithoutPythonIsWarnedOf() throws Exception {
        Adoptable found = found(LOOPBACK, LOOPBACK, "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        assertThat(runtime.python(spec(found)).orElseThrow())
                .satisfies(note -> assertThat(note.works()).isFalse())
                .satisfies(note -> assertThat(note.text())
                        .contains("Python UDFs can't work", "no python3 on its PATH", "pyspark==4.0.1"));

        int asked = engine.asked().size();
        engine.answer("/containers/c0ffee/archive?path=%2Fusr%2Fbin%2Fpython3", "{}");
        runtime.python(spec(found));
        assertThat(engine.asked().subList(asked, engine.asked().size()))
                .as("an image never changes: it is looked into once")
                .noneMatch(path -> path.contains("python3"));
    }

    @Test
    void pythonWithoutPysparkIsWarnedOf() throws Exception {
        engine.answer("/containers/c0ffee/archive?path=%2Fbin%2Fpython3", "{}");
        Adoptable found = found(LOOPBACK, LOOPBACK, "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        assertThat(runtime.python(spec(found)).orElseThrow().text())
                .contains("may not work: the image has /bin/python3, but no /opt/spark/python/lib/pyspark.zip");
    }

    @Test
    void pythonWithItsPysparkWorks() throws Exception {
        engine.answer("/containers/c0ffee/archive?path=%2Fusr%2Fbin%2Fpython3", "{}");
        engine.answer("/containers/c0ffee/archive?path=%2Fopt%2Fspark%2Fpython%2Flib%2Fpyspark.zip", "{}");
        Adoptable found = found(LOOPBACK, LOOPBACK, "{}", java("-Xmx1g"));
        runtime.adopt(SALES, found);

        assertThat(runtime.python(spec(found)).orElseThrow())
                .isEqualTo(new PythonNote(
                        "Python UDFs run in the image's /usr/bin/python3: clients need the same Python version for them",
                        true));
    }

    @Test
    void aSoftContainerIsNotCalledHard() throws Exception {
        assertThat(spec(found(LOOPBACK, LOOPBACK, "{}", java("-Xmx1g")))
                        .container()
                        .loosen())
                .containsExactlyInAnyOrder(Loosening.values());
        ServerSpec partly = spec(found(
                LOOPBACK,
                LOOPBACK,
                """
                {"Memory":2147483648,"MemorySwap":2147483648,"PidsLimit":512,"Init":true,"ReadonlyRootfs":true,
                "CapDrop":["ALL"],"SecurityOpt":["no-new-privileges"]}""",
                java("-Xmx1g")));
        assertThat(partly.container().loosen()).isEqualTo(java.util.Set.of(Loosening.USER));
        assertThat(partly.container().memory().orElseThrow().text()).isEqualTo("2g");
    }
}
