package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateSourceTest {
    private final Path folder;

    TemplateSourceTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private Path profiles() throws Exception {
        return Files.createDirectories(folder.resolve("templates"));
    }

    private Rendering render(Specs specs) throws Exception {
        return new Composer(Optional.of(profiles()), Specs.SECRET).render(specs.spec(), Specs.bareSite());
    }

    @Test
    void aFileOfTheUsersProfileWinsAndTheOthersStay() throws Exception {
        Path profile = Files.createDirectories(profiles().resolve("default"));
        Files.writeString(profile.resolve("metrics.properties"), "mine={{ name }}\n");

        Rendering rendering = render(new Specs());

        assertThat(Specs.text(rendering, "metrics.properties")).isEqualTo("mine=sales\n");
        assertThat(Specs.text(rendering, "log4j2.properties")).contains("rootLogger.level=info");
    }

    @Test
    void theFolderOfTheFlagWinsOverTheProfileAndMayAddFiles() throws Exception {
        Path profile = Files.createDirectories(profiles().resolve("prod"));
        Files.writeString(profile.resolve("metrics.properties"), "from=profile\n");
        Files.writeString(profile.resolve("hive-site.xml"), "<x>{{ name }}</x>");
        Path flag = Files.createDirectories(folder.resolve("flag"));
        Files.writeString(flag.resolve("metrics.properties"), "from=flag\n");
        Files.writeString(flag.resolve(".hidden"), "{{ nothing }}");
        Files.writeString(flag.resolve("old~"), "{{ nothing }}");
        Specs specs = new Specs();
        specs.profile = "prod";
        specs.templates = Optional.of(flag);

        Rendering rendering = render(specs);

        assertThat(Specs.text(rendering, "metrics.properties")).isEqualTo("from=flag\n");
        assertThat(Specs.text(rendering, "hive-site.xml")).isEqualTo("<x>sales</x>");
        assertThat(rendering.files())
                .extracting(RenderedFile::name)
                .isSorted()
                .containsExactly(
                        "entrypoint",
                        "healthcheck",
                        "hive-site.xml",
                        "java.options",
                        "log4j2.properties",
                        "metrics.properties",
                        "spark-defaults.conf");
        assertThat(rendering.files())
                .filteredOn(RenderedFile::executable)
                .extracting(RenderedFile::name)
                .containsExactly("entrypoint", "healthcheck");
    }

    @Test
    void anUnknownProfileIsRefusedWithTheNearestOne() throws Exception {
        Files.createDirectories(profiles().resolve("prod"));
        Specs specs = new Specs();
        specs.profile = "prd";

        assertThatThrownBy(() -> render(specs))
                .isInstanceOf(RenderException.class)
                .hasMessageContaining("there is no profile 'prd'. Known: default, prod. Did you mean 'prod'?")
                .hasMessageContaining("Create " + profiles().resolve("prd"));
    }

    @Test
    void aProfileIsAPlainName() {
        Specs specs = new Specs();
        specs.profile = "../other";

        assertThatThrownBy(() -> render(specs)).hasMessageContaining("profile '../other' is no plain folder name");
    }

    @Test
    void aMissingOverlayFolderIsRefused() {
        Specs specs = new Specs();
        specs.templates = Optional.of(folder.resolve("nowhere"));

        assertThatThrownBy(() -> render(specs)).hasMessageContaining(folder.resolve("nowhere") + ": is no folder");
    }

    @Test
    void aLinkOutOfTheFolderIsRefused() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Path outside = Files.writeString(folder.resolve("outside.conf"), "secret");
        Files.createSymbolicLink(overlay.resolve("x.conf"), outside);

        assertOverlayRefused(overlay, "x.conf: is a link out of its folder");
    }

    @Test
    void aDeadLinkIsUnreadable() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.createSymbolicLink(overlay.resolve("x.conf"), overlay.resolve("gone"));

        assertOverlayRefused(overlay, overlay + ": the templates can't be read (no such file: " + overlay);
    }

    @Test
    void aFolderInTheOverlayIsRefused() throws Exception {
        Path overlay = folder.resolve("overlay");
        Files.createDirectories(overlay.resolve("sub"));

        assertOverlayRefused(overlay, "sub: is a folder");
    }

    @Test
    void aFileThatIsNoTextIsRefused() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.write(overlay.resolve("x.jar"), new byte[] {'P', 'K', (byte) 0xff, (byte) 0xfe});

        assertOverlayRefused(overlay, "x.jar: isn't text in UTF-8");
    }

    @Test
    void anErrorInAnOverlayNamesItsPathAndLine() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.writeString(overlay.resolve("spark-defaults.conf"), "a=1\nspark.master={{ maste }}\n");

        assertOverlayRefused(
                overlay,
                overlay.resolve("spark-defaults.conf") + ":2: unknown variable 'maste'. Did you mean 'master'?");
    }

    private void assertOverlayRefused(Path overlay, String message) {
        Specs specs = new Specs();
        specs.templates = Optional.of(overlay);
        assertThatThrownBy(() -> render(specs))
                .isInstanceOf(RenderException.class)
                .hasMessageContaining(message);
    }
}
