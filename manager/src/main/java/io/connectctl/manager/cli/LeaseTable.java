package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeaseView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Leases as a table. */
final class LeaseTable {
    private LeaseTable() {}

    static List<String> lines(List<LeaseView> leases, CliContext context) {
        TextTable table = new TextTable(
                new TextTable.Column("LEASE", 0),
                // Its name is made of the lease's id.
                new TextTable.Column("SERVER", 3),
                new TextTable.Column("STATE", 0),
                new TextTable.Column("EXPIRES", 4),
                new TextTable.Column("OWNER", 1),
                new TextTable.Column("POOL", 2),
                new TextTable.Column("URL", 0));
        Instant now = context.clock().instant();
        for (LeaseView lease : leases) {
            table.row(
                    lease.lease(),
                    lease.server(),
                    lease.held() ? lease.state() : "SPARE " + lease.state(),
                    Durations.instant(lease.expiresAt())
                            .map(at -> "in " + Durations.age(Duration.between(now, at)))
                            .orElse("-"),
                    lease.owner() == null ? "-" : lease.owner(),
                    lease.pool() == null ? "-" : lease.pool(),
                    lease.url() == null ? "-" : lease.url());
        }
        return table.lines(context.terminal().outColumns());
    }
}
