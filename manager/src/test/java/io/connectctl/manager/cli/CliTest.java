package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.DeliberateStop;
import io.connectctl.manager.client.FakeDaemon;
import io.connectctl.manager.client.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line from outside: arguments in, exit code and text out, against golden files. */
@Timeout(60)
class CliTest {
    private static final String FOLLOW_A = "GET /v1/events?server=a&follow=true";

    private static final String DAEMON =
            "{\"version\":\"0.1.0\",\"build\":\"bbbbbbbbbbbb\",\"pid\":1,\"startedAt\":\"2026-11-22T15:00:00Z\","
                    + "\"socket\":\"s\",\"stateFolder\":\"f\",\"servers\":0}";

    private Path folder;

    private FakeDaemon daemon;
    private CliHarness cli;

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
    void statusOfManyServersIsATable() throws IOException {
        daemon.on(
                "GET /v1/servers",
                200,
                Servers.list(
                        Servers.server("reporting", "HEALTHY"),
                        Servers.server("a", "STOPPED"),
                        Servers.server("sales-eu", "FAILED")));

        CliHarness.Result result = cli.run("status");

        assertThat(result.out()).isEqualTo(golden("status-table.txt"));
        assertThat(result.err()).contains("sales-eu: PORT_TAKEN: port 15002 is held by pid 77 (java)");
        assertThat(result.code()).isEqualTo(4);
    }

    @Test
    void aNarrowTerminalLosesColumnsAndNeverHalfAValue() {
        daemon.on(
                "GET /v1/servers",
                200,
                Servers.list(Servers.server("reporting", "HEALTHY"), Servers.server("a", "STOPPED")));
        cli.columns = 40;

        CliHarness.Result result = cli.run("status");

        assertThat(result.out().lines()).allMatch(line -> line.length() <= 40);
        assertThat(result.out()).contains("reporting").contains("HEALTHY").contains("sc://localhost:15002");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "start --help", "stop --help", "lease --help", "help image build"})
    void helpOnANarrowTerminalPutsEachMeaningBelowItsName(String command) {
        cli.columns = 40;

        String help = cli.run(command.split(" ")).out();

        assertThat(help.lines()).allMatch(line -> line.length() <= 40 || line.startsWith("  connectctl "));
        assertThat(help.lines().filter(line -> !line.isBlank()))
                .as("no line that holds a word or two because the one above was broken")
                .noneMatch(line -> line.startsWith(" ".repeat(14)));
    }

    @Test
    void statusOfOneServerIsAPage() throws IOException {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")));

        CliHarness.Result result = cli.run("status", "a");

        assertThat(result.out()).isEqualTo(golden("status-page.txt"));
        assertThat(result.code()).isZero();
    }

    private static final String TIMELINE =
            "{\"server\":\"a\",\"incarnation\":3,\"began\":\"2026-11-22T16:00:00Z\",\"totalSeconds\":12.5,\"complete\":true,"
                    + "\"steps\":[{\"name\":\"resolve\",\"startSeconds\":0.0,\"seconds\":0.01,\"about\":null},"
                    + "{\"name\":\"create\",\"startSeconds\":0.01,\"seconds\":0.24,\"about\":null},"
                    + "{\"name\":\"jvm\",\"startSeconds\":0.25,\"seconds\":2.25,\"about\":null},"
                    + "{\"name\":\"SparkContext\",\"startSeconds\":2.5,\"seconds\":7.5,\"about\":null},"
                    + "{\"name\":\"query\",\"startSeconds\":10.0,\"seconds\":2.5,\"about\":null}],"
                    + "\"slowest\":\"SparkContext\",\"hint\":\"the master answered slowly: connectctl logs a\",\"notes\":[]}";

    @Test
    void aTimelineIsBarsWithTimes() throws IOException {
        daemon.on("GET /v1/servers/a/timeline", 200, TIMELINE);

        CliHarness.Result result = cli.run("timeline", "a");

        assertThat(result.out()).isEqualTo(golden("timeline.txt"));
        assertThat(result.code()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 30, 36, 45, 79, 200})
    void aTimelineFitsItsTerminal(int columns) {
        daemon.on("GET /v1/servers/a/timeline", 200, TIMELINE);
        cli.columns = columns;

        List<String> lines = cli.run("timeline", "a").out().lines().toList();

        if (columns >= 45) {
            assertThat(lines).allMatch(line -> line.length() <= columns);
        }
        // Whatever the width: each step with its time, and no bar that is cut off.
        assertThat(lines).anyMatch(line -> line.startsWith("SparkContext") && line.contains("7.50 s"));
        assertThat(lines.stream().filter(line -> line.contains(" s")).filter(line -> line.contains("create")))
                .allMatch(line -> line.length() <= Math.max(26, columns));
        assertThat(lines.stream().anyMatch(line -> line.contains("###"))).isEqualTo(columns >= 36);
    }

    @Test
    void aTimelineAsJsonIsTheApisDocument() throws IOException {
        daemon.on("GET /v1/servers/a/timeline", 200, TIMELINE);

        JsonNode document =
                Wire.mapper().readTree(cli.run("timeline", "a", "-o", "json").out());

        assertThat(document).isEqualTo(Wire.mapper().readTree(TIMELINE));
    }

    /** A tar of one file, as gzip writes it, in letters that HTTP bears as they are. */
    private FakeDaemon bundled() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            byte[] header = new byte[512];
            System.arraycopy("README.txt".getBytes(StandardCharsets.US_ASCII), 0, header, 0, 10);
            System.arraycopy("00000000005".getBytes(StandardCharsets.US_ASCII), 0, header, 124, 11);
            gzip.write(header);
            gzip.write("hello".getBytes(StandardCharsets.US_ASCII));
            gzip.write(new byte[507 + 1024]);
        }
        return daemon.bytes("GET /v1/servers/a/bundle", bytes.toByteArray());
    }

    @Test
    void aBundleIsWrittenForItsOwnerAloneAndSaysWhatItHolds() throws IOException {
        bundled();

        CliHarness.Result result = cli.run("bundle", "a");

        Path file = folder.resolve("connectctl-a-20261122T161000Z.tar.gz");
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo(file + "\n");
        assertThat(result.err()).contains("1 file, ", "README.txt  5 bytes");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(BundleCommand.content(Files.readAllBytes(file))).containsExactly("README.txt  5 bytes");
    }

    @Test
    void aFileThatIsThereIsReplacedByForceOnly() throws IOException {
        Path file = Files.writeString(folder.resolve("mine.tar.gz"), "mine");

        CliHarness.Result refused = cli.run("bundle", "a", "-o", "mine.tar.gz");

        assertThat(refused.code()).isEqualTo(8);
        assertThat(refused.err()).contains(file + " is there already", "--force");
        assertThat(file).hasContent("mine");
        assertThat(daemon.requests()).isEmpty();

        bundled();
        assertThat(cli.run("bundle", "a", "-o", "mine.tar.gz", "--force").code())
                .isZero();

        assertThat(Files.readAllBytes(file)).startsWith(0x1f, 0x8b);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void aBundleThatCantBeWrittenNamesTheFile() throws IOException {
        bundled();

        CliHarness.Result result = cli.run("bundle", "a", "-o", "no/such/folder.tar.gz");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains(folder.resolve("no/such/folder.tar.gz").toString(), "-o FILE");
        assertThat(cli.run("bundle", "a", "-o", ".").code()).isEqualTo(2);
    }

    @Test
    void statusOfAStoppedServerSaysWhatAClientWouldSee() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")));

        CliHarness.Result result = cli.run("status", "a");

        assertThat(result.code()).isEqualTo(3);
        assertThat(result.out())
                .contains("hangs silently for about ten minutes")
                .contains("connectctl start a");
    }

    @Test
    void statusAsJsonIsOneDocumentAlsoForOneServer() throws IOException {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")));

        JsonNode document =
                Wire.mapper().readTree(cli.run("status", "a", "-o", "json").out());

        assertThat(document.path("apiVersion").asText()).isEqualTo("connectctl/v1");
        assertThat(document.path("kind").asText()).isEqualTo("ServerList");
        assertThat(document.path("servers")).hasSize(1);
        assertThat(document.path("servers")
                        .path(0)
                        .path("memory")
                        .path("observedPoolBytes")
                        .asLong())
                .isEqualTo(762524467L);
        assertThat(document.path("servers").path(0).has("containerId")).isTrue();
    }

    @Test
    void statusAsNamesIsOneBareNameALine() {
        daemon.on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY"), Servers.server("b", "HEALTHY")));

        assertThat(cli.run("status", "-o", "name").out()).isEqualTo("a\nb\n");
    }

    @Test
    void statusAsYamlHoldsTheSameDocument() {
        daemon.on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")));

        assertThat(cli.run("status", "-o", "yaml").out())
                .startsWith("apiVersion: connectctl/v1\nkind: ServerList\nservers:\n- name: a\n");
    }

    @ParameterizedTest
    @CsvSource({
        "HEALTHY,HEALTHY,0",
        "HEALTHY,STOPPED,3",
        "STOPPED,STARTING,4",
        "UNHEALTHY,HEALTHY,4",
        "BACKING_OFF,STOPPED,4",
        "FAILED,FAILED,4",
        "UNKNOWN,HEALTHY,4",
        "STOPPING,STOPPED,4"
    })
    void statusExitsWithTheWorstOfAll(String one, String other, int code) {
        daemon.on("GET /v1/servers", 200, Servers.list(Servers.server("a", one), Servers.server("b", other)));

        assertThat(cli.run("status").code()).isEqualTo(code);
    }

    @Test
    void statusWithoutAnyDeclarationIsFineAndHints() {
        daemon.on("GET /v1/servers", 200, Servers.list());

        CliHarness.Result result = cli.run("status");

        assertThat(result.code()).isZero();
        assertThat(result.err()).contains("connectctl start");
    }

    @Test
    void statusStartsNoDaemonWhereNothingWasEverDeclared() {
        cli.socket = folder.resolve("nowhere.sock");
        cli.starter = startsNone();

        CliHarness.Result result = cli.run("status", "a");

        assertThat(result.code()).isEqualTo(7);
        assertThat(result.err()).contains("nothing listens on " + cli.socket).contains("connectctl daemon start");
    }

    @Test
    void statusOfAnInstallationThatNeverDeclaredAnythingSaysSo() {
        cli.socket = folder.resolve("nowhere.sock");

        CliHarness.Result result = cli.run("status");

        assertThat(result.code()).isEqualTo(7);
        assertThat(result.err()).contains("no server was ever declared");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status a",
                "status",
                "describe a",
                "url a",
                "env a",
                "wait a",
                "events a",
                "logs a",
                "top a",
                "leases",
                "pool list",
                "stop a",
                "remove a"
            })
    void aDaemonThatDiedIsStartedByWhateverNeedsIt(String command) throws IOException {
        declaredBefore();

        startedBy(command);
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "describe a", "stop a"})
    void soItIsWhereTheStateFileIsGoneAndATranscriptIsLeft(String command) throws IOException {
        Files.createFile(
                Files.createDirectories(folder.resolve("state/servers/a")).resolve("transcript.json"));

        startedBy(command);
    }

    private void startedBy(String command) throws IOException {
        AtomicReference<FakeDaemon> started = new AtomicReference<>();
        Path place = Files.createDirectory(folder.resolve("again"));
        cli.socket = place.resolve("d.sock");
        cli.starter = (client, announce) -> {
            if (started.get() != null) {
                return false;
            }
            announce.run();
            started.set(daemonWithA(place, command.startsWith("stop") ? "STOPPED" : "HEALTHY"));
            return true;
        };

        CliHarness.Result result = cli.run(command.split(" ", -1));

        try (FakeDaemon daemonAgain = Objects.requireNonNull(started.get())) {
            assertThat(result.err()).containsOnlyOnce("connectctl: starting the daemon\n");
            assertThat(daemonAgain.requests()).isNotEmpty();
            assertThat(result.code()).as(result::toString).isZero();
        }
    }

    /** Answers every command of that test. */
    private static FakeDaemon daemonWithA(Path place, String phase) throws IOException {
        String a = Servers.json(Servers.server("a", phase));
        return new FakeDaemon(place)
                .on("GET /v1/daemon", 200, DAEMON)
                .on("GET /v1/servers/a", 200, a)
                .on("GET /v1/servers/a?activity=true", 200, a)
                .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")))
                .on(
                        "GET /v1/servers/a/describe",
                        200,
                        "{\"server\":" + a + ",\"declaration\":{},\"folders\":{},\"notes\":[]}")
                .lines("GET /v1/events?after=0&server=a")
                .endless(FOLLOW_A)
                .lines("GET /v1/servers/a/logs")
                .on("GET /v1/servers/a/usage", 200, "{\"server\":\"a\"}")
                .on("GET /v1/usage", 200, "[]")
                .on("GET /v1/leases", 200, "{\"leases\":[]}")
                .on("GET /v1/pools", 200, "{\"pools\":[]}")
                .on(
                        "POST /v1/servers/a/stop?unlessBusy=true",
                        202,
                        "{\"sequence\":4,\"changed\":false,\"message\":\"already stopped\"}")
                .endless("GET /v1/events?after=4&server=a&follow=true")
                .on("DELETE /v1/servers/a", 204, "");
    }

    @Test
    void aServerThatIsJustAdoptedIsToldOfOnceItIsProven() throws IOException {
        declaredBefore();
        AtomicReference<FakeDaemon> started = new AtomicReference<>();
        Path place = Files.createDirectory(folder.resolve("again"));
        cli.socket = place.resolve("d.sock");
        cli.starter = (client, announce) -> {
            started.set(new FakeDaemon(place)
                    .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "UNKNOWN")))
                    .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "STARTING")))
                    .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")))
                    .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY"))));
            return true;
        };

        CliHarness.Result result = cli.run("url", "a");

        try (FakeDaemon daemonAgain = Objects.requireNonNull(started.get())) {
            assertThat(result.out()).isEqualTo("sc://localhost:15002\n");
            assertThat(daemonAgain.requests())
                    .containsExactly("GET /v1/servers", "GET /v1/servers", "GET /v1/servers", "GET /v1/servers/a");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "status a", "url a", "wait a", "events", "leases"})
    void aDaemonStoppedOnPurposeIsNotStartedByACommandThatOnlyLooks(String command) throws IOException {
        declaredBefore();
        cli.socket = folder.resolve("nowhere.sock");
        cli.starter = startsNone();

        assertThat(cli.run("daemon", "stop").code()).isZero();
        CliHarness.Result result = cli.run(command.split(" ", -1));

        assertThat(result.code()).isEqualTo(7);
        assertThat(result.err()).contains("stopped on purpose at 20").contains("connectctl daemon start");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stop", "remove"})
    void aDaemonStoppedOnPurposeIsStartedByWhatChangesSomething(String command) throws IOException {
        declaredBefore();
        cli.socket = folder.resolve("nowhere.sock");
        cli.run("daemon", "stop");
        AtomicInteger started = new AtomicInteger();
        cli.starter = (client, announce) -> {
            started.incrementAndGet();
            return true;
        };

        cli.run(command, "a");

        assertThat(started).hasPositiveValue();
    }

    @Test
    void aDaemonThatCannotBeStoppedIsNotTakenForStopped() throws IOException {
        declaredBefore();
        daemon.problem("POST /v1/daemon/stop", 503, "STORE_FAILED", "it can't");

        assertThat(cli.run("daemon", "stop").code()).isNotZero();

        assertThat(DeliberateStop.since(folder.resolve("state"))).isEmpty();
    }

    private static String daemonWithEngine(String engine) {
        return DAEMON.replace("\"servers\":0", "\"servers\":0,\"engine\":\"" + engine + "\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "start y --runtime docker",
                "start y --runtime auto",
                "start y --port auto",
                "lease --runtime docker",
                "run --runtime docker -- /bin/true",
                "pool create ci --size 1 --runtime docker",
                "adopt box"
            })
    void anEngineThatIsNamedOnPurposeIsNotSilentlyAnother(String command) {
        cli.environment.put("DOCKER_HOST", "tcp://elsewhere:2375");
        daemon.on("GET /v1/daemon", 200, daemonWithEngine("/var/run/docker.sock"))
                .problem("GET /v1/servers/y", 404, "NO_SUCH_SERVER", "no such server");

        CliHarness.Result result = cli.run(command.split(" ", -1));

        assertThat(result.code()).as(result::toString).isEqualTo(command.startsWith("run") ? 125 : 8);
        assertThat(result.err())
                .contains("DOCKER_HOST names the engine at elsewhere:2375")
                .contains("the daemon uses the one at /var/run/docker.sock")
                .contains("connectctl daemon stop; connectctl " + command.split(" ", -1)[0])
                .contains("unset DOCKER_HOST");
        assertThat(daemon.requests()).noneMatch(request -> request.matches("(PUT|POST) .*"));
    }

    @Test
    void anEngineThatTheDaemonWasStartedForIsToldToWhoeverNamesNone() {
        daemon.on("GET /v1/daemon", 200, daemonWithEngine("elsewhere:2375"))
                .problem("GET /v1/servers/y", 404, "NO_SUCH_SERVER", "no such server");

        CliHarness.Result result = cli.run("start", "y", "--runtime", "docker");

        assertThat(result.err())
                .contains("warning: docker's current context names the engine at /")
                .contains("the daemon uses the one at elsewhere:2375");
        assertThat(daemon.requests()).anyMatch(request -> request.startsWith("PUT /v1/servers/y"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"start y --runtime process", "start a --port auto"})
    void anEngineIsNoConcernOfAProcess(String command) {
        cli.environment.put("DOCKER_HOST", "tcp://elsewhere:2375");
        daemon.on("GET /v1/daemon", 200, daemonWithEngine("/var/run/docker.sock"))
                .problem("GET /v1/servers/y", 404, "NO_SUCH_SERVER", "no such server")
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")));

        cli.run(command.split(" ", -1));

        assertThat(daemon.requests()).anyMatch(request -> request.startsWith("PUT /v1/servers/"));
    }

    private void declaredBefore() throws IOException {
        Files.createFile(Files.createDirectories(folder.resolve("state")).resolve("connectctl.db"));
    }

    private static DaemonStarter startsNone() {
        return (client, announce) -> {
            throw new AssertionError("a daemon was started");
        };
    }

    @ParameterizedTest
    @CsvSource({
        "404,NO_SUCH_SERVER,5",
        "422,INVALID,6",
        "409,NAME_HELD,8",
        "409,PORT_HELD,8",
        "409,RUNNING,8",
        "409,WAREHOUSE_NOT_EMPTY,8",
        "409,NOT_RUNNING,3",
        "409,OPERATIONS_RUNNING,9",
        "500,INTERNAL,1"
    })
    void everyRefusalHasItsExitCode(int status, String code, int exit) {
        daemon.on("GET /v1/daemon", 200, DAEMON).problem("DELETE /v1/servers/a", status, code, "refused for a reason");

        CliHarness.Result result = cli.run("remove", "a");

        assertThat(result.code()).isEqualTo(exit);
        assertThat(result.err()).contains("connectctl: refused for a reason");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void anUnknownOptionIsSuggestedAndExitsWith2() {
        CliHarness.Result result = cli.run("start", "--prot", "15020");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("unknown option '--prot' of start").contains("did you mean '--port'?");
    }

    @Test
    void anUnknownCommandIsSuggestedAndExitsWith2() {
        CliHarness.Result result = cli.run("strat");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("unknown command 'strat'").contains("did you mean 'start'?");
    }

    @Test
    void helpListsExitCodesAndExamplesOfEveryCommand() {
        for (String command : new String[] {
            "start",
            "stop",
            "restart",
            "plan",
            "apply",
            "diff",
            "status",
            "top",
            "logs",
            "events",
            "wait",
            "url",
            "env",
            "describe",
            "render",
            "adopt",
            "image",
            "export",
            "validate",
            "remove"
        }) {
            CliHarness.Result result = cli.run(command, "--help");

            assertThat(result.code()).as(command).isZero();
            assertThat(result.out()).as(command).contains("Exit codes:", "124", "Examples:", "connectctl " + command);
        }
    }

    @Test
    void helpOfTheWholeNamesEveryCommandAndNoHiddenOne() {
        String help = cli.run("help").out();

        assertThat(help).contains("start", "completion", "describe").doesNotContain("train");
    }

    @Test
    void waitForHealthyAnswers3AtOnceWhereNobodyWantsItUp() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")));

        CliHarness.Result result = cli.run("wait", "a", "--timeout", "1h");

        assertThat(result.code()).isEqualTo(3);
        assertThat(result.err())
                .contains("hangs silently for about ten minutes")
                .contains("connectctl start a");
    }

    @Test
    void waitAnswers4AtOnceWhereItFailedAndTellsTheCause() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "FAILED")));

        CliHarness.Result result = cli.run("wait", "a", "--timeout", "1h");

        assertThat(result.code()).isEqualTo(4);
        assertThat(result.err())
                .contains("FAILED: PORT_TAKEN")
                .contains("| java.net.BindException")
                .contains("choose another port")
                .contains("server.log");
    }

    @Test
    void waitForAServerThatGetsHealthyReturnsAsItDoes() {
        ServerView starting = Servers.server("a", "STARTING", "UP", "PORT", null);
        daemon.on("GET /v1/servers/a", 200, Servers.json(starting))
                .on("GET /v1/servers/a", 200, Servers.json(starting))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .endless(FOLLOW_A, Servers.event(9, "a", "phase", "HEALTHY", "STARTING -> HEALTHY"));

        assertThat(cli.run("wait", "a").code()).isZero();
    }

    @Test
    void waitThatTakesTooLongExitsWith124AndSaysWhereItStands() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING", "UP", "PORT", null)))
                .endless(FOLLOW_A);

        CliHarness.Result result = cli.run("wait", "a", "--timeout", "50ms");

        assertThat(result.code()).isEqualTo(124);
        assertThat(result.err()).contains("phase STARTING, rung PORT");
    }

    @Test
    void waitForAHigherRungAsksForIt() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY", "UP", "SESSION", null)))
                .on(
                        "POST /v1/servers/a/probe?until=query&timeout=5000ms",
                        200,
                        "{\"ready\":true,\"phase\":\"HEALTHY\",\"rung\":\"QUERY\",\"reason\":\"\"}")
                .endless(FOLLOW_A);

        assertThat(cli.run("wait", "a", "--for", "rung=query").code()).isZero();
    }

    @Test
    void waitGivesAProbeAllItsTimeAndThenExitsWith124() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY", "UP", "SESSION", null)))
                .endless("POST /v1/servers/a/probe?until=query&timeout=5000ms")
                .endless(FOLLOW_A);

        CliHarness.Result result = cli.run("wait", "a", "--for", "rung=query", "--timeout", "3s");

        assertThat(result.code()).isEqualTo(124);
        assertThat(daemon.requests().stream().filter(request -> request.contains("/probe")))
                .hasSize(1);
    }

    @Test
    void waitForStoppedReturnsAtOnceWhereItIsAndElseAsItBecomesSo() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "HEALTHY")))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPING", "DOWN", "QUERY", null)))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPED")))
                .endless(
                        "GET /v1/events?server=b&follow=true",
                        Servers.event(9, "b", "phase", "STOPPED", "STOPPING -> STOPPED"));

        assertThat(cli.run("wait", "a", "--for", "stopped").code()).isZero();
        assertThat(daemon.requests()).containsExactly("GET /v1/servers/a");
        assertThat(cli.run("wait", "b", "--for", "stopped").code()).isZero();
    }

    @Test
    void waitForStoppedAnswers4WhereItFailedAnd124WhereItRunsOn() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "FAILED")))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "HEALTHY")))
                .endless("GET /v1/events?server=b&follow=true");

        CliHarness.Result failed = cli.run("wait", "a", "--for", "stopped");
        CliHarness.Result late = cli.run("wait", "b", "--for", "stopped", "--timeout", "50ms");

        assertThat(failed.code()).isEqualTo(4);
        assertThat(failed.err()).contains("FAILED, so nothing of it runs");
        assertThat(late.code()).isEqualTo(124);
        assertThat(late.err()).contains("isn't stopped after 0.1 s").contains("phase HEALTHY");
    }

    @Test
    void statusWatchShowsItAgainWithEachChangeUntilTheDaemonEnds() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .lines(
                        "GET /v1/events?server=a&follow=true",
                        Servers.event(8, "a", "rung", "HEALTHY", "proven: QUERY"),
                        Servers.event(9, "a", "phase", "STOPPED", "STOPPING -> STOPPED"));

        CliHarness.Result result = cli.run("status", "a", "--watch");

        assertThat(result.out()).containsOnlyOnce("a  HEALTHY").containsOnlyOnce("a  STOPPED");
        assertThat(result.out()).containsSubsequence("a  HEALTHY", "\n\na  STOPPED");
    }

    @Test
    void statusWatchOnATerminalPaintsOverThePageBefore() {
        cli.outIsTerminal = true;
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .lines(
                        "GET /v1/events?server=a&follow=true",
                        Servers.event(8, "a", "rung", "HEALTHY", "proven: QUERY"));

        assertThat(cli.run("status", "a", "-w").out()).contains("\u001b[H\u001b[2J");
    }

    @Test
    void waitFollowsOnAfterTheDaemonWasReplaced() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING", "UP", "PORT", null)))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING", "UP", "PORT", null)))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING", "UP", "PORT", null)))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .lines(FOLLOW_A, Servers.event(5, "a", "phase", "STARTING", "launched"))
                .endless("GET /v1/events?after=5&server=a&follow=true");

        assertThat(cli.run("wait", "a").code()).isZero();
        assertThat(daemon.requests()).contains("GET /v1/events?after=5&server=a&follow=true");
    }

    @Test
    void anOlderDaemonIsToldOnce() {
        String body = Servers.json(Servers.server("a", "HEALTHY"));
        daemon.raw(
                "GET /v1/servers/a",
                "HTTP/1.1 200 OK\r\nServer: connectctl/0.0.9 (aaaaaaaaaaaa; 2026-11-22T15:00:00Z)\r\nContent-Length: "
                        + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body);

        CliHarness.Result result = cli.run("status", "a");

        assertThat(result.err()).containsOnlyOnce("this is connectctl 0.1.0 (bbbbbbbbbbbb), the daemon is 0.0.9");
        assertThat(cli.run("status", "a", "--quiet").err()).isEmpty();
    }

    @Test
    void anOlderDaemonOfSystemdIsLeftToSystemd() {
        daemon.on(
                "GET /v1/daemon",
                200,
                DAEMON.replace("0.1.0", "0.0.9").replace("\"servers\":0", "\"servers\":0,\"supervised\":true"));

        CliHarness.Result result = cli.run("stop", "a");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("systemctl --user restart connectctl");
        assertThat(daemon.requests()).containsExactly("GET /v1/daemon");
    }

    @Test
    void waitForNonsenseIsMisuse() {
        assertThat(cli.run("wait", "a", "--for", "rung=fancy").code()).isEqualTo(2);
        assertThat(cli.run("wait", "a", "--timeout", "3 minutes").code()).isEqualTo(2);
    }

    @Test
    void stoppingAStoppedServerIsASuccessAndSaysSo() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on(
                        "POST /v1/servers/a/stop?unlessBusy=true",
                        202,
                        "{\"sequence\":4,\"changed\":false,\"message\":\"already stopped\"}")
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .endless("GET /v1/events?after=4&server=a&follow=true");

        CliHarness.Result result = cli.run("stop", "a");

        assertThat(result.code()).isZero();
        assertThat(result.err()).contains("already stopped");
    }

    @Test
    void severalServersStopSideBySide() {
        daemon.on("GET /v1/daemon", 200, DAEMON);
        for (String name : List.of("a", "b")) {
            daemon.on("GET /v1/servers/" + name, 200, Servers.json(Servers.server(name, "STOPPED")))
                    .on(
                            "POST /v1/servers/" + name + "/stop?unlessBusy=true",
                            202,
                            "{\"sequence\":4,\"changed\":true,\"message\":\"stopping\"}")
                    .endless("GET /v1/events?after=4&server=" + name + "&follow=true");
        }

        CliHarness.Result result = cli.run("stop", "a", "b", "a");

        assertThat(result.err()).contains("a  STOPPED\n", "b  STOPPED\n");
        assertThat(daemon.requests()).containsOnlyOnce("POST /v1/servers/a/stop?unlessBusy=true");
        assertThat(daemon.requests().indexOf("POST /v1/servers/b/stop?unlessBusy=true"))
                .isLessThan(daemon.requests().lastIndexOf("GET /v1/servers/a"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"start a --unset", "start a --unset .", "start a --unset conf.", "start a --port 1 --unset port"
            })
    void unsetOfNoKeyOrOfAFlagIsMisuse(String command) {
        assertThat(cli.run(command.split(" ")).code()).isEqualTo(2);
    }

    @Test
    void removeGoesOnWhereOneIsRefused() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .problem("DELETE /v1/servers/a", 409, "RUNNING", "a runs")
                .on("DELETE /v1/servers/b", 200, "{}");

        CliHarness.Result result = cli.run("remove", "a", "b");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err()).contains("b: removed\n", "connectctl: a runs");
    }

    @Test
    void stopForceAsksForIt() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on(
                        "POST /v1/servers/a/stop?force=true",
                        202,
                        "{\"sequence\":4,\"changed\":true,\"message\":\"stopping\"}")
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .endless("GET /v1/events?after=4&server=a&follow=true");

        assertThat(cli.run("stop", "a", "--force").err()).contains("a  STOPPED");
    }

    @Test
    void urlIsPrintedOfAHealthyServerOnly() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPED")))
                .on("GET /v1/servers/c", 200, Servers.json(Servers.server("c", "FAILED")));

        assertThat(cli.run("url", "a").out()).isEqualTo("sc://localhost:15002\n");
        assertThat(cli.run("url", "b"))
                .satisfies(result -> assertThat(result.code()).isEqualTo(3))
                .satisfies(result -> assertThat(result.out()).isEmpty());
        assertThat(cli.run("url", "c").code()).isEqualTo(4);
    }

    @Test
    void envReadsTheTokenFromItsFileAndMasksItFirst() throws IOException {
        Path token = Files.writeString(folder.resolve("token"), "it's secret\n");
        ServerView server = Servers.server("a", "HEALTHY");
        String json = Servers.json(server).replace("\"tokenFile\":null", "\"tokenFile\":\"" + token + "\"");
        daemon.on("GET /v1/servers/a", 200, json);

        assertThat(cli.run("env", "a").out())
                .isEqualTo(
                        """
                        export SPARK_REMOTE='sc://localhost:15002'
                        export SPARK_CONNECT_AUTHENTICATE_TOKEN='it'\\''s secret'
                        """);
        assertThat(cli.run("env", "a", "-o", "github").out())
                .isEqualTo(
                        """
                        ::add-mask::it's secret
                        SPARK_REMOTE=sc://localhost:15002
                        SPARK_CONNECT_AUTHENTICATE_TOKEN=it's secret
                        """);
        assertThat(cli.run("env", "a", "-o", "fish").out()).contains("set -gx SPARK_REMOTE 'sc://localhost:15002';");

        Path variables = folder.resolve("github-env");
        cli.environment.put("GITHUB_ENV", variables.toString());
        assertThat(cli.run("env", "a", "-o", "github").out()).isEqualTo("::add-mask::it's secret\n");
        assertThat(Files.readString(variables)).startsWith("SPARK_REMOTE=sc://localhost:15002\n");
    }

    @Test
    void describeShowsTheArithmeticBesideWhatTheServerReports() {
        describes(null, "{\"port\":15002,\"env\":{\"PATH\":\"/nowhere\"}}");

        String page = cli.run("describe", "a").out();

        assertThat(page)
                .contains(
                        "(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB; the UI reports 727.2"
                                + " MiB\n")
                .contains("Python UDFs can't work: there is no python3 on the server's PATH")
                .contains("port: 15002");
    }

    @Test
    void pythonIsTheOneThatTheServerWouldTakeNotTheCallers() throws IOException {
        // The caller's would do, as in an active venv.
        cli.environment.put("PATH", String.valueOf(python("venv", "3.11 4.0.1").getParent()));
        Path declared = python("declared", "3.12 4.0.1");
        describes(null, "{\"env\":{\"PYSPARK_PYTHON\":\"" + declared + "\"}}");
        describes(null, "{\"env\":{\"PATH\":\"/nowhere\"},\"conf\":{\"spark.pyspark.python\":\"" + declared + "\"}}");
        describes(null, "{\"env\":{\"PYSPARK_PYTHON\":\"/gone/python\"}}");

        assertThat(cli.run("describe", "a").out())
                .contains("Python UDFs run in " + declared + ": clients need the same Python 3.12");
        assertThat(cli.run("describe", "a").out())
                .contains("can't work: there is no python3 on the server's PATH (/nowhere)")
                .contains("doesn't look at spark.pyspark.python");
        assertThat(cli.run("describe", "a").out())
                .contains("the server's PYSPARK_PYTHON is /gone/python, which can't be run");
    }

    @Test
    void pythonOfARunningServerIsTheOneOfItsOwnEnvironment() throws IOException {
        Path own = python("own", "3.10 4.0.1");
        ProcessBuilder server = new ProcessBuilder("sleep", "60");
        server.environment().put("PATH", own.getParent() + ":/usr/bin:/bin");
        Process running = server.start();
        try {
            describes(running.pid(), "{\"env\":{\"PATH\":\"/changed/since\"}}");

            assertThat(cli.run("describe", "a").out()).contains("Python UDFs run in " + own + ":");
        } finally {
            running.destroyForcibly();
        }
    }

    /** A python3 that answers so. */
    private Path python(String name, String answer) throws IOException {
        Path python = Files.createDirectory(folder.resolve(name)).resolve("python3");
        Files.writeString(python, "#!/bin/sh\necho " + answer + "\n");
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwxr-xr-x"));
        return python;
    }

    private void describes(@Nullable Long pid, String declaration) {
        ObjectNode server = (ObjectNode) Wire.mapper().valueToTree(Servers.server("a", "HEALTHY"));
        server.put("pid", pid);
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on(
                        "GET /v1/servers/a/describe",
                        200,
                        "{\"server\":" + server + ",\"declaration\":" + declaration + ",\"folders\":{},\"notes\":[]}");
    }

    @Test
    void describeSaysOfAContainerWhyItIsOneAndWhatItDoesWithout() {
        daemon.on(
                "GET /v1/servers/a/describe",
                200,
                "{\"server\":" + Servers.json(Servers.server("a", "HEALTHY"))
                        + ",\"declaration\":{\"port\":15002},\"folders\":{},\"notes\":[],\"runtime\":{\"name\":\"docker\","
                        + "\"why\":\"it is there\",\"container\":{\"image\":\"apache/spark:4.0.1\",\"memoryBytes\":null,"
                        + "\"memory\":\"no limit: loosened\",\"loosened\":[\"memory\",\"init\"]},\"remarks\":[\"no swap limit\"]}}");

        assertThat(cli.run("describe", "a").out())
                .contains("docker, chosen at the first start: it is there")
                .contains("apache/spark:4.0.1")
                .contains("no limit: loosened")
                .contains("without memory, init")
                .contains("note: no swap limit");
    }

    @Test
    void logsAreStreamedAsTheyAre() {
        daemon.lines("GET /v1/servers/a/logs?tail=2&since=2026-11-22T16%3A00%3A00Z", "one", "two");

        assertThat(cli.run("logs", "a", "--tail", "2", "--since", "10m").out()).isEqualTo("one\ntwo\n");
    }

    @Test
    void anEmptyLogIsToldOnStderr() {
        daemon.lines("GET /v1/servers/a/logs");

        CliHarness.Result result = cli.run("logs", "a");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("it may never have run").contains("connectctl events a");
    }

    @Test
    void withoutADaemonTheLogOfAProcessIsReadFromItsFile() throws IOException {
        cli.socket = folder.resolve("nowhere.sock");
        Path servers = folder.resolve("state/servers");
        run(servers.resolve("a/run/1"), 1, "first\n");
        run(servers.resolve("a/run/2"), 2, "one\ntwo\nthree\n");

        CliHarness.Result result = cli.run("logs", "a", "--tail", "2");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("two\nthree\n");
        assertThat(result.err()).contains("the daemon isn't running; this is " + servers.resolve("a/run/2/server.log"));
        assertThat(cli.run("logs", "--previous").out()).isEqualTo("first\n");
        assertThat(cli.run("logs", "b").code()).isEqualTo(7);
    }

    private static void run(Path folder, int incarnation, String log) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("server.log"), log);
        Files.writeString(
                folder.resolve("instance.json"),
                "{\"server\":\"a\",\"incarnation\":" + incarnation
                        + ",\"marker\":\"m\",\"launchedAt\":\"2026-11-22T16:00:00Z\"}");
    }

    @Test
    void aRunningProcessIsNotCalledAContainer() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING", "UP", "CONTAINER", null)))
                .on(
                        "GET /v1/servers",
                        200,
                        Servers.list(
                                Servers.server("a", "STARTING", "UP", "CONTAINER", null),
                                Servers.server("b", "STOPPED")));

        assertThat(cli.run("status", "a").out()).contains("PROCESS").doesNotContain("CONTAINER");
        assertThat(cli.run("status").out()).contains("PROCESS").doesNotContain("CONTAINER");
        assertThat(cli.run("status", "a", "-o", "json").out()).contains("\"CONTAINER\"");
    }

    @Test
    void stopAllStopsThemSideBySide() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on(
                        "GET /v1/servers",
                        200,
                        Servers.list(Servers.server("a", "HEALTHY"), Servers.server("b", "STOPPED")))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPED")))
                .on(
                        "POST /v1/servers/a/stop?unlessBusy=true",
                        202,
                        "{\"sequence\":4,\"changed\":true,\"message\":\"stopping\"}")
                .on(
                        "POST /v1/servers/b/stop?unlessBusy=true",
                        202,
                        "{\"sequence\":5,\"changed\":false,\"message\":\"already stopped\"}")
                .endless("GET /v1/events?after=4&server=a&follow=true")
                .endless("GET /v1/events?after=5&server=b&follow=true");

        CliHarness.Result result = cli.run("stop", "--all");

        assertThat(result.code()).isZero();
        assertThat(result.err()).contains("a  STOPPED\n").contains("b: already stopped");
        assertThat(daemon.requests().indexOf("POST /v1/servers/b/stop?unlessBusy=true"))
                .isLessThan(daemon.requests().indexOf("GET /v1/servers/a"));
        assertThat(cli.run("stop", "a", "--all").code()).isEqualTo(2);
    }

    @Test
    void stopAllGoesOnWhereOneIsRefusedAndFailsWithTheFirst() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on(
                        "GET /v1/servers",
                        200,
                        Servers.list(
                                Servers.server("a", "HEALTHY"),
                                Servers.server("b", "HEALTHY"),
                                Servers.server("c", "HEALTHY")))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .problem("GET /v1/servers/b", 404, "NO_SUCH_SERVER", "b is gone")
                .on("GET /v1/servers/c", 200, Servers.json(Servers.server("c", "HEALTHY")))
                .on("GET /v1/servers/c", 200, Servers.json(Servers.server("c", "STOPPED")))
                .problem("POST /v1/servers/a/stop?unlessBusy=true", 503, "STORE_FAILED", "the disk is full")
                .on(
                        "POST /v1/servers/c/stop?unlessBusy=true",
                        202,
                        "{\"sequence\":4,\"changed\":true,\"message\":\"stopping\"}")
                .endless("GET /v1/events?after=4&server=c&follow=true");

        CliHarness.Result result = cli.run("stop", "--all");

        assertThat(result.err())
                .contains("c  STOPPED\n", "connectctl: warning: the disk is full\n", "connectctl: b is gone\n");
        assertThat(result.code()).isEqualTo(5);
    }

    @Test
    void validateTakesAFileWithOrWithoutItsOption() throws IOException {
        Files.writeString(folder.resolve("other.yaml"), "servers: {a: {}}\n");

        assertThat(cli.run("validate", "other.yaml").out()).contains("other.yaml: valid, 1 server");
        assertThat(cli.run("validate", "-f", "other.yaml").code()).isZero();
        assertThat(cli.run("validate", "other.yaml", "-f", "other.yaml").code()).isEqualTo(2);
    }

    @Test
    void eventsArePrintedALineEach() {
        daemon.lines("GET /v1/events?after=0", Servers.event(1, "a", "command", "STOPPED", "start"));

        assertThat(cli.run("events").out()).isEqualTo("1      2026-11-22T16:00:00Z  a/1  command  start\n");
    }

    @Test
    void globalOptionsMayStandBeforeTheCommand() {
        daemon.on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")));

        assertThat(cli.run("-o", "name", "--no-color", "status").out()).isEqualTo("a\n");
    }

    @Test
    void coloursNeedATerminalAndRespectNoColor() {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")));
        assertThat(cli.run("status", "a").out()).doesNotContain("\u001b");

        cli.outIsTerminal = true;
        assertThat(cli.run("status", "a").out()).contains("\u001b[32mHEALTHY");
        assertThat(cli.run("status", "a", "--no-color").out()).doesNotContain("\u001b");
        cli.environment.put("NO_COLOR", "1");
        assertThat(cli.run("status", "a").out()).doesNotContain("\u001b");
    }

    @Test
    void aStackTraceNeedsVerbose() {
        daemon.on("GET /v1/servers/a", 200, "{\"name\":[1]}");

        assertThat(cli.run("status", "a").err()).doesNotContain("\tat ");
        assertThat(cli.run("status", "a", "--verbose").err()).contains("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil", "", "a b", "A", "a\nb", "\u001b[31mred", "a%2Fb"})
    void aNameThatIsNoPlainOneIsRefusedBeforeAnyRequest(String name) {
        for (String command : new String[] {"status", "logs", "describe", "url", "env", "wait", "events", "top"}) {
            CliHarness.Result result = cli.run(command, name);

            assertThat(result.code()).as(command).isEqualTo(5);
            assertThat(result.err()).as(command).contains("isn't plain: use 1-63 of a-z, 0-9 and '-'");
            assertThat(result.out() + result.err()).as(command).doesNotContain("\u001b", "a\nb");
        }
        for (String command : new String[] {"start", "restart", "render"}) {
            CliHarness.Result result = cli.run(command, name);

            assertThat(result.code()).as(command).isEqualTo(6);
            assertThat(result.err()).as(command).contains("isn't plain").doesNotContain("\u001b", "a\nb");
        }
        assertThat(daemon.requests()).isEmpty();
    }

    @Test
    void aNameThatNobodyDeclaredIsNoServerToBeRestarted() throws IOException {
        daemon.on("GET /v1/daemon", 200, daemonWithEngine("/var/run/docker.sock"))
                .problem("GET /v1/servers/slaes", 404, "NO_SUCH_SERVER", "no such server")
                .on(
                        "GET /v1/servers",
                        200,
                        "{\"apiVersion\":\"connectctl/v1\",\"kind\":\"ServerList\",\"servers\":["
                                + Servers.json(Servers.server("sales", "HEALTHY")) + "]}");

        CliHarness.Result result = cli.run("restart", "slaes");

        assertThat(result.code()).as(result.err()).isEqualTo(5);
        assertThat(result.err()).contains("slaes", "sales");
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("P"));
    }

    @Test
    void noMessageSteersTheTerminal() {
        assertThat(cli.run("start", "--spakr=\u001b[31m").err())
                .contains("\\u001b[31m")
                .doesNotContain("\u001b");
    }

    @ParameterizedTest
    @CsvSource({"bash,complete", "zsh,compinit", "fish,complete -c connectctl"})
    void completionComesForEveryShell(String shell, String word) {
        CliHarness.Result result = cli.run("completion", shell);

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains(word).contains("status");
    }

    private static final String LEASE =
            "{\"lease\":\"4f1c09ab\",\"server\":\"lease-4f1c09ab\",\"state\":\"READY\",\"held\":true,\"pool\":\"ci\",\"owner\":\"job-1\","
                    + "\"ownerPid\":null,\"ttlSeconds\":1200,\"expiresAt\":\"2026-11-22T16:30:00Z\",\"position\":0,"
                    + "\"url\":\"sc://localhost:15002\",\"tokenFile\":null,\"ending\":null,\"cause\":null,\"sequence\":1}";

    /** What is claimed in short words and what picocli parses is asked for, and told, the same. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "lease --pool ci --ttl 20m --owner job-1 -o json",
                "lease --pool=ci --ttl=20m --owner=job-1 --output=json",
                "lease --quiet --pool ci --ttl 20m --owner job-1 --output json",
                "lease -q --pool ci --ttl 20m --owner job-1 -o JSON",
                "-o json lease --pool ci --ttl 20m --owner job-1 --timeout 1m"
            })
    void aClaimIsTheSameHoweverItIsWritten(String line) {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on("POST /v1/leases", 201, LEASE)
                .on("POST /v1/leases/4f1c09ab/renew", 200, LEASE);

        CliHarness.Result result = cli.run(line.split(" ", -1));

        assertThat(result.code()).as(result::err).isZero();
        assertThat(result.out())
                .isEqualTo(
                        """
                        {
                          "lease" : "4f1c09ab",
                          "server" : "lease-4f1c09ab",
                          "url" : "sc://localhost:15002",
                          "tokenFile" : null,
                          "expiresAt" : "2026-11-22T16:30:00Z"
                        }
                        """);
        assertThat(daemon.requests())
                .contains("POST /v1/leases {\"ttlMillis\":1200000,\"pool\":\"ci\",\"owner\":\"job-1\"}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lease --pool ci --pool ci",
                "lease --pool ci --owner",
                "lease --pool ci -o xml",
                "lease --pool ci --spark",
                "lease --pool ci extra word",
                "lease --pool ci --ttl 20",
                "lease --pool ci --spark 4.0.1"
            })
    void aClaimThatIsMiswrittenIsMisuse(String line) {
        daemon.on("GET /v1/daemon", 200, DAEMON);

        assertThat(cli.run(line.split(" ", -1)).code()).isEqualTo(2);
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("POST"));
    }

    @Test
    void aLeaseThatIsOverKeepsNoneOfTheOthersFromBeingReleased() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .problem("GET /v1/leases/0badcafe", 404, "NO_SUCH_LEASE", "there is no lease '0badcafe'")
                .on("GET /v1/leases/4f1c09ab", 200, LEASE)
                .problem("GET /v1/leases/4f1c09ab", 404, "NO_SUCH_LEASE", "gone")
                .on("DELETE /v1/leases/4f1c09ab", 202, "{}");

        CliHarness.Result result = cli.run("release", "0badcafe", "4f1c09ab");

        assertThat(daemon.requests()).contains("DELETE /v1/leases/4f1c09ab");
        assertThat(result.code()).isEqualTo(5);
        assertThat(result.err()).contains("there is no lease '0badcafe'");
    }

    @Test
    void leasesFitANarrowTerminal() {
        daemon.on("GET /v1/leases", 200, "{\"leases\":[" + LEASE + "," + LEASE.replace("true", "false") + "]}")
                .on(
                        "GET /v1/pools",
                        200,
                        "{\"pools\":[{\"name\":\"integration-tests\",\"size\":3,\"ready\":2,\"starting\":1,\"claimed\":4,"
                                + "\"misses\":5,\"memberBytes\":1,\"budgetBytes\":9,\"maxAgeSeconds\":60}]}");
        cli.columns = 50;

        String leases = cli.run("leases").out();
        assertThat(leases.lines()).allMatch(line -> line.length() <= 50);
        assertThat(leases).contains("4f1c09ab").contains("SPARE READY").contains("sc://localhost:15002");

        String pools = cli.run("pool", "list").out();
        assertThat(pools.lines()).allMatch(line -> line.length() <= 50);
        assertThat(pools).contains("integration-tests").contains("READY");
    }

    @Test
    void aTimeOfCenturiesIsMisuseAndNoCrash() {
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STARTING")));
        for (String command : List.of("wait a --timeout", "lease --pool ci --timeout", "lease --pool ci --ttl")) {
            CliHarness.Result result = cli.run((command + " 999999999d").split(" "));

            assertThat(result.code()).as(result::err).isEqualTo(2);
            assertThat(result.err()).contains("'999999999d' is too long");
        }
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("POST"));
    }

    @Test
    void aLeaseThatIsGrantedWhileItsCommandIsInterruptedIsGivenBack() throws Exception {
        BlockingQueue<Runnable> lastWords = new LinkedBlockingQueue<>();
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch signalled = new CountDownLatch(1);
        cli.interrupts = lastWord -> {
            lastWords.add(lastWord);
            return () -> {};
        };
        daemon.on("GET /v1/daemon", 200, DAEMON)
                .on("POST /v1/leases", 201, LEASE)
                .on("POST /v1/leases/4f1c09ab/renew", 200, LEASE)
                .problem("GET /v1/leases/4f1c09ab", 404, "NO_SUCH_LEASE", "gone")
                .on("DELETE /v1/leases/4f1c09ab", 202, "{}")
                .before("POST /v1/leases", () -> {
                    asked.countDown();
                    signalled.await();
                });
        CompletableFuture<CliHarness.Result> lease =
                CompletableFuture.supplyAsync(() -> cli.run("lease", "--pool", "ci", "--owner", "job-1"));
        asked.await();

        // The daemon grants it, and the signal has come: the last word waits for the answer.
        CompletableFuture<Void> lastWord = CompletableFuture.runAsync(lastWords.take());
        signalled.countDown();
        lastWord.get(20, TimeUnit.SECONDS);

        assertThat(daemon.requests()).contains("DELETE /v1/leases/4f1c09ab");
        lease.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aLeaseThatIsRefusedWhileItsCommandIsInterruptedLeavesNothingToGiveBack() throws Exception {
        BlockingQueue<Runnable> lastWords = new LinkedBlockingQueue<>();
        cli.interrupts = lastWord -> {
            lastWords.add(lastWord);
            return () -> {};
        };
        daemon.on("GET /v1/daemon", 200, DAEMON).problem("POST /v1/leases", 422, "OWNER_GONE", "no process 7 runs");

        assertThat(cli.run("lease", "--owner", "7", "--ttl", "1m").code()).isNotZero();
        lastWords.take().run();

        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("DELETE"));
    }

    @Test
    @Timeout(20) // The first user waits for it; a command in it that waits for a daemon takes 20 s alone.
    void theTrainingRunTouchesNoDaemonAndWaitsForNothing() {
        CliHarness.Result result = cli.run(TrainCommand.NAME);

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEmpty();
        assertThat(daemon.requests()).isEmpty();
    }

    private static String golden(String name) throws IOException {
        try (var in = CliTest.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("no golden file " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
