package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The daemon may die at any instant: nothing that was acknowledged is lost, no server is doubled or restarted for it. */
@Order(Integer.MAX_VALUE - 3)
class DaemonDeathTest {
    private static final int KILLS = Integer.getInteger("connectctl.counts.kills", 3);
    private static final List<String> SERVERS = List.of("a", "b", "c");
    private static final String[] SMALL = {"--port", "auto", "--ui-port", "auto", "--driver-memory", "512m"};

    @ParameterizedTest
    @EnumSource
    void runningServersAreAdoptedAndEndsThatNobodySawAreKnown(Where where) throws IOException {
        try (Installation installation = where.install()) {
            installation.start("a", "4.0.1", SMALL);
            installation.start("b", "4.0.1", SMALL);
            JsonNode a = installation.status("a");
            JsonNode b = installation.status("b");

            killDaemon(installation);
            if (where == Where.DOCKER) {
                Docker.signal(b.path("containerId").asText(), "KILL");
            } else {
                FaultTest.signal("KILL", b.path("pid").asLong());
            }
            installation.ok("daemon", "start");

            await().atMost(Installation.PATIENCE).until(() -> healthy(installation, "a") && healthy(installation, "b"));
            assertThat(a.path("pid").asLong()).isPositive();
            for (String field : List.of("pid", "containerId")) {
                assertThat(installation.status("a").path(field)).as(field).isEqualTo(a.path(field));
            }
            assertThat(installation.status("a").path("incarnation").asInt()).isEqualTo(1);
            assertThat(installation.status("b").path("incarnation").asInt()).isEqualTo(2);
            assertThat(installation.ok("events", "b").out()).contains("137");
        }
    }

    @Test
    void aDaemonThatWasKilledIsStartedByWhatComesNextAndOneThatWasStoppedIsNot() throws IOException {
        try (Installation installation = new Installation()) {
            installation.ok("start", "a", "--port", "auto", "--ui-port", "auto");
            String url = installation.ok("url", "a").out();
            assertThat(Files.readString(
                            Path.of("/proc/" + installation.daemon().pid() + "/maps"), StandardCharsets.ISO_8859_1))
                    .as("it has unpacked no library, which it would leave in /tmp when it is killed")
                    .containsPattern("/lib/org/sqlite/native/\\S+\\.so")
                    .doesNotContain("/tmp/sqlite-");

            killDaemon(installation);
            Outcome asked = installation.ok("url", "a");

            assertThat(asked.out()).isEqualTo(url);
            assertThat(asked.err()).contains("connectctl: starting the daemon");
            assertThat(installation.ok("daemon", "stop").err()).contains("its server still runs, unwatched");
            Outcome looked = installation.run("status", "a");
            assertThat(looked.exit()).as(looked::toString).isEqualTo(7);
            assertThat(looked.err()).contains("stopped on purpose").contains("connectctl daemon start");
            assertThat(installation.ok("stop", "a").err()).contains("connectctl: starting the daemon");
            assertThat(installation.status("a").path("phase").asText()).isEqualTo("STOPPED");
        }
    }

    /** A login's shell has an XDG_RUNTIME_DIR; one of {@code su}, cron or a container has none. */
    @Test
    void aDaemonIsOneForShellsWithDifferentRunFolders() throws IOException {
        try (Installation installation = new Installation()) {
            ProcessHandle daemon = startedDaemon(installation);

            String usual = installation.environment().put("CONNECTCTL_RUN_DIR", installation.home() + "/elsewhere");
            assertThat(installation.daemon()).isEqualTo(daemon);
            killDaemon(installation);
            ProcessHandle next = startedDaemon(installation);
            installation.environment().put("CONNECTCTL_RUN_DIR", usual);

            assertThat(next).isNotEqualTo(daemon);
            assertThat(installation.daemon()).isEqualTo(next);
        }
    }

    @Test
    void aDaemonThatIsStoppedByASignalIsToldAsThat() {
        try (Installation installation = new Installation()) {
            long pid = startedDaemon(installation).pid();
            FaultTest.signal("STOP", pid);

            Outcome status = installation.run("daemon", "status");

            assertThat(status.exit()).as(status::toString).isEqualTo(7);
            assertThat(status.err()).contains("pid " + pid + ", which is stopped", "kill -CONT " + pid, "daemon.log");
            FaultTest.signal("CONT", pid);
            installation.ok("daemon", "status");
        }
    }

    private static ProcessHandle startedDaemon(Installation installation) {
        installation.ok("daemon", "start");
        return installation.daemon();
    }

    @ParameterizedTest
    @EnumSource
    void killsAtRandomInstantsNeitherLoseNorDoubleAServer(Where where) throws IOException, InterruptedException {
        long seed = Long.getLong("connectctl.seed", 20261122L);
        Random random = new Random(seed);
        try (Installation installation = where.install()) {
            for (String server : SERVERS) {
                installation.start(
                        server, "4.0.1", "--no-wait", "--port", "auto", "--ui-port", "auto", "--driver-memory", "512m");
            }
            // What a container takes longer for is the engine's work, not ours.
            int kills = where == Where.DOCKER ? Math.max(1, KILLS / 3) : KILLS;
            for (int kill = 0; kill < kills; kill++) {
                for (String server : SERVERS) {
                    List<String> commands = List.of("start", "stop", "restart");
                    String command = commands.get(random.nextInt(commands.size()));
                    Outcome outcome = installation.run(command, server, "--no-wait");
                    assertThat(outcome.exit()).as(command + " " + outcome).isZero();
                }
                Process impatient = installation.spawn("restart", SERVERS.get(random.nextInt(3)), "--no-wait");
                // The instant of the kill is random on purpose: it is the test's input, not a wait.
                impatient.waitFor(random.nextInt(1500), TimeUnit.MILLISECONDS);
                killDaemon(installation);
                Installation.finish(impatient, Installation.PATIENCE);
                installation.ok("daemon", "start");
                assertAtMostOneInstanceEach(where, installation);
                assertThat(installation.run("status", "-o", "name").out().lines())
                        .containsExactlyElementsOf(SERVERS);
            }

            installation.ok("start", "a", "--no-wait");
            installation.ok("stop", "b");
            installation.ok("restart", "c");

            await().atMost(Installation.PATIENCE).until(() -> healthy(installation, "a") && healthy(installation, "c"));
            assertThat(installation.status("b").path("phase").asText()).isEqualTo("STOPPED");
            assertAtMostOneInstanceEach(where, installation);
            assertThat(instances(where, installation, "b")).isZero();
        }
    }

    @Test
    void aDaemonStartsFromTheClassDataThatAnEarlierOneRecorded() throws IOException {
        try (Installation installation = new Installation()) {
            // One in the shared cache may be of an earlier build.
            installation
                    .environment()
                    .put(
                            "CONNECTCTL_CACHE_DIR",
                            installation.home().resolve("cache").toString());
            installation.ok("daemon", "start");
            await().atMost(Installation.PATIENCE)
                    .until(() -> !installation.daemonArchives().isEmpty());
            installation.ok("daemon", "stop");
            installation.ok("daemon", "start");

            assertThat(Files.readString(Path.of("/proc/" + installation.daemon().pid() + "/maps")))
                    .contains(installation.daemonArchives().get(0).toString());
        }
    }

    private static void killDaemon(Installation installation) {
        List<ProcessHandle> daemons = installation.processes().stream()
                .filter(process -> commandLine(process).contains("DaemonMain"))
                .toList();
        assertThat(daemons).as("daemons to be killed").hasSizeLessThan(2);
        daemons.forEach(ProcessHandle::destroyForcibly);
        daemons.forEach(daemon -> daemon.onExit().join());
    }

    private static boolean healthy(Installation installation, String server) {
        return installation.look(server).path("phase").asText().equals("HEALTHY");
    }

    private static void assertAtMostOneInstanceEach(Where where, Installation installation) {
        for (String server : SERVERS) {
            assertThat(instances(where, installation, server))
                    .as("instances of " + server)
                    .isLessThanOrEqualTo(1);
        }
    }

    private static long instances(Where where, Installation installation, String server) {
        if (where == Where.DOCKER) {
            return Docker.containers(installation.id().orElseThrow(), server).stream()
                    // Files enter through one that is never started; one that was removed since it was listed doesn't
                    // run.
                    .filter(container -> Docker.run("inspect", "--format", "{{.State.Running}}", container)
                            .out()
                            .strip()
                            .equals("true"))
                    .count();
        }
        return installation.processes().stream()
                .filter(process -> isServer(process, server))
                .count();
    }

    private static boolean isServer(ProcessHandle process, String server) {
        String command = commandLine(process);
        return command.contains("SparkSubmit") && command.contains("spark.connectctl.instance=" + server + "/");
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
