package io.connectctl.tests;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a run of chaos is asked for. Seed, number of servers, runtime and the choice of actions decide every choice that is made; time
 * only decides how many there are.
 *
 * @param seed decides what is done to whom, and in which order
 * @param duration no action begins after it
 * @param actions how many actions there are at most; empty: as many as time allows
 * @param runtime where the servers run
 * @param servers how many there are
 * @param clock whether the machine's wall clock may be set, which everything on this machine sees
 * @param patience how long a server may take to what is wanted of it; a quiet machine needs about 20 s
 * @param only kinds of actions to choose from; empty: all that can be done here
 */
record ChaosPlan(
        long seed,
        Duration duration,
        Optional<Integer> actions,
        Runtimes runtime,
        int servers,
        boolean clock,
        Duration patience,
        List<String> only) {
    /** Where a run's servers are. */
    enum Runtimes {
        PROCESS,
        DOCKER,
        /** Every other server is a container. */
        BOTH
    }

    static final String USAGE =
            """
            bench/chaos --seed N --minutes M [--runtime process|docker|both] [--servers K] [--actions A]
                        [--patience SECONDS] [--only KIND,KIND...] [--clock]

            Breaks a real installation in a home of its own at random, and looks after each time whether it mended itself.
            The seed decides every choice; --actions ends a run after so many of them, as a replay does.
            --clock also sets this machine's wall clock, for seconds: everything on it sees that (root).
            Exit code 0: no violation; 1: one, with what is needed to replay it; 2: usage.
            """;

    ChaosPlan {
        only = List.copyOf(only);
    }

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException says what is wrong with it
     */
    static ChaosPlan parse(List<String> arguments) {
        Optional<Long> seed = Optional.empty();
        Optional<Duration> duration = Optional.empty();
        Optional<Integer> actions = Optional.empty();
        Runtimes runtime = Runtimes.PROCESS;
        int servers = 3;
        boolean clock = false;
        Duration patience = Duration.ofMinutes(3);
        List<String> only = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String option = arguments.get(i);
            if (option.equals("--clock")) {
                clock = true;
                continue;
            }
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException("'" + option + "' is no option, or lacks its value");
            }
            String value = arguments.get(++i);
            switch (option) {
                case "--seed" -> seed = Optional.of(whole(option, value));
                case "--minutes" -> duration = Optional.of(Duration.ofMinutes(whole(option, value)));
                case "--actions" -> actions = Optional.of((int) whole(option, value));
                case "--servers" -> servers = (int) whole(option, value);
                case "--patience" -> patience = Duration.ofSeconds(whole(option, value));
                case "--only" -> only.addAll(List.of(value.split(",", -1)));
                case "--runtime" -> {
                    try {
                        runtime = Runtimes.valueOf(value.toUpperCase(Locale.ROOT));
                    } catch (IllegalArgumentException e) {
                        throw new IllegalArgumentException(
                                "--runtime is process, docker or both, not '" + value + "'", e);
                    }
                }
                default -> throw new IllegalArgumentException("'" + option + "' is no option");
            }
        }
        if (duration.isEmpty() && actions.isEmpty()) {
            throw new IllegalArgumentException("say how long: --minutes M, or --actions A");
        }
        if (servers < 1 || servers > 20) {
            throw new IllegalArgumentException("--servers is 1 to 20, not " + servers);
        }
        if (runtime == Runtimes.BOTH && servers < 2) {
            throw new IllegalArgumentException("--runtime both needs a server for each: --servers 2, or more");
        }
        return new ChaosPlan(
                seed.orElseThrow(() -> new IllegalArgumentException("--seed N is missing")),
                duration.orElse(Duration.ofDays(1)),
                actions,
                runtime,
                servers,
                clock,
                patience,
                only);
    }

    private static long whole(String option, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " wants a whole number, not '" + value + "'", e);
        }
    }

    /** The command that does the same up to this action. */
    String replay(int count) {
        StringBuilder command = new StringBuilder("bench/chaos --seed " + seed + " --actions " + count + " --runtime "
                + runtime.name().toLowerCase(Locale.ROOT) + " --servers " + servers);
        // How long a server may be silent depends on it, too.
        command.append(" --patience ").append(patience.toSeconds());
        if (!only.isEmpty()) {
            command.append(" --only ").append(String.join(",", only));
        }
        if (clock) {
            command.append(" --clock");
        }
        return command.toString();
    }
}
