package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A start that fails ends with its cause, its decisive lines, a remedy and the log's path; each from a real run. */
class FailedStartTest {
    private static Installation installation;
    private static final Map<Where, Installation> INSTALLATIONS = new EnumMap<>(Where.class);

    @BeforeAll
    static void install() {
        installation = in(Where.PROCESS);
    }

    private static Installation in(Where where) {
        return INSTALLATIONS.computeIfAbsent(where, Where::install);
    }

    @AfterAll
    static void uninstall() {
        INSTALLATIONS.values().forEach(Installation::close);
    }

    @ParameterizedTest(name = "{0}: {3}")
    @CsvSource(
            delimiter = '|',
            value = {
                "value   | PROCESS | 4.0.1 | BAD_CONF_VALUE       | --conf spark.network.timeout=5s",
                "size    | PROCESS | 4.0.1 | BAD_CONF_VALUE       | --conf spark.connect.grpc.maxInboundMessageSize=foo",
                "session | PROCESS | 4.0.1 | BAD_CONF_VALUE       | --conf spark.sql.codegen.maxFields=x",
                "session35 | PROCESS | 3.5.0 | BAD_CONF_VALUE     | --conf spark.sql.session.timeZone=Nowhere",
                "noui    | PROCESS | 4.0.1 | BAD_CONF_VALUE       | --conf spark.sql.codegen.maxFields=x --until query",
                "value35 | PROCESS | 3.5.0 | BAD_CONF_VALUE       | --conf spark.network.timeout=5s",
                "class   | PROCESS | 4.0.1 | CLASS_NOT_FOUND      | --conf spark.connect.grpc.interceptor.classes=com.example.Nope",
                "events  | PROCESS | 4.0.1 | FOLDER_UNWRITABLE    | --conf spark.eventLog.enabled=true --conf spark.eventLog.dir=file:/proc/nothing",
                "value   | DOCKER  | 4.0.1 | BAD_CONF_VALUE       | --conf spark.network.timeout=5s",
                "value35 | DOCKER  | 3.5.0 | BAD_CONF_VALUE       | --conf spark.network.timeout=5s",
                "class   | DOCKER  | 4.0.1 | CLASS_NOT_FOUND      | --conf spark.connect.grpc.interceptor.classes=com.example.Nope",
            })
    void declarationThatSparkRefusesEndsInItsCause(
            String name, Where where, String version, String code, String flags) {
        failsWith(where, version, code, name, Stream.of(flags.split(" ")));
    }

    @Test
    void packageThatNobodyHasEndsTheStartBeforeALaunch() {
        String missing = "io.connectctl.none:nothing_2.13:1.0";
        Outcome outcome =
                fails(Where.PROCESS, "4.0.1", "PACKAGE_UNRESOLVABLE", "package", Stream.of("--packages", missing));

        assertThat(outcome.err())
                .contains(
                        "package " + missing,
                        "asked: ",
                        "no log: nothing was launched; what led to it: connectctl events package");
        assertThat(installation.ok("events", "package").out()).contains("PACKAGE_UNRESOLVABLE");
        assertThat(installation.status("package").path("logFile").isNull())
                .as("nothing ran that could have logged")
                .isTrue();
    }

    @Test
    void aStartThatFailsBeforeALaunchNamesNoLogOfTheRunBefore() {
        installation.ok("start", "again", "--port", "auto", "--ui-port", "auto");
        installation.ok("stop", "again");
        Outcome outcome = fails(
                Where.PROCESS,
                "4.0.1",
                "PACKAGE_UNRESOLVABLE",
                "again",
                Stream.of("--packages", "io.connectctl.none:nothing_2.13:1.0"));

        assertThat(outcome.err()).contains("no log: nothing was launched").doesNotContain("run/1/server.log");
        assertThat(installation.status("again").at("/cause/logFile").isNull()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void takenPortNamesItsHolder(Where where) throws IOException {
        try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> arguments = new ArrayList<>(
                    List.of("start", "taken", "--port", "" + holder.getLocalPort(), "--ui-port", "auto"));
            arguments.addAll(where.flags(in(where), "4.0.1"));
            Outcome outcome = in(where).run(arguments.toArray(new String[0]));

            assertThat(outcome.exit()).as(outcome::toString).isEqualTo(8);
            assertThat(outcome.err())
                    .contains(
                            "" + holder.getLocalPort(),
                            "" + ProcessHandle.current().pid());
        }
    }

    @Test
    void newerJavaThanSparkKnowsIsNamed() {
        Optional<Path> java25 = Jdks.atLeast(24);
        Assumptions.assumeTrue(
                java25.isPresent(), "no JDK 24 or newer beside this one: nothing to start an older Spark on");
        Outcome outcome = installation.run(
                "start", "java", "--java-home", java25.orElseThrow().toString(), "--port", "auto", "--ui-port", "auto");
        assertThat(outcome.exit()).as(outcome::toString).isIn(4, 6);
        assertThat(outcome.err()).containsIgnoringCase("java").contains("17");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "master  | --master local[x]           | local[x]",
                "memory  | --driver-memory 300m        | 450",
                "memory3 | --conf spark.memory.fraction=2 | spark.memory.fraction",
                "memory2 | --conf spark.driver.memory=2g --driver-memory 1g | spark.driver.memory",
            })
    void declarationThatCantWorkIsRefusedBeforeAnythingStarts(String name, String flags, String said) {
        List<String> arguments = new ArrayList<>(List.of("start", name));
        arguments.addAll(List.of(flags.strip().split(" ")));
        Outcome outcome = installation.run(arguments.toArray(new String[0]));

        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(6);
        assertThat(outcome.err()).contains(said.strip());
        assertThat(installation.run("status", name).exit()).isEqualTo(5);
    }

    @Test
    void exhaustedHeapIsToldAndTheServerComesBack() {
        String url = installation
                .ok("start", "heap", "--driver-memory", "460m", "--port", "auto", "--ui-port", "auto")
                .out()
                .strip();
        Process client = Spark.client(url, "exhaust");

        await().atMost(Installation.PATIENCE)
                .until(() -> installation.look("heap").path("incarnation").asInt() == 2);

        client.destroyForcibly();
        String events = installation.ok("events", "heap", "-o", "json").out();
        assertThat(events).contains("OUT_OF_MEMORY_HEAP", "--driver-memory");
        installation.ok("wait", "heap", "--for", "healthy");
        installation.ok("stop", "heap");
    }

    @Test
    void sparkHomeWithoutTheConnectJarGetsIt() throws IOException {
        Path folder = installation.home().resolve("jarless");
        // A SPARK_HOME whose jars hold no Spark Connect: what Spark 3's own distribution is.
        Path jars = Files.createDirectories(folder.resolve("jars"));
        Path cache = installation.jars("4.0.1");
        try (Stream<Path> all = Files.list(cache)) {
            for (Path jar : (Iterable<Path>) all::iterator) {
                if (!jar.getFileName().toString().startsWith("spark-connect_")) {
                    Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar);
                }
            }
        }
        Outcome outcome = installation.ok(
                "start", "jarless", "--spark-home", folder.toString(), "--port", "auto", "--ui-port", "auto");
        assertThat(outcome.err()).contains("rung=query");
        installation.ok("stop", "jarless");
    }

    private static void failsWith(Where where, String version, String code, String name, Stream<String> flags) {
        Outcome outcome = fails(where, version, code, name, flags);
        assertThat(outcome.err())
                .contains(
                        // A container's log is the engine's.
                        where == Where.DOCKER
                                ? "connectctl logs " + name
                                : in(where).status(name).path("logFile").asText());
    }

    private static Outcome fails(Where where, String version, String code, String name, Stream<String> flags) {
        Installation installation = in(where);
        List<String> arguments = new ArrayList<>(List.of("start", name, "--port", "auto", "--ui-port", "auto"));
        arguments.addAll(where.flags(installation, version));
        flags.forEach(arguments::add);
        Outcome outcome = installation.run(arguments.toArray(new String[0]));

        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(4);
        JsonNode status = installation.status(name);
        assertThat(status.path("phase").asText()).isEqualTo("FAILED");
        assertThat(status.at("/cause/code").asText()).as(outcome::toString).isEqualTo(code);
        assertThat(status.at("/cause/evidence")).isNotEmpty();
        assertThat(status.at("/cause/remedy").asText()).isNotEmpty();
        assertThat(status.path("restarts").asInt())
                .as("a configuration error is not retried")
                .isZero();
        assertThat(outcome.err())
                .contains(
                        code,
                        status.at("/cause/summary").asText(),
                        status.at("/cause/evidence/0").asText(),
                        status.at("/cause/remedy").asText());
        return outcome;
    }
}
