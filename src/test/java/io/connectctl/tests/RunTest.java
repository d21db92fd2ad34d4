package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A command gets a server of its own, its end is told as it was, and nothing is left behind, whoever dies. */
@Order(3)
class RunTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** Runs Spark's own client in a shell; it takes the token from the URL, where PySpark reads the environment. */
    private static final String CLIENT = "client() { '" + Path.of(System.getProperty("java.home"), "bin", "java")
            + "' -Xmx256m --add-opens=java.base/java.nio=ALL-UNNAMED -cp '" + Spark.CLIENT
            + "/*' io.connectctl.tests.client.ClientProgram \"$1\" hello; }; ";

    private static String[] run(Where where, Installation installation, List<String> options, String... command) {
        List<String> words = new ArrayList<>(List.of("run"));
        words.addAll(where.flags(installation, "4.0.1"));
        words.addAll(List.of("--master", "local[1]", "--driver-memory", "512m"));
        words.addAll(options);
        words.add("--");
        words.addAll(List.of(command));
        return words.toArray(String[]::new);
    }

    /** The folders, processes and containers of leased servers that there are. */
    static List<String> left(Where where, Installation installation) {
        List<String> left = new ArrayList<>();
        Path servers = installation.state().resolve("servers");
        if (Files.isDirectory(servers)) {
            try (Stream<Path> folders = Files.list(servers)) {
                folders.map(Path::toString).forEach(left::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        installation.processes().stream()
                .filter(process -> Installation.commandLine(process.pid()).contains("/servers/lease-"))
                .forEach(process -> left.add("process " + process.pid()));
        if (where == Where.DOCKER && installation.id().isPresent()) {
            String label =
                    "label=io.connectctl.installation=" + installation.id().get();
            Docker.ok("ps", "-aq", "--filter", label).lines().forEach(id -> left.add("container " + id));
            Docker.ok("volume", "ls", "-q", "--filter", label).lines().forEach(id -> left.add("volume " + id));
        }
        return left;
    }

    static void gcFindsNothing(Installation installation) {
        assertThat(installation.ok("gc").out()).isEmpty();
    }

    static void nothingLeft(Where where, Installation installation, Duration patience) {
        await().atMost(patience)
                .untilAsserted(() -> assertThat(left(where, installation)).isEmpty());
    }

    /** Runs a command that never ends by itself, but tells of SIGINT and ends at SIGTERM with 9; returns once it runs. */
    private static Process endless(Where where, Installation installation, String... options) {
        return endless(where, installation, "", List.of(options));
    }

    /** The same, after a script that comes first. */
    private static Process endless(Where where, Installation installation, String first, List<String> options) {
        Path running = installation.project().resolve("running");
        try {
            Files.deleteIfExists(running);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Process run = installation.spawn(run(
                where,
                installation,
                options,
                "sh",
                "-c",
                first
                        + "echo \"$SPARK_REMOTE\" >remote; trap 'exit 9' TERM; trap 'echo >interrupted' INT; echo $$ >running.new; mv running.new running;"
                        + " while :; do sleep 0.2; done"));
        await().atMost(Installation.PATIENCE).until(() -> {
            assertThat(run.isAlive()).as("connectctl run").isTrue();
            return Files.exists(running);
        });
        return run;
    }

    /** That of the server which the last command had; nothing of it may be left at the engine either. */
    private static void portIsFree(Installation installation) {
        assertThatThrownBy(() -> {
                    String remote = Files.readString(installation.project().resolve("remote"));
                    int port = Integer.parseInt(remote.strip().replaceAll(".*:", ""));
                    new Socket(InetAddress.getLoopbackAddress(), port).close();
                })
                .isInstanceOf(ConnectException.class);
    }

    private static void noLeaseIsLeft(Installation installation) {
        assertThat(Installation.json(installation.ok("leases", "-o", "json").out())
                        .path("leases"))
                .isEmpty();
    }

    private static void endCommand(Installation installation) {
        try {
            FaultTest.signal(
                    "KILL",
                    Long.parseLong(Files.readString(installation.project().resolve("running"))
                            .strip()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCommandsClientRunsAQueryAndItsSignalsAndItsAnswerAreItsOwn(Where where) {
        try (Installation installation = where.install()) {
            String script = CLIENT + "set -e; [ \"$SPARK_CONNECT_RELEASE_SESSION_ON_EXIT\" = 1 ];"
                    + " case $CONNECTCTL_SERVER in lease-*) ;; *) exit 3 ;; esac;"
                    // Nobody gets in without the token.
                    + " ! client \"$SPARK_REMOTE\" 2>refused;"
                    + " client \"$SPARK_REMOTE/;token=$SPARK_CONNECT_AUTHENTICATE_TOKEN\"; ";
            Process run = endless(where, installation, script, List.of());
            FaultTest.signal("INT", run.pid());
            await().atMost(SOON).until(() -> Files.exists(installation.project().resolve("interrupted")));
            assertThat(run.isAlive()).as("it is the command that decides").isTrue();
            FaultTest.signal("TERM", run.pid());
            Outcome outcome = Installation.finish(run, SOON);

            assertThat(outcome.exit()).as(outcome::toString).isEqualTo(9);
            assertThat(outcome.out().strip()).as(outcome::toString).isEqualTo("Hello, Spark Connect!");
            assertThat(installation.project().resolve("refused")).content().contains("UNAUTHENTICATED");
            assertThat(left(where, installation)).isEmpty();
            portIsFree(installation);
            noLeaseIsLeft(installation);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSignalBeforeTheCommandRunsEndsItAll(Where where) {
        try (Installation installation = where.install()) {
            Process starting = installation.spawn(run(where, installation, List.of(), "true"));
            await().atMost(SOON).until(() -> !left(where, installation).isEmpty());
            FaultTest.signal("TERM", starting.pid());
            assertThat(Installation.finish(starting, SOON).exit()).isEqualTo(143);
            nothingLeft(where, installation, Duration.ofSeconds(2));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theCommandsExitCodeIsTheAnswerAndNothingIsLeft(Where where) throws IOException {
        try (Installation installation = where.install()) {
            Outcome well = installation.run(run(where, installation, List.of(), "true"));
            assertThat(well.exit()).as(well::toString).isZero();
            assertThat(left(where, installation)).isEmpty();

            Outcome missing = installation.run(run(where, installation, List.of(), "no-such-command"));
            assertThat(missing.exit()).as(missing::toString).isEqualTo(127);
            assertThat(left(where, installation)).isEmpty();

            // ^C reaches the command by the terminal, so that it must not be forwarded, too.
            String script = "trap 'echo once >>interrupted' INT; echo \"$SPARK_REMOTE\" >remote; >running;"
                    + " while [ ! -e interrupted ]; do sleep 0.1; done; sleep 1; exit 7";
            Process typed = installation.spawnOnTerminal(run(where, installation, List.of(), "sh", "-c", script));
            await().atMost(Installation.PATIENCE)
                    .until(() -> Files.exists(installation.project().resolve("running")));
            typed.getOutputStream().write(3);
            typed.getOutputStream().flush();
            Outcome interrupted = Installation.finish(typed, SOON);
            assertThat(interrupted.exit()).as(interrupted::toString).isEqualTo(7);
            assertThat(installation.project().resolve("interrupted")).hasContent("once\n");
            assertThat(left(where, installation)).isEmpty();
            portIsFree(installation);
            noLeaseIsLeft(installation);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKilledRunCostsItsServerAndAKilledDaemonDoesNotKeepItAlive(Where where) {
        try (Installation installation = where.install()) {
            Process first = endless(where, installation);
            first.destroyForcibly();
            nothingLeft(where, installation, SOON);
            portIsFree(installation);
            endCommand(installation);

            Process second = endless(where, installation, "--ttl", "6s");
            ProcessHandle daemon = installation.daemon();
            // Neither of them can end it now: what lies beside the server does.
            daemon.destroyForcibly();
            second.destroyForcibly();
            nothingLeft(where, installation, Duration.ofSeconds(40));
            portIsFree(installation);
            endCommand(installation);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(installation.processes()).isEmpty());
            gcFindsNothing(installation);
            await().atMost(SOON).untilAsserted(() -> noLeaseIsLeft(installation));
        }
    }

    @ParameterizedTest
    @EnumSource
    void withoutADaemonItIsTheSame(Where where) {
        try (Installation installation = where.install()) {
            Outcome outcome = installation.run(
                    run(where, installation, List.of("--no-daemon"), "sh", "-c", "echo $SPARK_REMOTE; exit 3"));

            assertThat(outcome.exit()).as(outcome::toString).isEqualTo(3);
            assertThat(outcome.out()).startsWith("sc://localhost:");
            assertThat(installation.processes()).isEmpty();
            assertThat(installation.state().resolve("runs")).isEmptyDirectory();
            assertThat(installation.run("daemon", "status").exit())
                    .as("no daemon was started")
                    .isEqualTo(7);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSupervisorThatIsKilledWithItsRunLeavesNothing(Where where) {
        try (Installation installation = where.install()) {
            Process run = endless(where, installation, "--no-daemon");
            List<Long> supervisor = supervisors(installation);
            assertThat(supervisor).hasSize(1);
            List<String> containers = where == Where.DOCKER ? containers(installation) : List.of();
            FaultTest.signal("KILL", supervisor.get(0));
            run.destroyForcibly();
            endCommand(installation);
            await().atMost(SOON.multipliedBy(2)).untilAsserted(() -> {
                assertThat(installation.processes()).isEmpty();
                assertThat(installation.state().resolve("runs")).isEmptyDirectory();
            });
            assertThat(containers)
                    .allSatisfy(
                            id -> assertThat(Docker.run("inspect", id).exit()).isNotZero());
        }
    }

    /** Those of the supervisor that is at work, whose installation is one of its own. */
    private static List<String> containers(Installation installation) {
        try (Stream<Path> runs = Files.list(installation.state().resolve("runs"))) {
            String id = Files.readString(runs.findFirst().orElseThrow().resolve("installation"))
                    .strip();
            List<String> found = Docker.ok("ps", "-q", "--filter", "label=io.connectctl.installation=" + id)
                    .lines()
                    .toList();
            assertThat(found).hasSize(1);
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The JVMs that supervise one command. */
    private static List<Long> supervisors(Installation installation) {
        return installation.processes().stream()
                .filter(process -> Installation.commandLine(process.pid()).contains("-Dconnectctl.oneCommand=true"))
                // The shell that starts one names all of its flags, too.
                .filter(process -> process.info().command().orElse("").endsWith("/java"))
                .map(ProcessHandle::pid)
                .toList();
    }

    @Test
    void everyFailureOfItsOwnIs125AndAShellsAreTheShells() throws Exception {
        try (Installation installation = new Installation()) {
            assertThat(installation.run("run").exit()).isEqualTo(125);
            assertThat(installation.run("run", "--prot", "1", "--", "true").exit())
                    .isEqualTo(125);
            assertThat(installation.run("run", "--", "no-such-command").exit()).isEqualTo(127);
            assertThat(installation
                            .run("run", "--", installation.project().toString())
                            .exit())
                    .isEqualTo(126);
            assertThat(installation.run("run", "--help").exit()).isZero();
            assertThat(installation.run("daemon", "status").exit())
                    .as("nothing was started for them")
                    .isEqualTo(7);

            Outcome failed = installation.run(run(
                    Where.PROCESS,
                    installation,
                    List.of("--conf", "spark.plugins=no.such.Plugin", "--logs-on-failure"),
                    "true"));
            assertThat(failed.exit()).as(failed::toString).isEqualTo(125);
            assertThat(failed.err()).contains("CLASS_NOT_FOUND", "log of lease-", "Error initializing SparkContext");
            assertThat(left(Where.PROCESS, installation)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatEndsAtOnceIsExplainedAllTheSame(Where where) {
        try (Installation installation = where.install()) {
            // The engine removes a leased container, and its log, some milliseconds after its start.
            Outcome failed = installation.run(
                    run(where, installation, List.of("--conf", Where.JAVA_KEY + "=-javaagent:/no/such.jar"), "true"));
            assertThat(failed.exit()).as(failed::toString).isEqualTo(125);
            assertThat(failed.err()).contains("JVM_OPTION_INVALID", "/no/such.jar");
            nothingLeft(where, installation, SOON);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeaseSurvivesItsDaemonAndGcKnowsItByItsMarksAlone(Where where) throws Exception {
        try (Installation installation = where.install()) {
            Process owner = new ProcessBuilder("sleep", "600").start();
            List<String> words = new ArrayList<>(List.of("lease", "--ttl", "10m", "-o", "json"));
            words.addAll(where.flags(installation, "4.0.1"));
            words.addAll(List.of("--master", "local[1]", "--driver-memory", "512m", "--owner", "" + owner.pid()));
            JsonNode lease = Installation.json(
                    installation.ok(words.toArray(String[]::new)).out());
            assertThat(lease.fieldNames())
                    .toIterable()
                    .containsExactly("lease", "server", "url", "tokenFile", "expiresAt");
            String server = lease.path("server").asText();
            Spark.assertOpenToItsTokenOnly(lease);
            JsonNode before = installation.status(server);
            assertThat(before.path("incarnation").asInt())
                    .as("at its first try")
                    .isEqualTo(1);
            if (where == Where.DOCKER) {
                assertThat(ImageTest.mapping(installation, server))
                        .as("uses its image's class data archive")
                        .isNotEmpty();
            }
            assertThat(before.at("/lease/id").asText())
                    .isEqualTo(lease.path("lease").asText());

            String port = lease.path("url").asText().replaceAll(".*:", "");
            Outcome held = installation.run(run(where, installation, List.of("--port", port), "true"));
            assertThat(held.exit()).as(held::toString).isEqualTo(125);
            assertThat(held.err()).contains("PORT_HELD", port, server);

            installation.daemon().destroyForcibly();
            assertThat(installation.ok("renew", lease.path("lease").asText(), "--ttl", "20m"))
                    .isNotNull();

            await().atMost(SOON).untilAsserted(() -> assertThat(
                            installation.look(server).path("url").asText())
                    .isEqualTo(lease.path("url").asText()));
            JsonNode after = installation.look(server);
            assertThat(after.path("incarnation").asInt())
                    .isEqualTo(before.path("incarnation").asInt());

            // The database is lost: only marks tell now what is ours.
            installation.daemon().destroyForcibly();
            owner.destroyForcibly();
            for (String suffix : List.of("", "-wal", "-shm")) {
                Files.deleteIfExists(installation.state().resolve("connectctl.db" + suffix));
            }
            try (Strangers strangers = new Strangers(where, installation)) {
                assertThat(installation.ok("gc", "--dry-run").out()).contains(server);
                assertThat(left(where, installation)).isNotEmpty();
                assertThat(installation.ok("gc").out()).doesNotContain("kept");
                nothingLeft(where, installation, SOON);
                strangers.assertUntouched();
            }
            assertThat(installation.run("release", lease.path("lease").asText()).exit())
                    .isEqualTo(5);
        }
    }
}
