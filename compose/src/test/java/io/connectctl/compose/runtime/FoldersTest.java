package io.connectctl.compose.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {
    private static final Path HOME = Path.of("/home/ada");

    @TempDir
    Path runtime = Path.of("set by JUnit");

    private long uid() throws IOException {
        return ((Number) Files.getAttribute(runtime, "unix:uid")).longValue();
    }

    @Test
    void theRuntimeFolderOfTheSessionHoldsTheSocket() throws IOException {
        Folders folders = Folders.of(Map.of("XDG_RUNTIME_DIR", runtime.toString()), HOME, uid());

        assertThat(folders.run()).isEqualTo(runtime.resolve("connectctl"));
        assertThat(folders.socket(uid())).hasParent(folders.run());
    }

    @Test
    void withoutASessionTheSocketLiesInAFolderOfTheUserBelowTmp() {
        Folders folders = Folders.of(Map.of(), HOME, 1000);

        assertThat(folders.run()).isEqualTo(Path.of("/tmp/connectctl-1000"));
        assertThat(folders.state()).isEqualTo(HOME.resolve(".local/state/connectctl"));
        assertThat(folders.socket(1000).toString()).matches("/tmp/connectctl-1000/daemon-[0-9a-f]{8}\\.sock");
    }

    @Test
    void aRuntimeFolderThatIsMissingOrAnothersIsNotUsed() throws IOException {
        Folders missing =
                Folders.of(Map.of("XDG_RUNTIME_DIR", runtime.resolve("gone").toString()), HOME, uid());
        // As after su, which keeps the variable.
        Folders anothers = Folders.of(Map.of("XDG_RUNTIME_DIR", runtime.toString()), HOME, uid() + 1);

        assertThat(missing.run()).isEqualTo(Path.of("/tmp/connectctl-" + uid()));
        assertThat(anothers.run()).isEqualTo(Path.of("/tmp/connectctl-" + (uid() + 1)));
    }

    @Test
    void aFolderThatIsNamedForConnectctlIsTakenAsItIs() {
        Folders folders =
                Folders.of(Map.of("CONNECTCTL_RUN_DIR", "/nowhere/run", "XDG_RUNTIME_DIR", "relative"), HOME, 1);

        assertThat(folders.run()).isEqualTo(Path.of("/nowhere/run"));
    }

    @Test
    void aPathThatIsTooLongForASocketIsAvoided() {
        // 108 bytes with the zero at the end; the file's name takes 20, and a slash.
        String longest = "/" + "r".repeat(85);
        Folders fits = Folders.of(Map.of("CONNECTCTL_RUN_DIR", longest), HOME, 1000);
        Folders tooLong = Folders.of(Map.of("CONNECTCTL_RUN_DIR", longest + "r"), HOME, 1000);
        Folders inBytes = Folders.of(Map.of("CONNECTCTL_RUN_DIR", "/" + "\u00e4".repeat(43)), HOME, 1000);

        assertThat(fits.socket(1000).toString().getBytes(StandardCharsets.UTF_8))
                .hasSize(107);
        assertThat(fits.socket(1000)).hasParent(Path.of(longest));
        assertThat(tooLong.socket(1000)).hasParent(Path.of("/tmp/connectctl-1000"));
        assertThat(inBytes.socket(1000)).hasParent(Path.of("/tmp/connectctl-1000"));
    }

    @Test
    void twoInstallationsOfOneUserHaveTwoSockets() {
        Folders one = Folders.of(Map.of("CONNECTCTL_STATE_DIR", "/a"), HOME, 1000);
        Folders other = Folders.of(Map.of("CONNECTCTL_STATE_DIR", "/b"), HOME, 1000);

        assertThat(one.socket(1000)).isNotEqualTo(other.socket(1000));
    }
}
