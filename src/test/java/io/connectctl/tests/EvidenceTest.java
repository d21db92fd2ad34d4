package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is kept and told of a start, and of a server that was wedged; and that a bundle of it all holds no secret. */
@Order(4)
class EvidenceTest {
    private static final String IN_CONF = "conf-s3cret-0b7f4c19";
    private static final String IN_ENV = "env-s3cret-5d2e8a70";

    /** One server in each runtime: its start's timeline, then SIGSTOP, its replacement, and the bundle. */
    @ParameterizedTest
    @EnumSource
    void aStartAndAWedgeLeaveTheirEvidence(Where where) throws IOException {
        try (Installation installation = where.install()) {
            installation.environment().put("DB_PASSWORD", IN_ENV);
            declare(
                    installation,
                    where.lines(
                            installation,
                            "4.0.1",
                            "spark.hadoop.fs.s3a.secret.key: " + IN_CONF,
                            // Spark logs it as it submits: in clear, as it knows no better.
                            "spark.app.name: 'app password=" + IN_CONF + "'"),
                    "auth: token",
                    "health: {interval: 1s, timeout: 1s, failures: 2}",
                    "stop: {grace: 2s}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto");
            installation.ok("start", "connect", "--env", "DB_PASSWORD");

            assertTimeline(installation);

            where.signal(installation, "connect", "STOP");
            await().atMost(Installation.PATIENCE).until(() -> {
                JsonNode status = installation.look("connect");
                return status.path("incarnation").asInt() == 2
                        && status.path("phase").asText().equals("HEALTHY");
            });

            assertWedge(installation);
            assertBundle(installation);
        }
    }

    private static void assertTimeline(Installation installation) {
        JsonNode timeline = Installation.json(
                installation.ok("timeline", "connect", "-o", "json").out());
        List<String> steps = StreamSupport.stream(timeline.path("steps").spliterator(), false)
                .map(step -> step.path("name").asText())
                .toList();
        assertThat(steps)
                .as(timeline::toString)
                .containsSubsequence("resolve", "create", "jvm", "SparkContext", "port", "rpc", "session", "query");
        assertThat(timeline.path("complete").asBoolean()).isTrue();
        assertThat(timeline.path("hint").asText()).isNotEmpty();
        double end = 0;
        for (JsonNode step : timeline.path("steps")) {
            assertThat(step.path("startSeconds").asDouble()).isCloseTo(end, Offset.offset(0.005));
            end = step.path("startSeconds").asDouble() + step.path("seconds").asDouble();
        }
        for (String slow : List.of("jvm", "SparkContext", "query")) {
            assertThat(StreamSupport.stream(timeline.path("steps").spliterator(), false)
                            .filter(step -> step.path("name").asText().equals(slow)))
                    .as(timeline::toString)
                    .allMatch(step -> step.path("seconds").asDouble() > 0);
        }
        installation.environment().put("COLUMNS", "60");
        assertThat(installation.ok("timeline", "connect").out().lines())
                .anyMatch(line -> line.startsWith("SparkContext") && line.contains("#"))
                .anyMatch(line -> line.startsWith("slowest: "))
                .allMatch(line -> line.length() <= 60);
    }

    /** Its JVM was stopped: only the kernel could be asked, and nothing waited for the JVM. */
    private static void assertWedge(Installation installation) throws IOException {
        String events = installation.ok("events", "connect").out();
        assertThat(events).contains("it was wedged", "is stopped");
        JsonNode described = Installation.json(
                installation.ok("describe", "connect", "-o", "json").out());
        Path wedge = Path.of(described.path("folders").path("wedge").asText());
        assertThat(wedge).isEqualTo(installation.serverFolder("connect").resolve("run/1/wedge"));
        assertThat(events).contains(wedge.toString());
        assertThat(Files.readString(wedge.resolve("process.txt"))).contains("State: T", "VmRSS:", "grpc-");
        assertThat(Files.readString(wedge.resolve("log.txt"))).contains("Spark Connect server started");
        assertThat(Files.readString(wedge.resolve("about.txt"))).contains("incarnation 1", "its last probe failed at");
        try (Stream<Path> files = Files.list(wedge)) {
            for (Path file : files.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
            }
        }
    }

    private static void assertBundle(Installation installation) throws IOException {
        String token = Files.readString(installation.serverFolder("connect").resolve("token"))
                .strip();
        Path file = Path.of(
                installation.ok("bundle", "connect", "-o", "b.tar.gz").out().strip());
        assertThat(file).isEqualTo(installation.project().resolve("b.tar.gz"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(installation.run("bundle", "connect", "-o", "b.tar.gz").exit())
                .isEqualTo(8);

        Map<String, String> content = content(file);

        assertThat(content.keySet())
                .contains(
                        "README.txt",
                        "versions.txt",
                        "describe.json",
                        "daemon.json",
                        "events.jsonl",
                        "timeline.json",
                        "machine.txt",
                        "daemon.log",
                        "files/spark-defaults.conf",
                        "files/java.options",
                        "files/entrypoint",
                        "logs/current.log",
                        "logs/previous.log",
                        "wedge/1/about.txt",
                        "wedge/1/process.txt",
                        "wedge/1/log.txt");
        assertThat(content.get("logs/current.log")).contains("Spark Connect server started", "(redacted)");
        assertThat(content.get("events.jsonl")).contains("it was wedged");
        assertThat(content.get("files/spark-defaults.conf")).contains("(redacted)");
        assertThat(content.get("machine.txt")).contains("MemTotal", "processors: ");
        content.forEach((name, text) -> assertThat(text)
                .as(name)
                .doesNotContain(IN_CONF)
                .doesNotContain(IN_ENV)
                .doesNotContain(token));
    }

    /** A start that hangs, or is only too slow, is a wedge, too; its JVM answers, so its threads and heap are there. */
    @ParameterizedTest
    @EnumSource
    void aStartThatTakesTooLongLeavesItsThreads(Where where) throws IOException {
        try (Installation installation = where.install()) {
            declare(
                    installation,
                    // An address where nobody answers: the SparkContext waits for a minute.
                    where.lines(installation, "4.0.1"),
                    "master: 'spark://192.0.2.1:7077'",
                    "health: {startTimeout: 20s}",
                    "restart: {onFault: false}",
                    "stop: {grace: 2s}",
                    "port: " + Spark.freePort(),
                    "uiPort: auto");

            assertThat(installation.run("start").exit()).isEqualTo(4);

            Path wedge = installation.serverFolder("connect").resolve("run/1/wedge");
            assertThat(Files.readString(wedge.resolve("threads.txt"))).contains("Full thread dump", "\"main\"");
            assertThat(Files.readString(wedge.resolve("heap.txt"))).contains("garbage-first heap");
            assertThat(installation.ok("events", "connect").out()).contains("its threads, its heap");
        }
    }

    /** By a tar that isn't ours. */
    private static Map<String, String> content(Path archive) throws IOException {
        Path folder = Files.createDirectory(archive.resolveSibling("unpacked"));
        Outcome unpacked = Installation.finish(
                new ProcessBuilder("tar", "-xzf", archive.toString(), "-C", folder.toString()).start(),
                Installation.PATIENCE);
        assertThat(unpacked.exit()).as(unpacked::toString).isZero();
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .isEqualTo("rw-------");
                Path inside = folder.relativize(file);
                assertThat(inside.getName(0).toString()).matches("connectctl-connect-\\d{8}T\\d{6}Z");
                content.put(inside.subpath(1, inside.getNameCount()).toString(), Files.readString(file));
            }
        }
        return content;
    }

    private static void declare(Installation installation, String... lines) throws IOException {
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                "servers:\n  connect:\n"
                        + Stream.of(lines).map(line -> "    " + line + "\n").collect(Collectors.joining()));
    }
}
