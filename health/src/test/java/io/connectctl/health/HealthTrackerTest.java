package io.connectctl.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.health.HealthTracker.Verdict;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class HealthTrackerTest {
    @Property
    void isHealthyFromTheFirstPassUntilEnoughFailuresInARow(
            @ForAll @IntRange(min = 1, max = 5) int failures,
            @ForAll @IntRange(min = 1, max = 5) int successes,
            @ForAll @Size(max = 60) List<Boolean> passes) {
        HealthTracker tracker = HealthTracker.of(failures, successes);
        Verdict expected = Verdict.UNKNOWN;
        for (int i = 0; i < passes.size(); i++) {
            tracker = passes.get(i) ? tracker.afterPass() : tracker.afterFailure();
            // The same said in another way: by looking back at the history instead of counting.
            if (passes.get(i)) {
                expected = expected == Verdict.UNKNOWN || run(passes, i) >= successes ? Verdict.HEALTHY : expected;
            } else if (run(passes, i) >= failures) {
                expected = Verdict.UNHEALTHY;
            }
            assertThat(tracker.verdict()).isEqualTo(expected);
        }
    }

    @Property
    void fewerFailuresThanTheThresholdNeverChangeTheVerdict(
            @ForAll @IntRange(min = 2, max = 9) int failures, @ForAll @IntRange(max = 40) int rounds) {
        HealthTracker tracker = HealthTracker.of(failures, 1).afterPass();
        for (int round = 0; round < rounds; round++) {
            for (int i = 1; i < failures; i++) {
                tracker = tracker.afterFailure();
            }
            assertThat(tracker.verdict()).isEqualTo(Verdict.HEALTHY);
            tracker = tracker.afterPass();
        }
    }

    @Example
    void countsStopInsteadOfTurningNegative() {
        HealthTracker tracker = new HealthTracker(3, 1, Verdict.HEALTHY, 0, Integer.MAX_VALUE);

        assertThat(tracker.afterPass().successes()).isEqualTo(Integer.MAX_VALUE);
    }

    @Example
    void refusesAThresholdOfNothing() {
        assertThatThrownBy(() -> HealthTracker.of(0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("failures=0");
    }

    /** How many results up to {@code at} were the same as the one there. */
    private static int run(List<Boolean> passes, int at) {
        int length = 0;
        for (int i = at; i >= 0 && passes.get(i).equals(passes.get(at)); i--) {
            length++;
        }
        return length;
    }
}
