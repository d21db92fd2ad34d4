package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.FakeDaemon;
import io.connectctl.manager.client.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** diff, plan, apply, and what stop and restart say of drift and of running operations: from outside. */
@Timeout(60)
class PlanApplyTest {
    private static final String CHANGES =
            "[{\"key\":\"conf.spark.sql.shuffle.partitions\",\"old\":\"(none)\",\"new\":\"8\",\"restart\":false},"
                    + "{\"key\":\"driverMemory\",\"old\":\"1g\",\"new\":\"2g\",\"restart\":true}]";

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
        daemon.on("GET /v1/daemon", 200, DAEMON);
        for (String server : List.of("a", "b")) {
            daemon.on("PUT /v1/servers/" + server, 200, "{\"created\":false,\"changed\":true,\"warnings\":[]}")
                    .endless("GET /v1/events?after=4&server=" + server + "&follow=true");
        }
    }

    @AfterEach
    void end() throws IOException {
        daemon.close();
    }

    private static String plan(String server, boolean known, boolean running, String changes) {
        return "{\"server\":\"" + server + "\",\"known\":" + known + ",\"running\":" + running + ",\"changes\":"
                + changes + ",\"warnings\":[]}";
    }

    /** A server's view with other values of some fields. */
    private static String view(String name, String phase, String fields) throws IOException {
        ObjectNode view = (ObjectNode) Wire.mapper().valueToTree(Servers.server(name, phase));
        view.setAll((ObjectNode) Wire.mapper().readTree(fields));
        return view.toString();
    }

    private static String receipt(String message) {
        return "{\"sequence\":4,\"changed\":true,\"message\":\"" + message + "\"}";
    }

    private static String golden(String name) throws IOException {
        try (InputStream file = PlanApplyTest.class.getResourceAsStream(name)) {
            if (file == null) {
                throw new IOException("no golden file " + name);
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void declare(String yaml) throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), yaml);
    }

    // ------------------------------------------------------------------ status, diff

    @Test
    void statusCountsTheKeysThatDiffer() throws IOException {
        daemon.on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"drift\":" + CHANGES + "}"));

        assertThat(cli.run("status", "a").out()).contains("  Drift        DRIFT 2 keys (connectctl diff a)\n");
        JsonNode drift = Wire.mapper()
                .readTree(cli.run("status", "a", "-o", "json").out())
                .at("/servers/0/drift");
        assertThat(drift).isEqualTo(Wire.mapper().readTree(CHANGES));
    }

    @Test
    void statusTellsWhatClientsDo() throws IOException {
        daemon.on(
                "GET /v1/servers/a?activity=true",
                200,
                view(
                        "a",
                        "HEALTHY",
                        "{\"activity\":{\"sessions\":3,\"operations\":2,\"users\":[\"etl\"],\"drains\":false}}"));

        assertThat(cli.run("status", "a").out())
                .contains("  Clients      3 sessions, 2 operations of user etl are running\n");
    }

    @Test
    void diffShowsEachKeyAndWhatItTakes() throws IOException {
        daemon.on("GET /v1/servers/a/diff", 200, plan("a", true, true, CHANGES));

        CliHarness.Result result = cli.run("diff", "a");

        assertThat(result.out()).isEqualTo(golden("diff.txt"));
        assertThat(result.err()).isEqualTo("a: to apply: connectctl restart a\n");
        assertThat(result.code()).isEqualTo(10);
        assertThat(cli.run("diff", "a", "-o", "name").out())
                .isEqualTo("conf.spark.sql.shuffle.partitions\ndriverMemory\n");
    }

    @Test
    void diffWithoutDriftSaysSo() {
        daemon.on("GET /v1/servers/a/diff", 200, plan("a", true, true, "[]"));

        CliHarness.Result result = cli.run("diff", "a");

        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("a: no drift\n");
        assertThat(result.code()).isZero();
    }

    // ------------------------------------------------------------------ plan

    @Test
    void planOfAFileShowsEveryServerAndWhatItNoLongerDeclares() throws IOException {
        declare("servers: {a: {driverMemory: 2g}, b: {}}\n");
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, CHANGES))
                .on("POST /v1/servers/b/plan", 200, plan("b", false, false, "[]"))
                .on(
                        "GET /v1/servers",
                        200,
                        "{\"apiVersion\":\"connectctl/v1\",\"kind\":\"ServerList\",\"servers\":["
                                + view("c", "HEALTHY", "{\"declaredIn\":\"" + folder.resolve("connectctl.yaml") + "\"}")
                                + "]}");

        CliHarness.Result result = cli.run("plan");

        assertThat(result.out()).isEqualTo(golden("plan.txt"));
        assertThat(result.code()).isEqualTo(10);
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("PUT"));
        assertThat(daemon.requests())
                .contains("POST /v1/servers/a/plan {\"declaration\":{\"driverMemory\":\"2g\"},\"file\":\""
                        + folder.resolve("connectctl.yaml") + "\"}");
    }

    @Test
    void planOfAFileThatDeclaresNoServerIsNoChange() throws IOException {
        declare("servers: {}\n");
        daemon.on("GET /v1/servers", 200, "{\"apiVersion\":\"connectctl/v1\",\"kind\":\"ServerList\",\"servers\":[]}");

        CliHarness.Result result = cli.run("plan");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEmpty();
    }

    @Test
    void planTakesTheFlagsOfStartAndExitsWith0WhereNothingWouldChange() {
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")));

        CliHarness.Result result = cli.run("plan", "a", "--driver-memory", "1g");

        assertThat(result.code()).isZero();
        assertThat(result.err()).contains("a: no change");
        assertThat(daemon.requests())
                .contains("POST /v1/servers/a/plan {\"declaration\":{\"driverMemory\":\"1g\"},\"file\":null}");
    }

    @Test
    void planOfAnInvalidDeclarationExitsWith6() {
        daemon.on(
                "POST /v1/servers/a/plan",
                422,
                "{\"code\":\"INVALID\",\"status\":422,\"title\":\"t\",\"detail\":\"d\",\"remedy\":null,\"problems\":["
                        + "{\"severity\":\"ERROR\",\"where\":null,\"key\":\"servers.a.port\",\"message\":\"no port\",\"suggestion\":null}]}");

        CliHarness.Result result = cli.run("plan", "a", "--port", "99");

        assertThat(result.code()).isEqualTo(6);
        assertThat(result.err()).contains("no port");
    }

    // ------------------------------------------------------------------ apply

    @Test
    void applyRestartsWhatDiffersAndLeavesTheRestAlone() throws IOException {
        declare("servers: {a: {driverMemory: 2g}, b: {}}\n");
        ServerView next = Servers.server("a", "HEALTHY");
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, CHANGES))
                .on("POST /v1/servers/b/plan", 200, plan("b", true, true, "[]"))
                .on("GET /v1/servers", 200, Servers.list())
                .on("GET /v1/servers/a", 200, Servers.json(next))
                .on("GET /v1/servers/a?activity=true", 200, Servers.json(next))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "HEALTHY")))
                .on("POST /v1/servers/a/restart?unlessBusy=true", 202, receipt("restarting"));

        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo("sc://localhost:15002\n");
        assertThat(result.err())
                .contains("a: restarting\n  conf.spark.sql.shuffle.partitions: (none) -> 8", "b: no change\n");
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("POST /v1/servers/b/st"));
    }

    @Test
    void applyRestartsWhatDiffersAndHasJustBegunToStart() throws IOException {
        declare("servers: {a: {driverMemory: 2g}}\n");
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, false, CHANGES))
                .on("GET /v1/servers", 200, Servers.list())
                .on("GET /v1/servers/a", 200, view("a", "STARTING", "{\"rung\":\"NONE\"}"))
                .on("GET /v1/servers/a?activity=true", 200, view("a", "STARTING", "{\"rung\":\"NONE\"}"))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on("POST /v1/servers/a/restart?unlessBusy=true", 202, receipt("restarting"));

        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.err()).contains("a: restarting\n");
        assertThat(daemon.requests()).contains("POST /v1/servers/a/restart?unlessBusy=true");
    }

    @Test
    void applyTouchesNothingWhereTheDaemonUsesAnotherEngineThanIsNamed() throws IOException {
        declare("servers: {a: {runtime: docker}}\n");
        try (FakeDaemon there = new FakeDaemon(Files.createDirectory(folder.resolve("there")))) {
            CliHarness elsewhere = new CliHarness(folder, there.socket());
            elsewhere.environment.put("DOCKER_HOST", "tcp://elsewhere:2375");
            there.on("GET /v1/daemon", 200, DAEMON.replace("}", ",\"engine\":\"/var/run/docker.sock\"}"))
                    .on("POST /v1/servers/a/plan", 200, plan("a", false, false, "[]"))
                    .problem("GET /v1/servers/a", 404, "NO_SUCH_SERVER", "no such server");

            CliHarness.Result result = elsewhere.run("apply");

            assertThat(result.code()).as(result::toString).isEqualTo(8);
            assertThat(result.err()).contains("connectctl daemon stop; connectctl apply");
            assertThat(there.requests()).noneMatch(request -> request.startsWith("PUT"));
        }
    }

    /** What a daemon answers of a change that Spark would surely refuse. */
    private static String doomed(boolean running) {
        return plan(
                        "a",
                        true,
                        running,
                        "[{\"key\":\"conf.spark.network.timeout\",\"old\":\"(none)\",\"new\":\"10q\",\"restart\":true}]")
                .replace(
                        "\"warnings\":[]",
                        "\"warnings\":[{\"severity\":\"WARNING\",\"rule\":\"value-type\",\"key\":"
                                + "\"servers.a.conf.spark.network.timeout\",\"message\":\"'10q' is no duration\",\"endsStart\":true}]");
    }

    @Test
    void applyEndsNothingForAKeyThatSparkWouldSurelyRefuse() throws IOException {
        declare("servers: {b: {}, a: {conf: {spark.network.timeout: 10q}}}\n");
        daemon.on("POST /v1/servers/a/plan", 200, doomed(true));

        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).as(result.err()).isEqualTo(6);
        assertThat(result.err())
                .contains("server 'a' runs, and with this declaration it surely wouldn't start again:\n")
                .containsPattern(
                        "connectctl\\.yaml:1:\\d+: servers\\.a\\.conf\\.spark\\.network\\.timeout: '10q' is no duration")
                .contains("nothing was changed");
        assertThat(daemon.requests())
                .noneMatch(request -> request.startsWith("PUT /v1/servers") || request.contains("start"));
    }

    @Test
    void whatIsTakenBackIsNoValueBesideAFile() throws IOException {
        declare("servers: {a: {port: 15020}}\n");
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, CHANGES))
                .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")));

        CliHarness.Result result =
                cli.run("plan", "a", "--unset", "driverMemory", "--unset", "conf.spark.x", "--unset", "env.TZ");

        assertThat(result.code()).as(result.err()).isEqualTo(10);
    }

    @Test
    void planShowsWhatApplyWouldRefuseAndExitsAsIt() throws IOException {
        declare("servers: {a: {conf: {spark.network.timeout: 10q}}}\n");
        daemon.on("POST /v1/servers/a/plan", 200, doomed(true))
                .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")));

        CliHarness.Result result = cli.run("plan");

        assertThat(result.code()).as(result.err()).isEqualTo(6);
        assertThat(result.out()).contains("conf.spark.network.timeout");
        assertThat(result.err()).contains("it surely wouldn't start again");
    }

    @Test
    void restartEndsNothingForAKeyThatSparkWouldSurelyRefuse() throws IOException {
        daemon.on("POST /v1/servers/a/plan", 200, doomed(true))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a?activity=true", 200, Servers.json(Servers.server("a", "HEALTHY")));

        CliHarness.Result result = cli.run("restart", "a", "--conf", "spark.network.timeout=10q");

        assertThat(result.code()).as(result.err()).isEqualTo(6);
        assertThat(result.err()).contains("--conf", "connectctl stop a, then connectctl start a");
        assertThat(daemon.requests())
                .noneMatch(request -> request.startsWith("PUT /v1/servers") || request.contains("/restart"));
    }

    /** A server that runs and differs, and what its restart makes of it. */
    private FakeDaemon healthyThen(String after) throws IOException {
        String healthy = Servers.json(Servers.server("a", "HEALTHY"));
        return daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, CHANGES))
                .on("GET /v1/servers/a?activity=true", 200, healthy)
                .on("GET /v1/servers/a", 200, healthy)
                .on("GET /v1/servers/a", 200, after)
                .on("POST /v1/servers/a/restart?unlessBusy=true", 202, receipt("restarting"));
    }

    @Test
    void applyStopsAtTheFirstThatDoesNotBecomeHealthyAndOffersTheWayBack() throws IOException {
        declare("servers: {a: {driverMemory: 2g}, b: {}}\n");
        healthyThen(view("a", "FAILED", "{\"incarnation\":2,\"canRollBack\":true}"));

        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err())
                .contains(
                        "server 'a' FAILED: PORT_TAKEN", "which never was HEALTHY", "connectctl restart a --rollback");
        assertThat(daemon.requests()).noneMatch(request -> request.contains("/servers/b"));
    }

    @Test
    void whereTheWayBackCannotBeAskedForTheFailureIsToldAllTheSame() throws IOException {
        declare("servers: {a: {driverMemory: 2g}}\n");
        healthyThen(view("a", "FAILED", "{\"incarnation\":2}"))
                .problem("GET /v1/servers/a", 404, "NO_SUCH_SERVER", "removed meanwhile");

        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err()).contains("server 'a' FAILED: PORT_TAKEN").doesNotContain("removed meanwhile");
    }

    @Test
    void applyLeavesAStoppedServerStoppedAndPrunesByName() throws IOException {
        declare("servers: {a: {}}\n");
        String gone = view("b", "HEALTHY", "{\"declaredIn\":\"" + folder.resolve("connectctl.yaml") + "\"}");
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, false, CHANGES))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .on("GET /v1/servers", 200, "{\"servers\":[" + gone + "]}")
                .on("POST /v1/servers/b/stop?unlessBusy=true", 202, receipt("stopping"))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPED")))
                .problem("DELETE /v1/servers/b", 409, "RUNNING", "b is HEALTHY: stop it first")
                .on("DELETE /v1/servers/b", 204, "");

        assertThat(cli.run("apply").err())
                .contains("a: stopped, and stays so; its next start brings:\n", "connectctl apply --prune");
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("DELETE"));

        CliHarness.Result result = cli.run("apply", "--prune");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.err()).contains("no longer declares it: removing it", "b: removed");
        assertThat(daemon.requests()).contains("DELETE /v1/servers/b");
    }

    /** One server that goes on, for the file, and some that the file declared once. */
    private void undeclared(String... names) throws IOException {
        declare("servers: {a: {}}\n");
        List<String> gone = new ArrayList<>();
        for (String name : names) {
            gone.add(view(name, "HEALTHY", "{\"declaredIn\":\"" + folder.resolve("connectctl.yaml") + "\"}"));
        }
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers", 200, "{\"servers\":[" + String.join(",", gone) + "]}");
    }

    @Test
    void pruneForgetsWhatWasAdoptedAndLetsItRun() throws IOException {
        undeclared("b");
        daemon.on("DELETE /v1/servers/b", 204, "");

        CliHarness.Result result = cli.run("apply", "--prune");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(daemon.requests())
                .contains("DELETE /v1/servers/b")
                .noneMatch(request -> request.contains("/servers/b/stop"));
    }

    @Test
    void pruneGoesOnWhereAWarehouseHoldsDataAndSaysWhatBecameOfItsServer() throws IOException {
        undeclared("b", "c");
        daemon.on("POST /v1/servers/b/stop?unlessBusy=true", 202, receipt("stopping"))
                .on("GET /v1/servers/b", 200, Servers.json(Servers.server("b", "STOPPED")))
                .problem("DELETE /v1/servers/b", 409, "RUNNING", "b is HEALTHY: stop it first")
                .problem("DELETE /v1/servers/b", 409, "WAREHOUSE_NOT_EMPTY", "data: connectctl remove b --purge")
                .on("DELETE /v1/servers/c", 204, "");

        CliHarness.Result result = cli.run("apply", "--prune");

        assertThat(result.code()).isEqualTo(8);
        assertThat(result.err())
                .contains(
                        "c: removed\n",
                        "connectctl: b is stopped, but not removed: data: connectctl remove b --purge\n",
                        "  or start it again: connectctl start b\n");
    }

    @Test
    void applyNeedsAFile() {
        CliHarness.Result result = cli.run("apply");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("there is no connectctl.yaml in " + folder);
    }

    // ------------------------------------------------------------------ restart, stop

    @Test
    void restartSaysWhichDeclarationItIsBy() throws IOException {
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a?activity=true", 200, Servers.json(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on(
                        "POST /v1/servers/a/restart?from=same&unlessBusy=true",
                        202,
                        receipt("restarting with the declaration of the last run"));

        CliHarness.Result result = cli.run("restart", "a", "--same");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.err()).contains("a: restarting with the declaration of the last run\n");
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("PUT /v1/servers/a"));
        assertThat(cli.run("restart", "a", "--same", "--driver-memory", "4g").code())
                .isEqualTo(2);
        assertThat(cli.run("restart", "a", "--same", "--rollback").code()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "servers: {a: {driverMemory: lots}}\n",
                "servers: {a: {driverMemory: 2g}, b c: {}}\n",
                "daemon: {tcpPort: many}\nservers: {a: {}}\n",
                "servers: [a\n"
            })
    void aWayBackIsOpenWhateverIsWrongWithTheCurrentDeclaration(String yaml) throws IOException {
        declare(yaml);
        daemon.on("GET /v1/servers/a", 200, view("a", "FAILED", "{\"canRollBack\":true}"))
                .on("GET /v1/servers/a?activity=true", 200, view("a", "FAILED", "{\"canRollBack\":true}"))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on("POST /v1/servers/a/restart?from=rollback&unlessBusy=true", 202, receipt("restarting"));

        CliHarness.Result result = cli.run("restart", "a", "--rollback");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("PUT "));
        assertThat(cli.run("restart", "a").code())
                .as("the current one isn't taken")
                .isEqualTo(6);
    }

    @Test
    void restartFromElsewhereReadsTheFileThatDeclaresIt() throws IOException {
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere")).resolve("connectctl.yaml");
        Files.writeString(elsewhere, "servers: {a: {driverMemory: 2g}}\n");
        String declared = "{\"declaredIn\":\"" + elsewhere + "\"}";
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"));
        daemon.on("GET /v1/servers/a", 200, view("a", "HEALTHY", declared))
                .on("GET /v1/servers/a?activity=true", 200, view("a", "HEALTHY", declared))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on("POST /v1/servers/a/restart?unlessBusy=true", 202, receipt("restarting"));

        assertThat(cli.run("restart", "a").code()).isZero();
        assertThat(daemon.requests())
                .contains("PUT /v1/servers/a {\"declaration\":{\"driverMemory\":\"2g\"},\"file\":\"" + elsewhere
                        + "\",\"launch\":true}");
    }

    @ParameterizedTest
    @CsvSource({
        "'servers: {a: {driverMemory: lots}}', driverMemory",
        "'servers: {a: {}, b c: {}}', b c",
        "'servers: [', connectctl.yaml",
        "'', 'doesn''t exist'",
    })
    void restartFromElsewhereGoesByWhatIsStoredWhereThatFileIsBroken(String yaml, String error) throws IOException {
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere")).resolve("connectctl.yaml");
        if (!yaml.isEmpty()) {
            Files.writeString(elsewhere, yaml);
        }
        String declared = "{\"declaredIn\":\"" + elsewhere + "\"}";
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"));
        daemon.on("GET /v1/servers/a", 200, view("a", "HEALTHY", declared))
                .on(
                        "GET /v1/servers/a?activity=true",
                        200,
                        view(
                                "a",
                                "HEALTHY",
                                "{\"activity\":{\"sessions\":1,\"operations\":2,\"users\":[\"etl\"],\"drains\":false}}"))
                .on("GET /v1/servers/a", 200, view("a", "HEALTHY", "{\"incarnation\":2}"))
                .on("POST /v1/servers/a/restart?unlessBusy=true&drain=0s", 202, receipt("restarting"));
        cli.answer = "y";

        CliHarness.Result result = cli.run("restart", "a");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.err())
                .as("told before the question")
                .matches("(?s)connectctl: warning: server 'a' is restarted by its stored declaration, as \\Q"
                        + elsewhere + "\\E can't be used: [^\n]*\\Q" + error + "\\E.*Go on\\?.*");
        assertThat(daemon.requests())
                .contains("PUT /v1/servers/a {\"declaration\":{},\"file\":null,\"launch\":true}")
                .noneMatch(request -> request.contains(elsewhere.toString()));
    }

    private void busy() throws IOException {
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"));
        daemon.on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "STOPPED")))
                .on(
                        "GET /v1/servers/a?activity=true",
                        200,
                        view(
                                "a",
                                "HEALTHY",
                                "{\"activity\":{\"sessions\":1,\"operations\":2,\"users\":[\"etl\"],\"drains\":false}}"))
                .problem(
                        "POST /v1/servers/a/stop?unlessBusy=true",
                        409,
                        "OPERATIONS_RUNNING",
                        "a: 2 operations of user etl are running; use --drain 5m or --force")
                .on("POST /v1/servers/a/stop?unlessBusy=true&drain=0s", 202, receipt("stopping"))
                .on("POST /v1/servers/a/stop?unlessBusy=true&drain=300000ms", 202, receipt("stopping"));
    }

    @Test
    void withoutATerminalABusyServerIsNotStopped() throws IOException {
        busy();

        CliHarness.Result result = cli.run("stop", "a");

        assertThat(result.code()).isEqualTo(9);
        assertThat(result.err()).contains("2 operations of user etl are running; use --drain 5m or --force");
        assertThat(cli.run("restart", "a").code()).isEqualTo(9);
        assertThat(daemon.requests())
                .as("whoever is refused has declared nothing")
                .noneMatch(request -> request.startsWith("PUT"));
    }

    @Test
    void onATerminalItIsAsked() throws IOException {
        busy();
        cli.answer = "n";

        CliHarness.Result refused = cli.run("stop", "a");
        assertThat(refused.code()).isEqualTo(9);
        assertThat(refused.err())
                .contains("connectctl: a: 2 operations of user etl are running; stop ends them. Go on? [y/N] ");

        cli.answer = "y";
        CliHarness.Result agreed = cli.run("stop", "a");
        assertThat(agreed.code()).as(agreed.err()).isZero();
        assertThat(agreed.err()).contains("a  STOPPED", "SESSION_CHANGED", "getOrCreate()");
    }

    @Test
    void byForceNobodyIsAskedWhatRuns() throws IOException {
        busy();
        daemon.on("POST /v1/servers/a/stop?force=true", 202, receipt("killing"))
                .on("POST /v1/servers/a/restart?unlessBusy=true&drain=0s", 202, receipt("restarting"));

        assertThat(cli.run("stop", "a", "--force").code()).isZero();
        assertThat(cli.run("restart", "a", "--force", "--no-wait").code()).isZero();
        assertThat(daemon.requests()).noneMatch(request -> request.contains("activity"));
    }

    @Test
    void aDrainIsHandedOn() throws IOException {
        busy();

        assertThat(cli.run("stop", "a", "--drain", "5m").code()).isZero();
        assertThat(daemon.requests()).contains("POST /v1/servers/a/stop?unlessBusy=true&drain=300000ms");
        assertThat(cli.run("stop", "a", "--drain", "soon").code()).isEqualTo(2);
    }

    @Test
    void aDrainOfMoreThanADayIsRefusedBeforeAnythingIsDeclared() throws IOException {
        busy();

        for (String command : List.of("stop", "restart")) {
            CliHarness.Result result = cli.run(command, "a", "--drain", "2d");

            assertThat(result.code()).isEqualTo(2);
            assertThat(result.err()).contains("--drain: '2d' is too long", "write at most 1d");
        }
        assertThat(daemon.requests()).noneMatch(request -> request.startsWith("P"));
    }

    @Test
    void aYarnServerIsPlannedWithTheCallersHadoopConfiguration() throws IOException {
        declare("servers: {a: {master: yarn}}\n");
        Files.createDirectory(folder.resolve("hadoop"));
        Files.writeString(
                folder.resolve("hadoop/yarn-site.xml"),
                "<configuration><property><name>yarn.resourcemanager.hostname</name><value>rm</value></property></configuration>");
        cli.environment.put("HADOOP_CONF_DIR", folder.resolve("hadoop").toString());
        daemon.on("POST /v1/servers/a/plan", 200, plan("a", true, true, "[]"))
                .on("GET /v1/servers", 200, Servers.list(Servers.server("a", "HEALTHY")))
                .on("GET /v1/servers/a", 200, Servers.json(Servers.server("a", "HEALTHY")));

        CliHarness.Result planned = cli.run("plan");
        CliHarness.Result applied = cli.run("apply");

        assertThat(planned.code()).as(planned.err()).isZero();
        assertThat(applied.code()).as(applied.err()).isZero();
        assertThat(daemon.requests())
                .filteredOn(request -> request.startsWith("POST") || request.startsWith("PUT /v1/servers/a "))
                .hasSize(3)
                .allMatch(request -> request.contains("\"hadoopConf\":\"" + folder.resolve("hadoop") + "\""));
    }
}
