package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.manager.api.v1.ActivityView;
import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.ChangeView;
import io.connectctl.manager.api.v1.ClusterView;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.LeaseInfo;
import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerList;
import io.connectctl.manager.api.v1.ServerView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ServerReaderTest {
    private static final ServerView FULL = new ServerView(
            "sales",
            "UP",
            "UNHEALTHY",
            "SESSION",
            "sc://localhost:15020",
            "process",
            7,
            4_294_967_297L,
            "c0ffee",
            "4.0.1",
            "local[4]",
            15020,
            "http://localhost:4050",
            new MemoryView(1585446912L, 762524467L, 762524468L, "(1512 MiB \u2212 300 MiB) x 0.6"),
            3,
            "2026-11-22T16:00:00Z",
            "2026-11-22T16:00:12Z",
            "2026-11-22T16:00:13Z",
            new CauseView("PROBE_FAILED", "no \"answer\"\n", "wait", List.of("a", "b"), "/log"),
            true,
            "/home/u/connectctl.yaml",
            "/state/server.log",
            "/state/token",
            List.of("Spark 3.5.0 listens on every interface"),
            "local-1",
            4,
            12.25,
            180,
            new LeaseInfo("4f1c09ab", "2026-11-22T17:00:00Z", "pid 7"),
            List.of(new ChangeView("conf.spark.sql.ansi.enabled", "true", "false", false)),
            true,
            new ActivityView(3, 2, List.of("etl"), true),
            new ClusterView(
                    "application_1_0002",
                    "RUNNING",
                    "root.default",
                    "http://rm:8088/proxy/application_1_0002/",
                    "none",
                    "1-8",
                    2,
                    1,
                    4,
                    4_294_967_299L,
                    "1024 MiB heap"));

    private static final ServerView EMPTY = new ServerView(
            "old",
            "DOWN",
            "STOPPED",
            "NONE",
            null,
            "process",
            0,
            null,
            null,
            "3.5.0",
            "local[*]",
            null,
            null,
            new MemoryView(1, 2, null, ""),
            0,
            null,
            null,
            null,
            null,
            false,
            null,
            null,
            null,
            List.of(),
            null,
            null,
            null,
            0,
            null,
            List.of(),
            false,
            null,
            null);

    @Test
    void aListReadsAsTheGeneralMapperReadsIt() throws IOException {
        byte[] json =
                Wire.mapper().writeValueAsBytes(new ServerList("connectctl/v1", "ServerList", List.of(FULL, EMPTY)));

        assertThat(ServerReader.list(json))
                .isEqualTo(Wire.read(json, ServerList.class))
                .isEqualTo(new ServerList("connectctl/v1", "ServerList", List.of(FULL, EMPTY)));
    }

    @Test
    void aServerReadsAsTheGeneralMapperReadsIt() throws IOException {
        for (ServerView server : List.of(FULL, EMPTY)) {
            assertThat(ServerReader.server(Wire.mapper().writeValueAsBytes(server)))
                    .isEqualTo(server);
        }
    }

    @Test
    void whatALaterDaemonAddsIsPassedOver() throws IOException {
        ServerView server = ServerReader.server(
                bytes("{\"name\":\"a\",\"later\":{\"deep\":[1,{\"x\":null}]},\"phase\":\"HEALTHY\"}"));

        assertThat(server.name()).isEqualTo("a");
        assertThat(server.phase()).isEqualTo("HEALTHY");
        assertThat(server.exposures()).isEmpty();
    }

    @Test
    void whatIsNoAnswerOfADaemonIsNamed() {
        assertThatThrownBy(() -> ServerReader.server(bytes("[]"))).hasMessageContaining("no ServerView");
        assertThatThrownBy(() -> ServerReader.list(bytes("{\"servers\":")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no ServerList")
                .hasMessageContaining("connectctl version");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whatAStopIsAnsweredWithIsReadAsDatabindReadsIt() throws Exception {
        DaemonView daemon = new DaemonView(
                "0.1.0",
                "c0ffee",
                4711,
                "2026-11-22T16:00:00Z",
                "/s",
                "/state",
                8080,
                null,
                3,
                null,
                true,
                "/run/docker.sock");
        ReceiptView receipt = new ReceiptView(1L << 40, true, "stopping");
        EventView event = new EventView(
                7,
                "2026-11-22T16:00:00Z",
                "sales",
                2,
                "exit",
                "STOPPING",
                "ended \u2212 \"by itself\"",
                new CauseView("KILLED", "s", "r", List.of("e"), null));
        EventView plain = new EventView(0, "2026-11-22T16:00:00Z", "sales", 2, "progress", "STARTING", "m", null);

        assertThat(ServerReader.daemon(Wire.mapper().writeValueAsBytes(daemon))).isEqualTo(daemon);
        assertThat(ServerReader.receipt(Wire.mapper().writeValueAsBytes(receipt)))
                .isEqualTo(receipt);
        assertThat(ServerReader.event(Wire.mapper().writeValueAsString(event))).isEqualTo(event);
        assertThat(ServerReader.event(Wire.mapper().writeValueAsString(plain))).isEqualTo(plain);
    }

    @Test
    void aLeaseIsReadAndAskedForAsDatabindDoes() throws Exception {
        CauseView cause = new CauseView("PORT_TAKEN", "s", "r", List.of("e"), null);
        for (LeaseView lease : List.of(
                new LeaseView("a", "lease-a", "READY", true, "ci", "pid 7", 7L, 60, "t", 0, "u", "f", null, null, 9),
                new LeaseView("a", "l", "FAILED", false, null, null, null, 60, "t", 3, null, null, "e", cause, 0))) {
            assertThat(ServerReader.leased(Wire.mapper().writeValueAsBytes(lease)))
                    .isEqualTo(lease);
        }
        for (LeaseRequest request : List.of(
                new LeaseRequest(null, 60_000, "ci", "a \"job\"", 7L), new LeaseRequest(null, 1, null, null, null))) {
            assertThat(new String(ApiClient.body(request), StandardCharsets.UTF_8))
                    .isEqualTo(Wire.mapper().writeValueAsString(request));
        }
    }
}
