package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code validate} from outside, against golden files; no daemon is there. */
class ValidateCommandTest {
    private Path folder = Path.of("");
    private CliHarness cli = new CliHarness(folder, folder);

    @BeforeEach
    void declare(@TempDir Path temporary) throws IOException {
        folder = temporary;
        cli = new CliHarness(folder, folder.resolve("none.sock"));
        Files.writeString(
                folder.resolve("connectctl.yaml"),
                """
                servers:
                  sales:
                    uiPort: auto
                    conf:
                      spark.sql.shufle.partitions: 8
                      spark.driver.maxResultSize: 2 GB
                      spark.memory.poolSize: 2g
                      spark.hadoop.fs.s3a.secret.key: hunter22hunter22
                """);
    }

    @Test
    void problemsAreLinesForPeople() throws IOException {
        CliHarness.Result result = cli.run("validate");

        assertThat(here(result.out())).isEqualTo(golden("validate.txt"));
        assertThat(result.err()).contains("isn't valid");
        assertThat(result.code()).isEqualTo(6);
    }

    @Test
    void problemsAreADocumentForScripts() throws IOException {
        CliHarness.Result result = cli.run("validate", "-o", "json");

        assertThat(here(result.out())).isEqualTo(golden("validate.json"));
        assertThat(result.out()).doesNotContain("hunter22");
        assertThat(result.code()).isEqualTo(6);
    }

    @Test
    void problemsAreSarifForCodeHosts() throws IOException {
        CliHarness.Result result = cli.run("validate", "-o", "sarif");

        assertThat(here(result.out())).isEqualTo(golden("validate.sarif"));
        assertThat(result.code()).isEqualTo(6);
    }

    @Test
    void warningsFailOnlyWhereThatIsAskedFor() throws IOException {
        Files.writeString(folder.resolve("warned.yaml"), "servers: {a: {conf: {fs.s3a.endpoint: x}}}\n");
        Files.writeString(folder.resolve("noted.yaml"), "servers: {a: {conf: {spark.memory.poolSize: 2g}}}\n");

        assertThat(cli.run("validate", "warned.yaml").code()).isZero();
        assertThat(cli.run("validate", "warned.yaml", "--strict").code()).isEqualTo(6);
        assertThat(cli.run("validate", "noted.yaml", "--strict").code()).isZero();
    }

    @Test
    void aYarnServerIsCheckedAsThisCallersCommandsWouldTakeIt() throws IOException {
        Files.writeString(folder.resolve("yarn.yaml"), "servers: {a: {master: yarn}}\n");
        Files.createDirectory(folder.resolve("hadoop"));
        Files.writeString(
                folder.resolve("hadoop/yarn-site.xml"),
                "<configuration><property><name>yarn.resourcemanager.hostname</name><value>rm</value></property></configuration>");

        CliHarness.Result without = cli.run("validate", "yarn.yaml");
        cli.environment.put("HADOOP_CONF_DIR", folder.resolve("hadoop").toString());
        CliHarness.Result with = cli.run("validate", "yarn.yaml");
        CliHarness.Result rendered = cli.run("render", "a", "-f", "yarn.yaml", "--runtime", "process");

        assertThat(without.code()).isEqualTo(6);
        assertThat(with.code()).as(with.out()).isZero();
        assertThat(rendered.out()).contains(folder.resolve("hadoop").toString());
    }

    private String here(String text) {
        return text.replace(folder.toString(), "FOLDER");
    }

    private static String golden(String name) throws IOException {
        try (var in = ValidateCommandTest.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("no golden file " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
