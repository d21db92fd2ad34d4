package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Many servers, a line each. */
final class ServerTable {
    private ServerTable() {}

    /** The lines, heading first, no wider than {@code width} if that can be. */
    static List<String> lines(List<ServerView> servers, Instant now, int width) {
        TextTable table = new TextTable(
                new TextTable.Column("NAME", 0),
                new TextTable.Column("PHASE", 0),
                new TextTable.Column("RUNG", 4),
                new TextTable.Column("SPARK", 2),
                new TextTable.Column("SINCE", 3),
                new TextTable.Column("RESTARTS", 1),
                new TextTable.Column("URL", 5));
        for (ServerView server : servers) {
            table.row(
                    server.name(),
                    server.phase(),
                    ServerPage.rung(server),
                    server.sparkVersion(),
                    since(server, now),
                    Integer.toString(server.restarts()),
                    server.url() == null ? "-" : server.url());
        }
        return table.lines(width);
    }

    private static String since(ServerView server, Instant now) {
        Optional<Instant> since =
                server.phaseSince() == null ? Optional.empty() : Durations.instant(server.phaseSince());
        return since.isPresent() ? Durations.age(Duration.between(since.get(), now)) : "-";
    }
}
