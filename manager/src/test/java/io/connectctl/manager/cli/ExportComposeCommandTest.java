package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code connectctl export compose}: what it writes, with which modes, and what it leaves alone. */
class ExportComposeCommandTest {
    private final Path folder;
    private final CliHarness cli;

    ExportComposeCommandTest(@TempDir Path folder) {
        this.folder = folder;
        // No daemon listens there, and none is needed.
        this.cli = new CliHarness(folder, folder.resolve("none.sock"));
    }

    private String mode(String file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)));
    }

    private void declare(String yaml) throws IOException {
        Files.writeString(folder.resolve("connectctl.yaml"), yaml);
    }

    @Test
    void withoutADeclarationItIsOneServiceCalledConnect() throws Exception {
        CliHarness.Result result = cli.run("export", "compose");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isEqualTo(folder.resolve("docker-compose.yml") + "\n");
        assertThat(Files.readString(folder.resolve("docker-compose.yml")))
                .contains("  \"connect\":\n    image: \"apache/spark:4.0.1\"\n");
        assertThat(mode("connect")).isEqualTo("rwx------");
        assertThat(mode("connect/spark-defaults.conf")).isEqualTo("rw-------");
        assertThat(mode("connect/healthcheck")).isEqualTo("rwx------");
        assertThat(mode("docker-compose.yml")).isEqualTo("rw-r--r--");
    }

    @Test
    void secretsStayOutOfTheComposeFile() throws Exception {
        declare("servers:\n  sales:\n    auth: token\n    env: {DB_PASSWORD: planted}\n");

        assertThat(cli.run("export", "compose", "--output", "deploy").code()).isZero();

        String token = Files.readString(folder.resolve("deploy/sales/token")).strip();
        assertThat(token).hasSize(64);
        assertThat(mode("deploy/sales/token")).isEqualTo("rw-------");
        assertThat(Files.readString(folder.resolve("deploy/docker-compose.yml")))
                .doesNotContain("planted", token);
        assertThat(Files.readString(folder.resolve("deploy/sales/entrypoint"))).contains("planted");
    }

    @Test
    void whatIsThereIsOverwrittenOnlyByForceAndTheTokenStays() throws Exception {
        declare("servers:\n  sales:\n    auth: token\n");
        cli.run("export", "compose");
        String token = Files.readString(folder.resolve("sales/token"));

        CliHarness.Result refused = cli.run("export", "compose");
        CliHarness.Result forced = cli.run("export", "compose", "--force");

        assertThat(refused.code()).isEqualTo(8);
        assertThat(refused.err()).contains("already there", "--force");
        assertThat(forced.code()).as(forced.err()).isZero();
        assertThat(Files.readString(folder.resolve("sales/token"))).isEqualTo(token);
    }

    @Test
    void aFolderOfSomethingElseStaysEvenWithForce() throws Exception {
        Files.createDirectory(folder.resolve("connect"));
        Files.writeString(folder.resolve("connect/thesis.txt"), "all there is");

        CliHarness.Result result = cli.run("export", "compose", "--force");

        assertThat(result.code()).isEqualTo(8);
        assertThat(folder.resolve("connect/thesis.txt")).hasContent("all there is");
    }

    @Test
    void aServerThatIsntDeclaredIsNamed() throws Exception {
        declare("servers:\n  sales: {}\n");

        CliHarness.Result result = cli.run("export", "compose", "marketing");

        assertThat(result.code()).isEqualTo(5);
        assertThat(result.err()).contains("'marketing' isn't declared", "connectctl.yaml");
    }

    @Test
    void anImageOfTheCommandLineWins() throws Exception {
        declare("servers:\n  sales: {image: some/other}\n");

        cli.run("export", "compose", "--image", "connectctl/spark:4.0.1");

        assertThat(Files.readString(folder.resolve("docker-compose.yml")))
                .contains("image: \"connectctl/spark:4.0.1\"")
                .doesNotContain("some/other");
        // Such an image has jars and no spark-submit of Spark's own.
        assertThat(Files.readString(folder.resolve("sales/entrypoint"))).contains("connectctl_jars='/opt/spark/jars'");
    }

    @Test
    void aFolderOfThisMachineCantGoIntoAContainer() throws Exception {
        declare("servers:\n  sales: {sparkHome: /opt/spark}\n");

        CliHarness.Result result = cli.run("export", "compose");

        assertThat(result.code()).isEqualTo(6);
        assertThat(folder.resolve("docker-compose.yml")).doesNotExist();
    }
}
