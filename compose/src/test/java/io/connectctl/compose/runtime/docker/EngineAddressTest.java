package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineAddressTest {
    @TempDir
    Path home = Path.of("set by JUnit");

    private String digest = "";

    @BeforeEach
    void contexts() throws Exception {
        digest = java.util.HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                        .digest("far".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        Path meta =
                Files.createDirectories(home.resolve(".docker/contexts/meta").resolve(digest));
        Files.writeString(
                meta.resolve("meta.json"),
                "{\"Name\":\"far\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://far.example:2376\",\"SkipTLSVerify\":false}}}");
    }

    private EngineAddress find(String... pairs) throws Exception {
        java.util.HashMap<String, String> environment = new java.util.HashMap<>(Map.of("HOME", home.toString()));
        for (int i = 0; i < pairs.length; i += 2) {
            environment.put(pairs[i], pairs[i + 1]);
        }
        return EngineAddress.find(environment);
    }

    @Test
    void dockerHostNamesTheEngine() throws Exception {
        EngineAddress address = find("DOCKER_HOST", "tcp://build.example:2375");
        assertThat(address.uri()).hasToString("tcp://build.example:2375");
        assertThat(address.host()).isEqualTo("build.example");
        assertThat(address.local()).isFalse();
        assertThat(address.tls()).isEmpty();
    }

    @Test
    void socketsAndLoopbackAreThisMachine() throws Exception {
        for (String host : List.of("unix:///somewhere/docker.sock", "tcp://127.0.0.1:2375", "tcp://localhost:2375")) {
            EngineAddress address = find("DOCKER_HOST", host);
            assertThat(address.local()).as(host).isTrue();
            assertThat(address.host()).as(host).isEqualTo("localhost");
        }
    }

    @Test
    void certificatesComeFromTheirFolderOrDockersOwn() throws Exception {
        assertThat(find("DOCKER_HOST", "tcp://build.example", "DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", "/certs"))
                .satisfies(address -> {
                    assertThat(address.tls()).contains(new EngineAddress.Tls(Path.of("/certs"), true));
                    assertThat(address.uri().getPort()).isEqualTo(2376);
                });
        assertThat(find("DOCKER_HOST", "tcp://build.example", "DOCKER_TLS", "1").tls())
                .contains(new EngineAddress.Tls(home.resolve(".docker"), false));
    }

    @Test
    void currentContextIsRead() throws Exception {
        Files.writeString(home.resolve(".docker/config.json"), "{\"currentContext\":\"far\"}");
        Path tls = Files.createDirectories(
                home.resolve(".docker/contexts/tls").resolve(digest).resolve("docker"));
        EngineAddress address = find();
        assertThat(address.host()).isEqualTo("far.example");
        assertThat(address.tls()).contains(new EngineAddress.Tls(tls, true));
        assertThat(address.source()).contains("far");
    }

    @Test
    void dockerContextWinsOverTheCurrentOneAndDockerHostOverBoth() throws Exception {
        Files.writeString(home.resolve(".docker/config.json"), "{\"currentContext\":\"gone\"}");
        assertThat(find("DOCKER_CONTEXT", "far").host()).isEqualTo("far.example");
        assertThat(find("DOCKER_CONTEXT", "far", "DOCKER_HOST", "tcp://other.example:1")
                        .host())
                .isEqualTo("other.example");
        assertThat(find("DOCKER_CONTEXT", "default").local()).isTrue();
    }

    @Test
    void contextThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> find("DOCKER_CONTEXT", "gone"))
                .isInstanceOf(EngineAddress.UnusableException.class)
                .hasMessageContaining("'gone'")
                .hasMessageContaining("docker context ls");
    }

    @Test
    void sshIsRefusedWithARemedy() {
        assertThatThrownBy(() -> find("DOCKER_HOST", "ssh://me@far.example"))
                .isInstanceOf(EngineAddress.UnusableException.class)
                .hasMessageContaining("ssh://me@far.example")
                .hasMessageContaining("ssh -NL");
    }

    @Test
    void unknownSchemeAndRelativeSocketAreRefused() {
        assertThatThrownBy(() -> find("DOCKER_HOST", "npipe:////./pipe/docker"))
                .isInstanceOf(EngineAddress.UnusableException.class)
                .hasMessageContaining("npipe");
        assertThatThrownBy(() -> find("DOCKER_HOST", "unix://docker.sock"))
                .isInstanceOf(EngineAddress.UnusableException.class)
                .hasMessageContaining("absolute");
    }

    @Test
    void dockersSocketComesBeforePodmans() throws Exception {
        Path docker = home.resolve("docker.sock");
        Path podman = Files.createFile(home.resolve("podman.sock"));
        assertThat(EngineAddress.first(List.of(docker, podman)).socketFile()).isEqualTo(podman);
        Files.createFile(docker);
        assertThat(EngineAddress.first(List.of(docker, podman)).socketFile()).isEqualTo(docker);
        Files.delete(docker);
        Files.delete(podman);
        assertThat(EngineAddress.first(List.of(docker, podman)).socketFile()).isEqualTo(docker);
    }

    @Test
    void aSocketWhereNobodyListensHidesNoneThatAnswers() throws Exception {
        Path docker = Files.createFile(home.resolve("docker.sock"));
        Path podman = home.resolve("podman.sock");
        try (ServerSocketChannel engine = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            engine.bind(UnixDomainSocketAddress.of(podman));

            assertThat(EngineAddress.first(List.of(docker, podman)).socketFile())
                    .isEqualTo(podman);
        }
        assertThat(EngineAddress.first(List.of(docker, podman)).socketFile()).isEqualTo(docker);
    }

    @Test
    void ownersAreReadAsDockerReadsThem() {
        String passwd = "root:x:0:0:root:/root:/bin/sh\nspark:x:185:187::/nonexistent:/bin/false\n";
        assertThat(Launcher.owner(passwd, "spark", "")).isEqualTo(new Launcher.Owner(185, 187));
        assertThat(Launcher.owner(passwd, "185", "")).isEqualTo(new Launcher.Owner(185, 187));
        assertThat(Launcher.owner(passwd, "1000", "1001")).isEqualTo(new Launcher.Owner(1000, 1001));
        assertThat(Launcher.owner("", "1000", "")).isEqualTo(new Launcher.Owner(1000, 0));
    }

    @Test
    void versionsAreComparedByNumber() {
        assertThat(Engine.Version.parse("1.9").atLeast(1, 44)).isFalse();
        assertThat(Engine.Version.parse("1.52").atLeast(1, 44)).isTrue();
        assertThat(Engine.Version.parse("")).isEqualTo(new Engine.Version(0, 0));
    }
}
