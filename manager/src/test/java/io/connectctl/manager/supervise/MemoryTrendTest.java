package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

class MemoryTrendTest {
    private static final long MIB = 1L << 20;
    private static final Duration EVERY = Duration.ofSeconds(MemoryWatch.SECONDS);

    private final MemoryTrend trend = new MemoryTrend();
    private int looks;

    /** Resident memory in MiB of 1000, look by look; the numbers of the looks that were warned at, with the words. */
    private List<String> resident(int count, IntToLongFunction mebibytes) {
        List<String> warnings = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int look = looks++;
            trend.add(new MemoryTrend.Sample(
                            EVERY.multipliedBy(look),
                            mebibytes.applyAsLong(i) * MIB,
                            OptionalLong.of(1000 * MIB),
                            OptionalLong.empty(),
                            OptionalLong.empty()))
                    .forEach(warning -> warnings.add(look + " " + warning.words()));
        }
        return warnings;
    }

    @Test
    void aLevelThatStaysIsNoNews() {
        assertThat(resident(200, look -> 880)).isEmpty();
    }

    @Test
    void nearTheLimitIsToldOnceAndAgainOnlyAfterItFell() {
        assertThat(resident(40, look -> 950)).containsExactly("1 resident memory is 950 MiB of 1000 MiB (95 %)");
        assertThat(resident(40, look -> 900)).isEmpty();
        assertThat(resident(40, look -> 950)).isEmpty();
        assertThat(resident(40, look -> 600)).isEmpty();
        assertThat(resident(40, look -> 950)).hasSize(1);
    }

    @Test
    void oneLookThatIsHighIsChance() {
        assertThat(resident(40, look -> look == 20 ? 950 : 600)).isEmpty();
    }

    @Test
    void aClimbIsToldMinutesBeforeItGetsThere() {
        // 8 MiB a look are 32 MiB a minute.
        List<String> warnings = resident(100, look -> 300 + 8L * look);

        assertThat(warnings).hasSize(1);
        int look = Integer.parseInt(warnings.get(0).split(" ", 2)[0]);
        int full = (1000 - 300) / 8;
        assertThat(EVERY.multipliedBy(full - look)).isBetween(Duration.ofMinutes(5), MemoryTrend.HORIZON);
        assertThat(warnings.get(0)).contains("grows by 32 MiB a minute").contains("full in 7 min");
    }

    @Test
    void aSawtoothThatDoesNotRiseIsNoClimb() {
        Random chance = new Random(7);
        assertThat(resident(400, look -> 600 + 250L * (look % 12) / 12 + chance.nextInt(20)))
                .isEmpty();
    }

    @Test
    void aStartThatFillsTheHeapAndStopsIsNoClimb() {
        assertThat(resident(60, look -> Math.min(740, 200 + 60L * look))).isEmpty();
    }

    @Test
    void theHeapIsJudgedByItself() {
        List<MemoryTrend.Warning> warnings = new ArrayList<>();
        for (int look = 0; look < 3; look++) {
            warnings.addAll(trend.add(new MemoryTrend.Sample(
                    EVERY.multipliedBy(look),
                    100 * MIB,
                    OptionalLong.of(1000 * MIB),
                    OptionalLong.of(500 * MIB),
                    OptionalLong.of(512 * MIB))));
        }

        assertThat(warnings)
                .singleElement()
                .satisfies(warning -> assertThat(warning.measure()).isEqualTo(MemoryTrend.Measure.HEAP))
                .satisfies(warning ->
                        assertThat(warning.words()).isEqualTo("heap after collection is 500 MiB of 512 MiB (98 %)"));
    }

    @Test
    void whatNobodyKnowsIsNotJudged() {
        assertThat(trend.add(new MemoryTrend.Sample(
                        Duration.ZERO, Long.MAX_VALUE, OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(0))))
                .isEmpty();
    }
}
