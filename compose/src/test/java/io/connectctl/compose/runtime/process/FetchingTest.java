package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.SparkVersion;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetchingTest {
    @TempDir
    Path root = Path.of("set by JUnit");

    @Test
    void everyoneWhoWaitsForAnotherFetchHearsOfIt() throws Exception {
        SparkVersion version = SparkVersion.parse("4.0.1");
        SparkDistributions distributions = new SparkDistributions(root, Map.of());
        Path spark = Files.createDirectories(root.resolve("spark"));
        LinkedBlockingQueue<String> first = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<String> second = new LinkedBlockingQueue<>();
        FutureTask<Path> one = new FutureTask<>(
                () -> distributions.fetch(SparkRuntime.of(version), (stage, done, total) -> first.add(stage)));
        FutureTask<Path> two = new FutureTask<>(
                () -> distributions.fetch(SparkRuntime.of(version), (stage, done, total) -> second.add(stage)));
        try (FileChannel channel = FileChannel.open(
                        spark.resolve("4.0.1.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertThat(held.isValid()).isTrue();
            new Thread(one).start();
            assertThat(first.poll(20, TimeUnit.SECONDS)).startsWith("waiting for another connectctl");
            new Thread(two).start();
            assertThat(second.poll(20, TimeUnit.SECONDS)).startsWith("waiting for another connectctl");
            Files.createDirectories(spark.resolve("4.0.1/jars"));
            Files.createFile(spark.resolve("4.0.1/COMPLETE"));
        }
        assertThat(one.get(20, TimeUnit.SECONDS)).isEqualTo(distributions.jarsFolder(version));
        assertThat(two.get(20, TimeUnit.SECONDS)).isEqualTo(distributions.jarsFolder(version));
    }

    @Test
    void passwordsInUrlsOfRepositoriesAreNotTold() {
        assertThat(MavenAccess.plain(
                        "central (https://me:p@ss@nexus.example/maven2), other (https://nexus.example/a@b)"))
                .isEqualTo("central (https://nexus.example/maven2), other (https://nexus.example/a@b)");
        Exception told = MavenAccess.plain(
                new IllegalStateException("outer", new IOException("no answer of https://me:secret@nexus.example")));
        assertThat(told).hasStackTraceContaining("no answer of https://nexus.example");
        StringWriter trace = new StringWriter();
        told.printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).doesNotContain("secret");
    }

    @Test
    void javaThatIsOnlyUntestedServesWhereNoneFits() throws Exception {
        Path java24 = java("24");
        JavaHomes homes = new JavaHomes(Map.of(), java24, root.resolve("none"));
        assertThat(homes.find(Plans.spec("a", new PortChoice.Auto(), "4.1.0"))).isEqualTo(java24);
        Path java17 = java("17");
        assertThat(new JavaHomes(Map.of("JAVA_HOME", java24.toString()), java17, root.resolve("none"))
                        .find(Plans.spec("a", new PortChoice.Auto(), "4.1.0")))
                .isEqualTo(java17);
    }

    private Path java(String version) throws IOException {
        Path home = root.resolve("jdk" + version);
        PrivateFiles.folder(home.resolve("bin"));
        PrivateFiles.write(home.resolve("bin/java"), "#!/bin/sh\n", true);
        PrivateFiles.write(home.resolve("release"), "JAVA_VERSION=\"" + version + ".0.1\"\n", false);
        return home;
    }
}
