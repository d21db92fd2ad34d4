package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What runs and isn't what is declared is told key by key, applied, and taken back. */
class DriftTest {
    @Test
    void whatDiffersIsToldAppliedAndTakenBack() throws IOException {
        try (Installation installation = new Installation()) {
            int port = Spark.freePort();
            Path overlay = Files.createDirectories(installation.home().resolve(".config/connectctl/templates/default"))
                    .resolve("notes.properties");
            Files.writeString(overlay, "a = 1\n");
            declare(installation, port, "spark.sql.shuffle.partitions: 4");
            installation.ok("start", "sales");
            assertThat(drift(installation)).isEmpty();

            // A comment, another order and blanks mean the same.
            Files.writeString(overlay, "# why\n\na=1\n");
            declare(installation, port, "# why\n      spark.sql.shuffle.partitions:   '4'");
            assertThat(drift(installation)).isEmpty();
            assertThat(installation.run("plan").exit()).isZero();

            Files.writeString(overlay, "a = 2\n");
            assertThat(drift(installation)).containsExactly("notes.properties");
            declare(installation, port, "spark.sql.shuffle.partitions: 8");
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
            declare(installation, port, "spark.driver.extraJavaOptions: -javaagent:/no/such.jar");
            Outcome failed = installation.run("restart", "sales");
            assertThat(failed.exit()).as(failed::toString).isEqualTo(4);
            assertThat(failed.err())
                    .contains("restarting with the current declaration", "connectctl restart sales --rollback");
            installation.ok("restart", "sales", "--rollback");
            assertThat(Spark.ask(installation.ok("url", "sales").out().strip(), "hello"))
                    .isEqualTo("Hello, Spark Connect!");
            assertThat(drift(installation))
                    .containsExactly("conf.spark.driver.extraJavaOptions", "conf.spark.sql.shuffle.partitions");
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

    private static void declare(Installation installation, int port, String conf) throws IOException {
        String java = conf.startsWith(Where.JAVA_KEY) ? "" : "      " + Where.JAVA_KEY + ": " + Where.JAVA + "\n";
        Files.writeString(
                installation.project().resolve("connectctl.yaml"),
                "servers:\n  sales:\n    port: " + port + "\n    uiPort: auto\n    conf:\n" + java + "      " + conf
                        + "\n");
    }
}
