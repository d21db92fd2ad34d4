package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.PlanView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl diff}. */
@Command(
        name = "diff",
        description = {
            "Show what of a running server is otherwise than a start would make it now, as key: old -> new.",
            "Compares its declaration (also a connectctl.yaml that was edited since), its templates by what they render, the image's"
                    + " id or the jars; comments, order and blanks don't count. Secrets aren't shown.",
            "[restart, or a live session]: a client can set it in its own session as well. Exits with 0 without drift, else with 10."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl diff sales", "  connectctl diff sales -o json"})
final class DiffCommand extends ServerCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    DiffCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = client();
        PlanView diff = client.diff(serverName(client));
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), diff);
            case NAME -> diff.changes().forEach(change -> out().println(change.key()));
            case TABLE -> {
                Changes.lines(diff.changes()).forEach(this::print);
                if (diff.changes().isEmpty()) {
                    say(diff.server() + ": no drift");
                } else if (diff.running()) {
                    say(diff.server() + ": to apply: connectctl restart " + diff.server());
                } else {
                    say(diff.server()
                            + " doesn't run: this is what differs from its last run; the next start applies it");
                }
            }
        }
        return diff.changes().isEmpty() ? ExitCode.OK : ExitCode.CHANGES;
    }
}
