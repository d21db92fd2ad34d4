package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.LeaseList;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl leases}. */
@Command(
        name = "leases",
        description = "Show every lease: its server, its owner, and when it expires; pools' spares too.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl leases", "  connectctl leases -o json"})
final class LeasesCommand extends CliCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    LeasesCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        LeaseList leases = looking().leases();
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), leases);
            case NAME -> leases.leases().forEach(lease -> out().println(lease.lease()));
            case TABLE -> {
                if (leases.leases().isEmpty()) {
                    say("no leases");
                } else {
                    LeaseTable.lines(leases.leases(), context).forEach(out()::println);
                }
            }
        }
        return ExitCode.OK;
    }
}
