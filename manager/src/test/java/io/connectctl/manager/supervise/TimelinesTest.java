package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TimelinesTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final Instant BEGAN = Instant.parse("2026-11-22T16:00:00Z");

    /** As the default template writes it, with what a server of a browser's ivy adds. */
    private static final List<String> LOG = List.of(
            ":: loading settings :: url = jar:file:/cache/ivy.jar!/org/apache/ivy/core/settings/ivysettings.xml",
            ":: resolution report :: resolve 1500ms :: artifacts dl 500ms",
            "2026-11-22T17:00:26.000+01:00 INFO SparkConnectServer: Starting Spark session.",
            "2026-11-22T17:00:26.100+01:00 INFO SparkContext: Running Spark version 4.0.1",
            "2026-11-22T17:00:29.000+01:00 INFO SparkConnectService: start GRPC service at: 127.0.0.1",
            "2026-11-22T17:00:29.300+01:00 INFO SparkConnectServer: Spark Connect server started at: 127.0.0.1:15002");

    private static Instant at(double seconds) {
        return BEGAN.plusMillis((long) (seconds * 1000));
    }

    private static ServerEvent event(double seconds, String type, String message) {
        return new ServerEvent(1, at(seconds), SALES, 1, type, Phase.STARTING, message, Optional.empty());
    }

    private static List<ServerEvent> proven() {
        List<ServerEvent> events = new ArrayList<>(List.of(event(0, "phase", "STOPPED -> STARTING: start")));
        events.add(event(22, "rung", "it runs"));
        for (String rung : List.of("PORT", "RPC", "SESSION")) {
            events.add(event(31, "rung", "proven: " + rung));
        }
        events.add(event(34, "rung", "proven: QUERY"));
        return events;
    }

    private static Timeline of(Optional<LaunchTimes.Kept> kept, List<ServerEvent> events, List<String> log) {
        return Timelines.of(SALES, 1, kept, events, log, ZoneOffset.UTC, false, true);
    }

    private static Optional<LaunchTimes.Kept> kept(Optional<Instant> fetching, Map<Rung, Instant> rungs) {
        return Optional.of(new LaunchTimes.Kept(
                BEGAN, fetching, fetching.isPresent() ? "fetching Spark 4.0.1" : "", at(21.5), at(22), rungs));
    }

    private static List<String> steps(Timeline timeline) {
        return timeline.steps().stream()
                .map(step -> step.kind().words() + " " + step.start().toMillis() + "+"
                        + step.took().toMillis())
                .toList();
    }

    @Test
    void everyStepOfAFirstStartIsToldWithoutAGap() {
        Timeline timeline = of(
                kept(
                        Optional.of(at(1.5)),
                        Map.of(Rung.PORT, at(29.4), Rung.RPC, at(30), Rung.SESSION, at(31), Rung.QUERY, at(34))),
                proven(),
                LOG);

        assertThat(steps(timeline))
                .containsExactly(
                        "resolve 0+1500",
                        "pull 1500+20000",
                        "create 21500+500",
                        "jvm 22000+2000",
                        "packages 24000+2000",
                        "SparkContext 26000+3000",
                        "port 29000+400",
                        "rpc 29400+600",
                        "session 30000+1000",
                        "query 31000+3000");
        assertThat(timeline.total()).isEqualTo(Duration.ofSeconds(34));
        assertThat(timeline.complete()).isTrue();
        assertThat(timeline.slowest().orElseThrow().kind()).isEqualTo(Timeline.Kind.PULL);
        assertThat(timeline.hint().orElseThrow()).contains("only the first start fetches");
        assertThat(timeline.notes()).isEmpty();
    }

    @Test
    void withoutNotesOfTheLaunchTheEventsTell() {
        Timeline timeline = of(Optional.empty(), proven(), LOG.subList(2, LOG.size()));

        assertThat(steps(timeline))
                .containsExactly(
                        "jvm 0+26000",
                        "SparkContext 26000+3000",
                        "port 29000+2000",
                        "rpc 31000+0",
                        "session 31000+0",
                        "query 31000+3000");
        assertThat(timeline.notes()).singleElement().asString().contains("wasn't noted");
    }

    @Test
    void aStartThatGoesOnEndsWithWhatIsKnown() {
        Timeline timeline = of(kept(Optional.empty(), Map.of()), proven().subList(0, 2), LOG.subList(2, 4));

        assertThat(steps(timeline)).containsExactly("resolve 0+21500", "create 21500+500", "jvm 22000+4000");
        assertThat(timeline.complete()).isFalse();
    }

    @Test
    void aLogWithoutTimesLeavesOneStepToThePort() {
        Timeline timeline = of(kept(Optional.empty(), Map.of()), proven(), List.of("Spark Connect server started"));

        assertThat(steps(timeline)).contains("create 21500+500", "port 22000+9000", "rpc 31000+0");
        assertThat(timeline.notes()).singleElement().asString().contains("has no times");
    }

    @Test
    void anotherMachinesClockMovesNoStepOutOfTheStart() {
        List<String> ahead =
                LOG.stream().map(line -> line.replace("T17:00", "T19:45")).toList();
        List<String> behind =
                LOG.stream().map(line -> line.replace("T17:00", "T09:12")).toList();

        for (List<String> log : List.of(ahead, behind)) {
            Timeline timeline = of(kept(Optional.empty(), Map.of()), proven(), log);

            assertThat(timeline.total()).isEqualTo(Duration.ofSeconds(34));
            assertThat(timeline.steps()).noneMatch(step -> step.took().isNegative());
        }
    }

    @Test
    void aContainersPortIsTheEnginesAndSaysNothingOfTheServer() {
        Map<Rung, Instant> rungs =
                Map.of(Rung.PORT, at(22.1), Rung.RPC, at(30), Rung.SESSION, at(31), Rung.QUERY, at(34));

        Timeline timeline = Timelines.of(
                SALES,
                1,
                kept(Optional.empty(), rungs),
                proven(),
                LOG.subList(2, LOG.size()),
                ZoneOffset.UTC,
                true,
                true);

        assertThat(steps(timeline))
                .contains("jvm 22000+4000", "SparkContext 26000+3000", "port 29000+0", "rpc 29000+1000");
    }

    @Test
    void sparksOwnLayoutIsReadInTheMachinesZone() {
        List<String> log = List.of(
                "26/11/22 16:00:26 INFO SparkContext: Running Spark version 3.5.0",
                "26/11/22 16:00:29 INFO Utils: Successfully started service 'org.apache.spark.sql.connect.service.SparkConnectService' on port 15002.");

        assertThat(steps(of(kept(Optional.empty(), Map.of()), proven(), log)))
                .contains("jvm 22000+4000", "SparkContext 26000+3000", "port 29000+2000");
    }

    @Test
    void nothingKnownIsNoStep() {
        Timeline timeline = of(Optional.empty(), List.of(), List.of());

        assertThat(timeline.steps()).isEmpty();
        assertThat(timeline.slowest()).isEmpty();
        assertThat(timeline.hint()).isEmpty();
        assertThat(timeline.total()).isZero();
    }
}
