package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

/**
 * The run that the launcher records for the daemon's own class data sharing: a daemon in this process, in the folders that the
 * environment names, asked what every command line asks, and stopped. It has no server, so nothing of the user's is touched.
 */
@Command(name = TrainDaemonCommand.NAME, hidden = true, description = "For the launcher: load what the daemon loads.")
final class TrainDaemonCommand extends CliCommand {
    static final String NAME = "train-daemon-class-data-sharing";

    /** It runs beside everything else that the machine has to do, at the lowest priority. */
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    TrainDaemonCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Thread daemon = new Thread(this::serve, "daemon");
        daemon.setDaemon(true);
        daemon.start();
        ApiClient client = client();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!answers(client)) {
            if (System.nanoTime() > deadline) {
                return ExitCode.TIMEOUT;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        client.daemon();
        client.servers();
        client.leases();
        client.pools();
        client.events(OptionalLong.empty(), Optional.empty(), OptionalInt.empty(), false)
                .close();
        client.stopDaemon();
        // The daemon ends this process, and with that the recording.
        daemon.join(PATIENCE.toMillis());
        return ExitCode.TIMEOUT;
    }

    private void serve() {
        try {
            new DaemonRunCommand(context).execute();
        } catch (IOException e) {
            // It never answers then, and this run ends without an archive.
        }
    }
}
