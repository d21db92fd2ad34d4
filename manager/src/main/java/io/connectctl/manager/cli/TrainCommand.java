package io.connectctl.manager.cli;

import io.connectctl.manager.client.ToolVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;

/**
 * The run that the launcher records for class data sharing: goes through the commands whose start-up time matters, against a
 * socket of its own with canned answers, so that no daemon is needed and none is touched.
 */
@Command(name = TrainCommand.NAME, hidden = true, description = "For the launcher: load what common commands load.")
final class TrainCommand extends CliCommand {
    static final String NAME = "train-class-data-sharing";

    private static final String SERVER =
            """
            {"name":"a","desired":"UP","phase":"HEALTHY","rung":"QUERY","url":"sc://localhost:15002","runtime":"process",
            "incarnation":1,"pid":1,"containerId":null,"sparkVersion":"4.0.1","master":"local[*]","port":15002,
            "uiUrl":"http://localhost:4040","memory":{"driverBytes":1073741824,"poolBytes":455501414,
            "observedPoolBytes":455501414,"explanation":"e"},"restarts":0,"startedAt":"2026-11-22T16:00:00Z",
            "healthySince":"2026-11-22T16:00:00Z","phaseSince":"2026-11-22T16:00:00Z","cause":{"code":"C","summary":"s",
            "remedy":"r","evidence":["e"],"logFile":null},"changed":false,"declaredIn":null,"logFile":null,"tokenFile":null,
            "exposures":[],"applicationId":"x","cores":2,"startSeconds":1.5}""";

    private static final String RECEIPT = "{\"sequence\":1,\"changed\":true,\"message\":\"stopping\"}";

    private static final String EVENT =
            """
            {"sequence":2,"at":"2026-11-22T16:00:00Z","server":"a","incarnation":1,"type":"phase","phase":"HEALTHY",\
            "message":"STARTING -> HEALTHY","cause":null}
            """;

    private static final String LEASE =
            """
            {"lease":"0badcafe","server":"lease-0badcafe","state":"READY","held":true,"pool":"a","owner":null,"ownerPid":1,
            "ttlSeconds":1200,"expiresAt":"2026-11-22T16:20:00Z","position":0,"url":"sc://localhost:15002","tokenFile":null,
            "ending":null,"cause":null,"sequence":1}""";

    private static final String NO_SUCH_LEASE =
            "{\"code\":\"NO_SUCH_LEASE\",\"title\":\"t\",\"detail\":\"d\",\"problems\":[]}";

    private static final List<List<String>> COMMANDS = List.of(
            List.of("status"),
            List.of("status", "a"),
            List.of("status", "-o", "json"),
            List.of("url", "a"),
            List.of("wait", "a"),
            List.of("start", "a"),
            List.of("stop", "a"),
            List.of("lease", "--pool", "a", "-o", "json"),
            List.of("run", "--pool", "a", "--", "true"),
            List.of("version"),
            List.of("nonsense"));

    TrainCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("connectctl-train");
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread answers = new Thread(() -> answer(server, context.version()), "canned-answers");
            answers.setDaemon(true);
            answers.start();
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
            for (List<String> command : COMMANDS) {
                Cli.run(trained(nowhere, socket), command.toArray(String[]::new));
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(folder);
        }
        return ExitCode.OK;
    }

    private CliContext trained(PrintStream nowhere, Path socket) {
        return new CliContext(
                InputStream.nullInputStream(),
                nowhere,
                nowhere,
                context.environment(),
                context.workingFolder(),
                context.terminal(),
                context.folders(),
                () -> socket,
                context.version(),
                (client, announce) -> false,
                context.tool(),
                lastWord -> () -> {},
                context.clock());
    }

    private static String body(String head, ToolVersion mine) {
        if (head.startsWith("PUT ")) {
            return "{\"created\":true,\"changed\":true,\"warnings\":[]}";
        }
        if (head.contains(" /v1/leases")) {
            // What is released is gone at once.
            return head.startsWith("GET ") ? NO_SUCH_LEASE : LEASE;
        }
        if (head.startsWith("POST ")) {
            return RECEIPT;
        }
        if (head.startsWith("GET /v1/daemon")) {
            // Of this very build: an older daemon would be stopped and waited for, and this one never goes.
            return "{\"version\":\"" + mine.version() + "\",\"build\":\"" + mine.build()
                    + "\",\"pid\":1,\"startedAt\":\"2026-11-22T16:00:00Z\",\"servers\":1}";
        }
        if (head.startsWith("GET /v1/events")) {
            return EVENT;
        }
        return head.startsWith("GET /v1/servers/")
                ? SERVER
                : "{\"apiVersion\":\"connectctl/v1\",\"servers\":[" + SERVER + "," + SERVER + "]}";
    }

    private static void answer(ServerSocketChannel server, ToolVersion mine) {
        boolean stopped = false;
        while (server.isOpen()) {
            try (SocketChannel channel = server.accept()) {
                ByteArrayOutputStream head = new ByteArrayOutputStream();
                ByteBuffer piece = ByteBuffer.allocate(4096);
                while (!head.toString(StandardCharsets.US_ASCII).contains("\r\n\r\n") && channel.read(piece) >= 0) {
                    head.write(piece.array(), 0, piece.position());
                    piece.clear();
                }
                String request = head.toString(StandardCharsets.US_ASCII);
                String body = body(request, mine);
                stopped |= request.startsWith("POST /v1/servers/a/stop");
                if (stopped) {
                    body = body.replace("HEALTHY", "STOPPED").replace("UP", "DOWN");
                }
                byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
                String answer = (body.equals(NO_SUCH_LEASE) ? "HTTP/1.1 404 Not Found" : "HTTP/1.1 200 OK")
                        + "\r\nContent-Length: " + bytes.length + "\r\n\r\n" + body;
                channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
            } catch (IOException e) {
                return;
            }
        }
    }
}
