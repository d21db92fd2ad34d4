package io.connectctl.manager.api;

import static io.connectctl.manager.api.ScriptedFleet.healthy;
import static io.connectctl.manager.api.ScriptedFleet.spec;
import static io.connectctl.manager.api.ScriptedFleet.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Observed;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.RunningOperation;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.supervise.Change;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import io.connectctl.manager.supervise.RefusedException;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ApiServerTest {
    private static final String SECRET = "hunter2-do-not-tell";

    private Path folder;

    private final ScriptedFleet fleet = new ScriptedFleet();
    private final ScriptedDaemon daemon = new ScriptedDaemon();
    private final Metrics metrics = new Metrics();
    private Path socket;
    private ApiServer api;

    @BeforeEach
    void open(@TempDir Path fresh) throws IOException {
        folder = fresh;
        socket = folder.resolve("daemon.sock");
        api = ApiServer.open(socket, setup(Duration.ofSeconds(15), Duration.ofSeconds(10)));
        fleet.put(healthy("sales"));
    }

    private ApiServer.Setup setup(Duration heartbeat, Duration patience) {
        return new ApiServer.Setup(
                fleet,
                Leases.NONE,
                new Leftovers(fleet, Leases.NONE, List.of(), List::of),
                daemon,
                metrics,
                Path.of("/home/ada/.local/state/connectctl/servers"),
                spec -> new Views.Memory(
                        762524467L, "(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB"),
                (key, value) -> key.contains("password"),
                heartbeat,
                patience);
    }

    @AfterEach
    void close() {
        api.close();
        metrics.close();
    }

    private RawHttp get(String path) throws IOException {
        return RawHttp.send(socket, "GET", path);
    }

    private JsonNode problem(RawHttp answer, int status, String code) throws IOException {
        assertThat(answer.status).isEqualTo(status);
        assertThat(answer.headers).containsEntry("content-type", "application/problem+json");
        JsonNode problem = answer.json();
        assertThat(problem.path("code").asText()).isEqualTo(code);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("detail").asText()).isNotEmpty();
        return problem;
    }

    @Test
    void everyServerIsListedWithEveryFieldThatStatusPromises() throws IOException {
        RawHttp answer = get("/v1/servers");
        assertThat(answer.status).isEqualTo(200);
        JsonNode list = answer.json();
        assertThat(list.path("apiVersion").asText()).isEqualTo("connectctl/v1");
        assertThat(list.path("kind").asText()).isEqualTo("ServerList");
        JsonNode server = list.path("servers").path(0);
        assertThat(server.path("name").asText()).isEqualTo("sales");
        assertThat(server.path("phase").asText()).isEqualTo("HEALTHY");
        assertThat(server.path("rung").asText()).isEqualTo("QUERY");
        assertThat(server.path("url").asText()).isEqualTo("sc://localhost:15020");
        assertThat(server.path("pid").asLong()).isEqualTo(4711);
        assertThat(server.path("uiUrl").asText()).isEqualTo("http://127.0.0.1:4040");
        assertThat(server.path("memory").path("observedPoolBytes").asLong()).isEqualTo(762524467L);
        assertThat(server.path("startedAt").asText()).isEqualTo("2026-11-22T12:00:00Z");
        assertThat(server.path("startSeconds").asDouble()).isEqualTo(12.3);
        assertThat(server.has("containerId")).isTrue();
        assertThat(server.has("cause")).isTrue();
    }

    @Test
    void oneServerIsShownAndAnUnknownOneIsNot() throws IOException {
        assertThat(get("/v1/servers/sales").json().path("master").asText()).isEqualTo("local[4]");
        assertThat(problem(get("/v1/servers/nobody"), 404, "NO_SUCH_SERVER")
                        .path("detail")
                        .asText())
                .contains("nobody");
        problem(get("/v1/servers/NOT..PLAIN"), 404, "NO_SUCH_SERVER");
    }

    @Test
    void describeTellsTheDeclarationInTheFilesWordsAndNoSecret() throws IOException {
        fleet.put(status(
                spec("sales", Map.of("spark.db.password", SECRET, "spark.x", "1"), Map.of("DB", SECRET)),
                Phase.HEALTHY,
                Rung.QUERY,
                Optional.empty()));
        String text = get("/v1/servers/sales/describe").body();
        assertThat(text).doesNotContain(SECRET).contains("(redacted)");
        JsonNode declaration = Json.MAPPER.readTree(text).path("declaration");
        assertThat(declaration.path("driverMemory").asText()).isEqualTo("1512m");
        assertThat(declaration.path("health").path("startTimeout").asText()).isEqualTo("3m");
        assertThat(declaration.path("stop").path("drain").asText()).isEqualTo("0s");
        assertThat(declaration.path("conf").path("spark.x").asText()).isEqualTo("1");
        assertThat(declaration.path("expose").asText()).isEqualTo("loopback");
    }

    @Test
    void describeTellsOfAContainerWhatItIsLimitedToAndWhyItIsOne() throws IOException {
        fleet.put(ScriptedFleet.contained(
                status(spec("sales", Map.of(), Map.of()), Phase.HEALTHY, Rung.QUERY, Optional.empty()),
                "0123456789abcdef",
                "it is there"));

        JsonNode answer = Json.MAPPER.readTree(get("/v1/servers/sales/describe").body());

        assertThat(answer.at("/server/containerId").asText()).isEqualTo("0123456789abcdef");
        assertThat(answer.at("/server/logFile").isNull()).isTrue();
        assertThat(answer.at("/runtime/name").asText()).isEqualTo("docker");
        assertThat(answer.at("/runtime/why").asText()).isEqualTo("it is there");
        assertThat(answer.at("/runtime/container/image").asText()).isEqualTo("apache/spark:4.0.1");
        assertThat(answer.at("/runtime/container/memory").asText())
                .isEqualTo("1512m heap + 512m overhead (the larger of 512m and a quarter of the heap) = 2024m limit");
        assertThat(answer.at("/runtime/container/memoryBytes").asLong()).isEqualTo(2024L << 20);
        assertThat(answer.at("/runtime/container/loosened")).isEmpty();
        assertThat(answer.at("/runtime/remarks/0").asText()).isEqualTo("scripted by the test");
        assertThat(answer.path("folders").fieldNames()).toIterable().containsExactly("server");
        assertThat(answer.at("/declaration/container/pidsLimit").asInt()).isEqualTo(512);
    }

    @Test
    void declareHandsTheTreeToTheFleetAndToleratesUnknownFields() throws IOException {
        RawHttp answer = RawHttp.send(
                socket,
                "PUT",
                "/v1/servers/etl",
                "{\"declaration\":{\"port\":15021},\"file\":\"/srv/connectctl.yaml\",\"later\":true}");
        assertThat(answer.status).isEqualTo(200);
        assertThat(answer.json().path("created").asBoolean()).isTrue();
        assertThat(fleet.calls).containsExactly("declare etl flags {} file {\"port\":15021} /srv/connectctl.yaml");
    }

    @Test
    void flagsBesideAFileReachTheFleetAsALayerOfTheirOwn() throws IOException {
        RawHttp.send(
                socket,
                "PUT",
                "/v1/servers/etl",
                "{\"declaration\":{\"port\":15021},\"file\":\"/srv/connectctl.yaml\",\"flags\":{\"driverMemory\":\"4g\"}}");
        RawHttp.send(socket, "PUT", "/v1/servers/etl", "{\"declaration\":{\"driverMemory\":\"4g\"}}");

        assertThat(fleet.calls)
                .containsExactly(
                        "declare etl flags {\"driverMemory\":\"4g\"} file {\"port\":15021} /srv/connectctl.yaml",
                        "declare etl flags {\"driverMemory\":\"4g\"}");
    }

    @Test
    void everyProblemOfADeclarationIsAnswered() throws IOException {
        fleet.refusal = new RefusedException(
                RefusedException.Code.INVALID,
                "2 problems",
                List.of(
                        new Problem(
                                Problem.Severity.ERROR,
                                Optional.empty(),
                                "servers.etl.prot",
                                "unknown key",
                                Optional.of("port")),
                        new Problem(
                                Problem.Severity.ERROR,
                                Optional.empty(),
                                "servers.etl.port",
                                "port 80 is outside 1024-65535",
                                Optional.empty())));
        JsonNode problem =
                problem(RawHttp.send(socket, "PUT", "/v1/servers/etl", "{\"declaration\":{}}"), 422, "INVALID");
        assertThat(problem.path("problems")).hasSize(2);
        assertThat(problem.path("problems").path(0).path("suggestion").asText()).isEqualTo("port");
        fleet.refusal = null;
        problem(RawHttp.send(socket, "PUT", "/v1/servers/Not_Plain", "{\"declaration\":{}}"), 422, "INVALID");
    }

    @ParameterizedTest
    @EnumSource(RefusedException.Code.class)
    void everyRefusalHasItsStatus(RefusedException.Code code) throws IOException {
        fleet.refusal = new RefusedException(code, "because of " + code);
        int status =
                switch (code) {
                    case NO_SUCH_SERVER, NO_SUCH_LEASE, NO_SUCH_POOL -> 404;
                    case INVALID -> 422;
                    case BUSY, STORE_FAILED -> 503;
                    default -> 409;
                };
        JsonNode problem = problem(RawHttp.send(socket, "POST", "/v1/servers/sales/start"), status, code.name());
        assertThat(problem.path("detail").asText()).isEqualTo("because of " + code);
        assertThat(problem.path("remedy").asText()).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "POST,/v1/servers/sales/start,202,start sales",
        "POST,/v1/servers/sales/restart,202,restart sales",
        "POST,/v1/servers/sales/stop,202,stop sales",
        "POST,/v1/servers/sales/stop?force=true,202,stop sales by force",
        "POST,/v1/servers/sales/stop?unlessBusy=true&drain=5m,202,stop sales unless busy drain PT5M",
        "POST,/v1/servers/sales/stop?drain=0s,202,stop sales drain PT0S",
        "POST,/v1/servers/sales/restart?from=same,202,restart sales SAME",
        "POST,/v1/servers/sales/restart?from=rollback&unlessBusy=true,202,restart sales ROLLBACK unless busy",
        "DELETE,/v1/servers/sales,204,remove sales",
        "DELETE,/v1/servers/sales?purge=true,204,remove sales and purge",
    })
    void commandsReachTheFleet(String method, String path, int status, String call) throws IOException {
        RawHttp answer = RawHttp.send(socket, method, path);
        assertThat(answer.status).isEqualTo(status);
        String body = answer.body();
        assertThat(fleet.calls).containsExactly(call);
        if (status == 202) {
            assertThat(Json.MAPPER.readTree(body).path("message").asText()).isEqualTo(call);
        }
    }

    @Test
    void whatIsNoWayToRestartIsRefused() throws IOException {
        problem(RawHttp.send(socket, "POST", "/v1/servers/sales/restart?from=scratch"), 400, "BAD_REQUEST");
        problem(RawHttp.send(socket, "POST", "/v1/servers/sales/stop?drain=long"), 400, "BAD_REQUEST");
        assertThat(fleet.calls).isEmpty();
    }

    @Test
    void driftIsPartOfAServerAndOfADiff() throws IOException {
        fleet.drift.add(new Change("conf.spark.sql.ansi.enabled", "true", "false", false));

        JsonNode drift = get("/v1/servers/sales").json().path("drift");
        assertThat(drift.toString())
                .isEqualTo(
                        "[{\"key\":\"conf.spark.sql.ansi.enabled\",\"old\":\"true\",\"new\":\"false\",\"restart\":false}]");
        JsonNode diff = get("/v1/servers/sales/diff").json();
        assertThat(diff.path("changes")).isEqualTo(drift);
        assertThat(diff.path("known").asBoolean() && diff.path("running").asBoolean())
                .isTrue();
        assertThat(fleet.calls).containsExactly("diff sales");
    }

    @Test
    void clientsAreToldOfToThoseOnlyWhoAsk() throws IOException {
        fleet.activities.put(
                new ServerName("sales"), new ConnectActivity(3, 1, List.of(new RunningOperation("etl", "s", "o"))));

        assertThat(get("/v1/servers/sales").json().path("activity").isNull()).isTrue();
        for (JsonNode server : List.of(
                get("/v1/servers/sales?activity=true").json(),
                get("/v1/servers?activity=true").json().path("servers").path(0),
                get("/v1/servers/sales/describe").json().path("server"))) {
            assertThat(server.path("activity").toString())
                    .isEqualTo("{\"sessions\":3,\"operations\":1,\"users\":[\"etl\"],\"drains\":false}");
        }
    }

    @Test
    void readyIs503WithTheReasonUntilTheRungIsProven() throws IOException {
        RawHttp ready = get("/v1/servers/sales/ready");
        assertThat(ready.status).isEqualTo(200);
        assertThat(ready.json().path("ready").asBoolean()).isTrue();
        fleet.put(status(spec("sales", Map.of(), Map.of()), Phase.STARTING, Rung.RPC, Optional.empty()));
        assertThat(get("/v1/servers/sales/ready?until=rpc").status).isEqualTo(200);
        RawHttp starting = get("/v1/servers/sales/ready?until=session");
        assertThat(starting.status).isEqualTo(503);
        assertThat(starting.json().path("reason").asText()).contains("RPC").contains("SESSION");
        fleet.put(status(
                spec("sales", Map.of(), Map.of()),
                Phase.FAILED,
                Rung.NONE,
                Optional.of(new Cause("PORT_TAKEN", "port 15020 is held by pid 99", "free it", List.of(), true))));
        assertThat(get("/v1/servers/sales/ready").json().path("reason").asText())
                .contains("PORT_TAKEN")
                .contains("pid 99");
        problem(get("/v1/servers/sales/ready?until=moon"), 400, "BAD_REQUEST");
    }

    @Test
    void aProbeMadeNowIsAnsweredWithWhatItProved() throws IOException {
        RawHttp passed = RawHttp.send(socket, "POST", "/v1/servers/sales/probe?until=query&timeout=5s");
        assertThat(passed.status).isEqualTo(200);
        assertThat(fleet.calls).containsExactly("probe sales until QUERY within PT5S");
        fleet.climb = new Climb(
                Rung.PORT,
                Optional.of(new ProbeFailure(Rung.RPC, ProbeFailure.Kind.TIMED_OUT, "no answer in 5 s")),
                Map.of(),
                Observed.NOTHING);
        RawHttp failed = RawHttp.send(socket, "POST", "/v1/servers/sales/probe");
        assertThat(failed.status).isEqualTo(503);
        assertThat(failed.json().path("reason").asText()).contains("RPC").contains("no answer in 5 s");
        problem(RawHttp.send(socket, "POST", "/v1/servers/sales/probe?timeout=2h"), 400, "BAD_REQUEST");
    }

    @Test
    void aTimelineTellsStepsInSeconds() throws IOException {
        JsonNode timeline = get("/v1/servers/sales/timeline").json();

        assertThat(timeline.path("server").asText()).isEqualTo("sales");
        assertThat(timeline.path("began").asText()).isEqualTo("2026-11-22T16:00:00.250Z");
        assertThat(timeline.path("totalSeconds").asDouble()).isEqualTo(23.5);
        assertThat(timeline.path("complete").asBoolean()).isFalse();
        assertThat(timeline.path("steps").path(1).path("name").asText()).isEqualTo("SparkContext");
        assertThat(timeline.path("steps").path(1).path("startSeconds").asDouble())
                .isEqualTo(20.5);
        assertThat(timeline.path("steps").path(1).path("seconds").asDouble()).isEqualTo(3.0);
        assertThat(timeline.path("slowest").asText()).isEqualTo("pull");
        assertThat(timeline.path("hint").asText()).contains("first start");
        problem(get("/v1/servers/nobody/timeline"), 404, "NO_SUCH_SERVER");
    }

    @Test
    void aBundleIsGivenTheApisOwnAnswers() throws IOException {
        RawHttp answer = get("/v1/servers/sales/bundle");

        assertThat(answer.status).isEqualTo(200);
        assertThat(answer.headers).containsEntry("content-type", "application/gzip");
        assertThat(answer.body())
                .contains("daemon.json", "describe.json", "events.jsonl", "timeline.json", "versions.txt");
        problem(get("/v1/servers/nobody/bundle"), 404, "NO_SUCH_SERVER");
    }

    @Test
    void describeTellsWhereEvidenceOfAWedgeLies() throws IOException {
        assertThat(get("/v1/servers/sales/describe").json().path("folders").has("wedge"))
                .isFalse();
        fleet.wedge(Path.of("/state/servers/sales/run/1/wedge"));

        JsonNode answer = get("/v1/servers/sales/describe").json();

        assertThat(answer.path("folders").path("wedge").asText()).isEqualTo("/state/servers/sales/run/1/wedge");
        assertThat(answer.path("notes").toString()).contains("was wedged and replaced");
    }

    @Test
    void usageIsThatOfTheRunningInstance() throws IOException {
        assertThat(get("/v1/servers/sales/usage").json().path("residentBytes").asLong())
                .isEqualTo(734003200L);
        fleet.put(status(spec("idle", Map.of(), Map.of()), Phase.STOPPED, Rung.NONE, Optional.empty()));
        problem(get("/v1/servers/idle/usage"), 409, "NOT_RUNNING");
        assertThat(get("/v1/usage").json()).hasSize(1);
    }

    @Test
    void whatNoRouteTakesIsAProblem() throws IOException {
        problem(get("/v2/servers"), 404, "NO_SUCH_ROUTE");
        RawHttp wrong = RawHttp.send(socket, "PATCH", "/v1/servers/sales");
        assertThat(wrong.headers).containsEntry("allow", "DELETE, GET, PUT");
        problem(wrong, 405, "METHOD_NOT_ALLOWED");
        problem(get("/v1/events?after=soon"), 400, "BAD_REQUEST");
        problem(get("/v1/events?limit=0"), 400, "BAD_REQUEST");
        problem(RawHttp.raw(socket, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400, "BAD_REQUEST");
        problem(RawHttp.raw(socket, "GARBAGE\r\n\r\n"), 400, "BAD_REQUEST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "3",
                "{\"declaration\":",
                "{\"declaration\":3}",
                "{}",
                "{\"declaration\":{}} x",
                "hunter2-do-not-tell",
                "{\"declaration\":{},\"file\":\"relative\"}",
                "{\"declaration\":{},\"flags\":{}}",
                "{\"declaration\":{},\"file\":\"/srv/connectctl.yaml\",\"flags\":3}"
            })
    void aBodyThatIsNoDeclarationIsRefusedWithoutRepeatingIt(String body) throws IOException {
        RawHttp answer = RawHttp.send(socket, "PUT", "/v1/servers/etl", body);
        assertThat(problem(answer, 400, "BAD_JSON").toString()).doesNotContain(SECRET);
        assertThat(fleet.calls).isEmpty();
    }

    @Test
    void aBodyBeyondAMebibyteIsRefusedWithAndWithoutItsLengthTold() throws IOException {
        String large = "{\"declaration\":{\"x\":\"" + "y".repeat(1 << 20) + "\"}}";
        problem(
                RawHttp.raw(
                        socket,
                        "PUT /v1/servers/etl HTTP/1.1\r\nHost: x\r\nContent-Length: " + large.length() + "\r\n\r\n"),
                413,
                "BODY_TOO_LARGE");
        problem(
                RawHttp.raw(
                        socket,
                        "PUT /v1/servers/etl HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + Integer.toHexString(large.length()) + "\r\n" + large + "\r\n0\r\n\r\n"),
                413,
                "BODY_TOO_LARGE");
    }

    @Test
    void aFailureOfTheDaemonIsAProblemWithoutItsStackTrace() throws IOException {
        fleet.failure = new IllegalStateException(SECRET);
        assertThat(problem(get("/v1/servers"), 500, "INTERNAL").toString())
                .doesNotContain(SECRET)
                .doesNotContain("Exception");
    }

    @Test
    void storedEventsComeAsLinesAfterTheirNumber() throws IOException {
        fleet.tell("sales", 1, "command", Phase.STOPPED, "start");
        fleet.tell("sales", 1, "phase", Phase.STARTING, "STOPPED -> STARTING");
        fleet.tell("etl", 1, "phase", Phase.STARTING, "STOPPED -> STARTING");
        RawHttp answer = get("/v1/events?after=1&server=sales");
        assertThat(answer.headers).containsEntry("content-type", "application/x-ndjson");
        List<String> lines = answer.body().lines().toList();
        assertThat(lines).hasSize(1);
        JsonNode event = Json.MAPPER.readTree(lines.get(0));
        assertThat(event.path("sequence").asLong()).isEqualTo(2);
        assertThat(event.path("type").asText()).isEqualTo("phase");
        assertThat(get("/v1/events?limit=2").body().lines()).hasSize(2);
    }

    @Test
    void followedEventsComeAtOnceAndAClientThatGoesFreesItsFollower() throws IOException {
        fleet.tell("sales", 1, "command", Phase.STOPPED, "start");
        try (RawHttp stream = get("/v1/events?follow=true&after=0")) {
            assertThat(stream.status).isEqualTo(200);
            assertThat(stream.chunk()).contains("\"command\"").endsWith("\n");
            fleet.tell("sales", 1, "phase", Phase.STARTING, "STOPPED -> STARTING");
            assertThat(stream.chunk()).contains("\"STARTING\"");
            fleet.tell("sales", 1, "progress", Phase.STARTING, "fetching Spark 4.0.1");
            assertThat(stream.chunk()).contains("\"sequence\":0").contains("fetching");
            assertThat(fleet.followers()).isEqualTo(1);
        }
        await().until(() -> fleet.followers() == 0 && api.openStreams() == 0);
    }

    @Test
    void aSilentStreamSaysThatItLives() throws IOException {
        api.close();
        api = ApiServer.open(socket, setup(Duration.ofMillis(50), Duration.ofSeconds(10)));
        try (RawHttp stream = get("/v1/events?follow=true")) {
            assertThat(stream.chunk()).isEqualTo("\n");
            assertThat(stream.chunk()).isEqualTo("\n");
        }
    }

    @Test
    void aClientThatDoesNotReadIsDroppedWithAProblemAndNobodyElseWaits() throws IOException {
        api.close();
        api = ApiServer.open(socket, setup(Duration.ofSeconds(15), Duration.ofMillis(200)));
        String long1 = "x".repeat(10_000);
        try (RawHttp slow = get("/v1/events?follow=true")) {
            await().until(() -> fleet.followers() == 1);
            for (int i = 0; i < 1_500; i++) {
                fleet.tell("sales", 1, "phase", Phase.STARTING, long1);
            }
            await().until(() -> fleet.followers() == 0);
            assertThat(get("/v1/servers").status).isEqualTo(200);
            String last = "";
            for (String chunk = slow.chunk(); !chunk.isEmpty(); chunk = slow.chunk()) {
                last = chunk;
            }
            assertThat(last.lines().reduce((a, b) -> b).orElse("")).contains("TOO_SLOW");
        }
        await().until(() -> api.openStreams() == 0);
    }

    @Test
    void bodiesThatNeverComeDoNotStarveOthers() throws IOException {
        List<SocketChannel> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                slow.add(channel);
                channel.write(StandardCharsets.US_ASCII.encode(
                        "PUT /v1/servers/etl HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{\"decl"));
            }
            await().untilAsserted(() ->
                    problem(RawHttp.send(socket, "PUT", "/v1/servers/etl", "{\"declaration\":{}}"), 503, "BUSY"));
            assertThat(get("/healthz").body()).isEqualTo("ok\n");
        } finally {
            for (SocketChannel channel : slow) {
                channel.close();
            }
        }
    }

    @Test
    void manyFollowersDoNotStarveCommandsAndOneTooManyIsRefused() throws IOException {
        List<RawHttp> streams = new ArrayList<>();
        try {
            for (int i = 0; i < 64; i++) {
                streams.add(get(i % 2 == 0 ? "/v1/events?follow=true" : "/v1/servers/sales/logs?follow=true"));
            }
            problem(get("/v1/events?follow=true"), 503, "TOO_MANY_STREAMS");
            assertThat(get("/healthz").body()).isEqualTo("ok\n");
        } finally {
            for (RawHttp stream : streams) {
                stream.close();
            }
        }
        await().until(() -> api.openStreams() == 0 && fleet.followers() == 0);
    }

    @Test
    void aLogComesAsTextAndIsFollowedLineByLine() throws IOException {
        fleet.log.addAll(List.of("one", "two"));
        RawHttp answer = get("/v1/servers/sales/logs?tail=2");
        assertThat(answer.headers).containsEntry("content-type", "text/plain; charset=utf-8");
        assertThat(answer.body()).isEqualTo("one\ntwo\n");
        try (RawHttp stream = get("/v1/servers/sales/logs?follow=true&previous=true&since=10m")) {
            fleet.log.add("drei äöü");
            assertThat(stream.chunk()).isEqualTo("drei äöü\n");
            fleet.log.add("four");
            assertThat(stream.chunk()).isEqualTo("four\n");
        }
        await().until(() -> fleet.calls.stream().filter("logs ended"::equals).count() == 2 && api.openStreams() == 0);
        problem(get("/v1/servers/nobody/logs"), 404, "NO_SUCH_SERVER");
        problem(get("/v1/servers/sales/logs?since=yesterday"), 400, "BAD_REQUEST");
    }

    @Test
    void aLongLogArrivesWholeThroughASlowReader() throws IOException {
        String line = "x".repeat(1_000);
        for (int i = 0; i < 5_000; i++) {
            fleet.log.add(line + i);
        }
        List<String> lines = get("/v1/servers/sales/logs").body().lines().toList();
        assertThat(lines).hasSize(5_000).last().isEqualTo(line + 4_999);
    }

    @Test
    void closingEndsEveryStreamAndRemovesTheSocket() throws IOException {
        RawHttp stream = get("/v1/events?follow=true");
        await().until(() -> fleet.followers() == 1);
        api.close();
        try {
            assertThat(stream.chunk()).isEmpty();
        } catch (EOFException e) {
            // Cut before the last chunk: an end all the same.
        }
        assertThat(socket).doesNotExist();
        await().until(() -> fleet.followers() == 0);
    }

    @Test
    void theDaemonTellsOfItselfTakesSettingsAndStopsAfterItsAnswer() throws Exception {
        assertThat(get("/v1/daemon").json().path("version").asText()).isEqualTo("0.1.0");
        assertThat(RawHttp.send(socket, "PUT", "/v1/daemon/settings", "{\"tcpPort\":21510}")
                        .json()
                        .path("tcpPort")
                        .asInt())
                .isEqualTo(21510);
        assertThat(get("/v1/daemon/settings").json().path("healthPort").isNull())
                .isTrue();
        problem(RawHttp.send(socket, "PUT", "/v1/daemon/settings", "{\"tcpPort\":80}"), 422, "INVALID");
        assertThat(RawHttp.send(socket, "POST", "/v1/daemon/stop").status).isEqualTo(202);
        assertThat(daemon.stopped.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void theSocketIsItsOwnersOnlyAndAStaleOneIsReplaced() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        api.close();
        Files.writeString(socket, "left behind");
        api = ApiServer.open(socket, setup(Duration.ofSeconds(15), Duration.ofSeconds(10)));
        assertThat(get("/healthz").body()).isEqualTo("ok\n");
    }

    @Test
    void overTcpOnlyTheTokenTheHostAndTheOwnOriginMaySpeak() throws IOException {
        int port = api.listenOnTcp(0, "t0ken");
        String host = "Host: localhost:" + port;
        String token = "Authorization: Bearer t0ken";
        assertThat(RawHttp.tcp(port, "/v1/servers", host, token).status).isEqualTo(200);
        assertThat(RawHttp.tcp(port, "/v1/servers", "Host: 127.0.0.1:" + port, token).status)
                .isEqualTo(200);
        assertThat(RawHttp.tcp(port, "/v1/servers", host, token, "Origin: http://localhost:" + port).status)
                .isEqualTo(200);
        RawHttp none = RawHttp.tcp(port, "/v1/servers", host);
        assertThat(none.headers).containsEntry("www-authenticate", "Bearer");
        problem(none, 401, "UNAUTHORIZED");
        problem(RawHttp.tcp(port, "/healthz", host, "Authorization: Bearer t0keN"), 401, "UNAUTHORIZED");
        problem(RawHttp.tcp(port, "/healthz", host, "Authorization: Basic t0ken"), 401, "UNAUTHORIZED");
        problem(RawHttp.tcp(port, "/healthz", host, token, token), 401, "UNAUTHORIZED");
        problem(RawHttp.tcp(port, "/healthz", "Host: evil.example:" + port, token), 421, "MISDIRECTED");
        problem(RawHttp.tcp(port, "/healthz", "Host: localhost", token), 421, "MISDIRECTED");
        problem(RawHttp.tcp(port, "/healthz", host, token, "Origin: http://evil.example"), 403, "FORBIDDEN");
        problem(RawHttp.tcp(port, "/healthz", host, token, "Origin: null"), 403, "FORBIDDEN");
        api.closeTcp();
        assertThat(catchConnect(port)).isInstanceOf(IOException.class);
        assertThat(get("/healthz").status).isEqualTo(200);
    }

    private static Throwable catchConnect(int port) {
        return catchThrowable(() -> RawHttp.tcp(port, "/healthz"));
    }

    @Test
    void metricsAreInPrometheusFormatAndGoWithTheServer() throws IOException {
        metrics.probed(spec("sales", Map.of(), Map.of()).name(), Rung.RPC, Duration.ofMillis(20), true);
        metrics.accept(fleet, fleet.tell("sales", 1, "phase", Phase.STARTING, "STOPPED -> STARTING"));
        metrics.accept(
                fleet,
                fleet.tell(
                        "sales",
                        1,
                        "rung",
                        Phase.HEALTHY,
                        "SESSION",
                        ScriptedFleet.NOON.plusSeconds(12),
                        Optional.empty()));
        RawHttp answer = get("/metrics");
        assertThat(answer.headers.get("content-type")).startsWith("text/plain; version=0.0.4");
        String text = answer.body();
        assertThat(text.lines().filter(line -> !line.startsWith("#")))
                .allMatch(line -> line.matches("[a-z_:][a-z0-9_:]*(\\{[^}]*\\})? [-+0-9.eENaInf]+"))
                .contains("connectctl_server_phase{phase=\"HEALTHY\",server=\"sales\"} 1.0")
                .contains("connectctl_server_phase{phase=\"FAILED\",server=\"sales\"} 0.0")
                .contains("connectctl_server_rung{server=\"sales\"} 5.0")
                .contains("connectctl_server_transitions_total{phase=\"STARTING\",server=\"sales\"} 1.0")
                .contains("connectctl_server_start_duration_seconds_count{server=\"sales\",stage=\"session\"} 1")
                .contains(
                        "connectctl_probe_duration_seconds_bucket{result=\"pass\",rung=\"rpc\",server=\"sales\",le=\"0.025\"} 1")
                .anyMatch(line -> line.startsWith("jvm_memory_used_bytes"))
                .anyMatch(line -> line.startsWith("process_resident_memory_bytes"));
        fleet.drop("sales");
        metrics.accept(fleet, fleet.tell("sales", 1, "removed", Phase.STOPPED, "removed"));
        assertThat(get("/metrics").body()).doesNotContain("sales");
    }

    @Test
    void anotherUserIsRefusedAlsoWhereTheModesWereLoosened() throws Exception {
        assumeTrue(
                Files.getOwner(folder).getName().equals("root") && Files.isExecutable(Path.of("/usr/bin/setpriv")),
                "only root can become another user");
        for (Path above = folder; above != null && !above.equals(Path.of("/tmp")); above = above.getParent()) {
            Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertThat(curlAsNobody()).contains("exit 7");
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(curlAsNobody()).contains("exit 0").contains("FORBIDDEN").contains("root");
    }

    private String curlAsNobody() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "no curl here");
        Process process = new ProcessBuilder(
                        "/usr/bin/setpriv",
                        "--reuid=65534",
                        "--regid=65534",
                        "--clear-groups",
                        "/usr/bin/curl",
                        "-s",
                        "--max-time",
                        "10",
                        "--unix-socket",
                        socket.toString(),
                        "http://localhost/v1/servers")
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return text + " exit " + process.waitFor();
    }
}
