package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.client.DaemonHolder;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl daemon status}. */
@Command(name = "status", description = "Show the daemon; exits with 7 if none runs.")
final class DaemonStatusCommand extends CliCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    DaemonStatusCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        DaemonView daemon;
        try {
            daemon = client().daemon();
        } catch (DaemonUnreachableException e) {
            if (e.reason() != DaemonUnreachableException.Reason.NO_ANSWER) {
                throw e;
            }
            // Everything else refers to this command.
            Path state = context.folders().state();
            Optional<DaemonHolder> holder = DaemonHolder.of(state);
            throw new CliFailure(
                    ExitCode.UNREACHABLE,
                    e.getMessage()
                            + holder.map(found -> "; it is " + found.describe()).orElse(""),
                    holder.map(found -> found.remedy() + "; ").orElse("") + "its log: " + state.resolve("daemon.log"));
        }
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), daemon);
            case NAME -> out().println(daemon.pid());
            case TABLE -> {
                out().println("connectctl daemon " + daemon.version() + " (" + daemon.build() + ")");
                out().println("  Pid         " + daemon.pid());
                out().println("  Started     " + daemon.startedAt());
                out().println("  Socket      " + daemon.socket());
                out().println("  State       " + daemon.stateFolder());
                out().println("  Servers     " + daemon.servers());
                if (daemon.notice() != null) {
                    out().println("  Notice      " + daemon.notice());
                }
                if (daemon.tcpPort() != null) {
                    out().println("  API on TCP  127.0.0.1:" + daemon.tcpPort());
                }
                if (daemon.healthPort() != null) {
                    out().println("  gRPC health 127.0.0.1:" + daemon.healthPort());
                }
            }
        }
        return ExitCode.OK;
    }
}
