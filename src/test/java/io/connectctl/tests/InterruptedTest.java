package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A command that waits or follows ends at a signal with the code that shells know, and what it waited for goes on. */
class InterruptedTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void commandsThatWaitOrFollowEndWithTheCodeOfTheirSignal() throws IOException {
        try (Installation installation = new Installation()) {
            Process starting = installation.spawn("start", "a", "--port", "auto", "--ui-port", "auto");
            // Seconds before it is proven.
            BufferedReader told =
                    new BufferedReader(new InputStreamReader(starting.getErrorStream(), StandardCharsets.UTF_8));
            String line;
            do {
                line = told.readLine();
                assertThat(line).as("a line before the end").isNotNull();
            } while (!line.contains("launched, pid"));
            FaultTest.signal("INT", starting.pid());
            List<String> last = told.lines().toList();
            assertThat(starting.onExit().join().exitValue()).as(last::toString).isEqualTo(130);
            assertThat(last).anyMatch(each -> each.contains("interrupted; the start of 'a'"));
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
