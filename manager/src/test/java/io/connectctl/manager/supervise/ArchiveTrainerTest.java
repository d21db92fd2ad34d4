package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.testing.FakeCache;
import io.connectctl.compose.runtime.testing.FakeRuntime;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.Observed;
import io.connectctl.health.Rung;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.MemoryStore;
import io.connectctl.manager.supervise.testing.FakeWorkload;
import io.connectctl.manager.supervise.testing.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When an archive is used, when one is trained, and what is said of it. */
class ArchiveTrainerTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final ServerName HR = new ServerName("hr");
    private static final Duration BLINK = Duration.ofMillis(50);

    private final ManualTime time = new ManualTime();
    private final FakeRuntime runtime = new FakeRuntime();
    private final FakeCache cache = new FakeCache();
    private final CountDownLatch climbs = new CountDownLatch(1);
    private volatile boolean hanging;
    private final LiveFleet fleet;

    ArchiveTrainerTest(@TempDir Path folder) throws Exception {
        runtime.cache(cache);
        fleet = LiveFleet.open(
                new Surroundings(
                        new Folders(folder, folder, folder, folder),
                        new MemoryStore(),
                        Map.of("fake", runtime),
                        (spec, site, ticket) -> new LaunchPlan(
                                spec, site, ticket, new Rendering(List.of(), "x"), List.of("run"), Map.of()),
                        target -> new Proving(target.marker().startsWith("class-data-archive")),
                        new FakeWorkload(),
                        evidence -> new Cause("UNKNOWN", "it ended", "look", List.of(), true),
                        spec -> List.of(),
                        ProbeListener.SILENT,
                        time,
                        Clusters.NONE),
                new SimpleSpecs());
    }

    @AfterEach
    void closeFleet() {
        fleet.close();
    }

    private final class Proving implements Ladder {
        private final boolean training;

        Proving(boolean training) {
            this.training = training;
        }

        @Override
        public Climb climb(Rung until, Duration timeout) throws InterruptedException {
            if (training && hanging) {
                climbs.await();
            }
            return new Climb(until, Optional.empty(), Map.of(), Observed.NOTHING);
        }

        @Override
        public void close() {}
    }

    private void until(Duration step, BooleanSupplier holds) {
        await().atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(4))
                .until(() -> {
                    if (!holds.getAsBoolean()) {
                        time.advance(step);
                    }
                    return holds.getAsBoolean();
                });
    }

    private void usable(ServerName name) throws RefusedException {
        fleet.declare(name, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        fleet.start(name);
        until(BLINK, () -> fleet.server(name).orElseThrow().rung() == Rung.QUERY);
    }

    private List<String> events(String type) {
        return fleet.events(Optional.of(SALES), 0, 1000).stream()
                .filter(event -> event.type().equals(type))
                .map(ServerEvent::message)
                .toList();
    }

    private Optional<String> archiveOfLastLaunch() {
        return Optional.ofNullable(
                runtime.lastPlan(SALES).orElseThrow().environment().get("CONNECTCTL_ARCHIVE"));
    }

    @Test
    void theFirstServerWithoutAnArchiveGetsOneTrainedOnceNobodyWaits() throws Exception {
        usable(SALES);
        assertThat(archiveOfLastLaunch()).isEmpty();
        assertThat(cache.trainings()).isEmpty();

        until(Duration.ofSeconds(1), () -> !events("archive-trained").isEmpty());
        assertThat(cache.trainings()).hasSize(1);
        until(BLINK, () -> cache.trainings().get(0).closed());

        fleet.restart(SALES);
        until(BLINK, () -> runtime.launches(SALES) == 2);
        assertThat(archiveOfLastLaunch()).contains("/cache/use.options");
        assertThat(events("archive")).isEmpty();
    }

    @Test
    void noneIsTrainedWhileAServerStarts() throws Exception {
        usable(SALES);
        FakeRuntime.Hold hold = holdHr();
        // Long enough for several looks at whether it is quiet, and too short for the limit of a launch (a minute).
        time.advance(Duration.ofSeconds(20));
        time.advance(Duration.ofSeconds(20));
        assertThat(fleet.server(HR).orElseThrow().phase()).isEqualTo(Phase.STARTING);
        assertThat(cache.trainings()).isEmpty();

        hold.release();
        until(Duration.ofSeconds(1), () -> !cache.trainings().isEmpty());
    }

    private FakeRuntime.Hold holdHr() throws RefusedException {
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.LAUNCH);
        fleet.declare(HR, Declaration.ofJson("{\"port\":\"auto\"}"), Origin.FLAGS);
        fleet.start(HR);
        await().until(hold::reached);
        return hold;
    }

    @Test
    void aFailureIsToldOnceAndNotRepeatedByItself() throws Exception {
        cache.dying(true);
        usable(SALES);
        until(Duration.ofSeconds(1), () -> !events("archive-failed").isEmpty());
        assertThat(events("archive-failed").get(0))
                .contains("servers start as before", "it died", "connectctl cache train sales");
        assertThat(cache.failures()).hasSize(1);

        fleet.restart(SALES);
        until(
                BLINK,
                () -> fleet.server(SALES).orElseThrow().incarnation() == 2
                        && fleet.server(SALES).orElseThrow().rung() == Rung.QUERY);
        time.advance(Duration.ofMinutes(2));
        assertThat(cache.trainings()).hasSize(1);

        cache.dying(false);
        fleet.train(SALES);
        until(BLINK, () -> !events("archive-trained").isEmpty());
    }

    @Test
    void aTrainingThatHangsIsEndedAndToldByItsLimit() throws Exception {
        hanging = true;
        usable(SALES);
        until(Duration.ofSeconds(1), () -> !cache.trainings().isEmpty());

        until(Duration.ofMinutes(1), () -> !events("archive-failed").isEmpty());

        assertThat(cache.trainings().get(0).closed()).isTrue();
        assertThat(cache.failures()).hasSize(1);
    }

    @Test
    void closingTheFleetEndsATrainingWithoutAWord() throws Exception {
        hanging = true;
        usable(SALES);
        until(Duration.ofSeconds(1), () -> !cache.trainings().isEmpty());

        fleet.close();

        await().until(() -> cache.trainings().get(0).closed());
        assertThat(cache.failures()).isEmpty();
    }

    @Test
    void whoCannotUseOneIsToldWhy() throws Exception {
        cache.found(new Archive.Unfit("HADOOP_CONF_DIR puts a folder on the class path"));
        usable(SALES);
        until(BLINK, () -> !events("archive").isEmpty());

        assertThat(events("archive"))
                .containsExactly(
                        "starts without a class data archive: HADOOP_CONF_DIR puts a folder on the class path");
        assertThat(archiveOfLastLaunch()).isEmpty();
        time.advance(Duration.ofMinutes(2));
        assertThat(cache.trainings()).isEmpty();
    }

    @Test
    void aJvmThatDidNotTakeItIsTold() throws Exception {
        cache.found(new Archive.Ready("key", Path.of("/cache/use.options"), Path.of("/cache/classes.jsa")));
        cache.taken(false);
        usable(SALES);

        until(BLINK, () -> !events("archive").isEmpty());
        assertThat(events("archive").get(0)).contains("didn't take /cache/classes.jsa");
    }

    @Test
    void aRuntimeWithoutACacheRefusesToTrain() throws Exception {
        runtime.cache(null);
        usable(SALES);

        assertThatThrownBy(() -> fleet.train(SALES))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("part of its images");
        assertThat(fleet.cache().entries()).isEmpty();
    }
}
