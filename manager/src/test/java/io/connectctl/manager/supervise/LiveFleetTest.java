package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Adoptable;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Snapshot;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.runtime.testing.FakeRuntime;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.Observed;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.store.MemoryStore;
import io.connectctl.manager.store.StoredServer;
import io.connectctl.manager.store.testing.FailingStore;
import io.connectctl.manager.supervise.testing.FakeWorkload;
import io.connectctl.manager.supervise.testing.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveFleetTest {
    private static final Observed SEEN = new Observed(
            Optional.of("4.0.1"),
            Optional.of(URI.create("http://127.0.0.1:4040")),
            Optional.of("local-1"),
            OptionalLong.of(762_524_467L),
            OptionalInt.of(4));

    private static final ServerName SALES = new ServerName("sales");
    private static final ServerName HR = new ServerName("hr");
    private static final Duration BLINK = Duration.ofMillis(50);

    private final Path folder;

    private final ManualTime time = new ManualTime();
    private final FakeRuntime runtime = new FakeRuntime();
    private final FailingStore store = new FailingStore(new MemoryStore());
    private final FakeWorkload workload = new FakeWorkload();
    private final LeftOnCluster cluster = new LeftOnCluster(HR, "application_1_0001");
    private volatile boolean answering = true;
    private volatile boolean refused;
    private volatile boolean retryable = true;
    private volatile boolean queryHangs;
    private volatile String entrypoint = "exec java";
    private LiveFleet fleet;

    LiveFleetTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        this.fleet = open();
    }

    @AfterEach
    void closeFleet() {
        fleet.close();
    }

    private LiveFleet open() throws Exception {
        return open(Map.of("fake", runtime));
    }

    private LiveFleet open(Map<String, ServerRuntime> runtimes) throws Exception {
        return LiveFleet.open(
                new Surroundings(
                        new Folders(folder, folder, folder, folder),
                        store,
                        runtimes,
                        (spec, site, ticket) -> new LaunchPlan(
                                spec,
                                site,
                                ticket,
                                new Rendering(List.of(new RenderedFile("entrypoint", entrypoint, true)), "x"),
                                List.of("run"),
                                Map.of()),
                        target -> new FakeLadder(),
                        workload,
                        evidence -> new Cause(
                                !retryable ? "BAD_CONF_VALUE" : evidence.exit().isPresent() ? "EXITED" : "UNKNOWN",
                                "it ended",
                                "look",
                                evidence.log(),
                                retryable),
                        spec -> List.of(),
                        ProbeListener.SILENT,
                        time,
                        cluster),
                new SimpleSpecs());
    }

    private final class FakeLadder implements Ladder {
        @Override
        public Climb climb(Rung until, Duration timeout) throws InterruptedException {
            if (until == Rung.QUERY && queryHangs) {
                new CountDownLatch(1).await();
            }
            if (until == Rung.QUERY && refused) {
                return new Climb(
                        Rung.SESSION,
                        Optional.of(new ProbeFailure(
                                Rung.QUERY, ProbeFailure.Kind.QUERY_FAILED, "Application error processing RPC")),
                        Map.of(),
                        SEEN);
            }
            return answering
                    ? new Climb(until, Optional.empty(), Map.of(), SEEN)
                    : new Climb(
                            Rung.PORT,
                            Optional.of(new ProbeFailure(Rung.RPC, ProbeFailure.Kind.TIMED_OUT, "no answer")),
                            Map.of(),
                            Observed.NOTHING);
        }

        @Override
        public void close() {}
    }

    private ServerStatus status() {
        return fleet.server(SALES).orElseThrow();
    }

    /** Lets time go by until something holds. */
    private void until(Duration step, BooleanSupplier holds) {
        await().atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(4))
                .until(() -> {
                    if (holds.getAsBoolean()) {
                        return true;
                    }
                    time.advance(step);
                    return holds.getAsBoolean();
                });
    }

    private void until(Phase phase) {
        until(BLINK, () -> status().phase() == phase);
    }

    private void declare(ServerName name, String json) throws RefusedException {
        fleet.declare(name, Declaration.ofJson(json), Origin.FLAGS);
    }

    private void healthy() throws RefusedException {
        declare(SALES, "{\"port\":\"auto\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
    }

    /** As a declaration must be to be one to go back to. */
    private void served() throws RefusedException {
        healthy();
        until(BLINK, () -> status().rung() == Rung.QUERY);
    }

    @Test
    void whoHearsOfAStepSeesItsOutcome() throws Exception {
        List<Rung> seen = new CopyOnWriteArrayList<>();
        try (AutoCloseable follower = fleet.follow(Optional.of(SALES), 0, event -> {
            if (event.type().equals("rung")) {
                seen.add(status().rung());
            }
        })) {
            healthy();
            until(BLINK, () -> seen.size() == 5);
            assertThat(seen.get(0)).isNotEqualTo(Rung.NONE);
            assertThat(seen.get(4)).isEqualTo(Rung.QUERY);
            assertThat(follower).isNotNull();
        }
    }

    private List<String> events(String type) {
        return fleet.events(Optional.of(SALES), 0, 1000).stream()
                .filter(event -> event.type().equals(type))
                .map(ServerEvent::message)
                .toList();
    }

    @Test
    void startGetsToHealthyAndOnToQuery() throws Exception {
        healthy();
        until(BLINK, () -> status().rung() == Rung.QUERY);

        assertThat(events("rung"))
                .containsExactly("it runs", "proven: PORT", "proven: RPC", "proven: SESSION", "proven: QUERY");
        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(40_000));
        assertThat(fleet.start(SALES).message()).isEqualTo("already running, unchanged");
        assertThat(fleet.start(SALES).changed()).isFalse();
        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void aClusterThatHangsKeepsNoVerdictWaitingAndIsLookedAtOnce() throws Exception {
        cluster.hangs();
        declare(SALES, "{\"master\":\"yarn\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        until(BLINK, () -> cluster.looks() == 1);

        answering = false;
        until(Duration.ofMillis(500), () -> status().phase() == Phase.UNHEALTHY);
        assertThat(cluster.looks()).isEqualTo(1);
        cluster.answers();
    }

    @Test
    void whereTheUiCannotBeReadTheClustersCountOfContainersDecides() throws Exception {
        cluster.containers(3);
        declare(SALES, "{\"master\":\"yarn\",\"health\":{\"minExecutors\":2}}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        until(BLINK, () -> status().application().isPresent());
        Duration before = time.now().boot();

        cluster.containers(2);
        until(Duration.ofMillis(500), () -> status().phase() == Phase.UNHEALTHY);
        assertThat(time.now().boot().minus(before)).isGreaterThan(Duration.ofMinutes(1));
        assertThat(status().cause().orElseThrow().summary()).contains("1 of at least 2 executors have a container");

        cluster.containers(3);
        until(Duration.ofMillis(500), () -> status().phase() == Phase.HEALTHY);
        assertThat(status().incarnation()).isEqualTo(1);
    }

    @Test
    void stoppedIsSaidOnceItsApplicationHasEnded() throws Exception {
        declare(SALES, "{\"master\":\"yarn\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        cluster.add(SALES, "application_1_0002");

        List<Integer> left = new CopyOnWriteArrayList<>();
        try (AutoCloseable follower = fleet.follow(Optional.of(SALES), 0, event -> {
            if (event.type().equals("phase") && event.phase() == Phase.STOPPED) {
                left.add((int) cluster.left().stream()
                        .filter(orphan -> orphan.server().equals(SALES))
                        .count());
            }
        })) {
            assertThat(follower).isNotNull();
            fleet.stop(SALES, false);
            until(BLINK, cluster::asked);
            assertThat(status().phase()).isEqualTo(Phase.STOPPING);
            cluster.leave();
            until(Phase.STOPPED);
            until(BLINK, () -> !left.isEmpty());
        }
        // The watch saw its driver's exit before.
        assertThat(left).containsExactly(0);
    }

    /** From HEALTHY to its replacement, for want of answers. */
    private void wedge() throws Exception {
        Files.createDirectories(folder.resolve("servers/sales"));
        healthy();
        replaced();
    }

    /** It stops to answer, is given up, and its next incarnation answers. */
    private void replaced() {
        int incarnation = status().incarnation();
        answering = false;
        until(Duration.ofMillis(500), () -> status().phase() == Phase.BACKING_OFF);
        answering = true;
        until(BLINK, () -> status().phase() == Phase.HEALTHY && status().incarnation() > incarnation);
    }

    @Test
    void aServerThatLivesAndDoesNotAnswerIsLookedIntoBeforeItIsReplaced() throws Exception {
        runtime.snapshot(new Snapshot(
                new TreeMap<>(Map.of("threads.txt", "Full thread dump\n", "process.txt", "State: S\n")),
                List.of("its JVM told its threads, and not its heap"),
                false));

        wedge();

        Path saved = folder.resolve("servers/sales/run/1/wedge");
        assertThat(fleet.wedge(SALES)).contains(saved);
        assertThat(events("wedge"))
                .containsExactly("it was wedged: its threads and its last log lines are in " + saved
                        + " (its JVM told its threads, and not its heap)");
        assertThat(saved.resolve("threads.txt")).hasContent("Full thread dump\n");
        assertThat(saved.resolve("process.txt")).hasContent("State: S\n");
        assertThat(Files.readString(saved.resolve("about.txt")))
                .contains("server sales, incarnation 1", "its last probe failed at RPC: no answer", "not its heap");
        assertThat(saved.resolve("log.txt")).exists();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(saved.resolve("threads.txt"))))
                .isEqualTo("rw-------");
    }

    @Test
    void threadsThatTheJvmWroteIntoTheLogAreTakenFromThere() throws Exception {
        runtime.snapshot(
                new Snapshot(new TreeMap<>(), List.of("no tool"), true),
                List.of(
                        "2026-11-30 03:27:39",
                        "Full thread dump OpenJDK",
                        "\"main\" #1",
                        "Heap",
                        " garbage-first heap",
                        "",
                        "a late line"));
        declare(SALES, "{\"port\":\"auto\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        // Somebody asked for a dump before: that one is no evidence.
        for (String line : List.of(
                "a line",
                "2026-11-30 03:20:01",
                "Full thread dump OpenJDK",
                "\"old\" #1",
                "Heap",
                " serial heap",
                "")) {
            runtime.log(SALES, line);
        }

        wedge();

        Path saved = fleet.wedge(SALES).orElseThrow();
        assertThat(Files.readString(saved.resolve("threads.txt")))
                .isEqualTo("Full thread dump OpenJDK\n\"main\" #1\nHeap\n garbage-first heap\n");
        assertThat(Files.readString(saved.resolve("log.txt")))
                .contains("a line\n", "a late line\n", "\"old\"")
                .doesNotContain("\"main\"");
        assertThat(events("wedge")).singleElement().asString().startsWith("it was wedged: its threads, its heap");
    }

    @Test
    void aServerWithNothingToLookIntoIsReplacedAllTheSame() throws Exception {
        wedge();

        assertThat(events("wedge")).isEmpty();
        assertThat(fleet.wedge(SALES)).isEmpty();
        assertThat(status().incarnation()).isEqualTo(2);
    }

    @Test
    void onlyTheNewestEvidenceIsKept() throws Exception {
        runtime.snapshot(new Snapshot(new TreeMap<>(Map.of("process.txt", "x\n")), List.of(), false));
        wedge();
        for (int incarnation = 2; incarnation <= 5; incarnation++) {
            replaced();
        }

        assertThat(WedgeEvidence.all(folder.resolve("servers"), SALES))
                .extracting(WedgeEvidence::incarnation)
                .containsExactly(5, 4, 3);
    }

    @Test
    void memoryThatNearsItsLimitIsToldOnce() throws Exception {
        runtime.usage(new Usage(960L << 20, Duration.ZERO, 10, 10, OptionalLong.of(1000L << 20)));
        healthy();

        until(Duration.ofSeconds(5), () -> !events("memory").isEmpty());
        for (int look = 0; look < 20; look++) {
            time.advance(Duration.ofSeconds(15));
        }

        assertThat(events("memory"))
                .singleElement()
                .asString()
                .startsWith("resident memory is 960 MiB of 1000 MiB (96 %)")
                .contains("connectctl");
    }

    @Test
    void aTimelineGoesFromTheLaunchToTheFirstQuery() throws Exception {
        Files.createDirectories(folder.resolve("servers/sales"));
        healthy();
        until(BLINK, () -> status().rung() == Rung.QUERY);
        until(BLINK, () -> Files.exists(folder.resolve("servers/sales/run/1/launch.json")));

        Timeline timeline = fleet.timeline(SALES);

        assertThat(timeline.incarnation()).isEqualTo(1);
        assertThat(timeline.complete()).isTrue();
        assertThat(timeline.steps())
                .extracting(step -> step.kind().words())
                .containsExactly("resolve", "pull", "create", "port", "rpc", "session", "query");
    }

    @Test
    void aServerThatWasNeverStartedHasNoTimeline() throws Exception {
        declare(SALES, "{\"port\":\"auto\"}");

        assertThatThrownBy(() -> fleet.timeline(SALES))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("never started");
    }

    @Test
    void aBundleHoldsWhatIsKnownAndNoServersSecret() throws Exception {
        declare(HR, "{\"port\":\"auto\",\"env\":{\"PW\":\"hr-s3cret-value\"}}");
        declare(SALES, "{\"port\":\"auto\",\"auth\":\"token\",\"env\":{\"PW\":\"sales-s3cret-value\"}}");
        runtime.snapshot(new Snapshot(new TreeMap<>(Map.of("process.txt", "sales-s3cret-value\n")), List.of(), false));
        wedge();
        runtime.log(SALES, "connecting with sales-s3cret-value, Bearer abcdefgh12345");
        Files.writeString(folder.resolve("daemon.log"), "hr says hr-s3cret-value\n");
        String token = Files.readString(folder.resolve("servers/sales/token")).strip();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        fleet.bundle(SALES, Map.of("describe.json", "{\"token\": \"" + token + "\"}"), bytes);

        String text = text(bytes.toByteArray());
        assertThat(text)
                .contains(
                        "README.txt",
                        "describe.json",
                        "machine.txt",
                        "MemTotal",
                        "daemon.log",
                        "hr says ****",
                        "logs/current.log",
                        "connecting with ****",
                        "wedge/1/process.txt")
                .doesNotContain("sales-s3cret-value", "hr-s3cret-value", token, "abcdefgh12345");
    }

    private static String text(byte[] gzip) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aCrashIsAnsweredWithARestartOnTheSamePort() throws Exception {
        healthy();

        runtime.exit(SALES, 137);
        until(Phase.BACKING_OFF);
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(2);
        assertThat(status().restarts()).isEqualTo(1);
        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(40_000));
        assertThat(events("exit")).containsExactly("incarnation 1 ended: exit code 137");
        assertThat(fleet.events(Optional.of(SALES), 0, 100).stream().flatMap(event -> event.cause().stream()))
                .as("the log that a cause names is that of the run that ended, also where it is told of the next one")
                .hasSizeGreaterThan(1)
                .allMatch(cause -> cause.log()
                        .filter(file -> file.endsWith("run/1/server.log"))
                        .isPresent());
    }

    @Test
    void aLostExitIsFoundByTheListing() throws Exception {
        healthy();

        runtime.exitUnseen(SALES, 1);
        until(Duration.ofSeconds(1), () -> runtime.launches(SALES) == 2);

        assertThat(events("exit")).containsExactly("incarnation 1 ended: exit code 1");
    }

    @Test
    void aHangingServerIsUnhealthyThenReplaced() throws Exception {
        healthy();
        until(BLINK, () -> status().rung() == Rung.QUERY);

        answering = false;
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.UNHEALTHY);
        assertThat(status().cause()).map(Cause::code).contains("PROBE_FAILED");
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.BACKING_OFF);
        answering = true;
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(2);
    }

    @Test
    void stopDuringALaunchThatHangsLeavesNothing() throws Exception {
        declare(SALES, "{}");
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.LAUNCH).evenIfInterrupted();
        fleet.start(SALES);
        hold.awaitReached();

        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        // The request was on its way: it has its effect after all, and nobody hears of it but by the listing.
        hold.release();
        assertThat(runtime.list()).hasSize(1);
        until(Duration.ofSeconds(1), () -> events("phase").stream().anyMatch(text -> text.contains("late launch")));
        until(Phase.STOPPED);

        assertThat(runtime.list()).isEmpty();
    }

    @Test
    void aLaunchThatHangsPastItsDeadlineIsGivenUpAndTriedAgain() throws Exception {
        declare(SALES, "{}");
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.LAUNCH);
        fleet.start(SALES);
        hold.awaitReached();

        until(Duration.ofSeconds(5), () -> status().phase() == Phase.BACKING_OFF);
        assertThat(status().cause()).map(Cause::code).contains("LAUNCH_TIMEOUT");
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(2);
    }

    @Test
    void restartDuringStopStartsAgain() throws Exception {
        healthy();
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.HALT);
        fleet.stop(SALES, false);
        hold.awaitReached();

        fleet.restart(SALES);
        hold.release();
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(2);
        assertThat(status().restarts()).isZero();
    }

    /** The next launch meets what trying again doesn't mend. */
    private void failNextForGood() {
        runtime.failNext(
                FakeRuntime.Operation.PREPARE,
                new LaunchException("SPARK_UNRESOLVABLE", "no such version", "write 4.0.1", false));
    }

    @Test
    void aFailureThatCannotBeMendedByTryingAgainIsFailed() throws Exception {
        declare(SALES, "{}");
        failNextForGood();

        fleet.start(SALES);
        until(Phase.FAILED);

        assertThat(status().cause()).map(Cause::remedy).contains("write 4.0.1");
    }

    @Test
    void aRuntimeThatCannotBeAskedMakesUnknownAndAStopIsNotForgotten() throws Exception {
        healthy();
        runtime.unavailable(true);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.UNKNOWN);

        fleet.stop(SALES, false);
        runtime.unavailable(false);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.STOPPED);

        assertThat(runtime.list()).isEmpty();
    }

    @Test
    void whileTheRuntimeCannotBeAskedFailingProbesEndNothing() throws Exception {
        healthy();
        until(BLINK, () -> status().rung() == Rung.QUERY);

        runtime.unavailable(true);
        answering = false;
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.UNKNOWN);
        time.advance(Duration.ofHours(1));
        assertThat(events("phase")).noneMatch(text -> text.contains("UNHEALTHY") || text.contains("STOPPING"));
        assertThat(status().phase()).isEqualTo(Phase.UNKNOWN);
        assertThat(status().cause())
                .hasValueSatisfying(cause -> assertThat(cause.code() + cause.summary() + cause.remedy())
                        .contains("RUNTIME_UNREACHABLE", "the fake runtime is unavailable", "adopted"));
        assertThat(fleet.start(SALES).message())
                .contains("already UNKNOWN", "as soon as runtime fake can be asked again");

        answering = true;
        runtime.unavailable(false);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.HEALTHY);
        assertThat(status().incarnation()).isEqualTo(1);
        assertThat(status().cause()).isEmpty();
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(status().restarts()).isZero();
    }

    @Test
    void aRestartWhileTheRuntimeCannotBeAskedIsDoneOnceItCan() throws Exception {
        healthy();
        runtime.unavailable(true);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.UNKNOWN);

        assertThat(fleet.restart(SALES).message()).contains("restarting with the current declaration, as soon as");
        assertThat(status().cause()).map(Cause::remedy).hasValueSatisfying(remedy -> assertThat(remedy)
                .contains("replaced"));
        runtime.unavailable(false);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(2);
        assertThat(runtime.list()).hasSize(1);
    }

    @Test
    void aStopAndAStartWithTheRuntimesOwnToolsAreHeeded() throws Exception {
        healthy();
        assertThat(status().observed()).isEqualTo(SEEN);

        runtime.stopOutside(SALES);
        until(Phase.STOPPED);
        assertThat(status().observed())
                .as("its UI and what that told ended with it")
                .isEqualTo(Observed.NOTHING);
        assertThat(status().desired()).isEqualTo(Desired.DOWN);
        assertThat(status().cause()).isEmpty();
        time.advance(Duration.ofMinutes(10));
        assertThat(runtime.launches(SALES)).isEqualTo(1);

        runtime.startOutside(SALES);
        until(Phase.HEALTHY);
        assertThat(status().incarnation()).isEqualTo(2);
        assertThat(status().desired()).isEqualTo(Desired.UP);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(events("command"))
                .containsSubsequence("stop, with the runtime's own tools", "start, with the runtime's own tools");
    }

    @Test
    void aStopWithTheRuntimesOwnToolsThatNobodyHeardOfIsHeededToo() throws Exception {
        healthy();

        runtime.stopOutsideUnseen(SALES);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.STOPPED);

        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void aStopWithTheRuntimesOwnToolsIsHeededByTheNextDaemonAlso() throws Exception {
        healthy();
        fleet.close();
        runtime.stopOutsideUnseen(SALES);

        fleet = open();
        until(Phase.STOPPED);

        assertThat(status().desired()).isEqualTo(Desired.DOWN);
    }

    @Test
    void autoTakesTheFirstRuntimeThatNothingSpeaksAgainstOnceAndForAll() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        FakeRuntime process = new FakeRuntime("process");
        docker.obstacle("no engine answers at /var/run/docker.sock");
        Map<String, ServerRuntime> both = Map.of("docker", docker, "process", process);
        fleet.close();
        fleet = open(both);

        declare(SALES, "{\"runtime\":\"auto\"}");
        assertThat(status().spec().runtime()).isEqualTo("auto");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        assertThat(process.launches(SALES)).isEqualTo(1);
        assertThat(status().spec().runtime()).isEqualTo("process");
        assertThat(status().runtimeWhy()).contains("docker: no engine answers at /var/run/docker.sock");
        assertThat(events("runtime"))
                .containsExactly("runtime process: docker: no engine answers at /var/run/docker.sock");

        docker.noObstacle();
        fleet.close();
        fleet = open(both);
        until(Phase.HEALTHY);
        assertThat(status().spec().runtime()).isEqualTo("process");
        fleet.restart(SALES);
        until(BLINK, () -> process.launches(SALES) == 2);
        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        fleet.start(SALES);
        until(BLINK, () -> process.launches(SALES) == 3);

        assertThat(docker.launches(SALES)).isZero();
        assertThat(events("runtime")).hasSize(1);
    }

    /** In a fleet that has both. */
    private void runsAsProcess(FakeRuntime docker, FakeRuntime process) throws Exception {
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", process));
        declare(SALES, "{\"runtime\":\"process\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
    }

    @Test
    void removeLooksAtWhatWasLeftInAnotherRuntime() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        FakeRuntime process = new FakeRuntime("process");
        runsAsProcess(docker, process);
        process.warehouse(SALES, true);
        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        declare(SALES, "{\"runtime\":\"docker\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        fleet.stop(SALES, false);
        until(Phase.STOPPED);

        assertThatThrownBy(() -> fleet.remove(SALES, false)).hasMessageContaining("--purge");
        fleet.remove(SALES, true);

        assertThat(process.hasWarehouse(SALES)).isFalse();
        assertThat(fleet.server(SALES)).isEmpty();
    }

    @Test
    void aRollbackToWhatIsInForceIsRefused() throws Exception {
        served();

        assertThatThrownBy(() -> fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN))
                .hasMessageContaining("no earlier one is kept");
        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void autoTakesDockerWhereItIsThere() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", new FakeRuntime("process")));

        declare(SALES, "{\"runtime\":\"auto\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);

        assertThat(docker.launches(SALES)).isEqualTo(1);
        assertThat(events("runtime")).containsExactly("runtime docker: it is there");
    }

    @Test
    void aDeclaredRuntimeIsNeverFallenBackFrom() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        FakeRuntime process = new FakeRuntime("process");
        docker.obstacle("no engine answers");
        docker.failNext(
                FakeRuntime.Operation.PREPARE,
                new LaunchException("ENGINE_UNREACHABLE", "no engine answers", "start it", false));
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", process));

        declare(SALES, "{\"runtime\":\"docker\"}");
        fleet.start(SALES);
        until(Phase.FAILED);

        assertThat(status().cause()).map(Cause::code).contains("ENGINE_UNREACHABLE");
        assertThat(process.launches(SALES)).isZero();
        assertThat(events("runtime")).isEmpty();
    }

    @Test
    void aServerWithoutAChosenRuntimeCanBeAskedAboutStoppedAndRemoved() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        docker.unavailable(true);
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", new FakeRuntime("process")));
        declare(SALES, "{\"runtime\":\"auto\"}");

        assertThat(status().phase()).isEqualTo(Phase.STOPPED);
        assertThat(status().host()).isEqualTo("localhost");
        assertThat(fleet.remarks(SALES)).isEmpty();
        assertThatThrownBy(() -> fleet.logs(SALES, LogRequest.tail(10), line -> true))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("was never started");
        assertThatThrownBy(() -> fleet.usage(SALES)).isInstanceOf(RefusedException.class);
        assertThat(fleet.stop(SALES, false).message()).isEqualTo("already stopped");
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", new FakeRuntime("process")));
        assertThat(status().phase()).isEqualTo(Phase.STOPPED);
        fleet.remove(SALES, false);

        assertThat(fleet.server(SALES)).isEmpty();
    }

    @Test
    void aServerThatRanSomewhereByItsDeclarationStaysThereOnceItIsLeftToConnectctl() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        FakeRuntime process = new FakeRuntime("process");
        runsAsProcess(docker, process);

        declare(SALES, "{\"runtime\":\"auto\"}");
        fleet.restart(SALES);
        until(BLINK, () -> process.launches(SALES) == 2);

        assertThat(status().runtimeWhy()).contains("it ran there before");
        assertThat(docker.launches(SALES)).isZero();
    }

    @Test
    void aRunningServerDoesNotMoveToAnotherRuntime() throws Exception {
        FakeRuntime docker = new FakeRuntime("docker");
        fleet.close();
        fleet = open(Map.of("docker", docker, "process", new FakeRuntime("process")));
        declare(SALES, "{\"runtime\":\"process\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        declare(SALES, "{\"runtime\":\"docker\"}");

        assertThatThrownBy(() -> fleet.restart(SALES)).hasMessageContaining("stop it first");
        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        fleet.start(SALES);
        until(Phase.HEALTHY);

        assertThat(docker.launches(SALES)).isEqualTo(1);
    }

    @Test
    void aFullDiskRefusesTheCommandAndChangesNothing() throws Exception {
        declare(SALES, "{}");
        store.full(true);

        assertThatThrownBy(() -> fleet.start(SALES))
                .isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused.code())
                        .isEqualTo(RefusedException.Code.STORE_FAILED));

        assertThat(status().phase()).isEqualTo(Phase.STOPPED);
        assertThat(runtime.launches(SALES)).isZero();
    }

    @Test
    void aDeclarationThatCouldNotBeStoredLeavesNoSecret() {
        store.full(true);

        assertThatThrownBy(() -> declare(SALES, "{\"env\":{\"PASSWORD\":\"hunter2\"}}"))
                .hasMessageContaining("the disk is full");

        assertThat(folder.resolve("servers/sales/secrets.json")).doesNotExist();
    }

    @Test
    void aFactThatCouldNotBeStoredIsTakenOnceThereIsRoom() throws Exception {
        healthy();
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        try (AutoCloseable following = fleet.follow(
                Optional.of(SALES), fleet.lastSequence(), event -> heard.add(event.type() + " " + event.message()))) {
            assertThat(following).isNotNull();
            store.full(true);
            runtime.exit(SALES, 1);
            time.advance(Duration.ofSeconds(3));
            assertThat(status().phase()).isEqualTo(Phase.HEALTHY);
            // Whoever waits for the server hears why nothing happens, though no event can be stored.
            until(BLINK, () -> heard.stream()
                    .anyMatch(each -> each.startsWith("progress ") && each.contains("the disk is full")));
        }

        store.full(false);
        until(Duration.ofSeconds(1), () -> status().incarnation() == 2);

        assertThat(events("exit")).containsExactly("incarnation 1 ended: exit code 1");
    }

    @Test
    void theNextDaemonAdoptsWhatRuns() throws Exception {
        healthy();
        fleet.close();

        fleet = open();
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(1);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void theNextDaemonKnowsHowAServerEndedMeanwhile() throws Exception {
        healthy();
        fleet.close();
        runtime.exit(SALES, 52);

        fleet = open();
        until(BLINK, () -> status().incarnation() == 2);

        assertThat(events("exit")).containsExactly("incarnation 1 ended: exit code 52");
    }

    @Test
    void strangersAreReportedOnceAndLeftAlone() throws Exception {
        runtime.plant(SALES, 3, "sales/3/abc");

        until(Duration.ofSeconds(10), () -> !events("stranger").isEmpty());
        time.advance(Duration.ofMinutes(5));

        assertThat(events("stranger")).hasSize(1);
        assertThat(runtime.list()).hasSize(1);
    }

    @Test
    void secretsAndTokenLieInPrivateFilesOnly() throws Exception {
        declare(SALES, "{\"auth\":\"token\",\"env\":{\"PASSWORD\":\"hunter2\"}}");
        fleet.start(SALES);
        until(Phase.HEALTHY);

        Path secrets = folder.resolve("servers/sales/secrets.json");
        Path token = status().tokenFile().orElseThrow();
        for (Path file : List.of(secrets, token)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
        assertThat(Files.readString(secrets)).contains("hunter2");
        assertThat(Files.readString(token)).matches("[0-9a-f]{64}");
        assertThat(runtime.lastPlan(SALES).orElseThrow().ticket().token()).contains(Files.readString(token));
        assertThat(store.servers().toString()).doesNotContain("hunter2");
        assertThat(status().toString()).doesNotContain("hunter2");
        fleet.close();
        fleet = open();
        fleet.restart(SALES);
        until(BLINK, () -> runtime.launches(SALES) == 2);
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().env()).containsEntry("PASSWORD", "hunter2");
    }

    @Test
    void aChangedDeclarationTakesEffectWithTheNextRestart() throws Exception {
        healthy();
        declare(SALES, "{\"master\":\"local[4]\"}");

        assertThat(fleet.start(SALES).message())
                .isEqualTo(
                        "already running, as it was launched; stored, but not in force: master: local[*] -> local[4];"
                                + " to apply: connectctl restart sales");
        assertThat(status().changed()).isTrue();
        assertThat(status().spec().master()).isEqualTo("local[*]");
        fleet.restart(SALES);
        until(BLINK, () -> runtime.launches(SALES) == 2);

        assertThat(status().changed()).isFalse();
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().master()).isEqualTo("local[4]");
    }

    @Test
    void anUnsetFlagsDefaultHoldsAgainAndWhatWasNeverSetIsTold() throws Exception {
        Origin file = new Origin(Optional.of(Path.of("/a/connectctl.yaml")));
        fleet.declare(SALES, Declaration.ofJson("{\"port\":15020}"), file);
        fleet.declare(
                SALES, Declaration.ofJson("{\"master\":\"local[2]\",\"conf\":{\"spark.a\":\"1\"}}"), Origin.FLAGS);

        Declared declared = fleet.declare(
                SALES,
                Declaration.ofJson("{\"master\":null,\"port\":null,\"conf\":{\"spark.a\":null,\"spark.b\":null}}"),
                Origin.FLAGS);

        assertThat(status().spec().master()).isEqualTo("local[*]");
        assertThat(status().spec().conf()).doesNotContainKey("spark.a");
        assertThat(declared.warnings())
                .extracting(Problem::key, Problem::message)
                .containsExactlyInAnyOrder(
                        tuple(
                                "servers.sales.port",
                                "/a/connectctl.yaml declares it, and wins over flags: change it there"),
                        tuple(
                                "servers.sales.conf.spark.b",
                                "no flag of an earlier start set it, so there is nothing to unset"));
    }

    @Test
    void aFlagThatIsUnsetAtItsServersFirstStartIsNoValue() throws Exception {
        Declared declared =
                fleet.declare(HR, Declaration.ofJson("{\"conf\":{\"spark.b\":null},\"image\":null}"), Origin.FLAGS);

        assertThat(declared.warnings()).hasSize(2);
        assertThat(fleet.server(HR).orElseThrow().spec().conf()).isEmpty();
    }

    @Test
    void whereNoQueryRunsForWantOfAnythingThatMayPassItIsHealthyAndSaysWhy() throws Exception {
        refused = true;
        healthy();

        until(BLINK, () -> status().cause().isPresent());
        assertThat(status().phase()).isEqualTo(Phase.HEALTHY);
        assertThat(events("probe")).contains("beyond SESSION: Application error processing RPC");

        // Whatever it was is over: nobody has to ask.
        refused = false;
        until(Duration.ofSeconds(10), () -> status().rung() == Rung.QUERY);
        assertThat(status().cause()).isEmpty();
    }

    @Test
    void aDeclarationThatServesNobodyEndsInItsCauseAndIsNoneToGoBackTo() throws Exception {
        served();
        refused = true;
        retryable = false;
        fleet.declare(SALES, Declaration.ofJson("{\"master\":\"local[3]\"}"), Origin.FLAGS);
        fleet.restart(SALES, RestartFrom.CURRENT, StopOrder.PLAIN);

        until(Phase.FAILED);
        assertThat(runtime.launches(SALES)).isEqualTo(2);
        refused = false;
        fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN);
        until(Phase.HEALTHY);
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().master()).isEqualTo("local[*]");
    }

    @Test
    void theFileWinsForWhatItDeclaresAndFlagsKeepTheRest() throws Exception {
        Origin file = new Origin(Optional.of(Path.of("/a/connectctl.yaml")));
        fleet.declare(SALES, Declaration.ofJson("{\"port\":15020}"), file);

        Declared declared =
                fleet.declare(SALES, Declaration.ofJson("{\"port\":15030,\"master\":\"local[2]\"}"), Origin.FLAGS);
        fleet.declare(SALES, Declaration.ofJson("{\"port\":15021}"), file);

        assertThat(declared.warnings()).hasSize(1);
        assertThat(declared.warnings().get(0).key()).isEqualTo("servers.sales.port");
        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(15021));
        assertThat(status().spec().master()).isEqualTo("local[2]");
        assertThatThrownBy(() -> fleet.declare(
                        SALES, Declaration.empty(), new Origin(Optional.of(Path.of("/b/connectctl.yaml")))))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("/a/connectctl.yaml");
    }

    @Test
    void flagsBesideAFileOutliveTheNextStartWithoutThem() throws Exception {
        Origin file = new Origin(Optional.of(Path.of("/a/connectctl.yaml")));
        Declaration declared = Declaration.ofJson("{\"port\":15020}");
        fleet.declare(SALES, Declaration.ofJson("{\"port\":15030,\"master\":\"local[2]\"}"), declared, file);
        fleet.start(SALES);
        until(Phase.HEALTHY);

        Declared again = fleet.declare(SALES, declared, file);

        assertThat(again.changed()).isFalse();
        assertThat(fleet.start(SALES).message()).isEqualTo("already running, unchanged");
        fleet.restart(SALES);
        until(BLINK, () -> runtime.launches(SALES) == 2);
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().master()).isEqualTo("local[2]");
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().port()).hasToString("15020");
    }

    @Test
    void anInvalidDeclarationChangesNothing() throws Exception {
        assertThatThrownBy(() -> declare(SALES, "{\"master\":\"bad\"}"))
                .isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused.problems())
                        .hasSize(1));
        assertThat(fleet.servers()).isEmpty();
    }

    @Test
    void twoServersCannotHoldOnePort() throws Exception {
        declare(SALES, "{\"port\":15020}");
        declare(HR, "{\"port\":15020}");
        fleet.start(SALES);

        assertThatThrownBy(() -> fleet.start(HR))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("held by server sales");
    }

    @Test
    void removeRefusesWhatRunsAndWhatHoldsData() throws Exception {
        healthy();
        assertThatThrownBy(() -> fleet.remove(SALES, false)).hasMessageContaining("stop it first");
        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        runtime.warehouse(SALES, true);
        assertThatThrownBy(() -> fleet.remove(SALES, false)).hasMessageContaining("--purge");

        fleet.remove(SALES, true);

        assertThat(fleet.server(SALES)).isEmpty();
        assertThat(events("removed")).hasSize(1);
        assertThat(store.servers()).isEmpty();
    }

    @Test
    void followersHearStoredThenLiveEventsInOrderWithoutAGap() throws Exception {
        healthy();
        BlockingQueue<ServerEvent> heard = new LinkedBlockingQueue<>();
        try (AutoCloseable following = fleet.follow(Optional.empty(), 1, heard::add)) {
            assertThat(following).isNotNull();
            fleet.stop(SALES, false);
            until(Phase.STOPPED);
            long last = fleet.lastSequence();
            for (long expected = 2; expected <= last; ) {
                ServerEvent event = heard.poll(10, TimeUnit.SECONDS);
                assertThat(event).isNotNull();
                if (event.sequence() > 0) {
                    assertThat(event.sequence()).isEqualTo(expected++);
                }
            }
        }
    }

    @Test
    void probeNowNeedsARunningServer() throws Exception {
        declare(SALES, "{}");
        assertThatThrownBy(() -> fleet.probe(SALES, Rung.SESSION, Duration.ofSeconds(1)))
                .isInstanceOf(RefusedException.class);
        fleet.start(SALES);
        until(Phase.HEALTHY);

        assertThat(fleet.probe(SALES, Rung.SESSION, Duration.ofSeconds(1)).passed())
                .isTrue();
    }

    /** What was accepted yesterday and can't be used today. */
    private void spoil() throws Exception {
        StoredServer stored = store.servers().get(0);
        store.commit(
                new StoredServer(stored.name(), stored.declaration().replace("local[3]", "bad"), stored.state()),
                List.of());
    }

    @Test
    void aServerWhoseDeclarationCannotBeUsedAnyMoreStaysKnown() throws Exception {
        declare(SALES, "{\"master\":\"local[3]\",\"port\":15020}");
        fleet.close();
        spoil();

        fleet = open();

        assertThat(status().phase()).isEqualTo(Phase.FAILED);
        assertThat(status().cause()).map(Cause::code).contains("INVALID_DECLARATION");
        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(15020));
        assertThatThrownBy(() -> fleet.start(SALES))
                .isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused.problems())
                        .hasSize(1));
        declare(SALES, "{\"master\":\"local[2]\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
    }

    @Test
    void anInstanceWhoseDeclarationCannotBeUsedAnyMoreIsAdoptedAndNotReplaced() throws Exception {
        declare(SALES, "{\"master\":\"local[3]\"}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        fleet.close();
        spoil();

        fleet = open();
        until(Phase.HEALTHY);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        runtime.exit(SALES, 1);
        until(Phase.FAILED);

        assertThat(status().cause()).map(Cause::code).contains("INVALID_DECLARATION");
        assertThat(runtime.launches(SALES)).isEqualTo(1);
    }

    @Test
    void whileItIsReplacedTheInstanceIsShownAsItWasLaunched() throws Exception {
        declare(SALES, "{\"port\":15020}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        declare(SALES, "{\"port\":15021}");
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.HALT);

        fleet.restart(SALES);
        hold.awaitReached();
        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(15020));
        hold.release();
        until(BLINK, () -> runtime.launches(SALES) == 2);

        assertThat(status().grpcPort()).isEqualTo(OptionalInt.of(15021));
    }

    @Test
    void theWordsOfALaunchFailureAreScrubbed() throws Exception {
        declare(SALES, "{\"env\":{\"PASSWORD\":\"hunter2hunter2\"}}");
        runtime.failNext(
                FakeRuntime.Operation.PREPARE,
                new LaunchException("SPARK_UNRESOLVABLE", "no answer to hunter2hunter2", "say Bearer abcdefgh", false));

        fleet.start(SALES);
        until(Phase.FAILED);

        assertThat(status().cause().orElseThrow().toString()).doesNotContain("hunter2", "abcdefgh");
    }

    @Test
    void aNewServerIsNumberedAboveTheRunsThatAnEarlierOneLeftBehind() throws Exception {
        runtime.plant(SALES, 7, "sales/7/abc");
        runtime.exit(SALES, 0);

        declare(SALES, "{}");
        fleet.start(SALES);
        until(Phase.HEALTHY);

        assertThat(status().incarnation()).isEqualTo(8);
    }

    @Test
    void aDeclarationDoesNotEndAStrangerAndAStartAdoptsIt() throws Exception {
        runtime.plant(SALES, 3, "sales/3/abc");
        declare(SALES, "{}");
        until(Duration.ofSeconds(10), () -> !events("stranger").isEmpty());
        time.advance(Duration.ofMinutes(2));

        assertThat(events("stranger").get(0)).contains("connectctl start sales");
        assertThat(runtime.list()).hasSize(1);
        fleet.start(SALES);
        until(Phase.HEALTHY);
        assertThat(status().incarnation()).isEqualTo(3);
        assertThat(runtime.launches(SALES)).isZero();
    }

    @Test
    void anErrorInACommandEndsNeitherTheMailboxNorItsCaller() throws Exception {
        AtomicBoolean ran = new AtomicBoolean();
        Mailbox mailbox = new Mailbox(Runnable::run);

        mailbox.execute(() -> {
            throw new AssertionError("scripted by the test");
        });
        mailbox.execute(() -> ran.set(true));

        assertThat(ran).isTrue();
    }

    @Test
    void aFollowerThatFailsAtOneEventHearsTheNext() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (AutoCloseable following = fleet.follow(Optional.empty(), 0, event -> {
            if (event.server().equals(HR)) {
                throw new IllegalStateException("scripted by the test");
            }
            heard.add(event.type());
        })) {
            assertThat(following).isNotNull();
            declare(HR, "{}");
            declare(SALES, "{}");
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo("declared");
        }
    }

    private void foreign() throws Exception {
        runtime.foreign(new Adoptable(
                "4711",
                "theirs",
                "sales",
                Declaration.ofJson("{\"port\":\"auto\"}"),
                15002,
                OptionalInt.empty(),
                new Endpoint("localhost", OptionalInt.of(40_000), List.of()),
                Map.of(),
                "",
                Optional.empty()));
    }

    @Test
    void adoptionIsLeftToTheRuntimeThatCan() throws Exception {
        assertThatThrownBy(() -> fleet.adopt("theirs", Optional.empty()))
                .hasMessageContaining("no runtime here can take over");
        foreign();

        Adopted adopted = fleet.adopt("theirs", Optional.empty());
        until(Phase.HEALTHY);

        assertThat(adopted.name()).isEqualTo(SALES);
        assertThat(events("adopted")).containsExactly("adopted container theirs as it runs");
    }

    @Test
    void whatDoesNotAnswerIsNotAdopted() throws Exception {
        foreign();
        answering = false;

        assertThatThrownBy(() -> fleet.adopt("theirs", Optional.empty()))
                .hasMessageContaining("container 'theirs' doesn't answer")
                .hasMessageContaining("no answer");

        assertThat(fleet.servers()).isEmpty();
        assertThat(runtime.adopted(SALES)).isFalse();
    }

    @Test
    void howAnAdoptedServerWasMadeCannotBeChangedHere() throws Exception {
        foreign();
        fleet.adopt("theirs", Optional.empty());
        until(Phase.HEALTHY);

        assertThatThrownBy(() -> declare(SALES, "{\"port\":15021,\"health\":{\"interval\":\"1s\"}}"))
                .isInstanceOfSatisfying(RefusedException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(RefusedException.Code.INVALID);
                    assertThat(refusal.problems()).singleElement().satisfies(problem -> assertThat(problem.message())
                            .contains(
                                    "never made anew",
                                    "connectctl remove sales",
                                    "connectctl export compose --force",
                                    "connectctl adopt sales"));
                });
        declare(SALES, "{\"port\":\"auto\",\"health\":{\"interval\":\"1s\"}}");

        assertThat(fleet.server(SALES).orElseThrow().changed()).isTrue();
    }

    @Test
    void removeOfAnAdoptedServerLeavesItRunning() throws Exception {
        foreign();
        fleet.adopt("theirs", Optional.empty());
        until(Phase.HEALTHY);

        fleet.remove(SALES, true);

        assertThat(fleet.servers()).isEmpty();
        assertThat(store.servers()).isEmpty();
        assertThat(runtime.adopted(SALES)).isFalse();
        assertThat(runtime.list()).hasSize(1);
    }

    @Test
    void removeKeepsTheServerWhileItsSecretsCannotBeTakenAway() throws Exception {
        declare(SALES, "{}");
        Files.createDirectories(folder.resolve("servers/sales/token.removed/inside"));
        Files.writeString(folder.resolve("servers/sales/token"), "s3cret");

        assertThatThrownBy(() -> fleet.remove(SALES, true)).hasMessageContaining("so it is kept");
        assertThat(store.servers()).hasSize(1);
        Files.delete(folder.resolve("servers/sales/token.removed/inside"));
        fleet.remove(SALES, true);

        assertThat(store.servers()).isEmpty();
        assertThat(folder.resolve("servers/sales/token")).doesNotExist();
        assertThat(folder.resolve("servers/sales/token.removed")).doesNotExist();
    }

    @Test
    void aRemovalThatCannotBeStoredLeavesTheServerItsSecrets() throws Exception {
        declare(SALES, "{\"auth\":\"token\",\"env\":{\"PASSWORD\":\"hunter2\"}}");
        fleet.start(SALES);
        until(Phase.HEALTHY);
        String token = Files.readString(folder.resolve("servers/sales/token"));
        fleet.stop(SALES, false);
        until(Phase.STOPPED);
        store.full(true);

        assertThatThrownBy(() -> fleet.remove(SALES, true)).hasMessageContaining("the disk is full");

        store.full(false);
        assertThat(folder.resolve("servers/sales/token")).hasContent(token);
        fleet.close();
        fleet = open();
        fleet.start(SALES);
        until(Phase.HEALTHY);
        assertThat(runtime.lastPlan(SALES).orElseThrow().spec().env()).containsEntry("PASSWORD", "hunter2");
    }

    @Test
    void secretsGoOrStayWithTheirServerWhereTheDaemonWasKilledWhileItWasRemoved() throws Exception {
        declare(SALES, "{\"env\":{\"PASSWORD\":\"hunter2\"}}");
        fleet.close();
        Files.move(folder.resolve("servers/sales/secrets.json"), folder.resolve("servers/sales/secrets.json.removed"));
        Files.createDirectories(folder.resolve("servers/hr"));
        Files.writeString(folder.resolve("servers/hr/token.removed"), "s3cret");

        fleet = open();

        assertThat(folder.resolve("servers/sales/secrets.json")).exists();
        assertThat(folder.resolve("servers/hr/token.removed")).doesNotExist();
        assertThat(status().cause()).isEmpty();
    }

    @Test
    void whoeverDeclaresToLaunchOnAnothersPortHasDeclaredNothing() throws Exception {
        declare(SALES, "{\"port\":15020}");
        fleet.start(SALES);
        until(Phase.HEALTHY);

        Declaration taken = Declaration.ofJson("{\"port\":15020}");
        assertThatThrownBy(() -> fleet.declareToLaunch(HR, taken, Declaration.empty(), Origin.FLAGS))
                .hasMessageContaining("port 15020 of hr is held by server sales");
        assertThat(fleet.server(HR)).isEmpty();
        declare(HR, "{\"port\":15021}");
        assertThatThrownBy(() -> fleet.declareToLaunch(HR, taken, Declaration.empty(), Origin.FLAGS))
                .hasMessageContaining("held by server sales");
        assertThat(fleet.server(HR).orElseThrow().spec().port()).hasToString("15021");
    }

    @Test
    void anEngineThatHangsWhileAServerIsDeclaredHoldsUpNoOtherServer() throws Exception {
        healthy();
        FakeRuntime.Hold hold = runtime.holdNext(FakeRuntime.Operation.FIND);
        Thread declaring = new Thread(() -> {
            try {
                declare(HR, "{}");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        declaring.start();
        hold.awaitReached();

        fleet.restart(SALES);
        until(BLINK, () -> runtime.launches(SALES) == 2);
        assertThat(fleet.server(HR)).isEmpty();

        hold.release();
        declaring.join();
        assertThat(fleet.server(HR)).isPresent();
    }

    @Test
    void aServerThatHangsAmidItsFirstQueryIsFoundOutAsSoonAsAnyOther() throws Exception {
        queryHangs = true;
        healthy();
        Duration before = time.now().boot();
        answering = false;

        until(Phase.UNHEALTHY);

        // Three failures, 10 s apart, and what the last one may take.
        assertThat(time.now().boot().minus(before)).isLessThan(Duration.ofSeconds(36));
    }

    @Test
    void aServerThatIsKeptFromRunningIsUnhealthyForThatReason() throws Exception {
        healthy();
        runtime.suspended("a signal (SIGSTOP) stopped its process 7");
        answering = false;

        until(Phase.UNHEALTHY);

        assertThat(status().cause().orElseThrow().summary()).contains("a signal (SIGSTOP) stopped its process 7");
    }

    // ------------------------------------------------------------------ drift

    private List<String> drift() {
        return fleet.drift(SALES).stream().map(Change::text).toList();
    }

    @Test
    void whatWasDeclaredSinceTheLaunchIsDriftUntilTheRestart() throws Exception {
        healthy();
        assertThat(drift()).isEmpty();

        declare(SALES, "{\"master\":\"local[2]\"}");
        assertThat(drift()).containsExactly("master: local[*] -> local[2]");

        fleet.restart(SALES);
        until(BLINK, () -> status().incarnation() == 2 && status().phase() == Phase.HEALTHY);
        assertThat(drift()).isEmpty();
    }

    @Test
    void aTemplateThatRendersSomethingElseIsDriftAndAnotherCommentIsNot() throws Exception {
        healthy();

        entrypoint = "# started by connectctl\n\nexec java";
        assertThat(drift()).isEmpty();

        entrypoint = "exec java -Xint";
        assertThat(fleet.drift(SALES)).extracting(Change::key).containsExactly("entrypoint");
        fleet.close();
        fleet = open();
        until(Phase.HEALTHY);
        assertThat(fleet.drift(SALES))
                .as("after a restart of the daemon, too")
                .extracting(Change::key)
                .containsExactly("entrypoint");
    }

    @Test
    void anImageOfAnotherIdIsSeenByTheListingAndByADiffAtOnce() throws Exception {
        runtime.ingredient("image", "sha256:1");
        healthy();

        runtime.ingredient("image", "sha256:2");
        assertThat(fleet.diff(SALES).changes()).extracting(Change::text).containsExactly("image: sha256:1 -> sha256:2");

        runtime.ingredient("image", "sha256:3");
        until(Duration.ofSeconds(1), () -> drift().contains("image: sha256:1 -> sha256:3"));
    }

    @Test
    void whatAFileSaysByNowIsDriftThoughNobodyStoredIt() throws Exception {
        Path file = folder.resolve("connectctl.yaml");
        Files.writeString(file, "servers: {sales: {port: auto}}\n");
        fleet.declare(SALES, Declaration.ofJson("{\"port\":\"auto\"}"), new Origin(Optional.of(file)));
        fleet.start(SALES);
        until(Phase.HEALTHY);
        assertThat(drift()).isEmpty();

        Files.writeString(file, "servers:\n  # the comment is new\n  sales:\n    port: auto\n");
        assertThat(drift()).isEmpty();

        Files.writeString(file, "servers:\n  sales:\n    master: local[2]\n    port: auto\n");
        assertThat(drift()).containsExactly("master: local[*] -> local[2]");

        Files.writeString(file, "servers: [\n");
        assertThat(drift()).as("what can't be read can't be launched").isEmpty();
    }

    @Test
    void aPlanStoresNothing() throws Exception {
        healthy();

        Planned planned =
                fleet.plan(SALES, Declaration.ofJson("{\"master\":\"local[2]\"}"), Declaration.empty(), Origin.FLAGS);

        assertThat(planned.known() && planned.running()).isTrue();
        assertThat(planned.changes()).extracting(Change::text).containsExactly("master: local[*] -> local[2]");
        assertThat(drift()).isEmpty();
        assertThat(fleet.plan(HR, Declaration.ofJson("{\"master\":\"local[2]\"}"), Declaration.empty(), Origin.FLAGS))
                .isEqualTo(new Planned(
                        false, false, List.of(new Change("master", "(none)", "local[2]", true)), List.of()));
        assertThat(fleet.server(HR)).isEmpty();
        assertThatThrownBy(() -> fleet.plan(
                        SALES, Declaration.ofJson("{\"master\":\"bad\"}"), Declaration.empty(), Origin.FLAGS))
                .isInstanceOf(RefusedException.class);
    }

    @Test
    void aRestartByTheSameDeclarationLeavesTheNewOneAside() throws Exception {
        healthy();
        declare(SALES, "{\"master\":\"local[2]\"}");

        assertThat(fleet.restart(SALES, RestartFrom.SAME, StopOrder.PLAIN).message())
                .isEqualTo("restarting with the declaration of the last run, not with the current one");
        until(BLINK, () -> status().incarnation() == 2 && status().phase() == Phase.HEALTHY);

        assertThat(status().spec().master()).isEqualTo("local[*]");
        assertThat(drift()).containsExactly("master: local[*] -> local[2]");
    }

    @Test
    void whatNeverGotHealthyGoesBackToWhatDid() throws Exception {
        served();
        assertThat(status().canRollBack()).isFalse();
        declare(SALES, "{\"master\":\"local[2]\",\"env\":{\"A\":\"hunter2\"}}");
        failNextForGood();
        fleet.restart(SALES);
        until(Phase.FAILED);
        assertThat(status().canRollBack()).isTrue();
        // What to go back to outlives the daemon.
        fleet.close();
        fleet = open();

        fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN);
        until(Phase.HEALTHY);

        assertThat(status().spec().master()).isEqualTo("local[*]");
        assertThat(status().canRollBack()).isFalse();
        assertThat(drift()).containsExactly("env.A: (none) -> *********(redacted)", "master: local[*] -> local[2]");
    }

    @Test
    void whatWasNeverLaunchedIsNotProvenByAnInstanceThatRanBefore() throws Exception {
        served();
        runtime.unavailable(true);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.UNKNOWN);
        fleet.stop(SALES, StopOrder.PLAIN);
        declare(SALES, "{\"master\":\"local[2]\",\"env\":{\"A\":\"hunter2\"}}");
        // What runs was never ended: it is taken up again as it is.
        fleet.start(SALES);
        fleet.close();
        fleet = open();
        runtime.unavailable(false);
        until(Duration.ofSeconds(1), () -> status().phase() == Phase.HEALTHY);
        assertThat(runtime.launches(SALES)).isEqualTo(1);
        assertThat(status().spec().master()).isEqualTo("local[*]");
        assertThat(drift()).containsExactly("env.A: (none) -> *********(redacted)", "master: local[*] -> local[2]");

        failNextForGood();
        fleet.restart(SALES);
        until(Phase.FAILED);
        assertThat(status().canRollBack()).isTrue();
        fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN);
        until(Phase.HEALTHY);

        assertThat(status().spec().master()).isEqualTo("local[*]");
    }

    @Test
    void theWayBackIsOpenWhereTheCurrentDeclarationCannotBeUsedAnyMore() throws Exception {
        declare(SALES, "{\"runtime\":\"fake\",\"port\":\"auto\"}");
        fleet.start(SALES);
        until(BLINK, () -> status().rung() == Rung.QUERY);
        declare(SALES, "{\"master\":\"local[3]\"}");
        fleet.close();
        spoil();
        fleet = open();
        until(Phase.HEALTHY);

        assertThatThrownBy(() -> fleet.restart(SALES)).isInstanceOf(RefusedException.class);
        fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN);
        until(BLINK, () -> status().incarnation() == 2 && status().phase() == Phase.HEALTHY);

        assertThat(status().spec().master()).isEqualTo("local[*]");
    }

    @Test
    void withoutAnythingThatWasHealthyThereIsNoWayBack() throws Exception {
        declare(SALES, "{}");

        assertThatThrownBy(() -> fleet.restart(SALES, RestartFrom.ROLLBACK, StopOrder.PLAIN))
                .isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused.code())
                        .isEqualTo(RefusedException.Code.NEVER_HEALTHY));
    }

    // ------------------------------------------------------------------ clients

    @Test
    void aServerWithOperationsIsStoppedByThoseOnlyWhoSaySo() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        workload.begin("etl", "s2");
        StopOrder careful = new StopOrder(false, true, Optional.empty());

        assertThatThrownBy(() -> fleet.stop(SALES, careful))
                .isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused.code())
                        .isEqualTo(RefusedException.Code.OPERATIONS_RUNNING))
                .hasMessage("sales: 2 operations of user etl are running; use --drain 5m or --force");
        assertThatThrownBy(() -> fleet.restart(SALES, RestartFrom.CURRENT, careful))
                .isInstanceOf(RefusedException.class);
        assertThat(status().phase()).isEqualTo(Phase.HEALTHY);
        assertThat(fleet.activities(List.of(SALES, HR), Duration.ofSeconds(1)))
                .hasEntrySatisfying(
                        SALES, now -> assertThat(now.runningRequests()).isEqualTo(2));

        workload.finish();
        fleet.stop(SALES, careful);
        until(Phase.STOPPED);
    }

    @Test
    void theQueryOfAProbeKeepsNobodyFromStoppingTheServer() throws Exception {
        healthy();
        String marker = runtime.lastPlan(SALES).orElseThrow().ticket().marker();
        workload.begin(
                "connectctl",
                UUID.nameUUIDFromBytes(marker.getBytes(StandardCharsets.UTF_8)).toString());

        assertThat(fleet.activities(List.of(SALES), Duration.ofSeconds(1)))
                .hasEntrySatisfying(
                        SALES, now -> assertThat(now.runningRequests()).isZero());
        fleet.stop(SALES, new StopOrder(false, true, Optional.empty()));
        until(Phase.STOPPED);
    }

    @Test
    void aServerThatDoesNotTellWhatRunsIsStopped() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        workload.silence();

        fleet.stop(SALES, new StopOrder(false, true, Optional.empty()));
        until(Phase.STOPPED);
    }

    @Test
    void aDrainWaitsForWhatRunsAndEndsWithIt() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        try (AutoCloseable follower = fleet.follow(Optional.of(SALES), 0, event -> heard.add(event.message()))) {
            fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofMinutes(5))));
            until(BLINK, () -> heard.stream()
                    .anyMatch(text -> text.startsWith("draining: 1 operation of user etl is running, at most ")));
            until(
                    Duration.ofSeconds(1),
                    () -> heard.stream()
                                    .filter(text -> text.startsWith("draining: "))
                                    .count()
                            > 10);
            assertThat(status().phase()).isEqualTo(Phase.STOPPING);
            assertThat(runtime.list()).as("its operation runs, so it does").hasSize(1);

            workload.finish();
            until(Phase.STOPPED);
            assertThat(follower).isNotNull();
        }
        assertThat(events("drain")).singleElement().asString().startsWith("drained: every operation finished");
        assertThat(workload.interrupted).isEmpty();
    }

    @Test
    void aDrainWaitsUntilTheAnswersOfWhatRanAreTaken() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        workload.slow();
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        try (AutoCloseable follower = fleet.follow(Optional.of(SALES), 0, event -> heard.add(event.message()))) {
            fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofMinutes(5))));
            until(BLINK, () -> heard.stream().anyMatch(text -> text.startsWith("draining: 1 operation ")));
            workload.finish();
            until(BLINK, () -> heard.stream()
                    .anyMatch(text ->
                            text.startsWith("draining: the answer of 1 operation of user etl isn't taken, at most ")));
            assertThat(runtime.list()).as("its client reads on, so it lives").hasSize(1);

            workload.take();
            until(Phase.STOPPED);
            assertThat(follower).isNotNull();
        }
        assertThat(events("drain"))
                .singleElement()
                .asString()
                .matches("drained: every operation finished, after \\d+ s");
    }

    @Test
    void aClientThatNeverTakesItsAnswerHoldsUpNoStop() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        workload.slow();
        workload.finish();

        fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofHours(5))));
        until(Duration.ofMillis(500), () -> status().phase() == Phase.STOPPED);

        assertThat(events("drain"))
                .singleElement()
                .asString()
                .matches("drained: every operation finished, after 3\\d s; the answer of 1 operation of user etl isn't"
                        + " taken by now, which isn't waited for any longer");
    }

    @Test
    void whatOutlastsADrainIsInterruptedBeforeTheServerGoes() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        workload.begin("ada", "s2");

        fleet.restart(SALES, RestartFrom.CURRENT, new StopOrder(false, true, Optional.of(Duration.ofSeconds(30))));
        until(Duration.ofMillis(500), () -> status().incarnation() == 2 && status().phase() == Phase.HEALTHY);

        assertThat(workload.interrupted).containsExactlyInAnyOrder("etl/s1", "ada/s2");
        assertThat(events("drain"))
                .containsExactly("2 operations of users ada, etl are running after 30 s: interrupted");
    }

    @Test
    void aDrainTakesAsLongAsWasSaidLast() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofHours(1))));
        until(BLINK, () -> status().phase() == Phase.STOPPING);

        // Who says nothing of it only waits for it.
        Receipt joined = fleet.stop(SALES, new StopOrder(false, true, Optional.empty()));
        assertThat(joined.changed()).isFalse();
        assertThat(joined.message())
                .matches(
                        "already stopping; running operations may finish, for at most 3\\d\\d\\d s more \\(another time:"
                                + " connectctl stop sales --drain 10s, none: --drain 0s or --force\\)");
        assertThat(runtime.list()).hasSize(1);

        assertThat(fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ZERO)))
                        .changed())
                .isTrue();
        until(Phase.STOPPED);

        assertThat(workload.interrupted).containsExactly("etl/s1");
        assertThat(events("drain")).singleElement().asString().endsWith(": interrupted");
        assertThat(events("command")).contains("drain for 0 s from now on");
    }

    @Test
    void aDrainCanBeGivenMoreTimeThanItHad() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofMinutes(1))));
        until(BLINK, () -> status().phase() == Phase.STOPPING);
        fleet.restart(SALES, RestartFrom.CURRENT, new StopOrder(false, true, Optional.of(Duration.ofHours(1))));

        for (int i = 0; i < 60; i++) {
            time.advance(Duration.ofSeconds(5));
        }
        assertThat(runtime.list()).as("five minutes later").hasSize(1);
        workload.finish();
        until(BLINK, () -> status().incarnation() == 2 && status().phase() == Phase.HEALTHY);

        assertThat(workload.interrupted).isEmpty();
    }

    @Test
    void aForcedStopEndsADrain() throws Exception {
        healthy();
        workload.begin("etl", "s1");
        fleet.stop(SALES, new StopOrder(false, true, Optional.of(Duration.ofHours(1))));
        until(BLINK, () -> status().phase() == Phase.STOPPING);

        fleet.stop(SALES, true);
        until(Phase.STOPPED);

        assertThat(workload.interrupted).isEmpty();
    }
}
