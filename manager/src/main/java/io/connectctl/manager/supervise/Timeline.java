package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What one start spent its time on, step by step without a gap.
 *
 * @param server whose
 * @param incarnation which run
 * @param began when its first known step began
 * @param steps in order; each begins where the one before it ends
 * @param complete true once a query was proven; else it goes on, or ended on the way
 * @param hint what can be done about the slowest step; empty where none is known
 * @param notes what isn't known, and why, a sentence each
 */
public record Timeline(
        ServerName server,
        int incarnation,
        Instant began,
        List<Step> steps,
        boolean complete,
        Optional<String> hint,
        List<String> notes) {

    /** The steps of a start. */
    public enum Kind {
        /** What is needed is looked for: Java, the image, Spark's jars, packages. */
        RESOLVE("resolve"),
        /** What isn't there is fetched. */
        PULL("pull"),
        /** Files are rendered, the process or container is made. */
        CREATE("create"),
        /** Java starts and loads Spark's launcher. */
        JVM("jvm"),
        /** Spark's own resolver (Ivy) looks for packages. */
        PACKAGES("packages"),
        /** The SparkContext is made: with a cluster's master it asks that. */
        CONTEXT("SparkContext"),
        /** The service is started and bound. */
        PORT("port"),
        /** Spark Connect's first answer. */
        RPC("rpc"),
        /** The first session. */
        SESSION("session"),
        /** The first query. */
        QUERY("query");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** As people and scripts know it. */
        public String words() {
            return words;
        }
    }

    /**
     * One step.
     *
     * @param start from {@link Timeline#began}
     * @param took how long it took
     * @param about what it was about, for people; empty text for nothing
     */
    public record Step(Kind kind, Duration start, Duration took, String about) {}

    public Timeline {
        steps = List.copyOf(steps);
        notes = List.copyOf(notes);
    }

    /** From the beginning to the end of the last known step. */
    public Duration total() {
        return steps.isEmpty()
                ? Duration.ZERO
                : steps.get(steps.size() - 1)
                        .start()
                        .plus(steps.get(steps.size() - 1).took());
    }

    /** The one that took longest; empty where none is known. */
    public Optional<Step> slowest() {
        return steps.stream().max(Comparator.comparing(Step::took));
    }
}
