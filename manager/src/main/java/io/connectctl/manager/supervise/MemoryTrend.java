package io.connectctl.manager.supervise;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * From samples of one instance's memory to warnings before it is ended for want of it. Pure: no clock and no I/O.
 *
 * <p>Warned of is a measure that in two samples in a row is near its limit, or is well on its way there and grows so that it gets there
 * within {@link #HORIZON}: one sample alone may be chance. Once warned, it is silent until the measure fell well below, so that a level that stays is told once.
 */
final class MemoryTrend {
    /** A pace is measured over this time, and at least half of it: two collections of a busy heap differ by chance. */
    private static final Duration WINDOW = Duration.ofMinutes(10);

    /** Long enough to be read and acted upon, short enough that most that climb so are not warned of in vain. */
    static final Duration HORIZON = Duration.ofMinutes(10);

    private static final double NEAR = 0.92;
    /** Below it no pace is worth a warning: a heap that was just filled grows fast and stops. */
    private static final double WORTH_A_PACE = 0.75;

    private static final double WELL_BELOW = 0.85;
    private static final int FEWEST = 6;

    /** What is measured. */
    enum Measure {
        /** Resident memory, which the kernel ends a container, a group or a machine's largest process for. */
        RESIDENT("resident memory"),
        /** The heap as the last collection left it: what is beyond can be collected. */
        HEAP("heap after collection");

        private final String words;

        Measure(String words) {
            this.words = words;
        }
    }

    /**
     * One look.
     *
     * @param at on the boot clock
     * @param resident resident memory, bytes
     * @param limit how far it can grow, bytes; empty where nobody knows
     * @param heap the heap after its last collection, bytes; empty where it isn't known, as with the UI off
     * @param heapMost how far that can grow, bytes
     */
    record Sample(Duration at, long resident, OptionalLong limit, OptionalLong heap, OptionalLong heapMost) {}

    /** One value of a measure, with its limit then. */
    private record Point(Duration at, long value, long limit) {
        double level() {
            return (double) value / limit;
        }
    }

    /**
     * A warning.
     *
     * @param measure of what
     * @param words one sentence, with the values
     */
    record Warning(Measure measure, String words) {}

    private final Map<Measure, Deque<Point>> points = new EnumMap<>(Measure.class);
    /** What climbed at the last look. */
    private final Set<Measure> climbing = EnumSet.noneOf(Measure.class);

    private final Set<Measure> warned = EnumSet.noneOf(Measure.class);

    /** Takes a look's values and tells what is to be warned of now. */
    List<Warning> add(Sample sample) {
        List<Warning> warnings = new ArrayList<>();
        if (sample.limit().isPresent()) {
            add(
                            Measure.RESIDENT,
                            new Point(
                                    sample.at(),
                                    sample.resident(),
                                    sample.limit().getAsLong()))
                    .ifPresent(warnings::add);
        }
        if (sample.heap().isPresent() && sample.heapMost().isPresent()) {
            add(
                            Measure.HEAP,
                            new Point(
                                    sample.at(),
                                    sample.heap().getAsLong(),
                                    sample.heapMost().getAsLong()))
                    .ifPresent(warnings::add);
        }
        return warnings;
    }

    private Optional<Warning> add(Measure measure, Point now) {
        if (now.limit() <= 0) {
            return Optional.empty();
        }
        Deque<Point> past = points.computeIfAbsent(measure, key -> new ArrayDeque<>());
        Optional<Point> before = Optional.ofNullable(past.peekLast());
        past.addLast(now);
        while (now.at().minus(past.getFirst().at()).compareTo(WINDOW) > 0) {
            past.removeFirst();
        }
        double pace = pace(past);
        Duration left =
                pace > 0 ? Duration.ofMillis((long) ((now.limit() - now.value()) / pace)) : HORIZON.plus(HORIZON);
        boolean near = now.level() >= NEAR
                && before.filter(last -> last.level() >= NEAR).isPresent();
        boolean climbs = now.level() >= WORTH_A_PACE && left.compareTo(HORIZON) <= 0;
        boolean soon = climbs && climbing.contains(measure);
        if (climbs) {
            climbing.add(measure);
        } else {
            climbing.remove(measure);
        }
        if (near || soon) {
            return warned.add(measure)
                    ? Optional.of(new Warning(measure, words(measure, now, pace, left)))
                    : Optional.empty();
        }
        if (now.level() < WELL_BELOW && left.compareTo(HORIZON.multipliedBy(2)) >= 0) {
            warned.remove(measure);
        }
        return Optional.empty();
    }

    /**
     * Bytes a millisecond, 0 where too little is known: by least squares, and no faster than its low points rise. What is filled and
     * emptied again and again climbs in between, and gets nowhere.
     */
    private static double pace(Deque<Point> past) {
        Point first = past.getFirst();
        Duration span = past.getLast().at().minus(first.at());
        if (past.size() < FEWEST || span.compareTo(WINDOW.dividedBy(2)) < 0) {
            return 0;
        }
        double times = 0;
        double values = 0;
        double squares = 0;
        double products = 0;
        for (Point point : past) {
            double time = point.at().minus(first.at()).toMillis();
            times += time;
            values += point.value();
            squares += time * time;
            products += time * point.value();
        }
        int count = past.size();
        double spread = count * squares - times * times;
        return spread <= 0 ? 0 : Math.min((count * products - times * values) / spread, paceOfLows(past, span));
    }

    private static double paceOfLows(Deque<Point> past, Duration span) {
        Duration middle = past.getFirst().at().plus(span.dividedBy(2));
        long before = Long.MAX_VALUE;
        long after = Long.MAX_VALUE;
        for (Point point : past) {
            if (point.at().compareTo(middle) < 0) {
                before = Math.min(before, point.value());
            } else {
                after = Math.min(after, point.value());
            }
        }
        return (after - before) / (span.toMillis() / 2.0);
    }

    private static String words(Measure measure, Point now, double pace, Duration left) {
        return String.format(
                        Locale.ROOT,
                        "%s is %s of %s (%d %%)",
                        measure.words,
                        mebibytes(now.value()),
                        mebibytes(now.limit()),
                        Math.round(now.level() * 100))
                + (pace <= 0 || left.compareTo(HORIZON.multipliedBy(2)) >= 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                " and grows by %s a minute: at this pace it is full in %s",
                                mebibytes((long) (pace * 60_000)),
                                left.compareTo(Duration.ofMinutes(2)) < 0
                                        ? Math.max(1, left.toSeconds()) + " s"
                                        : left.toMinutes() + " min"));
    }

    private static String mebibytes(long bytes) {
        return ((bytes + (1L << 19)) >> 20) + " MiB";
    }
}
