package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is sent for a build is a tar archive that any tar reads, and depends on names and contents alone. */
class BuildContextTest {
    private final Path folder;

    BuildContextTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static byte[] bytes(BuildContext context) throws IOException {
        try (InputStream in = context.open(sent -> {})) {
            return in.readAllBytes();
        }
    }

    @Test
    void aPlainTarReadsIt() throws Exception {
        String longName = "a-jar-with-a-name-" + "x".repeat(70) + "-1.0.jar";
        Path jar = Files.writeString(folder.resolve("some.jar"), "j".repeat(1000));
        BuildContext context = new BuildContext()
                .text("Dockerfile", "FROM x\n")
                .folder("packages")
                .file("spark/jars/" + longName, jar);

        byte[] archive = bytes(context);

        assertThat((long) archive.length).isEqualTo(context.size());
        Process tar = new ProcessBuilder("tar", "-tvf", "-", "--utc", "--full-time").start();
        try (OutputStream in = tar.getOutputStream()) {
            in.write(archive);
        }
        String listed = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8).replaceAll(" +", " ");
        assertThat(tar.waitFor()).isZero();
        assertThat(listed)
                .isEqualTo("-rw-r--r-- 0/0 7 2020-01-01 00:00:00 Dockerfile\n"
                        + "drwxr-xr-x 0/0 0 2020-01-01 00:00:00 packages/\n"
                        + "-rw-r--r-- 0/0 1000 2020-01-01 00:00:00 spark/jars/" + longName + "\n");
    }

    @Test
    void equalContentsGiveEqualArchivesWhateverOrderAndTime() throws Exception {
        Path one = Files.writeString(folder.resolve("one"), "1");
        byte[] first = bytes(new BuildContext().file("a", one).text("b", "2"));
        Files.setLastModifiedTime(one, FileTime.fromMillis(0));

        assertThat(bytes(new BuildContext().text("b", "2").file("a", one))).isEqualTo(first);
    }

    @Test
    void howMuchWasSentIsToldUpToTheEnd() throws Exception {
        BuildContext context = new BuildContext().text("a", "x".repeat(5000));
        List<Long> told = new ArrayList<>();
        try (InputStream in = context.open(told::add)) {
            in.readAllBytes();
        }

        assertThat(told).isSorted().endsWith(context.size());
    }

    @Test
    void aFileThatIsMissingEndsTheArchiveRatherThanBreakingIt() {
        assertThatThrownBy(() -> bytes(new BuildContext().file("a", folder.resolve("missing"))))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aNameThatNoHeaderHoldsIsRefused() {
        assertThatThrownBy(() -> bytes(new BuildContext().text("x".repeat(101), "")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too long");
    }
}
