package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients whose queries run aren't parted from their server without a word, and are told what they then see. */
class DrainTest {
    @ParameterizedTest
    @EnumSource
    void aStopIsRefusedADrainWaitsAndWhatRemainsIsInterrupted(Where where) throws IOException {
        try (Installation installation = where.install()) {
            Path events = folderForAll(installation, "events");
            declare(installation, where, "", events);
            installation.ok("start", "sales");
            String url = installation.ok("url", "sales").out().strip() + "/;user_id=etl";
            Process patient = Spark.client(url, "sleep:8000");
            awaitOperations(installation, 1);

            Outcome refused = installation.run("stop", "sales");
            assertThat(refused.exit()).as(refused::toString).isEqualTo(9);
            assertThat(refused.err()).contains("1 operation of user etl is running; use --drain 5m or --force");
            Outcome unchanged = installation.run("restart", "sales");
            assertThat(unchanged.exit()).as(unchanged::toString).isEqualTo(9);
            assertThat(installation.ok("status", "sales").out())
                    .contains("session", "1 operation of user etl is running");
            assertThat(installation.ok("describe", "sales").out()).contains("1 operation of user etl is running");

            // The query is waited for, its open session isn't.
            Outcome restarted = installation.ok("restart", "sales", "--drain", "2m");
            assertThat(restarted.err())
                    .contains("draining: 1 operation of user etl is running")
                    .contains("drained: every operation finished")
                    .contains("INVALID_HANDLE.SESSION_CHANGED", "getOrCreate()");
            assertThat(installation.status("sales").path("incarnation").asInt()).isEqualTo(2);
            assertFinished(events, 1, 1);

            goOn(patient);
            Outcome lost = Installation.finish(patient, Installation.PATIENCE);
            assertThat(lost.out()).as("its query had ended well").isEqualTo("0\n");
            assertThat(lost.err()).contains("SESSION_CHANGED");

            Process endless = Spark.client(url, "sleep:600000");
            awaitOperations(installation, 1);
            Outcome stopped = installation.ok("stop", "sales", "--drain", "1s");
            assertThat(stopped.err()).contains("1 operation of user etl is running after 1 s: interrupted");
            Outcome interrupted = Installation.finish(endless, Installation.PATIENCE);
            assertThat(interrupted.err()).contains("OPERATION_CANCELED");
            assertThat(installation.status("sales").path("phase").asText()).isEqualTo("STOPPED");
            assertFinished(events, 2, 0);
        }
    }

    @Test
    void whatIsDeclaredDrainsAndASecondStopSaysForHowLong() throws IOException {
        try (Installation installation = new Installation()) {
            Path events = folderForAll(installation, "events");
            declare(installation, Where.PROCESS, "stop: {drain: 10m}", events);
            installation.ok("start", "sales");
            String url = installation.ok("url", "sales").out().strip() + "/;user_id=etl";
            Process endless = Spark.client(url, "sleep:600000");
            awaitOperations(installation, 1);

            // Neither asked nor refused: what is declared says what becomes of what runs.
            Outcome first = installation.ok("stop", "sales", "--no-wait");
            assertThat(first.err()).contains("stopping; running operations may finish, for at most ");
            Process joined = installation.spawn("stop", "sales");
            BufferedReader told = errors(joined);
            awaitLine(told, "already stopping; running operations may finish, for at most ");
            awaitLine(told, "draining: 1 operation of user etl is running");
            assertThat(installation.look("sales").path("phase").asText()).isEqualTo("STOPPING");

            Outcome shortened = installation.ok("stop", "sales", "--drain", "0s");
            assertThat(shortened.err()).contains(": interrupted");
            assertThat(Installation.finish(joined, Installation.PATIENCE).exit())
                    .isZero();
            assertThat(Installation.finish(endless, Installation.PATIENCE).err())
                    .contains("OPERATION_CANCELED");
            assertThat(installation.status("sales").path("phase").asText()).isEqualTo("STOPPED");
            assertFinished(events, 1, 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatReadsSlowlyGetsItsWholeAnswer(Where where) throws IOException {
        try (Installation installation = where.install()) {
            installation.start("sales", "4.0.1", "--port", "auto", "--ui-port", "auto");
            String url = installation.ok("url", "sales").out().strip() + "/;user_id=etl";
            Process slow = Spark.client(url, "linger");
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(slow.getInputStream(), StandardCharsets.UTF_8));
            assertThat(answer.readLine()).isEqualTo("reading");

            Process stop = installation.spawn("stop", "sales", "--drain", "10m");
            awaitLine(errors(stop), "draining: the answer of 1 operation of user etl isn't taken, at most ");
            goOn(slow);

            assertThat(answer.readLine()).isEqualTo("99999");
            assertThat(Installation.finish(stop, Installation.PATIENCE).exit()).isZero();
            assertThat(installation.ok("events", "sales").out()).contains("drained: every operation finished");
            slow.destroyForcibly();
        }
    }

    private static void declare(Installation installation, Where where, String more, Path events) throws IOException {
        String lines = where.lines(
                installation,
                "4.0.1",
                "spark.eventLog.enabled: true",
                "spark.eventLog.compress: false",
                "spark.eventLog.dir: 'file:" + (where == Where.DOCKER ? "/events" : events) + "'");
        String mount = where == Where.DOCKER ? "container: {volumes: ['" + events + ":/events']}" : "";
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                "servers:\n  sales:\n    port: " + Spark.freePort() + "\n    uiPort: auto\n    " + lines + "\n    "
                        + more + "\n    " + mount + "\n");
    }

    /** A folder that a container's user may write to, too. */
    private static Path folderForAll(Installation installation, String name) throws IOException {
        Path folder = Files.createDirectories(installation.home().resolve(name));
        return Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    /** Spark wrote the event logs of those that ended to their end: the history server shows them as completed. */
    private static void assertFinished(Path events, int ended, int running) throws IOException {
        List<String> ends = new ArrayList<>();
        List<Path> open = new ArrayList<>();
        try (Stream<Path> all = Files.walk(events)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (file.getFileName().toString().endsWith(".inprogress")) {
                    open.add(file);
                }
                Files.readAllLines(file).stream()
                        .filter(line -> line.contains("\"SparkListenerApplicationEnd\""))
                        .forEach(ends::add);
            }
        }
        assertThat(ends).hasSize(ended);
        assertThat(open).hasSize(running);
    }

    private static BufferedReader errors(Process process) {
        return new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    }

    /** Reads on until a line holds {@code text}. */
    private static void awaitLine(BufferedReader lines, String text) throws IOException {
        List<String> read = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            read.add(line);
            if (line.contains(text)) {
                return;
            }
        }
        throw new AssertionError("never told: " + text + "; but " + read);
    }

    private static void goOn(Process client) throws IOException {
        client.getOutputStream().write("go on\n".getBytes(StandardCharsets.UTF_8));
        client.getOutputStream().flush();
    }

    static void awaitOperations(Installation installation, int operations) {
        await().atMost(Installation.PATIENCE).until(() -> {
            JsonNode activity = installation.look("sales?activity=true").path("activity");
            return activity.path("operations").asInt() == operations
                    && activity.path("users").toString().equals("[\"etl\"]");
        });
    }
}
