package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Spark 4.0.1 on a real standalone master and worker. */
class StandaloneTest {
    private static final String VERSION = "4.0.1";

    private static String[] start(Installation installation, Where where, Cluster cluster, String... more) {
        List<String> arguments = new ArrayList<>(List.of("start", "sales", "--master", cluster.master()));
        arguments.addAll(List.of("--executors", "1", "--executor-memory", "512m"));
        arguments.addAll(List.of("--port", "auto", "--ui-port", "auto", "--interval", "2s"));
        arguments.addAll(where.flags(installation, VERSION));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    @Test
    void processRunsItsWorkOnExecutorsAndOutlivesOne() {
        try (Installation installation = new Installation()) {
            Path jars = installation.jars(VERSION);
            try (Cluster cluster = Cluster.standalone(jars, "127.0.0.1")) {
                works(installation, Where.PROCESS, cluster);
                long incarnation =
                        installation.status("sales").path("incarnation").asLong();

                cluster.executors().forEach(ProcessHandle::destroyForcibly);
                await().atMost(Installation.PATIENCE)
                        .until(() -> installation
                                        .look("sales")
                                        .at("/cluster/executorsLost")
                                        .asInt()
                                == 1);
                await().atMost(Installation.PATIENCE).until(() -> {
                    JsonNode now = installation.look("sales");
                    return now.at("/cluster/executorsRegistered").asInt() == 1
                            && now.path("phase").asText().equals("HEALTHY");
                });
                assertThat(installation.status("sales").path("incarnation").asLong())
                        .isEqualTo(incarnation);

                installation.ok("stop", "sales");
                await().atMost(Installation.PATIENCE)
                        .until(() -> cluster.executors().isEmpty());
            }
        }
    }

    @Test
    void containerRunsItsWorkOnExecutorsOutsideOfIt() {
        Docker.require();
        try (Installation installation = new Installation(Where.DOCKER)) {
            Path jars = installation.jars(VERSION);
            // A container reaches this machine by the address of its bridge, and is reached by it.
            try (Cluster cluster = Cluster.standalone(jars, Docker.gateway())) {
                works(installation, Where.DOCKER, cluster);
                installation.ok("stop", "sales");
            }
        }
    }

    private static void works(Installation installation, Where where, Cluster cluster) {
        Outcome start = installation.ok(start(installation, where, cluster));
        assertThat(start.err()).contains("rung=query");
        JsonNode status = installation.status("sales");
        assertThat(status.path("rung").asText()).isEqualTo("QUERY");
        assertThat(status.at("/cluster/executorsRegistered").asInt()).isEqualTo(1);
        assertThat(status.at("/cluster/applicationId").asText()).startsWith("app-");
        String url = status.path("url").asText();
        assertThat(Spark.ask(url, "hello")).isEqualTo("Hello, Spark Connect!");
        assertThat(Spark.ask(url, "shuffle")).isEqualTo("17");
    }
}
