package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** {@code connectctl doctor} on a real server that asks for a token, and on ports that are something else, or nothing. */
@Order(Integer.MAX_VALUE - 6)
class DoctorTest {
    /** What is promised is 10 s, from the command's own start; the rest is for a loaded machine to come so far. */
    private static final Duration LONGEST = Duration.ofSeconds(20);

    private static final int USABLE = 0;
    private static final int NOT_USABLE = 4;
    private static final int BAD_URL = 6;
    private static final int NOT_REACHABLE = 7;

    @Test
    void eachFaultIsToldByItsCauseAndInTime() throws Exception {
        try (Installation installation = new Installation()) {
            int uiPort = Spark.freePort();
            installation.start("guarded", "4.0.1", "--auth", "token", "--port", "auto", "--ui-port", "" + uiPort);
            JsonNode status = installation.status("guarded");
            int port = status.path("port").asInt();
            String token =
                    Files.readString(Path.of(status.path("tokenFile").asText())).strip();

            assertThat(examine(installation, "sc://localhost:" + port + "/;token=" + token, USABLE, ""))
                    .contains("4.0.1")
                    .doesNotContain(token);
            examine(installation, "sc://localhost:" + port, NOT_USABLE, "TOKEN_MISSING");
            examine(installation, "sc://localhost:" + port + "/;token=wrong", NOT_USABLE, "TOKEN_WRONG");
            assertThat(examine(
                            installation,
                            "sc://127.0.0.1:" + port + "/;token=" + token,
                            NOT_USABLE,
                            "TOKEN_OVER_PLAINTEXT"))
                    .doesNotContain(token);
            examine(installation, "sc://localhost:" + port + "/;use_ssl=true", NOT_USABLE, "TLS_NOT_OFFERED");
            examine(installation, "sc://localhost:" + uiPort, NOT_USABLE, "NOT_GRPC");
            examine(installation, "sc://localhost:" + Spark.freePort(), NOT_REACHABLE, "REFUSED");
            examine(installation, "http://localhost:" + port, BAD_URL, "BAD_URL");
            try (SSLServerSocket tls = tls(installation.home())) {
                examine(installation, "sc://localhost:" + tls.getLocalPort(), NOT_USABLE, "TLS_REQUIRED");
            }
            try (BlackHole hole = new BlackHole()) {
                examine(installation, "sc://127.0.0.1:" + hole.port(), NOT_REACHABLE, "TIMED_OUT");
            }
        }
    }

    private static String examine(Installation installation, String url, int exit, String code) {
        Instant begun = Instant.now();
        Outcome outcome = installation.run("doctor", url, "-o", "json");
        Duration took = Duration.between(begun, Instant.now());

        assertThat(outcome.exit()).as(outcome::toString).isEqualTo(exit);
        assertThat(took).as(outcome::toString).isLessThan(LONGEST);
        List<String> codes = new ArrayList<>();
        for (JsonNode check : Installation.json(outcome.out()).path("checks")) {
            if (check.path("verdict").asText().equalsIgnoreCase("failed")) {
                codes.add(check.path("code").asText());
            }
        }
        assertThat(codes).as(outcome::toString).isEqualTo(code.isEmpty() ? List.of() : List.of(code));
        return outcome.toString().replace(url, "");
    }

    /** One that shakes hands and then says nothing. */
    private static SSLServerSocket tls(Path folder) throws Exception {
        Path store = folder.resolve("tls.p12");
        Outcome made = Docker.finish(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "tls",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit"));
        assertThat(made.exit()).as(made::toString).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        SSLServerSocket socket = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread accepting = new Thread(() -> shakeHands(socket), "tls");
        accepting.setDaemon(true);
        accepting.start();
        return socket;
    }

    private static void shakeHands(SSLServerSocket server) {
        while (!server.isClosed()) {
            try {
                ((SSLSocket) server.accept()).startHandshake();
            } catch (IOException e) {
                // Whoever speaks no TLS is what this is for.
            }
        }
    }

    /** A port of this machine whose queue is full: what comes then is dropped, as by a firewall. */
    private static final class BlackHole implements AutoCloseable {
        private static final int ENOUGH = 16;

        private final ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final List<SocketChannel> waiting = new ArrayList<>();

        BlackHole() throws IOException {
            for (int each = 0; each < ENOUGH; each++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()));
                waiting.add(channel);
            }
        }

        int port() {
            return socket.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
            socket.close();
        }
    }
}
