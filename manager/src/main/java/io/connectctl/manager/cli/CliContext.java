package io.connectctl.manager.cli;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.manager.client.DaemonSocket;
import io.connectctl.manager.client.ToolProcess;
import io.connectctl.manager.client.ToolVersion;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.function.Supplier;

/**
 * All that a command sees of the world, so that tests can give it another one.
 *
 * @param in what is piped in
 * @param out data
 * @param err progress, warnings, errors
 * @param environment the caller's environment
 * @param workingFolder where the caller stands
 * @param terminal what the streams are connected to
 * @param folders this installation's folders
 * @param socket where the daemon listens
 * @param version which connectctl this is
 * @param starter starts the daemon
 * @param tool how another process of this tool is run
 * @param interrupts tells of signals
 * @param clock for ages
 */
record CliContext(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> environment,
        Path workingFolder,
        Terminal terminal,
        Folders folders,
        Supplier<Path> socket,
        ToolVersion version,
        DaemonStarter starter,
        ToolProcess tool,
        Interrupts interrupts,
        Clock clock) {
    CliContext {
        environment = Map.copyOf(environment);
    }

    /** Of this process. */
    static CliContext system() {
        Map<String, String> environment = System.getenv();
        long uid = uid();
        Folders folders = Folders.of(environment, Path.of(System.getProperty("user.home")), uid);
        return new CliContext(
                System.in,
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                environment,
                Path.of("").toAbsolutePath(),
                Terminal.system(environment),
                folders,
                new DaemonSocket(folders.state(), folders.socket(uid)),
                ToolVersion.current(),
                DaemonStarter.detached(folders.state(), environment),
                ToolProcess.OF_THIS_INSTALLATION,
                Interrupts.system(),
                Clock.systemUTC());
    }

    /** UTF-8 whatever the locale says: names, masters and log lines are. */
    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    private static long uid() {
        try {
            return ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
        } catch (IOException e) {
            throw new IllegalStateException("/proc/self can't be read: connectctl needs a Linux with /proc", e);
        }
    }
}
