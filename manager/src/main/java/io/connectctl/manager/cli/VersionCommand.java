package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl version}. */
@Command(name = "version", description = "Print the version of the command line, of its Java, and of a running daemon.")
final class VersionCommand extends CliCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    VersionCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        Map<String, String> versions = new LinkedHashMap<>();
        versions.put("connectctl", context.version().text());
        versions.put("java", Runtime.version() + " (" + System.getProperty("java.home") + ")");
        versions.put("daemon", daemon());
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), versions);
            case NAME -> out().println(context.version().version());
            case TABLE -> versions.forEach((what, version) -> out().println(what + " " + version));
        }
        return ExitCode.OK;
    }

    private String daemon() throws IOException {
        try {
            DaemonView daemon = client().daemon();
            return daemon.version() + " (" + daemon.build() + "), pid " + daemon.pid();
        } catch (DaemonUnreachableException e) {
            return e.reason() == DaemonUnreachableException.Reason.NOT_RUNNING ? "not running" : "unreachable";
        }
    }
}
