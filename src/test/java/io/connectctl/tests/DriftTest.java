package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What runs and isn't what is declared is told key by key, applied, and taken back. */
class DriftTest {
    @ParameterizedTest
    @EnumSource
    void whatDiffersIsToldAppliedAndTakenBack(Where where) throws IOException {
        try (Installation installation = where.install()) {
            int port = Spark.freePort();
            Path overlay = Files.createDirectories(installation.home().resolve(".config/connectctl/templates/default"))
                    .resolve("notes.properties");
            Files.writeString(overlay, "a = 1\n");
            declare(installation, where, port, "spark.sql.shuffle.partitions: 4", "spark.sql.ansi.enabled: true");
            installation.ok("start", "sales");
            assertThat(drift(installation)).isEmpty();

            // Comments, another order and blanks mean the same.
            Files.writeString(overlay, "# why\n\na=1\n");
            declare(
                    installation,
                    where,
                    port,
                    "# why",
                    "spark.sql.ansi.enabled:    'true'   # so",
                    "spark.sql.shuffle.partitions:   '4'");
            assertThat(drift(installation)).isEmpty();
            assertThat(installation.run("plan").exit()).isZero();
            assertThat(installation.run("diff", "sales").exit()).isZero();
            declare(installation, where, port, "spark.sql.shuffle.partitions: 8", "spark.sql.ansi.enabled: true");
            assertThat(drift(installation)).containsExactly("conf.spark.sql.shuffle.partitions");
            declare(installation, where, port, "spark.sql.shuffle.partitions: 4", "spark.sql.ansi.enabled: true");
            assertThat(drift(installation)).isEmpty();

            Files.writeString(overlay, "a = 2\n");
            assertThat(drift(installation)).containsExactly("notes.properties");
            declare(installation, where, port, "spark.sql.shuffle.partitions: 8", "spark.sql.ansi.enabled: true");
            assertThat(installation.ok("status", "sales").out()).contains("DRIFT 2 keys (connectctl diff sales)");
            Outcome plan = installation.run("plan");
            assertThat(plan.exit()).isEqualTo(10);
            assertThat(plan.out()).contains("conf.spark.sql.shuffle.partitions: 4 -> 8  [restart, or a live session]");

            Outcome applied = installation.ok("apply");
            assertThat(applied.err()).contains("sales: restarting");
            assertThat(drift(installation)).isEmpty();
            assertThat(installation.ok("apply").err()).contains("sales: no change");
            assertThat(installation.status("sales").path("incarnation").asInt()).isEqualTo(2);

            // No JVM comes up with this option.
            declare(installation, where, port, "spark.driver.extraJavaOptions: -javaagent:/no/such.jar");
            Outcome failed = installation.run("restart", "sales");
            assertThat(failed.exit()).as(failed::toString).isEqualTo(4);
            assertThat(failed.err())
                    .contains("restarting with the current declaration", "connectctl restart sales --rollback");
            // Half written: no reason to stay down.
            Files.writeString(
                    installation.project().resolve("connectctl.yaml"), "servers:\n  sales:\n    port: many\n");
            assertThat(installation.run("restart", "sales").exit()).isEqualTo(6);
            installation.ok("restart", "sales", "--rollback");
            declare(installation, where, port, "spark.driver.extraJavaOptions: -javaagent:/no/such.jar");
            assertThat(Spark.ask(installation.ok("url", "sales").out().strip(), "hello"))
                    .isEqualTo("Hello, Spark Connect!");
            assertThat(drift(installation))
                    .containsExactly(
                            "conf.spark.driver.extraJavaOptions",
                            "conf.spark.sql.ansi.enabled",
                            "conf.spark.sql.shuffle.partitions");
        }
    }

    @Test
    void anImageWhoseNameMeansAnotherImageByNowIsDrift() throws IOException {
        try (Installation installation = Where.DOCKER.install()) {
            String image = Docker.image(installation, "4.0.1");
            String tag = "connectctl-test-retagged:"
                    + installation.home().getFileName().toString().toLowerCase(java.util.Locale.ROOT);
            Docker.ok("tag", image, tag);
            try {
                installation.ok(
                        "start",
                        "sales",
                        "--runtime",
                        "docker",
                        "--image",
                        tag,
                        "--port",
                        "auto",
                        "--ui-port",
                        "auto",
                        "--conf",
                        Where.JAVA_KEY + "=" + Where.JAVA);
                assertThat(installation.run("diff", "sales").exit()).isZero();

                Path context = Files.createDirectories(installation.home().resolve("context"));
                Files.writeString(context.resolve("Dockerfile"), "FROM " + image + "\nLABEL retagged=yes\n");
                Docker.ok("build", "--quiet", "--tag", tag, context.toString());

                Outcome diff = installation.run("diff", "sales");
                assertThat(diff.exit()).as(diff::toString).isEqualTo(10);
                assertThat(diff.out()).matches("image: sha256:\\w{12} -> sha256:\\w{12}  \\[restart]\\n");
            } finally {
                installation.run("stop", "sales", "--force");
                installation.run("remove", "sales", "--purge");
                Docker.ok("rmi", "--force", tag);
            }
        }
    }

    private static List<String> drift(Installation installation) {
        List<String> keys = new ArrayList<>();
        for (JsonNode change : installation.look("sales").path("drift")) {
            keys.add(change.path("key").asText());
        }
        return keys;
    }

    /** Writes the project's file anew, with these lines in its conf. */
    private static void declare(Installation installation, Where where, int port, String... conf) throws IOException {
        List<String> lines = new ArrayList<>(List.of("port: " + port, "uiPort: auto", "spark: 4.0.1"));
        if (where == Where.DOCKER) {
            lines.addAll(List.of("runtime: docker", "image: " + Docker.image(installation, "4.0.1")));
        }
        lines.add("conf:");
        if (Stream.of(conf).noneMatch(line -> line.startsWith(Where.JAVA_KEY))) {
            lines.add("  " + Where.JAVA_KEY + ": " + Where.JAVA);
        }
        Stream.of(conf).map(line -> "  " + line).forEach(lines::add);
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                "servers:\n  sales:\n    " + String.join("\n    ", lines) + "\n");
    }
}
