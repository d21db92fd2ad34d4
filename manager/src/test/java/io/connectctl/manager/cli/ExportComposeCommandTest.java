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
    void aClusterIsTheServersMasterAndReachesThemByTheirNames() throws Exception {
        CliHarness.Result result = cli.run("export", "compose", "--with-cluster", "standalone");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(Files.readString(folder.resolve("docker-compose.yml")))
                .contains("cluster-master:", "cluster-worker:");
        assertThat(Files.readString(folder.resolve("connect/spark-defaults.conf")))
                .contains(
                        "spark.master=spark\\://cluster-master\\:7077",
                        "spark.driver.host=connect",
                        "spark.cores.max=1");
        assertThat(result.err()).doesNotContain("EXPOSED");
    }

    @Test
    void aYarnComesWithItsConfigurationForEverybodyInIt() throws Exception {
        declare("servers:\n  connect: {spark: 3.5.0}\n");

        CliHarness.Result result =
                cli.run("export", "compose", "--with-cluster", "yarn", "--image", "connectctl/spark:3.5.0-yarn");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(Files.readString(folder.resolve("docker-compose.yml")))
                .contains("cluster-resourcemanager:", "cluster-nodemanager:", "cluster-staging: {}");
        assertThat(Files.readString(folder.resolve("cluster/yarn-site.xml")))
                .contains("cluster-resourcemanager", "3072");
        assertThat(mode("cluster")).isEqualTo("rwxr-xr-x");
        assertThat(mode("cluster/yarn-site.xml")).isEqualTo("rw-r--r--");
        assertThat(Files.readString(folder.resolve("connect/entrypoint"))).contains("/opt/connectctl/hadoop");
        assertThat(Files.readString(folder.resolve("connect/spark-defaults.conf")))
                .contains("spark.master=yarn", "spark.driver.host=connect", "spark.executor.instances=1");
    }

    @Test
    void aDriverOfAClusterElsewhereIsPublishedAndUndeclaredRefused() throws Exception {
        declare("servers:\n  far: {master: 'spark://10.0.0.5:7077'}\n  near: {master: 'spark://10.0.0.5:7077',"
                + " driver: {host: 10.0.0.7, port: 7078, blockManagerPort: 7079}}\n");

        CliHarness.Result refused = cli.run("export", "compose", "far");
        CliHarness.Result exported = cli.run("export", "compose", "near");

        assertThat(refused.code()).isEqualTo(6);
        assertThat(refused.err()).contains("blockManagerPort: 7079");
        assertThat(exported.code()).as(exported.err()).isZero();
        assertThat(Files.readString(folder.resolve("docker-compose.yml")))
                .contains("\"0.0.0.0:7078:7078\"", "\"0.0.0.0:7079:7079\"");
        assertThat(exported.err()).contains("near: EXPOSED: the driver's RPC and block manager ports are published");
    }

    @Test
    void aClusterBesideAnotherOneIsRefusedAndSoAreTwoVersions() throws Exception {
        declare("servers:\n  sales: {master: 'spark://one:7077'}\n  old: {spark: 3.5.0}\n  new: {}\n");

        CliHarness.Result twice = cli.run("export", "compose", "--with-cluster", "standalone", "sales");
        CliHarness.Result mixed = cli.run("export", "compose", "--with-cluster", "standalone", "old", "new");
        CliHarness.Result unknown = cli.run("export", "compose", "--with-cluster", "mesos");

        assertThat(twice.code()).isEqualTo(6);
        assertThat(twice.err()).contains("spark://one:7077");
        assertThat(mixed.code()).isEqualTo(6);
        assertThat(mixed.err()).contains("3.5.0, 4.0.1");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(folder.resolve("docker-compose.yml")).doesNotExist();
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
    void aFolderThatIsCalledAsTheClustersIsntWrittenOver() throws Exception {
        declare("servers:\n  connect: {spark: 3.5.0}\n");
        Files.createDirectory(folder.resolve("cluster"));
        Files.writeString(folder.resolve("cluster/yarn-site.xml"), "somebody's");

        CliHarness.Result refused =
                cli.run("export", "compose", "--with-cluster", "yarn", "--image", "connectctl/spark:3.5.0-yarn");

        assertThat(refused.code()).isEqualTo(8);
        assertThat(refused.err()).contains(folder.resolve("cluster").toString());
        assertThat(folder.resolve("cluster/yarn-site.xml")).hasContent("somebody's");
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
