package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A started server does what a user started it for, on both lines of Spark. */
@Order(Integer.MAX_VALUE - 2)
class UsableServerTest {
    private static final String POOL_OF_1512M = "762524467";

    @ParameterizedTest
    @CsvSource({"PROCESS, 4.0.1", "PROCESS, 3.5.0", "DOCKER, 4.0.1", "DOCKER, 3.5.0"})
    void startedServerServesRealClientsUntilItIsStopped(Where where, String version) {
        try (Installation installation = where.install()) {
            int port = Spark.freePort();
            int uiPort = Spark.freePort();
            Outcome start = installation.start(
                    "connect",
                    version,
                    "--master",
                    "local[4]",
                    "--driver-memory",
                    "1512m",
                    "--port",
                    "" + port,
                    "--ui-port",
                    "" + uiPort);
            String url = "sc://localhost:" + port;
            assertThat(start.out().strip()).isEqualTo(url);
            assertThat(start.err()).contains("HEALTHY", "rung=query", "spark=" + version, "local[4]", url);

            JsonNode status = installation.status("connect");
            assertThat(status.path("phase").asText()).isEqualTo("HEALTHY");
            assertThat(status.path("desired").asText()).isEqualTo("UP");
            assertThat(status.path("rung").asText()).isEqualTo("QUERY");
            assertThat(status.path("url").asText()).isEqualTo(url);
            assertThat(status.path("incarnation").asInt()).isEqualTo(1);
            assertThat(status.path("sparkVersion").asText()).isEqualTo(version);
            assertThat(status.path("runtime").asText()).isEqualTo(where == Where.DOCKER ? "docker" : "process");
            if (where == Where.PROCESS) {
                assertThat(ProcessHandle.of(status.path("pid").asLong())).isPresent();
                assertThat(start.err()).contains("runtime process: docker: ");
            } else {
                assertThat(Docker.inspect(status.path("containerId").asText())
                                .at("/State/Running")
                                .asBoolean())
                        .isTrue();
                assertThat(start.err()).contains("  docker  ");
            }
            assertThat(status.at("/memory/driverBytes").asLong()).isEqualTo(1512L << 20);
            assertThat(status.at("/memory/poolBytes").asText()).isEqualTo(POOL_OF_1512M);
            assertThat(status.at("/memory/observedPoolBytes").asText()).isEqualTo(POOL_OF_1512M);

            JsonNode driver = Spark.driver(status.path("uiUrl").asText());
            assertThat(driver.path("totalCores").asInt()).isEqualTo(4);
            assertThat(driver.path("maxMemory").asText()).isEqualTo(POOL_OF_1512M);
            assertThat(installation.ok("describe").out())
                    .contains("(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB");

            assertThat(Spark.ask(url, "hello")).isEqualTo("Hello, Spark Connect!");
            Process first = Spark.client(url, "hello");
            Process second = Spark.client(url, "shuffle");
            assertThat(Installation.finish(first, Installation.PATIENCE).out().strip())
                    .isEqualTo("Hello, Spark Connect!");
            assertThat(Installation.finish(second, Installation.PATIENCE).out().strip())
                    .isEqualTo("17");

            installation.ok("stop");
            Outcome wait = installation.run("wait", "--for", "healthy");
            assertThat(wait.exit()).as(wait::toString).isEqualTo(3);
            Outcome stopped = installation.run("status", "connect");
            assertThat(stopped.exit()).as(stopped::toString).isEqualTo(3);
            assertThat(stopped.out() + stopped.err()).contains("ten minutes", "connectctl start");
            if (where == Where.PROCESS) {
                assertThat(ProcessHandle.of(status.path("pid").asLong())).isEmpty();
            } else {
                assertThat(Docker.ok(
                                "ps",
                                "-q",
                                "--filter",
                                "label=io.connectctl.installation="
                                        + installation.id().orElseThrow()))
                        .isEmpty();
            }
        }
    }

    @Test
    void uiOfAnotherSparkIsNeverTakenForOurs() {
        try (Installation installation = new Installation()) {
            int uiPort = Spark.freePort();
            installation.ok("start", "one", "--port", "" + Spark.freePort(), "--ui-port", "" + uiPort);
            installation.ok("start", "two", "--port", "auto", "--ui-port", "" + uiPort);

            JsonNode one = installation.status("one");
            JsonNode two = installation.status("two");

            assertThat(one.path("uiUrl").asText()).endsWith(":" + uiPort);
            assertThat(two.path("uiUrl").asText())
                    .isNotEmpty()
                    .isNotEqualTo(one.path("uiUrl").asText());
            assertThat(marker(two.path("uiUrl").asText())).startsWith("two/1/");
            assertThat(two.path("url").asText())
                    .isEqualTo(installation.ok("url", "two").out().strip());
            assertThat(Spark.ask(two.path("url").asText(), "hello")).isEqualTo("Hello, Spark Connect!");

            installation.ok("stop", "one");
            assertThat(installation.status("two").path("phase").asText()).isEqualTo("HEALTHY");
        }
    }

    @Test
    void secondStartIsASuccessThatSaysSoAndARestartIsANewIncarnation() {
        try (Installation installation = new Installation()) {
            String port = "" + Spark.freePort();
            String url = installation
                    .ok("start", "--port", port, "--ui-port", "auto")
                    .out()
                    .strip();

            Outcome again = installation.ok("start");
            assertThat(again.out().strip()).isEqualTo(url);
            assertThat(again.err()).containsIgnoringCase("already");
            assertThat(installation.status("connect").path("incarnation").asInt())
                    .isEqualTo(1);

            assertThat(installation
                            .ok("restart", "--conf", "spark.sql.shuffle.partitions=3")
                            .out()
                            .strip())
                    .isEqualTo(url);
            JsonNode status = installation.status("connect");
            assertThat(status.path("incarnation").asInt()).isEqualTo(2);
            assertThat(status.path("restarts").asInt()).isZero();
            Path conf = installation.serverFolder("connect").resolve("conf/spark-defaults.conf");
            assertThat(conf).content().contains("spark.sql.shuffle.partitions");

            installation.ok("stop");
            assertThat(installation.ok("stop").err()).containsIgnoringCase("already");
            installation.ok("remove");
            assertThat(Files.exists(installation.serverFolder("connect"))).isFalse();
            assertThat(installation.run("status", "connect").exit()).isEqualTo(5);
        }
    }

    private static String marker(String ui) {
        String id = Spark.get(ui + "/api/v1/applications").path(0).path("id").asText();
        for (JsonNode pair :
                Spark.get(ui + "/api/v1/applications/" + id + "/environment").path("sparkProperties")) {
            if (pair.path(0).asText().equals("spark.connectctl.instance")) {
                return pair.path(1).asText();
            }
        }
        return "";
    }
}
