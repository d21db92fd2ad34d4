package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Servers as a daemon would tell of them. */
final class Servers {
    private Servers() {}

    static ServerView server(String name, String phase) {
        boolean up = !phase.equals("STOPPED") && !phase.equals("FAILED");
        CauseView cause = phase.equals("FAILED")
                ? new CauseView(
                        "PORT_TAKEN",
                        "port 15002 is held by pid 77 (java)",
                        "stop that process, or choose another port: connectctl start " + name + " --port auto",
                        List.of("java.net.BindException: Failed to bind to address 127.0.0.1:15002"),
                        "/state/servers/" + name + "/run/1/server.log")
                : null;
        return server(name, phase, phase.equals("STOPPED") ? "DOWN" : "UP", up ? "QUERY" : "NONE", cause);
    }

    static ServerView server(String name, String phase, String desired, String rung, @Nullable CauseView cause) {
        boolean up = !phase.equals("STOPPED") && !phase.equals("FAILED");
        return new ServerView(
                name,
                desired,
                phase,
                rung,
                "sc://localhost:15002",
                "process",
                1,
                up ? 4711L : null,
                null,
                "4.0.1",
                "local[4]",
                15002,
                up ? "http://localhost:4040" : null,
                new MemoryView(
                        1585446912L,
                        762524467L,
                        up ? 762524467L : null,
                        "(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB"),
                0,
                up ? "2026-11-22T16:00:00Z" : null,
                up ? "2026-11-22T16:00:12Z" : null,
                "2026-11-22T16:00:12Z",
                cause,
                false,
                null,
                "/state/servers/" + name + "/run/1/server.log",
                null,
                List.of(),
                up ? "local-1" : null,
                up ? 4 : null,
                up ? 12.3 : null,
                180,
                null,
                List.of(),
                false,
                null,
                null);
    }

    static String json(Object value) {
        try {
            return Wire.mapper().writeValueAsString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String list(ServerView... servers) {
        return json(OutputFormat.list(List.of(servers)));
    }

    static String event(long sequence, String server, String type, String phase, String message) {
        return "{\"sequence\":" + sequence + ",\"at\":\"2026-11-22T16:00:00Z\",\"server\":\"" + server
                + "\",\"incarnation\":1,\"type\":\"" + type + "\",\"phase\":\"" + phase + "\",\"message\":\"" + message
                + "\",\"cause\":null}";
    }
}
