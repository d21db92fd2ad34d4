import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Probes;
import io.connectctl.health.Rung;
import io.connectctl.health.testing.FakeSparkConnect;
import io.connectctl.health.testing.FakeSparkUi;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What probing many servers costs: gRPC servers that answer as Spark 4 does, and their UIs, in one JVM; the ladder that the daemon
 * climbs, in this one, at the declared default's pace. Only this JVM's CPU counts. Started by bench/run.
 */
final class Probing {
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Duration WARM = Duration.ofSeconds(20);
    private static final Duration WATCHED = Duration.ofSeconds(60);

    private Probing() {}

    public static void main(String[] args) throws Exception {
        int servers = Integer.parseInt(args[1]);
        if (args[0].equals("serve")) {
            serve(servers);
        } else {
            probe(servers);
        }
    }

    private static String marker(int server) {
        return "server" + server + "/1/0a1b2c3d";
    }

    private static void serve(int servers) throws Exception {
        for (int server = 0; server < servers; server++) {
            System.out.println(FakeSparkConnect.start(FakeSparkConnect.Dialect.SPARK_4).port() + " "
                    + FakeSparkUi.of("local-" + server, marker(server)).port());
        }
        System.out.flush();
        // Until whoever started it is gone.
        while (System.in.read() >= 0) {}
        System.exit(0);
    }

    private static void probe(int servers) throws Exception {
        Process other = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        System.getProperty("probing.source"),
                        "serve",
                        "" + servers)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<Ladder> ladders = new ArrayList<>();
        try (var ports = other.inputReader()) {
            for (int server = 0; server < servers; server++) {
                String[] words = ports.readLine().split(" ");
                ladders.add(Probes.ladder(new ProbeTarget(
                        "localhost",
                        Integer.parseInt(words[0]),
                        Optional.empty(),
                        "localhost",
                        List.of(Integer.parseInt(words[1])),
                        marker(server),
                        UUID.randomUUID())));
            }
            AtomicInteger passed = new AtomicInteger();
            AtomicInteger failed = new AtomicInteger();
            ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
            ExecutorService workers = Executors.newCachedThreadPool();
            for (int server = 0; server < servers; server++) {
                Ladder ladder = ladders.get(server);
                timer.scheduleAtFixedRate(
                        () -> workers.execute(() -> {
                            try {
                                Climb climb = ladder.climb(Rung.SESSION, Duration.ofSeconds(5));
                                (climb.passed() ? passed : failed).incrementAndGet();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        }),
                        INTERVAL.toMillis() * server / servers,
                        INTERVAL.toMillis(),
                        TimeUnit.MILLISECONDS);
            }
            TimeUnit.MILLISECONDS.sleep(WARM.toMillis());
            passed.set(0);
            long before = cpu();
            TimeUnit.MILLISECONDS.sleep(WATCHED.toMillis());
            double cores = (double) (cpu() - before) / WATCHED.toNanos();
            System.out.printf(
                    "probing %d servers every %d s: %.2f %% of a core (goal: at most 5); %d climbs to session passed, %d failed%n",
                    servers, INTERVAL.toSeconds(), cores * 100, passed.get(), failed.get());
        } finally {
            other.destroy();
        }
        System.exit(0);
    }

    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
