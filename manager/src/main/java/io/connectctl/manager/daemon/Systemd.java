package io.connectctl.manager.daemon;

import io.connectctl.manager.client.SystemdUnit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd what the daemon does (sd_notify). Java has no Unix datagram sockets, so systemd's own
 * {@code systemd-notify} speaks for it; the unit therefore says {@code NotifyAccess=all}. It is installed wherever systemd is.
 */
final class Systemd {
    private static final Logger LOG = LoggerFactory.getLogger(Systemd.class);

    private final boolean listens;
    private final String notify;

    Systemd(Map<String, String> environment) {
        this(environment, "systemd-notify");
    }

    /**
     * @param environment the daemon's own
     * @param notify the command that speaks for it
     */
    Systemd(Map<String, String> environment, String notify) {
        this.listens = environment.containsKey("NOTIFY_SOCKET");
        this.notify = notify;
    }

    /**
     * Whether systemd started this process, with these variables. INVOCATION_ID alone doesn't say so: what a unit's process
     * starts, such as a desktop's terminal and all in it, inherits it.
     */
    static boolean supervises(Map<String, String> environment) {
        return environment.containsKey("NOTIFY_SOCKET")
                || Long.toString(ProcessHandle.current().pid()).equals(environment.get("SYSTEMD_EXEC_PID"));
    }

    /** The unit that runs this process; empty where it isn't systemd that started it. */
    static Optional<SystemdUnit> unit(Map<String, String> environment) {
        if (!supervises(environment)) {
            return Optional.empty();
        }
        try {
            return SystemdUnit.of(Files.readString(Path.of("/proc/self/cgroup")));
        } catch (IOException e) {
            LOG.warn(
                    "/proc/self/cgroup can't be read, so the unit that runs this daemon isn't known: {}", e.toString());
            return Optional.empty();
        }
    }

    /** The daemon answers. */
    void ready(String status) {
        tell("--ready", "--pid=" + ProcessHandle.current().pid(), "--status=" + status);
    }

    /** The daemon ends. */
    void stopping() {
        tell("STOPPING=1");
    }

    private void tell(String... words) {
        if (!listens) {
            return;
        }
        String[] command = new String[words.length + 1];
        command[0] = notify;
        System.arraycopy(words, 0, command, 1, words.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            } else if (process.exitValue() != 0) {
                LOG.warn("systemd-notify exited with {}: systemd wasn't told {}", process.exitValue(), words[0]);
            }
        } catch (IOException e) {
            LOG.warn("NOTIFY_SOCKET is set but systemd-notify can't be run: use Type=exec in the unit", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
