package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Secrets are where they must be, readable by their owner, and nowhere else. */
class SecrecyTest {
    private static final String IN_CONF = "conf-s3cret-Zq8vT1";
    private static final String IN_ENV = "env-s3cret-Lm4xP7";

    @ParameterizedTest
    @EnumSource
    void plantedSecretsAreFoundInTheirFilesOnly(Where where) throws IOException {
        try (Installation installation = where.install()) {
            installation.environment().put("DB_PASSWORD", IN_ENV);
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"),
                    """
                    servers:
                      vault:
                        %s
                        port: %d
                        uiPort: auto
                        auth: token
                    """
                            .formatted(
                                    where.lines(
                                            installation,
                                            "4.0.1",
                                            "spark.hadoop.fs.s3a.secret.key: " + IN_CONF,
                                            Where.JAVA_KEY + ": " + Where.JAVA + " -Ddb.password=" + IN_CONF),
                                    Spark.freePort()));

            List<Outcome> said = new ArrayList<>();
            said.add(installation.ok("start", "vault", "--env", "DB_PASSWORD"));
            String token = Files.readString(installation.serverFolder("vault").resolve("token"))
                    .strip();
            assertThat(token).hasSizeGreaterThanOrEqualTo(32);
            said.add(installation.ok("restart", "vault"));
            if (where == Where.DOCKER) {
                said.addAll(containerSays(installation.containerId("vault")));
            }
            where.signal(installation, "vault", "KILL");
            // Until the exit was noticed, the last incarnation's rung is the one that is told.
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> installation.look("vault").path("incarnation").asInt() == 3);
            said.add(installation.run("wait", "vault", "--for", "rung=query"));
            for (String command : List.of("status", "describe", "events", "render", "logs", "top", "url")) {
                said.add(installation.run(command, "vault"));
            }
            said.add(installation.run("status", "-o", "json"));
            said.add(installation.run("events", "-o", "json"));
            said.add(installation.run("validate"));
            said.add(new Outcome(0, installation.get("/metrics"), ""));
            if (where == Where.DOCKER) {
                String container = installation.containerId("vault");
                said.addAll(containerSays(container));
                assertThat(Docker.exec(container, "stat -c '%a %u' /opt/connectctl/conf/token")
                                .out()
                                .strip())
                        .isEqualTo("400 185");
            }

            List<String> secrets = List.of(IN_CONF, IN_ENV, token);
            for (Outcome outcome : said) {
                assertThat(outcome.toString()).doesNotContain(secrets);
            }
            for (ProcessHandle process : installation.processes()) {
                assertThat(text(Path.of("/proc/" + process.pid() + "/cmdline"))).doesNotContain(secrets);
            }
            for (Path file : files(installation.home())) {
                if (secrets.stream().anyMatch(text(file)::contains) && !file.endsWith("connectctl.yaml")) {
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .as(file.toString())
                            .matches("rw-------|rwx------|r--------|r-x------");
                    assertThat(file.toString())
                            .as("a secret lies only in rendered files, the token and the secrets file")
                            .matches(".*/servers/vault/(conf/[^/]+|token|secrets\\.json)");
                }
            }
            assertThat(Spark.text(installation.status("vault").path("uiUrl").asText() + "/environment/"))
                    .doesNotContain(token);
        }
    }

    /** All that the engine tells of a container to whoever may ask it. */
    private static List<Outcome> containerSays(String container) {
        String image = Docker.inspect(container).path("Image").asText();
        String since = Docker.inspect(container).path("Created").asText();
        return List.of(
                Docker.run("inspect", container),
                Docker.run("logs", container),
                Docker.run("exec", container, "env"),
                Docker.run("top", container, "-o", "pid,args"),
                Docker.run("image", "inspect", image),
                Docker.run("image", "history", "--no-trunc", image),
                Docker.run("ps", "-a", "--no-trunc", "--format", "{{json .}}"),
                Docker.run("volume", "ls", "--format", "{{json .}}"),
                Docker.run("events", "--since", since, "--until", "0s"));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        }
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
