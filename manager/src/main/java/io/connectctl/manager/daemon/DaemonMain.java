package io.connectctl.manager.daemon;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.OneCommand;
import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * {@code connectctl daemon run}: the daemon's process. Takes no arguments; everything comes from the environment and from
 * system properties ({@code connectctl.detached=true} where nobody reads its stderr, {@code connectctl.build}). It is ready when
 * its socket answers {@code /healthz}. If it can't start, one line on stderr says why and it exits with 1, or with 8 where
 * another daemon holds the state folder.
 */
public final class DaemonMain {
    static final int FAILURE = 1;
    static final int CONFLICT = 8;

    /** systemd's default patience is 90 s; ours is shorter, since servers stay and nothing has to be waited for. */
    private static final long LONGEST_STOP_SECONDS = 10;

    private DaemonMain() {}

    /** Runs until it is told to stop. */
    public static void main(String[] arguments) {
        int code = run(System.getenv());
        System.exit(code);
    }

    private static int run(Map<String, String> environment) {
        CountDownLatch closed = new CountDownLatch(1);
        String failed = "the daemon can't start";
        try {
            Folders folders = Folders.of(environment, Path.of(System.getProperty("user.home")), PrivateFolder.uid());
            PrivateFolder.make(folders.state());
            logTo(folders.state());
            Systemd systemd = new Systemd(environment);
            try (Daemon daemon = Daemon.open(folders, environment, BuildInfo.current(), Wiring::fleet)) {
                // On a signal the JVM waits for this hook, and the hook for the orderly end of main.
                Runtime.getRuntime().addShutdownHook(new Thread(() -> await(daemon, closed), "signal"));
                systemd.ready("answers on " + daemon.socket());
                failed = "the daemon ends";
                if (Boolean.getBoolean("connectctl.oneCommand")) {
                    serveOneCommand(daemon);
                }
                daemon.awaitStop();
                systemd.stopping();
            }
            return 0;
        } catch (DaemonLock.HeldException e) {
            System.err.println("connectctl: " + e.getMessage());
            return CONFLICT;
        } catch (IOException | RuntimeException e) {
            System.err.println("connectctl: " + failed + ": " + reason(e));
            return FAILURE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        } finally {
            removeForOneCommand(environment);
            closed.countDown();
        }
    }

    /** What served one command goes with it, unless a server of it is still there: its keeper removes both then. */
    private static void removeForOneCommand(Map<String, String> environment) {
        if (!Boolean.getBoolean("connectctl.oneCommand")) {
            return;
        }
        try {
            Path state = Folders.of(environment, Path.of(System.getProperty("user.home")), PrivateFolder.uid())
                    .state();
            if (OneCommand.marks(state) && isEmpty(state.resolve("servers"))) {
                PrivateFiles.remove(state);
            }
        } catch (IOException e) {
            System.err.println("connectctl: the folder of this supervisor can't be removed: " + e);
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.findAny().isEmpty();
        }
    }

    /** Whoever it was started for holds the other end of stdin and says nothing; with them everything goes. */
    private static void serveOneCommand(Daemon daemon) {
        Thread caller = new Thread(
                () -> {
                    try {
                        while (System.in.read() >= 0) {
                            Thread.onSpinWait();
                        }
                    } catch (IOException e) {
                        // Gone as well.
                    }
                    daemon.endLeases();
                    daemon.stop();
                },
                "caller");
        caller.setDaemon(true);
        caller.start();
    }

    private static void await(Daemon daemon, CountDownLatch closed) {
        if (Boolean.getBoolean("connectctl.oneCommand")) {
            // Whoever ends this supervisor ends what it was started for.
            daemon.endLeases();
        }
        daemon.stop();
        try {
            if (!closed.await(LONGEST_STOP_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("connectctl: the daemon didn't end within " + LONGEST_STOP_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Must come before the first logger: Logback reads its configuration then. */
    private static void logTo(Path state) {
        System.setProperty("connectctl.state", state.toString());
        boolean detached = Boolean.getBoolean("connectctl.detached") || toFile(state.resolve("daemon.out"));
        if (detached && System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/connectctl/logback-detached.xml");
        }
    }

    /** Whether stderr leads to the file that the launcher gives a detached daemon: nobody reads or bounds that one. */
    private static boolean toFile(Path output) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/2")).equals(output.toRealPath());
        } catch (IOException e) {
            return false; // There is no such file, so it isn't where stderr leads.
        }
    }

    private static String reason(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.toString() : message;
    }
}
