package io.connectctl.manager.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.health.doctor.Doctor;
import io.connectctl.manager.api.v1.CheckList;
import io.connectctl.manager.client.ToolProcess;
import io.connectctl.manager.client.Wire;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examining process from outside: a line of stdin in, {@code begin} and {@code end} out. */
@Timeout(120)
class DoctorMainTest {
    @Test
    void eachCheckEndsOnceAndWhatWasBegunIsEnded() throws Exception {
        List<String> lines = examine("http://localhost:15002");

        assertThat(lines.get(0)).isEqualTo("begin url");
        List<CheckList.Entry> entries = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            assertThat(line).startsWith("end ");
            entries.add(Wire.mapper().readValue(line.substring("end ".length()), CheckList.Entry.class));
        }
        assertThat(entries).extracting(CheckList.Entry::check).containsExactlyElementsOf(Doctor.CHECKS);
        assertThat(entries.get(0).code()).isEqualTo("BAD_URL");
        assertThat(entries)
                .filteredOn(entry -> entry.verdict().equals("SKIPPED"))
                .hasSize(Doctor.CHECKS.size() - 1);
    }

    @Test
    void aHeaderThatCannotBeSentIsAWrongUrlAndNotItsDeath() throws Exception {
        assertThat(examine("sc://localhost:15002/;use_ssl=false; x-team=etl"))
                .anyMatch(line -> line.contains("BAD_URL"));
    }

    private static List<String> examine(String url) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(ToolProcess.OF_THIS_INSTALLATION.command(
                        List.of("-Xmx128m", "-Dlogback.configurationFile=io/connectctl/logback-quiet.xml"),
                        DoctorMain.class.getName(),
                        List.of("url", "6500")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write((url + "\n").getBytes(StandardCharsets.UTF_8));
        }
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            List<String> lines = reader.lines().toList();
            assertThat(process.waitFor()).isZero();
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }
}
