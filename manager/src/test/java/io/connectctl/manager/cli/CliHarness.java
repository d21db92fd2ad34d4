package io.connectctl.manager.cli;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.manager.client.ToolProcess;
import io.connectctl.manager.client.ToolVersion;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs the command line in this process, as a test arranges its world. */
final class CliHarness {
    static final Instant NOW = Instant.parse("2026-11-22T16:10:00Z");

    final Map<String, String> environment = new HashMap<>();
    final Path folder;
    Path socket;
    boolean outIsTerminal;
    boolean errIsTerminal;
    int columns = 80;
    /** What somebody types when they are asked; absent where nobody can be. */
    @Nullable
    String answer;

    /** What hears of a signal; a command that leaves none is ended by it alone. */
    Interrupts interrupts = lastWord -> () -> {};

    /** What is piped into the command. */
    InputStream in = InputStream.nullInputStream();

    /** By default a daemon that runs already. */
    DaemonStarter starter = (client, announce) -> false;

    ToolProcess tool = ToolProcess.OF_THIS_INSTALLATION;
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);

    CliHarness(Path folder, Path socket) {
        this.folder = folder;
        this.socket = socket;
        environment.put("PATH", "/nonexistent");
    }

    /** What a command did. */
    record Result(int code, String out, String err) {}

    Result run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CliContext context = new CliContext(
                in,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                folder,
                terminal(),
                new Folders(folder.resolve("config"), folder.resolve("state"), folder, folder.resolve("cache")),
                () -> socket,
                new ToolVersion("0.1.0", "bbbbbbbbbbbb", Optional.empty()),
                starter,
                tool,
                interrupts,
                clock);
        int code = Cli.run(context, arguments);
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private Terminal terminal() {
        return new Terminal() {
            @Override
            public boolean out() {
                return outIsTerminal;
            }

            @Override
            public boolean err() {
                return errIsTerminal;
            }

            @Override
            public boolean asks() {
                return answer != null;
            }

            @Override
            public String line() {
                return answer == null ? "" : answer;
            }

            @Override
            public int columns() {
                return columns;
            }
        };
    }
}
