package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.FakeDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** start and restart, from outside. */
@Timeout(60)
class StartWatchTest {
    private static final String EVENTS = "GET /v1/events?after=4&server=a&follow=true";
    private static final String RECEIPT = "{\"sequence\":4,\"changed\":true,\"message\":\"starting\"}";

    private Path folder;

    private FakeDaemon daemon;
    private CliHarness cli;

    @BeforeEach
    void listen(@TempDir Path temporary) throws IOException {
        folder = temporary;
        daemon = new FakeDaemon(folder);
        cli = new CliHarness(folder, daemon.socket());
        daemon.on(
                        "GET /v1/daemon",
                        200,
                        "{\"version\":\"0.1.0\",\"build\":\"bbbbbbbbbbbb\",\"pid\":1,\"startedAt\":\"2026-11-22T15:00:00Z\","
                                + "\"socket\":\"s\",\"stateFolder\":\"f\",\"servers\":0}")
                .on("PUT /v1/servers/a", 200, "{\"created\":true,\"changed\":true,\"warnings\":[]}")
                .on("POST /v1/servers/a/start", 202, RECEIPT)
                .problem("GET /v1/servers/a", 404, "NO_SUCH_SERVER", "no server 'a' is declared");
    }

    @AfterEach
    void end() throws IOException {
        daemon.close();
    }

    @Test
    void startEndsWithTheUrlOnStdoutAndOneLineOnStderr() {
        then(starting(), Servers.server("a", "HEALTHY"));
        daemon.endless(
                EVENTS,
                Servers.event(5, "a", "phase", "STARTING", "STOPPED -> STARTING: asked for"),
                Servers.event(6, "a", "rung", "HEALTHY", "proven: QUERY"));

        CliHarness.Result result = cli.run("start", "a", "--port", "15002", "--env", "K=V");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("sc://localhost:15002\n");
        assertThat(result.err())
                .endsWith("a  HEALTHY  rung=query  spark=4.0.1  local[4]  12.3 s  sc://localhost:15002\n");
        assertThat(daemon.requests())
                .contains(
                        "PUT /v1/servers/a {\"declaration\":{\"port\":15002,\"env\":{\"K\":\"V\"}},\"file\":null,\"launch\":true}");
    }

    @Test
    void withoutATerminalThereIsOneLineAStepAndItsTime() {
        ServerView climbing = Servers.server("a", "HEALTHY", "UP", "SESSION", null);
        // Asked before the start, at its begin, and after each of the five events that aren't mere progress.
        then(climbing, climbing, climbing, climbing, climbing, climbing, Servers.server("a", "HEALTHY"));
        daemon.endless(
                EVENTS,
                Servers.event(5, "a", "phase", "STARTING", "STOPPED -> STARTING: started by hand"),
                Servers.event(0, "a", "progress", "STARTING", "fetching Spark 4.0.1 1/300"),
                Servers.event(0, "a", "progress", "STARTING", "fetching Spark 4.0.1 2/300"),
                Servers.event(6, "a", "rung", "STARTING", "proven: PORT"),
                Servers.event(7, "a", "rung", "STARTING", "proven: SESSION"),
                Servers.event(8, "a", "phase", "HEALTHY", "STARTING -> HEALTHY: SESSION proven"),
                Servers.event(9, "a", "rung", "HEALTHY", "proven: QUERY"));

        String told = cli.run("start", "a").err().replaceAll("\\d+\\.\\d s\\)", "T)");

        assertThat(told.lines())
                .containsExactly(
                        "a: starting (T)",
                        "a: fetching Spark 4.0.1 (T)",
                        "a: proven: session (T)",
                        "a: proven: query (T)",
                        "a  HEALTHY  rung=query  spark=4.0.1  local[4]  12.3 s  sc://localhost:15002");
    }

    @Test
    void theFilesDaemonSettingsAreSentAndAConflictExitsWith8() throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {a: {}}\ndaemon: {healthPort: 15100}\n");
        daemon.problem("PUT /v1/daemon/settings", 409, "PORT_HELD", "port 15100 is held by pid 77 (java)");

        CliHarness.Result result = cli.run("start");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err()).contains("port 15100 is held by pid 77");
        assertThat(daemon.requests())
                .contains("PUT /v1/daemon/settings {\"tcpPort\":null,\"healthPort\":15100}")
                .noneMatch(request -> request.contains("/start"));
    }

    @Test
    void aNameThatNeitherTheFileNorTheDaemonKnowsIsASlip() throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {sales: {}, reports: {}}\n");
        daemon.problem("GET /v1/servers/report", 404, "NO_SUCH_SERVER", "no")
                .on("GET /v1/servers", 200, Servers.list(Servers.server("sales", "HEALTHY")));

        CliHarness.Result result = cli.run("start", "report");

        assertThat(result.code()).isEqualTo(5);
        assertThat(result.err())
                .contains("no such server: 'report'; did you mean 'reports'?")
                .contains("connectctl.yaml declares sales, reports\n")
                .contains("connectctl start report --spark 4.0.1");
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("PUT"));
    }

    @Test
    void aFlagMakesANewNameADeclarationAlsoBesideAFile() throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {sales: {}}\n");
        then(starting());

        CliHarness.Result result = cli.run("start", "a", "--spark", "4.0.1", "--no-wait");

        assertThat(result.code()).isZero();
        assertThat(daemon.requests())
                .contains("PUT /v1/servers/a {\"declaration\":{\"spark\":\"4.0.1\"},\"file\":null,\"launch\":true}");
    }

    @Test
    void startWaitsForAQueryThatRan() {
        then(Servers.server("a", "HEALTHY", "UP", "SESSION", null), Servers.server("a", "HEALTHY"));
        daemon.endless(EVENTS, Servers.event(6, "a", "rung", "HEALTHY", "proven: QUERY"));

        assertThat(cli.run("start", "a").err()).contains("rung=query");
    }

    @Test
    void aQueryThatFailsIsTold() {
        then(Servers.server("a", "HEALTHY", "UP", "SESSION", null));
        daemon.endless(EVENTS, Servers.event(6, "a", "probe", "HEALTHY", "beyond SESSION: no executors"))
                .on(
                        "POST /v1/servers/a/probe?until=query&timeout=15000ms",
                        503,
                        "{\"ready\":false,\"phase\":\"HEALTHY\",\"rung\":\"SESSION\",\"reason\":\"no executors\"}");

        CliHarness.Result result = cli.run("start", "a");

        assertThat(result.code()).isEqualTo(4);
        assertThat(result.err()).contains("a tiny query did not run: no executors");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void aFailedStartEndsWithItsCause() {
        then(starting(), Servers.server("a", "FAILED"));
        daemon.endless(EVENTS, Servers.event(6, "a", "phase", "FAILED", "STARTING -> FAILED"));

        CliHarness.Result result = cli.run("start", "a");

        // A held port is a conflict, whoever found it out: the daemon before the launch, or Spark after it.
        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err())
                .contains("connectctl: server 'a' FAILED: PORT_TAKEN")
                .contains("  port 15002 is held by pid 77 (java)")
                .contains("    | java.net.BindException")
                .contains("  log: /state/servers/a/run/1/server.log")
                .contains("  stop that process");
    }

    @Test
    void tryingAgainForEverIsNotWaitedFor() {
        CauseView cause = new CauseView("YARN_UNREACHABLE", "it doesn't answer", "start it", List.of(), null);
        String tried = Servers.json(Servers.server("a", "BACKING_OFF", "UP", "NONE", cause))
                .replace("\"startTimeoutSeconds\":180.0", "\"startTimeoutSeconds\":0.7");
        then(starting());
        daemon.on("GET /v1/servers/a", 200, tried)
                .endless(EVENTS, Servers.event(6, "a", "phase", "BACKING_OFF", "STOPPING -> BACKING_OFF"));

        CliHarness.Result result = cli.run("start", "a");

        assertThat(result.code()).isEqualTo(4);
        assertThat(result.err())
                .contains("server 'a' isn't usable within 0.7 s (health.startTimeout): YARN_UNREACHABLE")
                .contains("  start it; it is tried again until: connectctl stop a");
    }

    @Test
    void aServerThatNobodyCanAskAboutIsNotWaitedForForEver() {
        String unknown = Servers.json(Servers.server("a", "UNKNOWN", "UP", "NONE", null))
                .replace("\"incarnation\":1", "\"incarnation\":0");
        daemon.on("GET /v1/servers/a", 200, unknown).endless(EVENTS);

        CliHarness.Result result = cli.run("start", "a", "--timeout", "10ms");

        assertThat(result.code()).as(result.err()).isEqualTo(124);
        assertThat(result.err()).contains("after that was asked for: phase UNKNOWN");
    }

    @Test
    void tooLongExitsWith124AndSaysWhereItStood() {
        then(starting());
        daemon.endless(EVENTS, Servers.event(5, "a", "phase", "STARTING", "launched"));

        CliHarness.Result result = cli.run("start", "a", "--timeout", "10ms");

        assertThat(result.code()).isEqualTo(124);
        assertThat(result.err()).contains("phase STARTING, rung PORT").contains("it was kept");
    }

    @Test
    void aRunningUnchangedServerIsASuccessAndSaysSo() {
        daemon.on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "HEALTHY")))
                .on("PUT /v1/servers/b", 200, "{\"created\":false,\"changed\":false,\"warnings\":[]}")
                .on(
                        "POST /v1/servers/b/start",
                        202,
                        "{\"sequence\":4,\"changed\":false,\"message\":\"already running, unchanged\"}")
                .endless("GET /v1/events?after=4&server=b&follow=true");

        CliHarness.Result result = cli.run("start", "b");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("sc://localhost:15002\n");
        assertThat(result.err()).contains("already running, unchanged");
    }

    @Test
    void everyProblemOfTheDeclarationIsToldWithItsFlag() {
        daemon.on(
                        "PUT /v1/servers/c",
                        422,
                        "{\"code\":\"INVALID\",\"status\":422,\"title\":\"t\",\"detail\":\"d\",\"problems\":["
                                + "{\"severity\":\"ERROR\",\"key\":\"port\",\"message\":\"80 is out of 1024-65535.\"},"
                                + "{\"severity\":\"ERROR\",\"key\":\"driverMemory\",\"message\":\"too little.\"}]}")
                .problem("GET /v1/servers/c", 404, "NO_SUCH_SERVER", "no");

        CliHarness.Result result = cli.run("start", "c", "--port", "80", "--driver-memory", "1m");

        assertThat(result.code()).isEqualTo(6);
        assertThat(result.err())
                .contains("2 problems")
                .contains("--port: port: 80 is out of 1024-65535.")
                .contains("--driver-memory: driverMemory: too little.");
        assertThat(daemon.requests()).noneMatch(request -> request.contains("/start"));
    }

    @Test
    void startTellsEveryErrorThatValidateTells() throws IOException {
        Files.writeString(
                folder.resolve("connectctl.yaml"),
                "servers:\n  a: {port: 80}\n  b: {sparkk: 4.0.1}\n  C: {port: 81}\ndeamon: {}\n");
        assertThat(cli.run("start", "a").err().lines().skip(1).filter(line -> line.contains("connectctl.yaml:")))
                .hasSize(5)
                .containsExactlyElementsOf(cli.run("validate")
                        .out()
                        .lines()
                        .filter(line -> line.startsWith("error: "))
                        .map(line -> line.replace("error: ", "  ").replaceFirst(" \\[[a-z-]+]$", ""))
                        .toList());

        Files.writeString(folder.resolve("connectctl.yaml"), "servers:\n  a: {port: 80}\n  b: {sparkk: 4.0.1}\n");
        CliHarness.Result result = cli.run("start", "a");
        assertThat(result.code()).isEqualTo(6);
        assertThat(result.err())
                .contains("2 problems")
                .contains("servers.a.port: ")
                .contains("servers.b.sparkk: did you mean 'spark'? ");
        assertThat(daemon.requests()).isEmpty();
    }

    @Test
    void aHeldPortIsAConflict() {
        daemon.on("PUT /v1/servers/d", 200, "{\"created\":true,\"changed\":true,\"warnings\":[]}")
                .problem("GET /v1/servers/d", 404, "NO_SUCH_SERVER", "no")
                .problem("POST /v1/servers/d/start", 409, "PORT_HELD", "port 15002 is held by server 'a'");

        CliHarness.Result result = cli.run("start", "d");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err()).contains("held by server 'a'");
    }

    @Test
    void aVariableMayComeFromTheCallersEnvironment() {
        cli.environment.put("DB_PASSWORD", "hunter2");
        then(Servers.server("a", "HEALTHY"));
        daemon.endless(EVENTS);

        CliHarness.Result result = cli.run("start", "a", "--env", "DB_PASSWORD");

        assertThat(result.code()).isZero();
        assertThat(result.out() + result.err()).doesNotContain("hunter2");
        assertThat(daemon.requests()).anyMatch(request -> request.contains("\"DB_PASSWORD\":\"hunter2\""));
        assertThat(cli.run("start", "a", "--env", "UNSET_HERE").code()).isEqualTo(2);
    }

    @Test
    void noWaitReturnsAtOnce() {
        then(starting());

        CliHarness.Result result = cli.run("start", "a", "--no-wait", "-o", "name");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("a\n");
    }

    private static ServerView starting() {
        return Servers.server("a", "STARTING", "UP", "PORT", null);
    }

    private void then(ServerView... views) {
        for (ServerView view : views) {
            daemon.on("GET /v1/servers/a", 200, Servers.json(view));
        }
    }
}
