package io.connectctl.junit5;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConnectctlTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Path folder;
    private FakeConnectctl fake;

    @BeforeEach
    void install(@TempDir Path fresh) {
        folder = fresh;
        fake = new FakeConnectctl(folder);
    }

    private String answer(Optional<String> parameter, Optional<String> variable, String path) {
        return Connectctl.find(parameter, variable, path).ok(PATIENCE, "logs", "x");
    }

    @Test
    void isFoundByParameterThenByVariableThenOnThePath() {
        Optional<String> here = Optional.of(fake.command().toString());
        Optional<String> wrong = Optional.of("/nonexistent/connectctl");

        assertThat(answer(here, wrong, "")).isEqualTo("log of x\n");
        assertThat(answer(Optional.empty(), here, "")).isEqualTo("log of x\n");
        assertThat(answer(Optional.empty(), Optional.empty(), "/nonexistent::" + folder))
                .isEqualTo("log of x\n");
        assertThat(answer(Optional.of("connectctl"), wrong, folder.toString())).isEqualTo("log of x\n");
    }

    @Test
    void whatIsNotThereIsNamedWithARemedy() {
        assertThatThrownBy(() -> Connectctl.find(Optional.empty(), Optional.empty(), "/nonexistent"))
                .hasMessageContainingAll("/nonexistent", "connectctl.command", "CONNECTCTL");
        assertThatThrownBy(() -> Connectctl.find(Optional.of("/no/such"), Optional.empty(), ""))
                .hasMessageContainingAll("connectctl.command", "/no/such");
        assertThatThrownBy(() -> Connectctl.find(Optional.empty(), Optional.of(folder.toString()), ""))
                .hasMessageContainingAll("CONNECTCTL", folder.toString());
    }

    @Test
    void whatCantBeExecutedAfterAllIsNamed() throws IOException {
        Files.writeString(fake.command(), "#!/nonexistent/shell\n");

        assertThatThrownBy(() -> fake.found().ok(PATIENCE, "logs", "x"))
                .isInstanceOf(ConnectServerException.class)
                .hasMessageContaining(fake.command().toString());
    }

    @Test
    void longOutputOnBothStreamsIsReadWhole() throws IOException {
        Files.writeString(fake.command(), "#!/bin/sh\nseq 100000\nseq 200000 >&2\n[ -z \"$(cat)\" ] || exit 1\n");

        Connectctl.Outcome outcome = fake.found().run(PATIENCE, List.of("logs"));

        assertThat(outcome.exit()).isZero();
        assertThat(outcome.out()).endsWith("\n100000\n");
        assertThat(outcome.err()).endsWith("\n200000\n");
    }

    @Test
    void commandThatHangsIsEnded() {
        assertThatThrownBy(() -> fake.found().ok(Duration.ofMillis(300), "hang"))
                .hasMessageContaining("connectctl hang didn't end");
    }

    @Test
    void interruptEndsTheCommandAndIsKept() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> fake.found().ok(PATIENCE, "hang")).hasMessageContaining("interrupted");
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
