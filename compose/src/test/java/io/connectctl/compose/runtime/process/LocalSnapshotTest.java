package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Looks into real JVMs: one that answers, one that is stopped, one that no tool may ask. */
@Timeout(180)
class LocalSnapshotTest {
    /** Generous: the machine that runs this may be busy. Only a JVM that can't answer takes it up. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<Process> jvms = new ArrayList<>();

    private final Path folder;

    LocalSnapshotTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** A JVM that waits for its stdin to end, and says so. */
    public static final class Waiting {
        public static void main(String[] arguments) throws IOException {
            Thread.currentThread().setName("the one that waits");
            System.out.println("ready");
            System.out.println(System.in.read());
        }
    }

    @AfterEach
    void end() {
        jvms.forEach(Process::destroyForcibly);
    }

    private Process jvm(String... options) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx32m"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp",
                Path.of(Waiting.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .getPath())
                        .toString(),
                Waiting.class.getName()));
        Process jvm = new ProcessBuilder(command).redirectErrorStream(true).start();
        jvms.add(jvm);
        assertThat(jvm.inputReader().readLine()).isEqualTo("ready");
        return jvm;
    }

    @Test
    void aJvmThatAnswersTellsItsThreadsAndItsHeap() throws Exception {
        Snapshot seen = LocalSnapshot.take(jvm().pid(), folder, PATIENCE);

        assertThat(seen.parts().get("threads.txt")).contains("Full thread dump", "the one that waits");
        assertThat(seen.parts().get("heap.txt")).contains("heap");
        assertThat(seen.parts().get("process.txt")).contains("VmRSS:", "the one that wa");
        assertThat(seen.remarks()).isEmpty();
        assertThat(seen.dumpInLog()).isFalse();
        assertNothingStays();
    }

    @Test
    void aStoppedJvmIsNotWaitedFor() throws Exception {
        Process jvm = jvm();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(jvm.pid()))
                        .start()
                        .waitFor())
                .isZero();
        long begun = System.nanoTime();

        Snapshot seen = LocalSnapshot.take(jvm.pid(), folder, Duration.ofMinutes(5));

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMinutes(1));
        assertThat(seen.parts()).containsOnlyKeys("process.txt");
        assertThat(seen.parts().get("process.txt")).contains("State: T", "the one that wa");
        assertThat(seen.remarks()).singleElement().asString().contains("is stopped", "kill -CONT " + jvm.pid());
        assertThat(seen.dumpInLog()).isFalse();
        assertNothingStays();
    }

    @Test
    void aJvmThatNoToolMayAskWritesItsThreadsToItsLog() throws Exception {
        Process jvm = jvm("-XX:+DisableAttachMechanism");

        Snapshot seen = LocalSnapshot.take(jvm.pid(), folder, PATIENCE);

        assertThat(seen.dumpInLog()).isTrue();
        assertThat(seen.parts()).containsOnlyKeys("process.txt");
        assertThat(jvm.inputReader().lines().anyMatch(line -> line.startsWith("Full thread dump")))
                .isTrue();
    }

    @Test
    void aProcessThatIsGoneIsToldAsThat() throws Exception {
        Process jvm = jvm();
        jvm.destroyForcibly().waitFor();

        assertThat(LocalSnapshot.take(jvm.pid(), folder, PATIENCE).remarks())
                .containsExactly("process " + jvm.pid() + " is gone");
    }

    @Test
    void whatIsCutOffIsUsedAsFarAsItGoes() {
        Snapshot seen = Snapshot.read(
                "@@connectctl process.txt\nState: S\n@@remark one thing\n@@connectctl ../evil\nx\n@@connectctl threads.txt\nFull thr",
                "ended after 7 s");

        assertThat(seen.parts()).containsOnlyKeys("process.txt", "threads.txt");
        assertThat(seen.remarks()).containsExactly("one thing", "ended after 7 s");
    }

    private void assertNothingStays() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }
}
