package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ToolVersionTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @Test
    void numbersCompareAsNumbersAndASnapshotComesBeforeItsRelease() {
        assertThat(version("0.10.0").isNewerThan("0.9.9")).isTrue();
        assertThat(version("0.1.0").isNewerThan("0.1.0-SNAPSHOT")).isTrue();
        assertThat(version("0.1.0-SNAPSHOT").isNewerThan("0.1.0")).isFalse();
        assertThat(version("0.1.0").isNewerThan("0.1.0")).isFalse();
    }

    @Test
    void anotherBuildReplacesADaemonThatRanBeforeItWasInstalled() {
        ToolVersion mine = new ToolVersion("0.1.0", "bbb", Optional.of(NOON));

        assertThat(mine.replaces("0.1.0", "aaa", Optional.of(NOON.minusSeconds(1))))
                .isTrue();
        assertThat(mine.replaces("0.1.0", "aaa", Optional.of(NOON.plusSeconds(1))))
                .isFalse();
        assertThat(mine.replaces("0.1.0", "bbb", Optional.of(NOON.minusSeconds(1))))
                .isFalse();
        assertThat(mine.replaces("0.2.0", "aaa", Optional.of(NOON.minusSeconds(1))))
                .isFalse();
    }

    @Test
    void theBuildTellsTheVersion() {
        assertThat(ToolVersion.current().version()).matches("\\d+\\.\\d+\\.\\d+.*");
    }

    private static ToolVersion version(String text) {
        return new ToolVersion(text, "dev", Optional.empty());
    }
}
