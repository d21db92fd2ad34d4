package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Spare servers wait, each is handed out once, and nothing of them is left behind, whoever dies. */
class PoolTest {
    private static final int KILLS = Integer.getInteger("connectctl.counts.leaseKills", 4);
    private static final Duration SOON = Duration.ofSeconds(30);

    /** Client, daemon, and a server's process or container. */
    private static final int KINDS = 3;

    /** Leases at a time: what two cores start within a lease's time. */
    private static final int PARALLEL = 6;

    private static void create(Where where, Installation installation, int size) {
        List<String> words = new ArrayList<>(List.of("pool", "create", "ci", "--size", "" + size));
        words.addAll(where.flags(installation, "4.0.1"));
        words.addAll(List.of("--master", "local[1]", "--driver-memory", "512m"));
        installation.ok(words.toArray(String[]::new));
    }

    private static JsonNode pool(Installation installation) {
        return Installation.json(installation.get("/v1/pools")).path("pools").path(0);
    }

    private static void awaitReady(Installation installation, int size) {
        await().atMost(Installation.PATIENCE).untilAsserted(() -> {
            JsonNode pool = pool(installation);
            assertThat(pool.path("ready").asInt()).as(pool.toString()).isEqualTo(size);
        });
    }

    /** The servers of leases. */
    private static Set<String> servers(Installation installation, Predicate<JsonNode> of) {
        JsonNode leases = Installation.json(installation.get("/v1/leases")).path("leases");
        Set<String> servers = new TreeSet<>();
        StreamSupport.stream(leases.spliterator(), false)
                .filter(of)
                .forEach(lease -> servers.add(lease.path("server").asText()));
        return servers;
    }

    private static boolean spare(JsonNode lease) {
        return !lease.path("held").asBoolean() && lease.path("state").asText().equals("READY");
    }

    private static boolean held(JsonNode lease) {
        return lease.path("held").asBoolean() && !lease.path("state").asText().equals("ENDING");
    }

    private static JsonNode claim(Installation installation, long owner) {
        return Installation.json(installation
                .ok("lease", "--pool", "ci", "--ttl", "10m", "--owner", "" + owner, "-o", "json")
                .out());
    }

    /** Containers at full counts only: one start of theirs takes as long as everything else here. */
    private static Stream<Where> places() {
        return KILLS > 10 ? Stream.of(Where.values()) : Stream.of(Where.PROCESS);
    }

    @ParameterizedTest
    @MethodSource("places")
    void aPoolSurvivesItsDaemonAndNoServerIsHandedOutTwice(Where where) throws Exception {
        try (Installation installation = where.install()) {
            Process owner = new ProcessBuilder("sleep", "600").start();
            create(where, installation, 2);
            awaitReady(installation, 2);
            Set<String> spares = servers(installation, PoolTest::spare);
            JsonNode claimed = claim(installation, owner.pid());
            String first = claimed.path("server").asText();
            assertThat(spares).contains(first);
            Spark.assertOpenToItsTokenOnly(claimed);
            awaitReady(installation, 2);
            Set<String> waiting = servers(installation, PoolTest::spare);

            installation.daemon().destroyForcibly();
            installation.ok("daemon", "start");

            awaitReady(installation, 2);
            assertThat(servers(installation, PoolTest::spare)).isEqualTo(waiting);
            assertThat(servers(installation, PoolTest::held)).containsExactly(first);
            for (String server : waiting) {
                assertThat(installation.look(server).path("incarnation").asInt())
                        .as("adopted, not started anew")
                        .isEqualTo(1);
            }
            JsonNode second = claim(installation, ProcessHandle.current().pid());
            assertThat(waiting).contains(second.path("server").asText());
            assertThat(pool(installation).path("misses").asInt()).isZero();

            owner.destroyForcibly();
            await().atMost(SOON)
                    .until(() -> servers(installation, lease -> true).stream().noneMatch(first::equals));
            assertThat(installation.serverFolder(first)).as("destroyed").doesNotExist();
            assertThat(servers(installation, PoolTest::held))
                    .as("it cost its own server only")
                    .containsExactly(second.path("server").asText());

            installation.ok("pool", "delete", "ci");
            installation.ok("release", second.path("lease").asText());
            await().atMost(SOON).untilAsserted(() -> assertThat(RunTest.left(where, installation))
                    .isEmpty());
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void killsAtRandomInstantsLeaveNothingAndThePoolFillsUpAgain(Where where) throws Exception {
        long seed = Long.getLong("connectctl.seed", 20261123L);
        Random random = new Random(seed);
        try (Installation installation = where.install();
                Strangers strangers = new Strangers(where, installation)) {
            create(where, installation, 1);
            List<Process> clients = new ArrayList<>();
            Map<String, Integer> struck = new TreeMap<>();
            while (struck.values().stream().mapToInt(Integer::intValue).sum() < KILLS) {
                clients.removeIf(client -> !client.isAlive());
                if (clients.size() < PARALLEL) {
                    clients.add(endless(installation));
                }
                // The instant of the kill is random on purpose: it is the test's input, not a wait.
                clients.get(clients.size() - 1).waitFor(random.nextInt(4_000), TimeUnit.MILLISECONDS);
                // Each kind once, then as it comes.
                int kind = struck.size() < KINDS ? struck.size() : random.nextInt(KINDS);
                kill(where, installation, clients, kind, random).ifPresent(what -> struck.merge(what, 1, Integer::sum));
            }
            assertThat(struck).as("seed %s", seed).hasSize(KINDS);
            clients.forEach(Process::destroyForcibly);
            installation.ok("daemon", "start");

            awaitReady(installation, 1);
            await().atMost(SOON).untilAsserted(() -> assertThat(servers(installation, PoolTest::held))
                    .as("seed %s", seed)
                    .isEmpty());
            installation.ok("pool", "delete", "ci");
            await().atMost(SOON).untilAsserted(() -> assertThat(RunTest.left(where, installation))
                    .as("seed %s", seed)
                    .isEmpty());
            RunTest.gcFindsNothing(installation);
            strangers.assertUntouched();
        }
    }

    /** A client whose command never ends. */
    private static Process endless(Installation installation) {
        // Names its home, by which it is found and ended like everything of this installation.
        return installation.spawn(
                "run",
                "--pool",
                "ci",
                "--ttl",
                "20s",
                "--",
                "sh",
                "-c",
                "while sleep 1; do :; done",
                installation.home().toString());
    }

    /** One of the clients, the daemon, a process or a container of a server: what was hit, empty where there was none. */
    private static Optional<String> kill(
            Where where, Installation installation, List<Process> clients, int kind, Random random) {
        switch (kind) {
            case 0 -> {
                // It may have ended meanwhile.
                ProcessHandle client =
                        clients.get(random.nextInt(clients.size())).toHandle();
                return client.destroyForcibly() ? Optional.of("client") : Optional.empty();
            }
            case 1 -> {
                long daemon = Installation.json(installation
                                .run("daemon", "status", "-o", "json")
                                .out())
                        .path("pid")
                        .asLong();
                return ProcessHandle.of(daemon)
                        .filter(process -> daemon > 0 && process.destroyForcibly())
                        .map(process -> "daemon");
            }
            default -> {
                List<String> servers = RunTest.left(where, installation).stream()
                        .filter(left -> left.startsWith("process ") || left.startsWith("container "))
                        .toList();
                if (servers.isEmpty()) {
                    return Optional.empty();
                }
                String[] one = servers.get(random.nextInt(servers.size())).split(" ", 2);
                // What just ends may be gone by now.
                boolean hit = one[0].equals("process")
                        ? ProcessHandle.of(Long.parseLong(one[1]))
                                .filter(ProcessHandle::destroyForcibly)
                                .isPresent()
                        : Docker.run("kill", one[1]).exit() == 0;
                return hit ? Optional.of(one[0]) : Optional.empty();
            }
        }
    }
}
