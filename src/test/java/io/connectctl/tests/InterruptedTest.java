package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A command that waits or follows ends at a signal with the code that shells know, and what it waited for goes on. */
class InterruptedTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void commandsThatWaitOrFollowEndWithTheCodeOfTheirSignal() throws IOException {
        try (Installation installation = new Installation()) {
            Process starting = installation.spawn("start", "a", "--port", "auto", "--ui-port", "auto");
            await().atMost(Installation.PATIENCE)
                    .until(() -> installation.run("events", "a").out().contains("proven: PROCESS")
                            || installation.run("events", "a").out().contains("it runs"));
            FaultTest.signal("INT", starting.pid());
            Outcome started = Installation.finish(starting, SOON);
            assertThat(started.exit()).as(started::toString).isEqualTo(130);
            assertThat(started.err()).contains("interrupted; the start of 'a'");
            installation.ok("wait", "a");

            assertEnds(installation, "TERM", 143, "events", "a", "-f");
            assertEnds(installation, "INT", 130, "logs", "a", "-f");
            assertEnds(installation, "INT", 130, "status", "a", "--watch");

            Process waiting = installation.spawn("wait", "a", "--for", "stopped", "--timeout", "1h");
            FaultTest.signal("TERM", waiting.pid());
            assertThat(Installation.finish(waiting, SOON).exit()).isEqualTo(143);
            assertThat(installation.status("a").path("phase").asText()).isEqualTo("HEALTHY");
        }
    }

    /** Signalled once it has told something. */
    private static void assertEnds(Installation installation, String signal, int code, String... command)
            throws IOException {
        Process process = installation.spawn(command);
        assertThat(process.getInputStream().read())
                .as(String.join(" ", command))
                .isPositive();
        FaultTest.signal(signal, process.pid());
        Outcome outcome = Installation.finish(process, SOON);
        assertThat(outcome.exit()).as(String.join(" ", command) + " " + outcome).isEqualTo(code);
    }
}
