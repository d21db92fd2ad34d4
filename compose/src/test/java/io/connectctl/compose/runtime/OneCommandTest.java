package io.connectctl.compose.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder for one command is given up only when nobody will start its supervisor any more. */
class OneCommandTest {
    private final Path state;

    OneCommandTest(@TempDir Path state) {
        this.state = state;
    }

    private void minutesPass() throws Exception {
        Files.setLastModifiedTime(
                state.resolve("for-one-command"), FileTime.from(Instant.now().minus(Duration.ofMinutes(5))));
    }

    @Test
    void whatBearsNoMarkIsNeverGivenUp() throws Exception {
        assertThat(OneCommand.marks(state)).isFalse();
        assertThat(OneCommand.abandoned(state)).isFalse();
    }

    @Test
    void whatIsBeingMadeIsNotGivenUp() throws Exception {
        OneCommand.mark(state);

        assertThat(OneCommand.marks(state)).isTrue();
        assertThat(OneCommand.abandoned(state)).isFalse();
        minutesPass();
        assertThat(OneCommand.abandoned(state)).isTrue();
    }

    @Test
    void whatSomebodyKeepsIsNotGivenUpBeforeTheyEnd() throws Exception {
        Process keeper = new ProcessBuilder("sleep", "600").start();
        OneCommand.mark(state);
        OneCommand.keptBy(state, keeper.pid());
        minutesPass();
        assertThat(OneCommand.abandoned(state)).isFalse();

        keeper.destroyForcibly().waitFor();

        assertThat(OneCommand.abandoned(state)).isTrue();
    }
}
