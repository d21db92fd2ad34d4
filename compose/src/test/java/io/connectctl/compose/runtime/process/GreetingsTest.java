package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The port of a server whose log says nothing. */
@Timeout(60)
class GreetingsTest {
    /** What Spark 4.0.1 sends to whoever connects: SETTINGS with three values. */
    private static final byte[] SETTINGS = {
        0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 127, -1, -1, -1, 0, 4, 0, 16, 0, 0, 0, 6, 0, 0, 32, 0
    };

    private static final byte[] NOTHING = {};

    private static final ServerSpec ANY_PORT =
            Plans.spec("sales", new PortChoice.Auto(), "4.0.1", new PortChoice.Auto());

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @Test
    void onlyTheOneThatSpeaksGrpcIsTaken() throws IOException {
        int connect = says(SETTINGS);
        int driver = says(NOTHING);
        int other = says("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        int partial = says(new byte[] {0, 0, 0});

        assertThat(Greetings.among(List.of(driver, other, connect, partial, closed())))
                .containsExactly(connect);
    }

    @Test
    void aQuietLogLeavesTheOneThatGreets(@TempDir Path folder) throws Exception {
        RunFolder run = ofThisProcess(folder);
        says(NOTHING);
        int connect = says(SETTINGS);
        int ui = answers("HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n");

        Endpoint endpoint = ProcessRuntime.look(run, ANY_PORT, new ProcessRuntime.Listener(run));

        assertThat(endpoint.grpcPort()).hasValue(connect);
        assertThat(endpoint.uiPorts()).containsExactly(ui);
        assertThat(run.foundPort()).as("the next incarnation asks for it").hasValue(connect);
    }

    @Test
    void whereSeveralGreetNoneIsTaken(@TempDir Path folder) throws Exception {
        RunFolder run = ofThisProcess(folder);
        says(SETTINGS);
        says(SETTINGS);

        assertThat(ProcessRuntime.look(run, ANY_PORT, new ProcessRuntime.Listener(run))
                        .grpcPort())
                .isEmpty();
        assertThat(run.foundPort()).isEmpty();
    }

    @Test
    void nobodyIsSentWhatADriverWouldLog() throws IOException {
        List<Integer> sent = new CopyOnWriteArrayList<>();
        int driver = hears(sent, "");
        int ui = hears(new CopyOnWriteArrayList<>(), "HTTP/1.1 400 Bad Request\r\n\r\n");

        assertThat(Greetings.web(List.of(driver, ui, closed()))).containsExactly(ui);
        assertThat(sent).as("a frame's length has eight bytes").hasSizeLessThan(8);
    }

    private static RunFolder ofThisProcess(Path folder) throws IOException {
        RunFolder run = RunFolder.create(
                folder.resolve("1"), new ServerName("sales"), 1, "sales/1/ab", Instant.now(), OptionalInt.empty());
        Proc.Identity self =
                Proc.stat(ProcessHandle.current().pid()).orElseThrow().identity();
        Files.writeString(run.path().resolve("instance"), self.pid() + " " + self.start() + " " + self.boot() + "\n");
        Files.writeString(run.log(), "26/11/29 15:00:00 WARN NativeCodeLoader: Unable to load native-hadoop library\n");
        return run;
    }

    /** Listens, and sends this to whoever connects. */
    private int says(byte[] greeting) throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(server);
        Thread thread = new Thread(
                () -> {
                    try {
                        while (true) {
                            Socket socket = server.accept();
                            open.add(socket);
                            socket.getOutputStream().write(greeting);
                        }
                    } catch (IOException e) {
                        // The test is over.
                    }
                },
                "greeter");
        thread.setDaemon(true);
        thread.start();
        return server.getLocalPort();
    }

    private int answers(String answer) throws IOException {
        return hears(new CopyOnWriteArrayList<>(), answer);
    }

    /** Listens, and answers the first byte of whoever connects. */
    private int hears(List<Integer> sent, String answer) throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(server);
        Thread thread = new Thread(
                () -> {
                    try {
                        while (true) {
                            Socket socket = server.accept();
                            open.add(socket);
                            Thread peer = new Thread(() -> hear(socket, sent, answer), "peer");
                            peer.setDaemon(true);
                            peer.start();
                        }
                    } catch (IOException e) {
                        // The test is over.
                    }
                },
                "answerer");
        thread.setDaemon(true);
        thread.start();
        return server.getLocalPort();
    }

    private static void hear(Socket socket, List<Integer> sent, String answer) {
        try {
            for (int one = socket.getInputStream().read();
                    one >= 0;
                    one = socket.getInputStream().read()) {
                sent.add(one);
                if (sent.size() == 1) {
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private static int closed() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return server.getLocalPort();
        }
    }
}
