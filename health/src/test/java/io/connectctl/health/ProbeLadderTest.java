package io.connectctl.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.health.ProbeFailure.Kind;
import io.connectctl.health.testing.FakeSparkConnect;
import io.connectctl.health.testing.FakeSparkConnect.Dialect;
import io.connectctl.health.testing.FakeSparkUi;
import io.connectctl.health.testing.RawServer;
import io.connectctl.health.ui.Executors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class ProbeLadderTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final String APP = "local-1763827200000";

    @ParameterizedTest
    @EnumSource(
            value = Dialect.class,
            names = {"SPARK_3_4", "SPARK_3_5", "SPARK_4"})
    void everyVersionIsProvenUpToTheSessionWithoutLeavingOne(Dialect dialect) throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(dialect);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), ui.port()))) {
            Climb climb = ladder.climb(Rung.SESSION, TIMEOUT);
            for (int i = 0; i < 50; i++) {
                climb = ladder.climb(Rung.SESSION, TIMEOUT);
            }

            assertThat(climb.failure()).isEmpty();
            assertThat(climb.reached()).isEqualTo(Rung.SESSION);
            assertThat(climb.timings()).containsOnlyKeys(Rung.PORT, Rung.RPC, Rung.SESSION);
            assertThat(spark.sessions()).isEmpty();
            assertThat(climb.observed().sparkVersion()).contains("4.0.1");
            assertThat(climb.observed().applicationId()).contains(APP);
            assertThat(climb.observed().poolBytes()).hasValue(762524467);
            assertThat(climb.observed().cores()).hasValue(4);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Dialect.class,
            names = {"SPARK_3_4", "SPARK_3_5", "SPARK_4"})
    void queriesShareOneSessionAndSpark4GetsItBack(Dialect dialect) throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(dialect);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            for (int i = 0; i < 5; i++) {
                assertThat(ladder.climb(Rung.QUERY, TIMEOUT).reached()).isEqualTo(Rung.QUERY);
            }

            if (dialect == Dialect.SPARK_4) {
                assertThat(spark.sessions()).isEmpty();
            } else {
                assertThat(spark.sessions()).containsExactly(Targets.SESSION.toString());
            }
        }
    }

    @Test
    void theUiIsIdentifiedOnceAndThenOnlyAskedForItsApplications() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), ui.port()))) {
            ladder.climb(Rung.SESSION, TIMEOUT);
            int first = ui.requests().size();
            ladder.climb(Rung.SESSION, TIMEOUT);

            assertThat(ui.requests().subList(first, ui.requests().size())).containsExactly("/api/v1/applications");
        }
    }

    @Test
    void tooFewExecutorsFailTheSessionOfAClusterAndEnoughPassIt() throws Exception {
        String executors = "/api/v1/applications/" + APP + "/allexecutors";
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.onCluster(spark.port(), 1, ui.port()))) {
            ui.page(
                    executors,
                    200,
                    """
                    [ {"id": "driver", "isActive": true},
                      {"id": "1", "isActive": false, "removeTime": "2026-11-29T12:00:00.000GMT",
                       "removeReason": "Container killed on request. Exit code is 137\\nand more"} ]
                    """);
            Climb without = ladder.climb(Rung.SESSION, TIMEOUT);
            assertFailed(without, Rung.SESSION, Kind.NO_EXECUTORS, "0 of at least 1 executors");
            assertThat(without.failure().orElseThrow().detail())
                    .contains("1 were lost", "Exit code is 137")
                    .doesNotContain("and more");

            ui.page(
                    executors,
                    200,
                    """
                    [ {"id": "driver", "isActive": true, "maxMemory": 1},
                      {"id": "2", "isActive": true, "totalCores": 4, "maxMemory": 7} ]
                    """);
            Climb with = ladder.climb(Rung.QUERY, TIMEOUT);
            assertThat(with.passed()).isTrue();
            assertThat(with.observed().executors()).contains(new Executors(1, 0, 4, 7, ""));

            ui.page(
                    executors,
                    200,
                    "[ {\"id\": \"driver\", \"isActive\": true}, {\"id\": \"2\", \"isActive\": false} ]");
            Climb replacing = ladder.climb(Rung.SESSION, TIMEOUT);
            assertThat(replacing.passed())
                    .as("its cluster replaces the one that was lost")
                    .isTrue();
            assertThat(replacing.observed().executors()).contains(new Executors(0, 1, 0, 0, ""));
        }
    }

    @Test
    void whatWasProvenByALadderBeforeMayLackExecutorsForAWhile() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(
                        Targets.onCluster(spark.port(), 1, ui.port()).asProvenBefore())) {
            ui.page(
                    "/api/v1/applications/" + APP + "/allexecutors",
                    200,
                    "[ {\"id\": \"driver\", \"isActive\": true}, {\"id\": \"2\", \"isActive\": false} ]");

            assertThat(ladder.climb(Rung.SESSION, TIMEOUT).passed()).isTrue();
        }
    }

    @Test
    void aUiThatBelongsToAnotherSparkIsPassedOverForOurs() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi other = FakeSparkUi.of("local-1", "other/1/ffffffff");
                FakeSparkUi ours = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), other.port(), ours.port()))) {
            Climb climb = ladder.climb(Rung.SESSION, TIMEOUT);

            assertThat(climb.passed()).isTrue();
            assertThat(climb.observed().ui().orElseThrow().getPort()).isEqualTo(ours.port());
        }
    }

    @Test
    void aUiThatBelongsToAnotherSparkIsNeverTakenForOurs() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi other = FakeSparkUi.of("local-1", "other/1/ffffffff");
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), RawServer.deadPort(), other.port()))) {
            Climb climb = ladder.climb(Rung.SESSION, TIMEOUT);

            assertFailed(climb, Rung.SESSION, Kind.FOREIGN_UI, "local-1");
            assertThat(spark.sessions()).isEmpty();
        }
    }

    @Test
    void aServerWhoseContextIsGoneIsAZombie() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), ui.port()))) {
            assertThat(ladder.climb(Rung.SESSION, TIMEOUT).passed()).isTrue();
            spark.zombie = true;
            ui.stop();

            Climb climb = ladder.climb(Rung.SESSION, TIMEOUT);

            assertThat(climb.reached()).isEqualTo(Rung.RPC);
            assertFailed(climb, Rung.SESSION, Kind.CONTEXT_GONE, "no UI listens at http://127.0.0.1:" + ui.port());
        }
    }

    @Test
    void anAliveServerWhoseUiIsGoneIsProvenInItsFixedSession() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), RawServer.deadPort()))) {
            assertThat(ladder.climb(Rung.SESSION, TIMEOUT).passed()).isTrue();
            assertThat(spark.calls()).contains("AnalyzePlan");
            assertThat(spark.sessions()).isEmpty();
        }
    }

    @Test
    void aUiBehindALoginIsNoReasonToCallItForeign() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                FakeSparkUi ui = FakeSparkUi.of(APP, Targets.MARKER);
                Ladder ladder = Probes.ladder(Targets.of(spark.port(), ui.port()))) {
            ui.page("/api/v1/applications", 401, "");

            assertThat(ladder.climb(Rung.SESSION, TIMEOUT).passed()).isTrue();
        }
    }

    @Test
    void aSilentUiCostsOneFailureBeforeTheFixedSessionDecides() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                RawServer silent = RawServer.mute();
                ProbeLadder ladder =
                        new ProbeLadder(Targets.of(spark.port(), silent.port()), Probes.BY_RUNG, Map.of())) {
            Climb first = ladder.climb(Rung.SESSION, Duration.ofSeconds(1));
            assertFailed(first, Rung.SESSION, Kind.TIMED_OUT, "no answer from the UI");
            assertThat(spark.calls()).doesNotContain("AnalyzePlan");

            assertThat(ladder.climb(Rung.SESSION, Duration.ofSeconds(1)).passed())
                    .isTrue();
        }
    }

    @Test
    void withoutAUiTheVersionComesFromTheServerItself() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_3_5);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            Climb climb = ladder.climb(Rung.SESSION, TIMEOUT);

            assertThat(climb.observed().sparkVersion()).contains("4.0.1");
            assertThat(climb.observed().ui()).isEmpty();
            assertThat(spark.sessions()).containsExactly(Targets.SESSION.toString());
        }
    }

    @Test
    void aForeignGrpcServerIsToldApart() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.FOREIGN);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            assertFailed(ladder.climb(Rung.SESSION, TIMEOUT), Rung.RPC, Kind.NOT_SPARK_CONNECT, "another program");
        }
    }

    @Test
    void aForeignServerWithAHealthServiceIsToldApartToo() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.withHealth(Dialect.FOREIGN, ServingStatus.SERVING);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            assertFailed(ladder.climb(Rung.RPC, TIMEOUT), Rung.RPC, Kind.NOT_SPARK_CONNECT, "another program");
        }
    }

    @Test
    void anHttp1ServerIsToldApart() throws Exception {
        try (RawServer web = RawServer.saying("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                Ladder ladder = Probes.ladder(Targets.of(web.port()))) {
            assertFailed(ladder.climb(Rung.RPC, TIMEOUT), Rung.RPC, Kind.NOT_SPARK_CONNECT, "127.0.0.1:" + web.port());
        }
    }

    @Test
    void aPortThatHangsUpFailsAtTheRpc() throws Exception {
        try (RawServer raw = RawServer.hangingUp();
                Ladder ladder = Probes.ladder(Targets.of(raw.port()))) {
            Climb climb = ladder.climb(Rung.RPC, TIMEOUT);

            assertThat(climb.reached()).isEqualTo(Rung.PORT);
            assertThat(climb.failure()).isPresent();
        }
    }

    @Test
    void aHealthServiceIsAskedAloneOnceTheServerIsKnown() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.withHealth(Dialect.SPARK_4, ServingStatus.SERVING);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            for (int i = 0; i < 3; i++) {
                assertThat(ladder.climb(Rung.RPC, TIMEOUT).passed()).isTrue();
            }
            assertThat(spark.calls()).containsExactly("Check", "ReleaseSession", "Check", "Check");
        }
    }

    @Test
    void aServerThatSaysItIsNotServingIsBelieved() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.withHealth(Dialect.SPARK_4, ServingStatus.NOT_SERVING);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            assertFailed(ladder.climb(Rung.RPC, TIMEOUT), Rung.RPC, Kind.OTHER, "NOT_SERVING");
        }
    }

    @Test
    void theTokenIsSentAndAWrongOneIsTold() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.withToken("s3cret");
                Ladder right = Probes.ladder(Targets.withToken(spark.port(), "s3cret"));
                Ladder wrong = Probes.ladder(Targets.withToken(spark.port(), "other-s3cret"));
                Ladder none = Probes.ladder(Targets.of(spark.port()))) {
            assertThat(right.climb(Rung.QUERY, TIMEOUT).passed()).isTrue();
            assertFailed(
                    wrong.climb(Rung.QUERY, TIMEOUT), Rung.RPC, Kind.UNAUTHENTICATED, "Invalid authentication token");
            assertFailed(none.climb(Rung.QUERY, TIMEOUT), Rung.RPC, Kind.UNAUTHENTICATED, "No authentication token");
            assertThat(wrong.climb(Rung.RPC, TIMEOUT).toString()).doesNotContain("s3cret");
        }
    }

    @Test
    void aFailedQueryIsToldApartFromADeadContext() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            spark.queryFails = true;
            Climb climb = ladder.climb(Rung.QUERY, TIMEOUT);
            assertThat(climb.reached()).isEqualTo(Rung.SESSION);
            assertFailed(climb, Rung.QUERY, Kind.QUERY_FAILED, "no executor took the task");

            spark.queryFails = false;
            spark.rows = 0;
            assertFailed(ladder.climb(Rung.QUERY, TIMEOUT), Rung.QUERY, Kind.QUERY_FAILED, "0 rows");
        }
    }

    @Test
    void theSecondCallOfAHangingServerHasOnlyTheTimeout() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            assertThat(ladder.climb(Rung.RPC, TIMEOUT).passed()).isTrue();
            spark.mute = true;

            Climb climb = ladder.climb(Rung.RPC, Duration.ofMillis(300));

            assertFailed(climb, Rung.RPC, Kind.TIMED_OUT, "waited 300 ms");
            spark.mute = false;
            assertThat(ladder.climb(Rung.SESSION, TIMEOUT).passed()).isTrue();
        }
    }

    @Test
    void theFirstCallIsGivenMoreThanTheTimeout() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                ProbeLadder ladder = new ProbeLadder(
                        Targets.of(spark.port()), Probes.BY_RUNG, Map.of(Rung.RPC, Duration.ofMillis(700)))) {
            spark.mute = true;

            assertFailed(ladder.climb(Rung.RPC, Duration.ofMillis(50)), Rung.RPC, Kind.TIMED_OUT, "waited 700 ms");
        }
    }

    @Test
    void aPortThatNobodyListensOnAnyMoreIsRefused() throws Exception {
        int port = RawServer.deadPort();
        try (Ladder ladder = Probes.ladder(Targets.of(port))) {
            assertFailed(ladder.climb(Rung.RPC, TIMEOUT), Rung.PORT, Kind.REFUSED, "127.0.0.1:" + port);
        }
    }

    @Test
    void anInterruptEndsAClimbAndTheLadderStaysUsable() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4);
                Ladder ladder = Probes.ladder(Targets.of(spark.port()))) {
            ladder.climb(Rung.RPC, TIMEOUT);
            spark.mute = true;
            int before = spark.calls().size();
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    ladder.climb(Rung.RPC, Duration.ofSeconds(50));
                    interrupted.complete(false);
                } catch (InterruptedException e) {
                    interrupted.complete(true);
                }
            });
            caller.start();
            org.awaitility.Awaitility.await().until(() -> spark.calls().size() > before);
            caller.interrupt();

            assertThat(interrupted.get(5, TimeUnit.SECONDS)).isTrue();
            spark.mute = false;
            assertThat(ladder.climb(Rung.RPC, TIMEOUT).passed()).isTrue();
        }
    }

    @Test
    void aClosedLadderFailsInsteadOfThrowing() throws Exception {
        try (FakeSparkConnect spark = FakeSparkConnect.start(Dialect.SPARK_4)) {
            Ladder ladder = Probes.ladder(Targets.of(spark.port()));
            ladder.close();
            ladder.close();

            assertFailed(ladder.climb(Rung.RPC, TIMEOUT), Rung.RPC, Kind.OTHER, "the ladder was closed");
        }
    }

    @Test
    void refusesToProveLessThanThePort() throws IOException {
        try (Ladder ladder = Probes.ladder(Targets.of(RawServer.deadPort()))) {
            assertThatThrownBy(() -> ladder.climb(Rung.CONTAINER, TIMEOUT))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("CONTAINER");
        }
    }

    private static void assertFailed(Climb climb, Rung rung, Kind kind, String detail) {
        assertThat(climb.failure()).hasValueSatisfying(failure -> {
            assertThat(failure.kind()).as(failure.detail()).isEqualTo(kind);
            assertThat(failure.rung()).isEqualTo(rung);
            assertThat(failure.detail()).contains(detail);
        });
    }
}
