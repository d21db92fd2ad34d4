package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A command gets a server of its own, its end is told as it was, and nothing is left behind, whoever dies. */
class RunTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** The client's own call with the variables that it was given. */
    private static final String CLIENT = "exec '" + Path.of(System.getProperty("java.home"), "bin", "java")
            + "' -Xmx256m --add-opens=java.base/java.nio=ALL-UNNAMED -cp '" + Spark.CLIENT
            + "/*' io.connectctl.tests.client.ClientProgram \"$SPARK_REMOTE\" hello";

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

    static void nothingLeft(Where where, Installation installation, Duration patience) {
        await().atMost(patience)
                .untilAsserted(() -> assertThat(left(where, installation)).isEmpty());
    }

    /** Runs a command that never ends by itself, and returns once it runs. */
    private static Process endless(Where where, Installation installation, List<String> options) {
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
                "trap 'exit 9' TERM; trap 'exit 8' INT; echo $$ >running.new; mv running.new running;"
                        + " while :; do sleep 0.2; done"));
        await().atMost(Installation.PATIENCE).until(() -> {
            assertThat(run.isAlive()).as("connectctl run").isTrue();
            return Files.exists(running);
        });
        return run;
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
    void aCommandsClientRunsAQueryAndItsExitCodeIsTold(Where where) {
        try (Installation installation = where.install()) {
            String script = "set -e; [ \"$SPARK_CONNECT_RELEASE_SESSION_ON_EXIT\" = 1 ];"
                    + " case $CONNECTCTL_SERVER in lease-*) ;; *) exit 3 ;; esac;"
                    // Nobody gets in without the token.
                    + " ! (unset SPARK_CONNECT_AUTHENTICATE_TOKEN; " + CLIENT + ") 2>refused; (" + CLIENT + "); exit 7";

            Outcome outcome = installation.run(run(where, installation, List.of(), "sh", "-c", script));

            assertThat(outcome.exit()).as(outcome::toString).isEqualTo(7);
            assertThat(outcome.out().strip()).as(outcome::toString).isEqualTo("Hello, Spark Connect!");
            assertThat(installation.project().resolve("refused")).content().contains("UNAUTHENTICATED");
            assertThat(left(where, installation)).isEmpty();
            assertThat(Installation.json(installation.ok("leases", "-o", "json").out())
                            .path("leases"))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKilledRunCostsItsServerAndAKilledDaemonDoesNotKeepItAlive(Where where) {
        try (Installation installation = where.install()) {
            Process first = endless(where, installation, List.of());
            first.destroyForcibly();
            nothingLeft(where, installation, SOON);
            endCommand(installation);

            Process second = endless(where, installation, List.of("--ttl", "6s"));
            ProcessHandle daemon = installation.daemon();
            // Neither of them can end it now: what lies beside the server does.
            daemon.destroyForcibly();
            second.destroyForcibly();
            nothingLeft(where, installation, Duration.ofSeconds(40));
            endCommand(installation);
            assertThat(Installation.json(installation.ok("cache", "-o", "json").out()))
                    .isNotNull();
            await().atMost(SOON).untilAsserted(() -> assertThat(Installation.json(
                                    installation.ok("leases", "-o", "json").out())
                            .path("leases"))
                    .isEmpty());
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

    @Test
    void signalsReachTheCommandAndItsAnswerIsTold() throws Exception {
        try (Installation installation = new Installation()) {
            Process run = endless(Where.PROCESS, installation, List.of());
            run.destroy();
            Outcome terminated = Installation.finish(run, SOON);
            assertThat(terminated.exit()).as(terminated::toString).isEqualTo(9);
            nothingLeft(Where.PROCESS, installation, Duration.ofSeconds(2));

            Process interrupted = endless(Where.PROCESS, installation, List.of());
            FaultTest.signal("INT", interrupted.pid());
            Outcome outcome = Installation.finish(interrupted, SOON);
            assertThat(outcome.exit()).as(outcome::toString).isEqualTo(8);
            nothingLeft(Where.PROCESS, installation, Duration.ofSeconds(2));

            Process starting = installation.spawn(run(Where.PROCESS, installation, List.of(), "true"));
            await().atMost(SOON).until(() -> !left(Where.PROCESS, installation).isEmpty());
            starting.destroy();
            assertThat(Installation.finish(starting, SOON).exit()).isEqualTo(143);
            nothingLeft(Where.PROCESS, installation, Duration.ofSeconds(2));
        }
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
    void aLeaseSurvivesItsDaemonAndEndsWithItsOwnerOrByHand(Where where) throws Exception {
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
            assertThat(Path.of(lease.path("tokenFile").asText())).exists();
            JsonNode before = installation.status(server);
            assertThat(before.at("/lease/id").asText())
                    .isEqualTo(lease.path("lease").asText());

            installation.daemon().destroyForcibly();
            assertThat(installation.ok("renew", lease.path("lease").asText(), "--ttl", "20m"))
                    .isNotNull();

            JsonNode after = installation.status(server);
            assertThat(after.path("url").asText()).isEqualTo(lease.path("url").asText());
            assertThat(after.path("incarnation").asInt())
                    .isEqualTo(before.path("incarnation").asInt());
            owner.destroyForcibly();
            nothingLeft(where, installation, SOON);
            assertThat(installation.run("release", lease.path("lease").asText()).exit())
                    .isEqualTo(5);
        }
    }
}
