package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The exported compose file, against golden files and as YAML. */
class ComposeProjectTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/compose");

    private static ServerSpec spec(String name, String json) throws Exception {
        SpecReader.Reading reading = SpecReader.read(new ServerName(name), Declaration.ofJson(json));
        return reading.spec()
                .orElseThrow(() -> new AssertionError(reading.problems().toString()));
    }

    private static ComposeProject.Files render(ServerSpec... specs) throws RenderException {
        return new ComposeProject(Optional.empty()).render(List.of(specs));
    }

    private static void golden(String name, String actual) throws Exception {
        Path file = GOLDEN.resolve(name);
        if ("write".equals(System.getProperty("connectctl.golden"))) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, actual);
        }
        assertThat(actual).isEqualTo(Files.readString(file));
    }

    @Test
    void oneServerOfDefaultsIsTheClassicService() throws Exception {
        ComposeProject.Files files = render(spec("connect", "{}"));

        // The fingerprint changes with every template of a server; what it is isn't this test's business.
        golden("connect.yml", files.composeFile().replaceAll("[0-9a-f]{12,32}", "0123456789ab"));
        assertThat(files.servers().get("connect"))
                .extracting(RenderedFile::name)
                .contains("entrypoint", "healthcheck", "spark-defaults.conf");
    }

    @Test
    void aClusterStandsBesideItsServers() throws Exception {
        ComposeProject.Files files = new ComposeProject(Optional.empty())
                .render(
                        List.of(spec(
                                "connect",
                                "{\"master\": \"spark://cluster-master:7077\", \"executors\": 1,"
                                        + " \"driver\": {\"host\": \"connect\"},"
                                        + " \"container\": {\"networks\": [\"lake\"]}}")),
                        Optional.of(TrialCluster.STANDALONE));

        golden("standalone.yml", files.composeFile().replaceAll("[0-9a-f]{12,32}", "0123456789ab"));
        assertThat(new YAMLMapper()
                        .readTree(files.composeFile())
                        .at("/services/cluster-worker/depends_on/cluster-master"))
                .isNotEmpty();
    }

    @Test
    void everySettingOfAContainerIsThere() throws Exception {
        ComposeProject.Files files = render(
                spec(
                        "sales",
                        """
                        {"port": "auto", "uiPort": "off", "image": "connectctl/spark:4.0.1", "driverMemory": "2g",
                        "expose": "all", "auth": "token",
                        "container": {"networks": ["lake"], "volumes": ["data:/data:ro", "/srv/x:/x"],
                        "extraHosts": ["db:10.0.0.1"], "loosen": ["user", "capabilities", "new-privileges", "read-only", "pids",
                        "swap", "init"]}}"""),
                spec("marketing", "{\"port\": 15020, \"uiPort\": 4141, \"container\": {\"loosen\": [\"memory\"]}}"));

        golden("everything.yml", files.composeFile().replaceAll("[0-9a-f]{12,32}", "0123456789ab"));
    }

    @Test
    void noValueBreaksOutOfItsPlace() throws Exception {
        String nasty = "a\"b\\c$HOME ${X} #d: - 'e'\u0085\u2028{{f}}";
        ServerSpec plain = spec("connect", "{}");
        ServerSpec spec = new ServerSpec(
                plain.name(),
                plain.runtime(),
                plain.spark(),
                plain.master(),
                plain.port(),
                plain.uiPort(),
                plain.driverMemory(),
                plain.javaHome(),
                plain.sparkHome(),
                plain.packages(),
                plain.conf(),
                plain.env(),
                plain.health(),
                plain.restart(),
                plain.stop(),
                plain.auth(),
                plain.expose(),
                plain.profile(),
                plain.templates(),
                new io.connectctl.compose.spec.ContainerSpec(
                        Optional.of(nasty),
                        Optional.empty(),
                        Optional.empty(),
                        512,
                        plain.container().tmpfs(),
                        List.of(),
                        List.of(nasty + ":/x"),
                        List.of(nasty),
                        java.util.Set.of()),
                true);

        JsonNode service = new YAMLMapper()
                .readTree(render(spec).composeFile())
                .path("services")
                .path("connect");

        // Compose reads $$ as a plain dollar.
        assertThat(service.path("image").asText()).isEqualTo(nasty.replace("$", "$$"));
        assertThat(service.path("extra_hosts").path(0).asText()).isEqualTo(nasty.replace("$", "$$"));
    }

    @Test
    void secretsAreInTheServersFilesAndNotInTheComposeFile() throws Exception {
        ComposeProject.Files files = render(
                spec(
                        "connect",
                        "{\"conf\": {\"spark.hadoop.fs.s3a.secret.key\": \"planted-1\"}, \"env\": {\"DB_PASSWORD\": \"planted-2\"}}"));

        assertThat(files.composeFile()).doesNotContain("planted");
        assertThat(files.toString()).doesNotContain("planted");
        assertThat(files.servers().get("connect"))
                .anyMatch(file -> file.text().contains("planted-1"))
                .anyMatch(file -> file.text().contains("planted-2"));
    }

    @Test
    void theFolderOfComposeTemplatesIsNoProfile() throws Exception {
        assertThat(TemplateSource.builtInProfiles()).doesNotContain("compose", "image");
        ServerSpec spec = spec("connect", "{\"profile\": \"compose\"}");

        assertThatThrownBy(() -> render(spec)).hasMessageContaining("profile 'compose' can't be used");
    }
}
