package io.connectctl.tests;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * Breaks a real installation again and again, as its seed says, and looks after each action whether it mended itself: every server as it
 * is wanted, at most one instance of each, nothing left over, nothing lost that was acknowledged, a daemon that doesn't grow, and events
 * that tell what happened. {@code bench/chaos} runs it for minutes, {@link ChaosTest} for some actions.
 */
final class Chaos {
    private static final int SLOWEST = 5;

    private final ChaosPlan plan;
    private final PrintStream out;
    private final List<Done> done = new ArrayList<>();

    /** An action that was followed by recovery. */
    private record Done(int number, String kind, String told, Duration recovery) {}

    /**
     * How a run ended.
     *
     * @param actions how many there were
     * @param violation what didn't hold, if anything
     */
    record Result(int actions, Optional<String> violation) {}

    Chaos(ChaosPlan plan, PrintStream out) {
        this.plan = plan;
        this.out = out;
    }

    /** From the command line. */
    public static void main(String[] arguments) {
        ChaosPlan plan;
        try {
            plan = ChaosPlan.parse(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println("chaos: " + e.getMessage());
            System.err.print(ChaosPlan.USAGE);
            System.exit(2);
            return;
        }
        try {
            Result result = new Chaos(plan, System.out).run();
            System.exit(result.violation().isPresent() ? 1 : 0);
        } catch (IllegalArgumentException e) {
            // What can be done here is known only once the world stands.
            System.err.println("chaos: " + e.getMessage());
            System.exit(2);
        }
    }

    /** Does all of it; leaves nothing running. */
    Result run() {
        out.println("chaos: " + plan.replay(plan.actions().orElse(0)).replace(" --actions 0", "") + ", at most "
                + plan.duration().toMinutes() + " minutes, begun at "
                + Instant.now().truncatedTo(ChronoUnit.SECONDS));
        try (ChaosWorld world = new ChaosWorld(plan)) {
            // Whoever interrupts a run wants its servers gone, too.
            Runtime.getRuntime().addShutdownHook(new Thread(world::close));
            Optional<String> violation = Optional.empty();
            try {
                world.begin();
                world.hear();
                ChaosActions actions = new ChaosActions(world);
                out.println("actions: " + String.join(", ", actions.names()));
                actions.left().forEach((kind, why) -> out.println("left out: " + kind + ": " + why));
                long end = System.nanoTime() + plan.duration().toNanos();
                for (int number = 1;
                        number <= plan.actions().orElse(Integer.MAX_VALUE) && System.nanoTime() < end;
                        number++) {
                    act(world, actions, number);
                }
            } catch (ChaosViolation e) {
                violation = Optional.of(String.valueOf(e.getMessage()));
                evidence(world, e);
            } catch (AssertionError | UncheckedIOException | IndexOutOfBoundsException e) {
                violation = Optional.of("it can't be looked at: " + e);
                evidence(world, new ChaosViolation("while looking", List.of(e.toString())));
            }
            report(world, violation);
            return new Result(done.size(), violation);
        }
    }

    /** The choices of an action depend on its number and the seed alone, not on how many were made before. */
    private void act(ChaosWorld world, ChaosActions actions, int number) {
        // Neighbours' first numbers would resemble each other without the two factors, which are SplitMix64's.
        Random random = new Random((plan.seed() * 0x9E3779B97F4A7C15L) ^ (number * 0xBF58476D1CE4E5B9L));
        String kind = actions.choose(random);
        ChaosStep step = new ChaosStep(world, random);
        try {
            try {
                actions.run(kind, step);
            } catch (IOException e) {
                throw new ChaosViolation("the action itself", List.of(e.toString()));
            } catch (ChaosViolation e) {
                throw e;
            } catch (AssertionError | RuntimeException e) {
                throw new ChaosViolation("in the action", List.of(e.toString()));
            }
            Duration recovery = world.settle("after the action");
            List<JsonNode> news = world.news();
            List<String> missing = step.missing(news);
            if (!missing.isEmpty()) {
                throw new ChaosViolation("the events don't tell what happened", missing);
            }
            world.hear();
            done.add(new Done(number, kind, step.told(), recovery));
            out.printf(Locale.ROOT, "%4d  %-22s %6.1f s  %s%n", number, kind, seconds(recovery), step.told());
        } catch (ChaosViolation e) {
            done.add(new Done(number, kind, step.told(), Duration.ZERO));
            out.printf(Locale.ROOT, "%4d  %-22s VIOLATION  %s%n", number, kind, step.told());
            throw e;
        }
    }

    private static double seconds(Duration time) {
        return time.toMillis() / 1000.0;
    }

    private void evidence(ChaosWorld world, ChaosViolation violation) {
        int last = done.isEmpty() ? 0 : done.get(done.size() - 1).number();
        Path kept = Path.of(
                System.getProperty("connectctl.root"), "target", "chaos", "seed-" + plan.seed() + "-action-" + last);
        out.println();
        out.println("VIOLATION: " + violation.getMessage());
        out.println("believed: " + world.servers);
        out.println("replay: " + plan.replay(last));
        for (ChaosServer server : world.servers) {
            out.println("--- " + server.name);
            try {
                out.println(world.look(server));
            } catch (RuntimeException | AssertionError e) {
                out.println("can't be looked at: " + e);
            }
        }
        out.println("--- processes");
        world.processes()
                .forEach(
                        found -> out.println(found.pid() + " " + found.command().replace('\0', ' ')));
        out.println("--- the last events");
        try {
            world.news().forEach(out::println);
        } catch (RuntimeException | AssertionError e) {
            out.println("can't be read: " + e);
        }
        world.keep(kept);
        out.println("state folder, with the database and all logs: " + kept);
    }

    private void report(ChaosWorld world, Optional<String> violation) {
        out.println();
        out.println("seed " + plan.seed() + ": " + done.size() + " actions, "
                + (violation.isPresent() ? "1 violation" : "0 violations"));
        Map<String, List<Duration>> kinds = new TreeMap<>();
        done.forEach(each ->
                kinds.computeIfAbsent(each.kind(), key -> new ArrayList<>()).add(each.recovery()));
        out.printf(Locale.ROOT, "  %-22s %5s %10s %10s%n", "kind", "times", "median", "slowest");
        kinds.forEach((kind, times) -> {
            times.sort(Comparator.naturalOrder());
            out.printf(
                    Locale.ROOT,
                    "  %-22s %5d %8.1f s %8.1f s%n",
                    kind,
                    times.size(),
                    seconds(times.get(times.size() / 2)),
                    seconds(times.get(times.size() - 1)));
        });
        out.println("slowest recoveries:");
        done.stream()
                .sorted(Comparator.comparing(Done::recovery).reversed())
                .limit(SLOWEST)
                .forEach(each -> out.printf(
                        Locale.ROOT,
                        "  %6.1f s  action %d, %s: %s%n",
                        seconds(each.recovery()),
                        each.number(),
                        each.kind(),
                        each.told()));
        if (!world.memories.isEmpty()) {
            long daemons = world.memories.stream()
                    .mapToLong(ChaosWorld.Memory::pid)
                    .distinct()
                    .count();
            ChaosWorld.Memory first = world.memories.get(0);
            ChaosWorld.Memory last = world.memories.get(world.memories.size() - 1);
            out.printf(
                    Locale.ROOT,
                    "daemon: %d in a row; live heap %.1f MiB at first, %.1f at most, %.1f at last; resident %.0f MiB"
                            + " at most; %d threads and %d open files at most%n",
                    daemons,
                    mebibytes(first.heap()),
                    mebibytes(world.memories.stream()
                            .mapToLong(ChaosWorld.Memory::heap)
                            .max()
                            .orElse(0)),
                    mebibytes(last.heap()),
                    mebibytes(world.memories.stream()
                            .mapToLong(ChaosWorld.Memory::resident)
                            .max()
                            .orElse(0)),
                    world.memories.stream()
                            .mapToInt(ChaosWorld.Memory::threads)
                            .max()
                            .orElse(0),
                    world.memories.stream()
                            .mapToInt(ChaosWorld.Memory::files)
                            .max()
                            .orElse(0));
        }
    }

    private static double mebibytes(long bytes) {
        return bytes / 1048576.0;
    }
}
