package io.connectctl.manager.cli;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.OneCommand;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonLauncher;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A supervisor for one command: the daemon's own code with a state folder of its own, as a process that ends with us. It holds the
 * other end of a pipe that only we write to, so however we end, it ends its servers, removes its folder and goes.
 */
final class OwnDaemon implements AutoCloseable {
    /** As the daemon's start: a cold JVM on a machine under load. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration ENDING = Duration.ofSeconds(40);

    private final Process process;
    private final OutputStream hold;
    private final ApiClient client;

    private OwnDaemon(Process process, ApiClient client) {
        this.process = process;
        this.hold = process.getOutputStream();
        this.client = client;
    }

    /** Starts one; it answers when this returns. */
    static OwnDaemon start(CliContext context, Runnable announce) throws IOException, InterruptedException {
        Path state = folder(context.folders().state());
        Folders folders = new Folders(
                context.folders().config(),
                state,
                state.resolve("run"),
                context.folders().cache());
        Map<String, String> environment = new HashMap<>(context.environment());
        environment.put("CONNECTCTL_CONFIG_DIR", folders.config().toString());
        environment.put("CONNECTCTL_STATE_DIR", folders.state().toString());
        environment.put("CONNECTCTL_RUN_DIR", folders.run().toString());
        environment.put("CONNECTCTL_CACHE_DIR", folders.cache().toString());
        long uid = ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
        ApiClient client = new ApiClient(folders.socket(uid));
        announce.run();
        OwnDaemon own = new OwnDaemon(DaemonLauncher.forOneCommand(state, environment), client);
        try {
            OneCommand.keptBy(state, own.process.pid());
            own.awaitAnswer(state);
            return own;
        } catch (IOException | InterruptedException e) {
            own.process.destroy();
            throw e;
        }
    }

    /** Below the installation's state, so that whatever is left there is known to be ours. */
    private static Path folder(Path state) throws IOException {
        Path folder = state.resolve("runs").resolve(String.format(Locale.ROOT, "%08x", new SecureRandom().nextInt()));
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        // Tells whoever is left, such as a server's keeper, that the folder goes with its last server.
        OneCommand.mark(folder);
        return folder;
    }

    private void awaitAnswer(Path state) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                client.ping(Duration.ofSeconds(2));
                return;
            } catch (DaemonUnreachableException e) {
                if (process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                    Path output = state.resolve("daemon.out");
                    throw new CliFailure(
                            ExitCode.UNREACHABLE,
                            "the supervisor for this command "
                                    + (process.isAlive()
                                            ? "doesn't answer"
                                            : "ended with exit code " + process.exitValue())
                                    + (Files.exists(output)
                                            ? ": " + Files.readString(output).strip()
                                            : ""),
                            "use the daemon instead: leave --no-daemon out");
                }
            }
        }
    }

    /** Speaks to it. */
    ApiClient client() {
        return client;
    }

    /** Lets it go, and waits until it is gone. */
    @Override
    public void close() throws IOException {
        hold.close();
        try {
            if (!process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroy();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
