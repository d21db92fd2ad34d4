package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.manager.api.v1.CheckList;
import io.connectctl.manager.client.FakeDaemon;
import io.connectctl.manager.client.ToolProcess;
import io.connectctl.manager.client.Wire;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code connectctl doctor} from outside: a shell script examines, as each test has it. */
@Timeout(60)
class DoctorCommandTest {
    private static final String URL = "sc://localhost:15002";

    private static final String DAEMON =
            "{\"version\":\"0.1.0\",\"build\":\"bbbbbbbbbbbb\",\"pid\":1,\"startedAt\":\"2026-11-22T15:00:00Z\","
                    + "\"socket\":\"s\",\"stateFolder\":\"f\",\"servers\":0}";

    private Path folder;
    private FakeDaemon daemon;
    private CliHarness cli;

    /** What the examining process was called with. */
    private final List<String> called = new ArrayList<>();

    @BeforeEach
    void listen(@TempDir Path temporary) throws IOException {
        folder = temporary;
        daemon = new FakeDaemon(folder);
        cli = new CliHarness(folder, daemon.socket());
    }

    @AfterEach
    void end() throws IOException {
        daemon.close();
    }

    @Test
    void whatIsUsableIsATableAndZero() {
        examines(ok("url", URL), ok("session", "Spark 4.0.1"));

        CliHarness.Result result = cli.run("doctor", URL, "--client", "4.0.1");

        assertThat(result.out().replaceAll(" +\\d+ ms", "  N ms"))
                .isEqualTo(
                        """
                sc://localhost:15002
                  url      ok  N ms  sc://localhost:15002
                  session  ok  N ms  Spark 4.0.1
                  client   ok  N ms  the client is 4.0.1, the server 4.0.1
                usable
                """);
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(called).containsExactly("url", "6500");
    }

    @ParameterizedTest
    @CsvSource({"url,BAD_URL,6", "name,NAME_UNKNOWN,7", "tcp,REFUSED,7", "http2,SILENT,4", "session,CONTEXT_GONE,4"})
    void theFirstFailureDecidesTheExitCode(String check, String code, int exit) {
        examines(failed(check, code));

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.code()).isEqualTo(exit);
        assertThat(result.out())
                .contains(code + ": that is so", "-> do this", "not usable: " + code)
                .doesNotContain("client");
    }

    @Test
    void jsonIsOneDocument() throws IOException {
        examines(ok("url", URL), failed("tcp", "REFUSED"));

        JsonNode document =
                Wire.mapper().readTree(cli.run("doctor", URL, "-o", "json").out());

        assertThat(document.path("kind").asText()).isEqualTo("CheckList");
        assertThat(document.path("target").asText()).isEqualTo(URL);
        assertThat(document.path("verdict").asText()).isEqualTo("FAILED");
        assertThat(document.path("cause").asText()).isEqualTo("REFUSED");
        assertThat(document.path("checks").findValuesAsText("check")).containsExactly("url", "tcp", "client");
    }

    @Test
    void theUrlGoesByStdinAndNeverByTheCommandLine() {
        cli.tool = script(
                "read url; echo \"$url\" > '" + folder.resolve("read") + "'\n" + String.join("\n", ok("url", "x")));
        cli.in = new ByteArrayInputStream("sc://localhost/;token=s3cr3t\nmore\n".getBytes(StandardCharsets.UTF_8));

        CliHarness.Result result = cli.run("doctor", "-");

        assertThat(result.code()).isZero();
        assertThat(folder.resolve("read")).hasContent("sc://localhost/;token=s3cr3t\n");
        assertThat(called.toString() + result).doesNotContain("s3cr3t");
    }

    /** A pipe that stays open, and whose line comes when the process itself has been there for long. */
    @Test
    void stdinIsReadToTheEndOfItsLineBeforeTheTimeCounts() throws IOException {
        examines(ok("url", URL));
        try (PipedOutputStream typed = new PipedOutputStream()) {
            cli.in = new PipedInputStream(typed);
            typed.write((URL + "\n").getBytes(StandardCharsets.UTF_8));

            assertThat(cli.run("doctor", "-").code()).isZero();
        }
    }

    @Test
    void whatIsNotDoneInTimeIsToldWhereItStood() {
        startedLongAgo();
        cli.tool = script(String.join("\n", ok("url", URL)) + "\necho 'begin tcp'\n" + HANG);

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.out()).contains("tcp", "TIMED_OUT: not done in time", "not usable: TIMED_OUT");
        assertThat(result.code()).isEqualTo(7);
    }

    @Test
    void aProcessThatDoesNotEvenBeginIsTold() {
        startedLongAgo();
        cli.tool = script(HANG);

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.out()).contains("the URL", "start", "TIMED_OUT", "too busy");
        assertThat(result.code()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 1", "kill -9 $$", "exit 0", "echo 'end {\"check\":\"gr'; exit 1"})
    void anExaminationThatDiesInACheckFailsThere(String death) {
        cli.tool = script(String.join("\n", ok("url", URL)) + "\necho 'begin grpc'\n" + death);

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.out()).contains("grpc", "EXAMINATION_DIED: the examining process ended", "->");
        assertThat(result.code()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit 1", "exit 0", "echo 'begin url'; exit 1"})
    void anExaminationThatDiesBeforeItsFirstCheckIsNoWrongUrl(String death) {
        cli.tool = script(death);

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.out()).contains("start", "EXAMINATION_DIED");
        assertThat(result.code()).isEqualTo(7);
    }

    @Test
    void anExaminationThatDiesBetweenTwoChecksFailsToo() {
        cli.tool = script(String.join("\n", ok("url", URL)) + "\nexit 3");

        CliHarness.Result result = cli.run("doctor", URL);

        assertThat(result.out()).contains("exit code 3");
        assertThat(result.code()).isNotZero();
    }

    @Test
    void whatADyingExaminationSaidIsToldIfAsked() {
        cli.tool = script("echo 'OutOfMemoryError: here' >&2; exit 3");

        CliHarness.Result quiet = cli.run("doctor", URL);
        assertThat(quiet.err()).isEmpty();
        assertThat(quiet.out()).contains("connectctl doctor --verbose");

        assertThat(cli.run("doctor", URL, "--verbose").err()).isEqualTo("OutOfMemoryError: here\n");
    }

    @Test
    void aNewerClientIsAWarning() {
        examines(ok("url", URL), ok("session", "Spark 4.0.1"));

        CliHarness.Result result = cli.run("doctor", URL, "--client", "4.1");

        assertThat(result.out()).contains("CLIENT_NEWER", "usable, with a warning: CLIENT_NEWER");
        assertThat(result.code()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999.0", "4.99999999999", "four", "4"})
    void aClientThatIsNoVersionIsAMistakeOfUsage(String version) {
        examines(ok("url", URL), ok("session", "Spark 4.0.1"));

        CliHarness.Result result = cli.run("doctor", URL, "--client", version);

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("--client '" + version + "'");
    }

    @Test
    void noPysparkIsToldFromAPythonThatDoesNotAnswer() throws IOException {
        examines(ok("url", URL), ok("session", "Spark 4.0.1"));
        assertThat(cli.run("doctor", URL).out()).contains("no pyspark on this machine");

        Path bin = Files.createDirectory(folder.resolve("bin"));
        executable(bin.resolve("python3"), "exit 1");
        cli.environment.put("PATH", bin.toString());

        assertThat(cli.run("doctor", URL).out())
                .contains("python3 didn't say whether")
                .doesNotContain("no pyspark");
    }

    @Test
    void helpListsItsOwnExitCodes() {
        String help = cli.run("doctor", "--help").out();

        assertThat(help).contains("nothing is reached", "the URL is wrong", "reachable and not usable");
        assertThat(help).doesNotContain("the daemon can't be reached").doesNotContain("invalid declaration");
    }

    // ------------------------------------------------------------------ this machine

    @Test
    void theMachineAndItsDaemonAreOneTable() {
        examines(ok("java", "Spark 4.0.1 would run on Java 17"));
        daemon.on("GET /v1/daemon", 200, DAEMON).on("POST /v1/gc?dryRun=true", 200, "{\"leftovers\":[]}");

        CliHarness.Result result = cli.run("doctor");

        assertThat(result.out())
                .startsWith("this machine\n  java")
                .contains("connectctl 0.1.0", "nothing is left over");
        assertThat(result.code()).isZero();
        assertThat(called).containsExactly("machine");
    }

    @Test
    void withoutADaemonTheRestIsTold() throws IOException {
        examines(ok("java", "17"));
        daemon.close();

        CliHarness.Result result = cli.run("doctor");

        assertThat(result.out()).contains("none runs; the first start starts one");
        assertThat(result.code()).isZero();
    }

    @Test
    void aDaemonThatRefusesKeepsWhatWasFound() {
        examines(ok("java", "17"));
        daemon.problem("GET /v1/daemon", 500, "INTERNAL", "it broke");

        CliHarness.Result result = cli.run("doctor");

        assertThat(result.out()).contains("java", "DAEMON_UNREACHABLE", "it broke");
        assertThat(result.code()).isEqualTo(4);
    }

    @Test
    void aDaemonThatGoesAwayBeforeTheOrphansKeepsWhatWasFound() {
        examines(ok("java", "17"));
        daemon.on("GET /v1/daemon", 200, DAEMON).raw("POST /v1/gc?dryRun=true", "");

        CliHarness.Result result = cli.run("doctor");

        assertThat(result.out()).contains("java", "connectctl 0.1.0", "they can't be listed");
        assertThat(result.code()).isZero();
    }

    /** As one that was stopped: it takes the connection and never answers. */
    @ParameterizedTest
    @ValueSource(strings = {"GET /v1/daemon", "POST /v1/gc?dryRun=true"})
    void aDaemonThatDoesNotAnswerCostsTheRemainingTimeOnly(String silent) {
        startedLongAgo();
        examines(ok("java", "17"));
        CountDownLatch never = new CountDownLatch(1);
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on("POST /v1/gc?dryRun=true", 200, "{\"leftovers\":[]}")
                .before(silent, never::await);

        long began = System.nanoTime();
        CliHarness.Result result = cli.run("doctor");
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        never.countDown();

        assertThat(result.out()).contains("java", "didn't answer");
        assertThat(took).isLessThan(Duration.ofSeconds(20));
    }

    // ------------------------------------------------------------------ scripts

    /** Its stdin ends at once; what never ends is a pipe that it alone holds. */
    private static final String HANG = "exec tail -f /dev/null";

    /** So that three seconds are left. */
    private void startedLongAgo() {
        Instant began = ProcessHandle.current().info().startInstant().orElseThrow();
        cli.clock = Clock.fixed(began.plusSeconds(5), ZoneOffset.UTC);
    }

    private static String[] ok(String check, String detail) {
        return told(new CheckList.Entry(check, "OK", "", detail, "", 5));
    }

    private static String[] failed(String check, String code) {
        return told(new CheckList.Entry(check, "FAILED", code, "that is so", "do this", 5));
    }

    private static String[] told(CheckList.Entry entry) {
        try {
            return new String[] {
                "echo 'begin " + entry.check() + "'",
                "echo 'end " + Wire.mapper().writeValueAsString(entry) + "'"
            };
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private void examines(String[]... checks) {
        List<String> lines = new ArrayList<>();
        for (String[] check : checks) {
            lines.addAll(List.of(check));
        }
        cli.tool = script(String.join("\n", lines));
    }

    private ToolProcess script(String text) {
        return (options, main, arguments) -> {
            assertThat(main).isEqualTo("io.connectctl.manager.daemon.DoctorMain");
            called.addAll(arguments);
            return List.of("/bin/sh", "-c", text);
        };
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    }
}
