package io.connectctl.manager.cli;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import picocli.CommandLine.Command;

/** {@code connectctl daemon run}. */
@Command(name = "run", description = "Run the daemon in the foreground, until SIGTERM or connectctl daemon stop.")
final class DaemonRunCommand extends CliCommand {
    DaemonRunCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        try {
            // By name: the command line must not load, nor even know, what only the daemon needs.
            Class.forName("io.connectctl.manager.daemon.DaemonMain")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) new String[0]);
            return ExitCode.OK;
        } catch (InvocationTargetException e) {
            throw new IOException("the daemon ended: " + e.getCause(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IOException("this copy of connectctl holds no daemon: " + e, e);
        }
    }
}
