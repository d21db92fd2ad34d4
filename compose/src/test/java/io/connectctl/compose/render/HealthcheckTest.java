package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.PortChoice;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the rendered health check by a real bash, against sockets that answer as a server's gRPC port and its UI do. */
class HealthcheckTest {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int FRAME_HEADER = 9;
    /** As netty answers: its settings, a bigger window, and that it took ours. */
    private static final byte[] SETTINGS = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0x7f, -1, -1, -1};

    private static final byte[] WINDOW = {0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0x0f, 0, 0};
    private static final byte[] TAKEN = {0, 0, 0, 4, 1, 0, 0, 0, 0};
    private static final String SALES = application("sales: Spark Connect server");

    private final Path temporary;
    private final Site site;
    private final List<AutoCloseable> open = new ArrayList<>();
    /** What the check sees of processes: in a container only its own, and here none of this machine's other servers. */
    private String processes = "";

    HealthcheckTest(@TempDir Path temporary) {
        this.temporary = temporary;
        this.site = Specs.site(temporary.resolve("it's a server"), Path.of("/jdk"));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private interface Answer {
        void to(Socket client) throws IOException;
    }

    private int listen(Answer answer) throws IOException {
        return listen(0, answer);
    }

    private int listen(int port, Answer answer) throws IOException {
        ServerSocket socket = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        open.add(socket);
        Thread thread = new Thread(
                () -> {
                    while (!socket.isClosed()) {
                        try (Socket client = socket.accept()) {
                            answer.to(client);
                        } catch (IOException e) {
                            // The check hung up, or the test is over.
                        }
                    }
                },
                "answers");
        thread.setDaemon(true);
        thread.start();
        return socket.getLocalPort();
    }

    private int grpc() throws IOException {
        return listen(client -> {
            client.getOutputStream().write(SETTINGS);
            InputStream in = client.getInputStream();
            assertThat(in.readNBytes(PREFACE.length)).isEqualTo(PREFACE);
            assertThat(in.readNBytes(FRAME_HEADER)).isEqualTo(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
            client.getOutputStream().write(WINDOW);
            client.getOutputStream().write(TAKEN);
            in.read();
        });
    }

    private static Answer http(String status, String body) {
        return client -> {
            InputStream in = client.getInputStream();
            StringBuilder request = new StringBuilder();
            while (request.indexOf("\r\n\r\n") < 0) {
                request.append((char) in.read());
            }
            assertThat(request).startsWith("GET /api/v1/applications HTTP/1.0\r\n");
            client.getOutputStream()
                    .write(("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n\r\n" + body)
                            .getBytes(StandardCharsets.UTF_8));
        };
    }

    private static String application(String name) {
        return "[ {\n  \"id\" : \"local-1795375220531\",\n  \"name\" : \"" + name + "\",\n  \"attempts\" : [ ]\n} ]";
    }

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Programs.Outcome check(int port, PortChoice uiPort, Map<String, String> conf) throws Exception {
        return check(port, uiPort, conf, Map.of());
    }

    private Programs.Outcome check(
            int port, PortChoice uiPort, Map<String, String> conf, Map<String, String> environment) throws Exception {
        render(port, uiPort, conf);
        return check(environment);
    }

    private void render(int port, PortChoice uiPort, Map<String, String> conf) throws Exception {
        Specs specs = new Specs();
        specs.port = port == 0 ? new PortChoice.Auto() : new PortChoice.Fixed(port);
        specs.uiPort = uiPort;
        specs.conf = conf;
        Programs.write(Specs.composer().render(specs.spec(), site), site);
        Path script = site.conf().resolve("healthcheck");
        String text = Files.readString(script);
        assertThat(text).contains("patience='5'", " /proc/[0-9]*;");
        Files.writeString(
                script, text.replace("patience='5'", "patience=1").replace(" /proc/[0-9]*;", " " + processes + ";"));
    }

    private Programs.Outcome check(Map<String, String> environment) throws Exception {
        return Programs.run(
                temporary,
                environment,
                List.of("/bin/bash", site.conf().resolve("healthcheck").toString()));
    }

    @Test
    void aServerThatAnswersAndShowsItsApplicationIsHealthy() throws Exception {
        int port = grpc();
        int ui = listen(http("200 OK", SALES));

        Programs.Outcome outcome = check(port, new PortChoice.Fixed(ui), Map.of());

        assertThat(outcome.output())
                .isEqualTo("healthy: gRPC answers on port " + port + ", the UI on port " + ui
                        + " shows the application\n");
        assertThat(outcome.exit()).isZero();
    }

    @Test
    void theLastPortOfTheConfigurationIsTheOneThatCounts() throws Exception {
        int port = grpc();

        assertThat(check(
                                closedPort(),
                                new PortChoice.Off(),
                                Map.of("spark.connect.grpc.binding.port", Integer.toString(port)))
                        .output())
                .startsWith("healthy: gRPC answers on port " + port + "; the UI is off");
    }

    @Test
    void thePortOfTheEnvironmentCountsMore() throws Exception {
        int port = grpc();

        assertThat(check(
                                closedPort(),
                                new PortChoice.Off(),
                                Map.of(),
                                Map.of("CONNECTCTL_GRPC_PORT", Integer.toString(port)))
                        .exit())
                .isZero();
    }

    @Test
    void whatTheServersOwnCommandLineSaysCountsMost() throws Exception {
        int port = grpc();
        Process java = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        "exec -a /jdk/bin/java /bin/bash -c 'read line' \"$@\"",
                        "-",
                        "org.apache.spark.deploy.SparkSubmit",
                        "--conf",
                        "spark.connect.grpc.binding.port=" + port,
                        "-c",
                        "spark.ui.enabled=false",
                        "--class",
                        "org.apache.spark.sql.connect.service.SparkConnectServer",
                        "--properties-file",
                        site.conf().resolve("spark-defaults.conf").toString(),
                        "spark-internal")
                .start();
        open.add(java::destroyForcibly);
        // Its command line is there once bash has become "java".
        Path commandLine = Path.of("/proc/" + java.pid() + "/cmdline");
        while (!Files.readString(commandLine).startsWith("/jdk/bin/java")) {
            Thread.onSpinWait();
        }
        processes = "/proc/" + java.pid();

        assertThat(check(closedPort(), new PortChoice.Fixed(closedPort()), Map.of())
                        .output())
                .startsWith("healthy: gRPC answers on port " + port + "; the UI is off");
    }

    @Test
    void aServerThatAcceptsAndNeverAnswersIsUnhealthy() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        open.add(over::countDown);
        int port = listen(client -> {
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        Programs.Outcome outcome = check(port, new PortChoice.Off(), Map.of());

        assertThat(outcome.output())
                .isEqualTo("unhealthy: the gRPC port " + port
                        + " accepts connections, but doesn't answer as HTTP/2 within 1 s\n");
        assertThat(outcome.exit()).isEqualTo(1);
    }

    @Test
    void aServerThatHangsUpIsUnhealthy() throws Exception {
        int port = listen(client -> {});

        assertThat(check(port, new PortChoice.Off(), Map.of()).output()).startsWith("unhealthy: the gRPC port " + port);
    }

    @Test
    void aServerWithoutItsUiHasLostItsContext() throws Exception {
        int ui = closedPort();

        Programs.Outcome outcome = check(
                grpc(), new PortChoice.Fixed(ui), Map.of("spark.port.maxRetries", "0", "spark.app.name", "alone"));

        assertThat(outcome.output())
                .startsWith("unhealthy: gRPC answers on port ")
                .endsWith("but no UI listens on port " + ui + ", nor where it may move to: the SparkContext is gone\n");
        assertThat(outcome.exit()).isEqualTo(1);
    }

    @Test
    void aUiWithoutAnApplicationIsUnhealthy() throws Exception {
        int ui = listen(http("200 OK", "[ ]"));

        assertThat(check(grpc(), new PortChoice.Fixed(ui), Map.of("spark.port.maxRetries", "0"))
                        .output())
                .isEqualTo("unhealthy: the UI on port " + ui + " shows no application: the SparkContext is gone\n");
    }

    @Test
    void aUiBehindALoginCountsSinceItEndsWithItsContext() throws Exception {
        int ui = listen(http("401 Unauthorized", ""));

        assertThat(check(grpc(), new PortChoice.Fixed(ui), Map.of()).exit()).isZero();
    }

    @Test
    void aUiThatMovedUpIsFoundBehindAnotherApplications() throws Exception {
        int taken = listen(http("200 OK", application("marketing: Spark Connect server")));
        int own;
        try {
            own = listen(taken + 1, http("200 OK", SALES));
        } catch (IOException e) {
            // Somebody has that port: nothing to be seen here this time.
            return;
        }

        assertThat(check(grpc(), new PortChoice.Fixed(taken), Map.of()).output())
                .endsWith("the UI on port " + own + " shows the application\n");
    }

    @Test
    void anotherApplicationsUiIsNoSignOfLife() throws Exception {
        int taken = listen(http("200 OK", application("marketing: Spark Connect server")));

        assertThat(check(grpc(), new PortChoice.Fixed(taken), Map.of("spark.port.maxRetries", "0"))
                        .output())
                .startsWith("unhealthy: the UI on port " + taken + " belongs to another application: ");
    }

    @Test
    void aPortThatIsFoundAtTheStartCantBeChecked() throws Exception {
        Programs.Outcome outcome = check(0, new PortChoice.Off(), Map.of());

        assertThat(outcome.output()).startsWith("unhealthy: the server binds any free port (0)");
        assertThat(outcome.exit()).isEqualTo(1);
    }
}
