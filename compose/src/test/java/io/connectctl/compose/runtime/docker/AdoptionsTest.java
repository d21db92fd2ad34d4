package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which server is whose container, across restarts of the daemon. Needs no engine. */
class AdoptionsTest {
    private static final ServerName SALES = new ServerName("sales");
    private static final ServerName LAKE = new ServerName("lake");

    @TempDir
    Path root = Path.of("set by JUnit");

    private Folders folders() {
        return new Folders(root.resolve("config"), root.resolve("state"), root.resolve("run"), root.resolve("cache"));
    }

    private static Adoptions.Adopted container(String id) {
        return new Adoptions.Adopted(id, "someone", 15002, 4040, "", Map.of());
    }

    @Test
    void oneContainerIsOneServerOnly() throws IOException {
        Adoptions adoptions = new Adoptions(folders());
        adoptions.add(SALES, container("c1"));

        assertThatThrownBy(() -> adoptions.add(LAKE, container("c1"))).hasMessageContaining("server sales already");

        adoptions.add(SALES, container("c1"));
        adoptions.add(LAKE, container("c2"));
        assertThat(new Adoptions(folders()).all()).containsOnlyKeys(SALES, LAKE);
    }

    @Test
    void anAdoptionWhoseServerNobodyKnowsIsForgotten() throws IOException {
        Adoptions left = new Adoptions(folders());
        left.add(SALES, container("c1"));
        left.add(LAKE, container("c2"));

        try (DockerRuntime runtime =
                new DockerRuntime(folders(), Map.of("DOCKER_HOST", "unix://" + root.resolve("nobody.sock")))) {
            runtime.forgetAllBut(Set.of(LAKE));

            assertThat(runtime.adopted(SALES)).isFalse();
            assertThat(runtime.adopted(LAKE)).isTrue();
        }
        assertThat(new Adoptions(folders()).all()).containsOnlyKeys(LAKE);
        assertThat(folders().servers().resolve("sales")).doesNotExist();
    }
}
