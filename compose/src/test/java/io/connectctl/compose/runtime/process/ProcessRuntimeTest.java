package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.Recalled;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.runtime.testing.ServerRuntimeContract;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessRuntimeTest extends ServerRuntimeContract {
    private static final Duration SOON = Duration.ofSeconds(15);

    /** Says what the file "say" holds, exits as the file "leave" says, and goes away politely on SIGTERM. */
    private static final String OBEDIENT = "trap 'exit 143' TERM; while :; do"
            + " [ -e say ] && { cat say; rm say; }; [ -e leave ] && exit $(cat leave); sleep 0.02; done";

    @TempDir
    Path root = Path.of("set by JUnit");

    private ProcessRuntime runtime;

    @BeforeEach
    void open() {
        runtime = daemon();
    }

    @AfterEach
    void end() throws Exception {
        for (Instance left : runtime.list()) {
            runtime.halt(left.server(), Duration.ZERO);
        }
        runtime.close();
    }

    /** A daemon's runtime; a second one is what the next daemon would have. */
    private ProcessRuntime daemon() {
        Folders folders =
                new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
        return new ProcessRuntime(folders, Map.of("PATH", "/usr/bin:/bin", "HOME", root.toString()), 20_000, 1);
    }

    @Override
    protected ProcessRuntime runtime() {
        return runtime;
    }

    @Override
    protected LaunchPlan lasting(int incarnation) {
        return Plans.shell(runtime, spec, incarnation, OBEDIENT);
    }

    private LaunchPlan program(int incarnation, String program) {
        return Plans.shell(runtime, spec, incarnation, program);
    }

    /** Launches it with this in its environment, and with these settings. */
    private Recalled recalled(Map<String, String> environment, String settings) throws Exception {
        LaunchPlan plan = lasting(1);
        runtime.launch(new LaunchPlan(
                plan.spec(),
                plan.site(),
                plan.ticket(),
                new Rendering(List.of(new RenderedFile("spark-defaults.conf", settings, false)), "f"),
                plan.command(),
                environment));
        return daemon().recall(spec.name());
    }

    @Test
    void theTokenOfWhatRunsIsRecalled() throws Exception {
        Recalled recalled = recalled(
                Map.of("SPARK_CONNECT_AUTHENTICATE_TOKEN", "hush"),
                "spark.connect.grpc.binding.port=0\nspark.connect.grpc.binding.address=127.0.0.1\n");

        assertThat(recalled.token()).contains("hush");
        assertThat(recalled.declaration().tree().path("auth").asText()).isEqualTo("token");
        assertThat(recalled.declaration().tree().has("expose")).isFalse();
        assertThat(recalled).asString().doesNotContain("hush");
    }

    @Test
    void whatIsOpenToAllIsRecalledSo() throws Exception {
        assertThat(recalled(
                                Map.of("SPARK_CONNECT_AUTHENTICATE_TOKEN", "hush"),
                                "spark.connect.grpc.binding.port=15002\n")
                        .declaration()
                        .tree()
                        .path("expose")
                        .asText())
                .isEqualTo("all");
    }

    @Test
    void aTokenThatWhatRunsDoesNotKnowIsNotRecalled() throws Exception {
        Files.createDirectories(server());
        Files.writeString(server().resolve("token"), "of an earlier declaration");

        Recalled recalled = recalled(Map.of(), "spark.connect.grpc.binding.port=0\n");

        assertThat(recalled.token()).isEmpty();
        assertThat(recalled.declaration().tree().has("auth")).isFalse();
        assertThat(recalled.declaration().tree().has("expose")).isFalse();
    }

    @Test
    void theSparkOfWhatRunsIsRecalledFromItsClassPath() throws Exception {
        Path jars = root.resolve("cache/spark/4.2.0-yarn/jars");
        Path arguments = server().resolve("work/class.path");
        runtime.launch(program(1, ": @" + arguments + "; " + OBEDIENT));
        Files.writeString(arguments, "-cp\n\"/opt/mine/a.jar:" + jars + "/spark-core.jar:" + jars + "/z.jar\"\n");

        // Known before it has become the program that its command line names.
        await().atMost(SOON).untilAsserted(() -> assertThat(daemon().recall(spec.name())
                        .declaration()
                        .tree()
                        .path("spark")
                        .asText())
                .isEqualTo("4.2.0"));
    }

    @Test
    void aClassPathThatItWasNotStartedWithIsNotBelieved() throws Exception {
        runtime.launch(lasting(1));
        Files.writeString(
                server().resolve("work/class.path"), "-cp\n\"" + root.resolve("cache/spark/4.2.0/jars/z.jar") + "\"\n");

        assertThat(daemon().recall(spec.name()).declaration().tree().has("spark"))
                .isFalse();
    }

    private Path server() {
        return root.resolve("state/servers/sales");
    }

    @Override
    protected void makeExit(Instance instance, int code) throws Exception {
        tell("leave", Integer.toString(code));
    }

    @Override
    protected void makeSay(Instance instance, String line) throws Exception {
        Path say = server().resolve("work/say");
        await().atMost(SOON).until(() -> !Files.exists(say));
        tell("say", line + "\n");
    }

    private void tell(String file, String text) throws Exception {
        Path fresh = server().resolve("work").resolve(file + ".new");
        Files.writeString(fresh, text);
        Files.move(fresh, server().resolve("work").resolve(file));
    }

    private Proc.Identity identity(String file, int incarnation) {
        return Proc.Identity.parse(
                        Proc.read(server().resolve("run/" + incarnation).resolve(file))
                                .orElseThrow())
                .orElseThrow();
    }

    private List<String> log(LogRequest request) throws Exception {
        List<String> lines = new ArrayList<>();
        runtime.logs(name, request, lines::add);
        return lines;
    }

    private static LogRequest all() {
        return new LogRequest(OptionalInt.empty(), Optional.empty(), false, false);
    }

    @Test
    void exitCodeIsKnownThoughNoDaemonWasThere() throws Exception {
        runtime.launch(lasting(1));
        runtime.close();
        tell("leave", "42");
        try (ProcessRuntime next = daemon()) {
            await().atMost(SOON).until(() -> !next.find(name).orElseThrow().running());
            assertThat(next.find(name).orElseThrow().exit().orElseThrow().code())
                    .hasValue(42);
        }
    }

    @Test
    void workOfAnEarlierRunIsGoneWhenTheNextStarts() throws Exception {
        runtime.launch(lasting(1));
        Files.createDirectories(server().resolve("work/local/deep"));
        runtime.halt(name, Duration.ofSeconds(10));
        runtime.launch(lasting(2));
        assertThat(server().resolve("work/local")).doesNotExist();
        await().atMost(SOON).until(() -> !Files.exists(server().resolve("run/2/left")));
    }

    @Test
    void lockThatCantBeOpenedIsToldAsSuch() throws Exception {
        Files.createDirectories(server().resolve("lock"));
        assertThatThrownBy(() -> runtime.launch(lasting(1))).isInstanceOfSatisfying(LaunchException.class, e -> {
            assertThat(e.code()).isEqualTo("FOLDER_UNWRITABLE");
            assertThat(e.getMessage())
                    .contains("exit code 73", server().resolve("lock").toString());
        });
    }

    @Test
    void exitIsToldThoughInotifyIsUsedUp() throws Exception {
        LinkedBlockingQueue<Instance> told = new LinkedBlockingQueue<>();
        runtime.launch(lasting(1));
        try (ExitWatch watch = new ExitWatch(told::add, null)) {
            watch.add(RunFolder.read(name, server().resolve("run/1")).orElseThrow());
            identity("instance", 1).signal(true);
            assertThat(told.poll(10, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void killedServerIsToldWithItsSignal() throws Exception {
        LinkedBlockingQueue<Instance> told = new LinkedBlockingQueue<>();
        try (AutoCloseable watch = runtime.watch(told::add)) {
            assertThat(watch).isNotNull();
            runtime.launch(lasting(1));
            identity("instance", 1).signal(true);
            Instance ended = told.poll(10, TimeUnit.SECONDS);
            assertThat(ended).isNotNull();
            assertThat(ended.exit().orElseThrow().signal()).hasValue(9);
        }
    }

    @Test
    void serverOutlivesItsKilledKeeperAndStillHoldsTheLock() throws Exception {
        Instance launched = runtime.launch(lasting(1));
        identity("keeper", 1).signal(true);
        await().atMost(SOON).until(() -> !identity("keeper", 1).alive());
        assertThat(runtime.find(name)).contains(launched);
        assertThat(new ProcessBuilder("flock", "-n", server().resolve("lock").toString(), "true")
                        .start()
                        .waitFor())
                .isEqualTo(1);
        assertThatThrownBy(() -> runtime.launch(lasting(2)))
                .isInstanceOfSatisfying(
                        LaunchException.class, e -> assertThat(e.code()).isEqualTo("ALREADY_RUNNING"));
        Instance ended = runtime.halt(name, Duration.ofSeconds(10)).orElseThrow();
        assertThat(ended.exit().orElseThrow().code()).isEmpty();
        assertThat(ended.exit().orElseThrow().note()).get().asString().contains("keeper was gone");
        assertThat(runtime.launch(lasting(2)).running()).isTrue();
    }

    @Test
    void lockRefusesASecondKeeperThoughTheRecordsAreGone() throws Exception {
        Instance launched = runtime.launch(lasting(1));
        Proc.Identity process = identity("instance", 1);
        PrivateFiles.remove(server().resolve("run/1"));
        Files.writeString(server().resolve("work/mine"), "x");
        assertThatThrownBy(() -> runtime.launch(lasting(2)))
                .isInstanceOfSatisfying(
                        LaunchException.class, e -> assertThat(e.code()).isEqualTo("ALREADY_RUNNING"));
        assertThat(process.pid()).isEqualTo(launched.pid().orElseThrow());
        assertThat(server().resolve("work/mine")).exists();
        process.signal(true);
    }

    @Test
    void serverThatIgnoresSigtermIsKilledAfterItsGrace() throws Exception {
        runtime.launch(program(1, "trap '' TERM; echo up; while :; do sleep 0.05; done"));
        await().atMost(SOON).until(() -> log(all()).contains("up"));
        Instance ended = runtime.halt(name, Duration.ofMillis(300)).orElseThrow();
        assertThat(ended.exit().orElseThrow().signal()).hasValue(9);
        assertThat(ended.exit().orElseThrow().note()).hasValue("killed by connectctl");
    }

    @Test
    void serverOfAStoppedKeeperCanBeStopped() throws Exception {
        runtime.launch(lasting(1));
        String keeper = Long.toString(identity("keeper", 1).pid());
        assertThat(new ProcessBuilder("kill", "-STOP", keeper).start().waitFor())
                .isZero();
        long before = System.nanoTime();
        Instance ended = runtime.halt(name, Duration.ofSeconds(30)).orElseThrow();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(12));
        assertThat(ended.exit().orElseThrow().note()).get().asString().contains("keeper was gone");
        assertThat(identity("keeper", 1).alive()).isFalse();
    }

    @Test
    void serverWhoseFolderCantBeReadHidesNoOther() throws Exception {
        Instance good = runtime.launch(lasting(1));
        Path run = root.resolve("state/servers/bad/run/1");
        RunFolder.create(run, new ServerName("bad"), 1, "m", Instant.now(), OptionalInt.empty());
        Proc.Stat self = Proc.stat(ProcessHandle.current().pid()).orElseThrow();
        PrivateFiles.write(run.resolve("instance"), self.pid() + " " + self.start() + " another-boot\n", false);
        PrivateFiles.write(run.resolve("exit"), "code=99999999999\n", false);
        assertThat(runtime.list()).containsExactly(good);
    }

    @Test
    void processesLeftBehindInItsSessionEndWithIt() throws Exception {
        runtime.launch(program(1, "sleep 300 9>&- & echo $!; " + OBEDIENT));
        await().atMost(SOON).until(() -> !log(all()).isEmpty());
        Proc.Identity left =
                Proc.stat(Long.parseLong(log(all()).get(0))).orElseThrow().identity();
        runtime.halt(name, Duration.ofSeconds(10));
        await().atMost(SOON).until(() -> !left.alive());
    }

    @Test
    void processWithAReusedPidIsNotTakenForOurs() throws Exception {
        runtime.launch(lasting(1));
        runtime.halt(name, Duration.ofSeconds(10));
        Path run = server().resolve("run/1");
        Files.delete(run.resolve("exit"));
        Proc.Stat self = Proc.stat(ProcessHandle.current().pid()).orElseThrow();
        PrivateFiles.write(
                run.resolve("instance"), self.pid() + " " + (self.start() + 1) + " " + Proc.bootId() + "\n", false);
        assertThat(runtime.list()).isEmpty();
        assertThat(runtime.halt(name, Duration.ofSeconds(1)).orElseThrow().running())
                .isFalse();
    }

    @Test
    void restartOfTheMachineIsToldAsSuch() throws Exception {
        runtime.launch(lasting(1));
        runtime.halt(name, Duration.ofSeconds(10));
        Path run = server().resolve("run/1");
        Files.delete(run.resolve("exit"));
        Proc.Stat self = Proc.stat(ProcessHandle.current().pid()).orElseThrow();
        PrivateFiles.write(run.resolve("instance"), self.pid() + " " + self.start() + " another-boot\n", false);
        PrivateFiles.write(run.resolve("keeper"), self.pid() + " " + self.start() + " another-boot\n", false);
        assertThat(runtime.find(name).orElseThrow().exit().orElseThrow().note()).hasValue("the machine was restarted");
    }

    @Test
    void filesAreTheOwnersOnly() throws Exception {
        runtime.launch(lasting(1));
        // Removed beside the start: a walk would meet files that are gone when they are looked at.
        await().atMost(SOON).until(() -> !Files.exists(server().resolve("run/1/left")));
        try (var files = Files.walk(root.resolve("state"))) {
            for (Path file : files.toList()) {
                String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                assertThat(mode).as(file.toString()).endsWith("------");
            }
        }
        assertThat(Files.isExecutable(server().resolve("conf/entrypoint.sh"))).isTrue();
        assertThat(Proc.read(Proc.folder(identity("keeper", 1).pid()).resolve("cmdline"))
                        .orElseThrow())
                .doesNotContain("planted");
    }

    @Test
    void floodedLogStaysBoundedAndIsReadInOrder() throws Exception {
        runtime.launch(program(
                1,
                "i=0; while [ $i -lt 12000 ]; do i=$((i+1)); echo line $i; done; sleep 1.5; echo after; " + OBEDIENT));
        await().atMost(SOON)
                .until(() -> Files.exists(server().resolve("run/1/rotated"))
                        && log(all()).contains("after"));
        assertThat(Files.size(server().resolve("run/1/server.log.1"))).isLessThanOrEqualTo(20_000);
        assertThat(log(LogRequest.tail(2))).last().isEqualTo("after");
        assertThat(log(LogRequest.tail(2))).hasSize(2);
    }

    @Test
    void followGoesOnWithTheNextIncarnation() throws Exception {
        runtime.launch(lasting(1));
        LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> {
            try {
                runtime.logs(name, new LogRequest(OptionalInt.empty(), Optional.empty(), false, true), seen::add);
            } catch (Exception e) {
                seen.add(e.getClass().getSimpleName());
            }
        });
        reader.start();
        makeSay(runtime.find(name).orElseThrow(), "first");
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("first");
        runtime.halt(name, Duration.ofSeconds(10));
        Instance second = runtime.launch(lasting(2));
        makeSay(second, "second");
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("second");
        reader.interrupt();
        assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("InterruptedException");
    }

    @Test
    void linesAreChosenByTheirTimeAndPreviousRunIsReadable() throws Exception {
        runtime.launch(program(
                1, "echo 2020-01-01T00:00:00Z old; echo more; echo 2099-01-01T00:00:00Z new; echo tail; " + OBEDIENT));
        await().atMost(SOON).until(() -> log(all()).contains("tail"));
        LogRequest since = new LogRequest(OptionalInt.empty(), Optional.of(Instant.now()), false, false);
        assertThat(log(since)).containsExactly("2099-01-01T00:00:00Z new", "tail");
        runtime.halt(name, Duration.ofSeconds(10));
        runtime.launch(lasting(2));
        assertThat(log(new LogRequest(OptionalInt.of(1), Optional.empty(), true, false)))
                .containsExactly("tail");
    }

    @Test
    void takenPortIsToldWithItsHolder() throws Exception {
        try (ServerSocket holder = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ServerSpec fixed = Plans.spec("sales", new PortChoice.Fixed(holder.getLocalPort()));
            assertThatThrownBy(() -> runtime.launch(Plans.shell(runtime, fixed, 1, OBEDIENT)))
                    .isInstanceOfSatisfying(LaunchException.class, e -> {
                        assertThat(e.code()).isEqualTo("PORT_TAKEN");
                        assertThat(e.getMessage())
                                .contains("pid " + ProcessHandle.current().pid());
                        assertThat(e.retryable()).isFalse();
                    });
        }
    }

    @Test
    void warehouseThatCantBeLookedIntoCountsAsFull() throws Exception {
        ServerFolder folder = new ServerFolder(name, server());
        assertThat(folder.hasWarehouse()).isFalse();
        folder.create();
        assertThat(folder.hasWarehouse()).isFalse();
        Files.delete(folder.warehouse());
        Files.createSymbolicLink(folder.warehouse(), root.resolve("a disk that isn't mounted"));
        assertThat(folder.hasWarehouse()).isTrue();
    }

    @Test
    void filesWrittenByManyAtOnceAreWhole() throws Exception {
        Path file = root.resolve("file");
        List<String> texts = List.of("a".repeat(50_000), "b".repeat(70_000));
        ExecutorService writers = Executors.newFixedThreadPool(4);
        try {
            List<Future<Boolean>> done = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String text = texts.get(i % 2);
                done.add(writers.submit(() -> {
                    PrivateFiles.write(file, text, false);
                    return true;
                }));
            }
            for (Future<Boolean> write : done) {
                assertThat(write.get()).isTrue();
            }
        } finally {
            writers.shutdownNow();
        }
        assertThat(Files.readString(file)).isIn(texts);
        assertThat(root.toFile().list()).containsExactly("file");
    }

    @Test
    void warehouseSurvivesUnlessPurgedAndLinksAreNotFollowed() throws Exception {
        runtime.launch(lasting(1));
        runtime.halt(name, Duration.ofSeconds(10));
        Path outside = Files.createDirectory(root.resolve("outside"));
        Files.writeString(outside.resolve("precious"), "x");
        Files.createSymbolicLink(server().resolve("work/link"), outside);
        Files.createDirectory(server().resolve("warehouse/table"));
        assertThat(runtime.hasWarehouse(name)).isTrue();
        runtime.discard(name, false);
        assertThat(server().resolve("warehouse/table")).exists();
        assertThat(server().resolve("work")).doesNotExist();
        runtime.discard(name, true);
        assertThat(server()).doesNotExist();
        assertThat(outside.resolve("precious")).exists();
    }

    @Test
    void onlyThreeRunsAreKept() throws Exception {
        for (int incarnation = 1; incarnation <= 5; incarnation++) {
            runtime.launch(lasting(incarnation));
            runtime.halt(name, Duration.ofSeconds(10));
        }
        assertThat(server().resolve("run").toFile().list()).containsExactlyInAnyOrder("3", "4", "5");
    }

    @Test
    void launchThatNeverGotToAKeeperIsNoInstance() throws Exception {
        Path run = server().resolve("run/1");
        RunFolder.create(run, name, 1, "m", Instant.now(), OptionalInt.empty());
        assertThat(RunFolder.read(name, run).orElseThrow().state()).isEqualTo(RunFolder.State.LAUNCHING);
        // A minute later, whatever the clock says.
        Path description = run.resolve("instance.json");
        String now = new ObjectMapper()
                .readTree(description.toFile())
                .get("launchedSinceBoot")
                .asText();
        String then = Duration.parse(now).minusSeconds(60).toString();
        Files.writeString(description, Files.readString(description).replace(now, then));
        assertThat(runtime.find(name)).isEmpty();
        assertThat(runtime.halt(name, Duration.ZERO)).isEmpty();
    }

    @Test
    void statIsReadThoughTheCommandsNameHoldsParenthesesAndBlanks() {
        String line = "42 (a) R 1 (b) S 7 42 42 0 -1 0 0 0 0 0 11 22 0 0 20 0 1 0 4711 0 0\n";
        assertThat(Proc.parseStat(line)).get().satisfies(stat -> {
            assertThat(stat.pid()).isEqualTo(42);
            assertThat(stat.state()).isEqualTo('S');
            assertThat(stat.parent()).isEqualTo(7);
            assertThat(stat.cpuTicks()).isEqualTo(33);
            assertThat(stat.start()).isEqualTo(4711);
        });
    }
}
