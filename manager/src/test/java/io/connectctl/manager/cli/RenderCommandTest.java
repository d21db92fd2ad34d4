package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.manager.api.v1.DescribeView;
import io.connectctl.manager.client.FakeDaemon;
import io.connectctl.manager.client.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** render, from outside: with a daemon and without one. */
@Timeout(60)
class RenderCommandTest {
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
    void aServerThatNeverStartedIsShownAsAProcessAndSaysSo() throws IOException {
        cli.socket = folder.resolve("nowhere.sock");
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {sales: {port: 15020}, reports: {}}\n");

        CliHarness.Result result = cli.run("render", "sales");

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("# ---- spark-defaults.conf", "spark.connect.grpc.binding.port", "15020");
        assertThat(result.err())
                .contains("'runtime: auto' is decided at the first start")
                .contains("--runtime docker");
    }

    @Test
    void flagsAloneAreEnoughWithoutADaemon() {
        cli.socket = folder.resolve("nowhere.sock");

        CliHarness.Result result = cli.run("render", "other", "--driver-memory", "3g", "--runtime", "process");

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("3g");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void aStoredServerIsShownWhereItWasPlaced() throws IOException {
        daemon.on(
                "GET /v1/servers/sales/describe",
                200,
                Servers.json(new DescribeView(
                        Servers.server("sales", "STOPPED"),
                        Wire.mapper().readTree("{\"port\":\"15020\",\"runtime\":\"docker\"}"),
                        Map.of(),
                        List.of(),
                        null)));
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {sales: {port: 15020}}\n");

        CliHarness.Result result = cli.run("render");

        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("/opt/connectctl");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void anUnknownNameExitsWith5AndTheNamesThatExist() throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), "servers: {sales: {}, reports: {}}\n");
        daemon.problem("GET /v1/servers/slaes/describe", 404, "NO_SUCH_SERVER", "no")
                .on("GET /v1/servers", 200, Servers.list(Servers.server("adhoc", "STOPPED")));

        CliHarness.Result result = cli.run("render", "slaes");

        assertThat(result.code()).isEqualTo(5);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("connectctl: no such server: 'slaes'; did you mean 'sales'?\n  " + folder)
                .contains("connectctl.yaml declares sales, reports; besides, the daemon knows adhoc")
                .contains("connectctl render slaes --spark 4.0.1");
    }

    @Test
    void anUnknownNameExitsWith5WhereNothingWasEverStored() {
        cli.socket = folder.resolve("nowhere.sock");

        assertThat(cli.run("render", "zzz").code()).isEqualTo(5);
    }

    @Test
    void aNameThatOnlyAStoppedDaemonMayKnowIsLeftOpen() throws IOException {
        cli.socket = folder.resolve("nowhere.sock");
        Files.createDirectories(folder.resolve("state"));
        Files.createFile(folder.resolve("state/connectctl.db"));

        CliHarness.Result result = cli.run("render", "zzz");

        assertThat(result.code()).isEqualTo(7);
        assertThat(result.err()).contains("connectctl daemon start");
    }
}
