package io.connectctl.health.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.health.doctor.Check.Verdict;
import io.connectctl.health.testing.FakeSparkConnect;
import io.connectctl.health.testing.FakeSparkConnect.Dialect;
import io.connectctl.health.testing.RawServer;
import io.grpc.Deadline;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each cause is told from the others, on real sockets. */
@Timeout(30)
class DoctorTest {
    private static List<Check> examine(String url, Optional<String> token, Clock clock) throws InterruptedException {
        List<Check> checks = new ArrayList<>();
        Doctor.examine(url, token, clock, Duration.ofSeconds(8), new Doctor.Listener() {
            @Override
            public void begins(String check) {
                assertThat(checks).noneMatch(done -> done.name().equals(check));
            }

            @Override
            public void ended(Check check) {
                checks.add(check);
            }
        });
        assertThat(checks).extracting(Check::name).containsExactlyInAnyOrderElementsOf(Doctor.CHECKS);
        return checks;
    }

    private static List<Check> examine(String url) throws InterruptedException {
        return examine(url, Optional.empty(), Clock.systemUTC());
    }

    private static Check failure(List<Check> checks) {
        return checks.stream()
                .filter(check -> check.verdict() == Verdict.FAILED)
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing failed: " + checks));
    }

    private static Check check(List<Check> checks, String name) {
        return checks.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aUsableServerPassesAndKeepsNoSession() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            List<Check> checks = examine("sc://localhost:" + server.port());

            assertThat(checks).noneMatch(each -> each.verdict() == Verdict.FAILED);
            assertThat(check(checks, "session").detail()).isEqualTo("Spark 4.0.1");
            assertThat(server.sessions()).isEmpty();
        }
    }

    @Test
    void anOlderSparkHoldsOneSessionHoweverOftenItIsExamined() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_3_5)) {
            for (int i = 0; i < 3; i++) {
                assertThat(examine("sc://localhost:" + server.port()))
                        .noneMatch(each -> each.verdict() == Verdict.FAILED);
            }
            assertThat(server.sessions()).hasSize(1);
        }
    }

    @Test
    void aWrongUrlIsToldWithoutTouchingTheNetwork() throws InterruptedException {
        List<Check> checks = examine("http://localhost:15002");

        assertThat(failure(checks).code()).isEqualTo("BAD_URL");
        assertThat(checks).filteredOn(each -> each.verdict() == Verdict.SKIPPED).hasSize(Doctor.CHECKS.size() - 1);
    }

    @Test
    void anUnknownNameIsTold() throws InterruptedException {
        assertThat(failure(examine("sc://no-such-host.invalid:15002")).code()).isEqualTo("NAME_UNKNOWN");
    }

    @Test
    void aPortWhereNothingListensIsRefused() throws IOException, InterruptedException {
        int port;
        try (ServerSocket gone = new ServerSocket(0)) {
            port = gone.getLocalPort();
        }
        Check failure = failure(examine("sc://localhost:" + port));

        assertThat(failure.code()).isEqualTo("REFUSED");
        assertThat(failure.name()).isEqualTo("tcp");
    }

    /** No packet is sent for a connection to a broadcast address: the system has no route for it (ENETUNREACH). */
    @Test
    void anAddressWithoutARouteIsToldFromAPortThatRefuses() throws InterruptedException {
        Check failure = failure(examine("sc://127.255.255.255:15002"));

        assertThat(failure.code()).isEqualTo("NO_ROUTE");
        assertThat(failure.name()).isEqualTo("tcp");
        assertThat(failure.detail()).contains("no route");
    }

    @Test
    void aPortThatIsSilentIsToldFromOneThatRefuses() throws IOException, InterruptedException {
        // Its backlog takes the connections; nobody ever answers them, as with a stopped process.
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            assertThat(failure(examine("sc://127.0.0.1:" + silent.getLocalPort()))
                            .code())
                    .isEqualTo("SILENT");
        }
    }

    @Test
    void aWebServerIsNoGrpcServer() throws IOException, InterruptedException {
        try (RawServer web = RawServer.trickling()) {
            Check failure = failure(examine("sc://127.0.0.1:" + web.port()));

            assertThat(failure.code()).isEqualTo("NOT_GRPC");
            assertThat(failure.detail()).contains("HTTP/1");
        }
    }

    @Test
    void aWebServerThatAnswersWithThePageAloneIsNoneEither() throws IOException, InterruptedException {
        try (RawServer web = RawServer.saying("<html><body>no such page</body></html>")) {
            Check failure = failure(examine("sc://127.0.0.1:" + web.port()));

            assertThat(failure.code()).isEqualTo("NOT_GRPC");
            assertThat(failure.detail()).contains("HTTP/1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 502})
    void anHttp2ServerWithoutGrpcIsNoGrpcServer(int status) throws IOException, InterruptedException {
        try (RawServer proxy = RawServer.http2(status)) {
            List<Check> checks = examine("sc://127.0.0.1:" + proxy.port());

            assertThat(failure(checks).code()).isEqualTo("NOT_GRPC");
            assertThat(failure(checks).name()).isEqualTo("grpc");
            assertThat(failure(checks).detail()).contains("HTTP status code " + status);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void aProxyThatRefusesTheTokenIsTold(int status) throws IOException, InterruptedException {
        try (RawServer proxy = RawServer.http2(status)) {
            String url = "sc://localhost:" + proxy.port();

            assertThat(failure(examine(url)).code()).isEqualTo("TOKEN_MISSING");
            assertThat(failure(examine(url + "/;token=wrong")).code()).isEqualTo("TOKEN_WRONG");
        }
    }

    @Test
    void aTlsPortAsksForUseSsl() throws Exception {
        try (TlsServer server = TlsServer.start()) {
            Check failure = failure(examine("sc://127.0.0.1:" + server.port()));

            assertThat(failure.code()).isEqualTo("TLS_REQUIRED");
            assertThat(failure.remedy()).contains("use_ssl=true");
        }
    }

    @Test
    void aCertificateOfNobodyKnownIsTold() throws Exception {
        try (TlsServer server = TlsServer.start()) {
            assertThat(failure(examine("sc://127.0.0.1:" + server.port() + "/;use_ssl=true"))
                            .code())
                    .isEqualTo("TLS_CERTIFICATE");
        }
    }

    @Test
    void aSecondHandshakeThatIsNotAnsweredIsNoWordOnTheCertificate() throws Exception {
        try (TlsServer server = TlsServer.startStallingAfterOne()) {
            Check failure = failure(examine("sc://127.0.0.1:" + server.port() + "/;use_ssl=true"));

            assertThat(failure.code()).isEqualTo("TIMED_OUT");
            assertThat(failure.name()).isEqualTo("http2");
        }
    }

    /** A record of 16 KiB, a byte each 20 ms: each byte would give a timeout per read a new life. */
    @Test
    void aHandshakeThatTricklesKeepsItsLimit() throws IOException {
        try (RawServer server = RawServer.trickling(new byte[] {0x16, 0x03, 0x03, 0x3f, (byte) 0xff})) {
            Greeting.Handshake shake = Greeting.tls(
                    "127.0.0.1",
                    InetAddress.getLoopbackAddress(),
                    server.port(),
                    () -> Deadline.after(400, TimeUnit.MILLISECONDS));

            assertThat(shake.outcome()).isEqualTo(Greeting.Outcome.SILENT);
        }
    }

    @Test
    void tlsOnAPlaintextPortIsTold() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            assertThat(failure(examine("sc://localhost:" + server.port() + "/;use_ssl=true"))
                            .code())
                    .isEqualTo("TLS_NOT_OFFERED");
            assertThat(server.calls()).isEmpty();
        }
    }

    @Test
    void aTokenInTheUrlOfAPlaintextPortIsRefusedByClients() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.withToken("right")) {
            List<Check> checks = examine("sc://127.0.0.1:" + server.port() + "/;token=right");

            assertThat(failure(checks).code()).isEqualTo("TOKEN_OVER_PLAINTEXT");
            assertThat(check(checks, "token").verdict()).isEqualTo(Verdict.OK);
        }
    }

    @Test
    void aTokenIsMissingWrongOrRight() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.withToken("right")) {
            String url = "sc://localhost:" + server.port();

            assertThat(failure(examine(url)).code()).isEqualTo("TOKEN_MISSING");
            assertThat(failure(examine(url + "/;token=wrong")).code()).isEqualTo("TOKEN_WRONG");
            assertThat(examine(url, Optional.of("right"), Clock.systemUTC()))
                    .noneMatch(each -> each.verdict() == Verdict.FAILED);
            assertThat(examine(url + "/;token=s3cr3t").toString()).doesNotContain("s3cr3t");
        }
    }

    @Test
    void aServerThatForbidsEveryCallRefusesTheToken() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            server.forbids = true;

            List<Check> checks = examine("sc://localhost:" + server.port() + "/;token=any");

            assertThat(failure(checks).name()).isEqualTo("token");
            assertThat(failure(checks).code()).isEqualTo("TOKEN_WRONG");
        }
    }

    /** A piece of a stack trace is in the trailers of Spark's errors: more than gRPC takes unless told. */
    @Test
    void aZombieWithALongStackTraceIsStillOne() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            server.zombie = true;
            server.trailer = "at org.apache.spark.SparkContext.assertNotStopped ".repeat(320);

            assertThat(failure(examine("sc://localhost:" + server.port())).code())
                    .isEqualTo("CONTEXT_GONE");
            assertThat(failure(examine("sc://localhost:" + server.port())).detail())
                    .contains("UNKNOWN: Application error");
        }
    }

    @Test
    void aGrpcServerOfAnotherKindIsTold() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.FOREIGN)) {
            assertThat(failure(examine("sc://localhost:" + server.port())).code())
                    .isEqualTo("NOT_SPARK_CONNECT");
        }
    }

    @Test
    void aServerWithoutItsContextIsReachableAndNotUsable() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            server.zombie = true;

            Check failure = failure(examine("sc://localhost:" + server.port()));

            assertThat(failure.code()).isEqualTo("CONTEXT_GONE");
            assertThat(failure.name()).isEqualTo("session");
        }
    }

    @Test
    void aHealthServiceThatSaysNotServingFails() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.withHealth(Dialect.SPARK_4, ServingStatus.NOT_SERVING)) {
            assertThat(failure(examine("sc://localhost:" + server.port())).code())
                    .isEqualTo("NOT_SERVING");
        }
    }

    @Test
    void aClockThatIsOffAndSmallMessagesAreWarnedOf() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            server.properties.put("spark.connect.grpc.maxInboundMessageSize", "4m");
            Clock behind = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-10));

            List<Check> checks = examine("sc://localhost:" + server.port(), Optional.empty(), behind);

            assertThat(check(checks, "clock").code()).isEqualTo("CLOCK_SKEW");
            assertThat(check(checks, "clock").detail()).contains("ahead");
            assertThat(check(checks, "message-size").code()).isEqualTo("MESSAGE_SIZE");
        }
    }

    @Test
    void aServerThatHangsBehindHttp2TimesOut() throws InterruptedException {
        try (FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4)) {
            server.mute = true;
            List<Check> checks = new ArrayList<>();
            Doctor.examine(
                    "sc://localhost:" + server.port(),
                    Optional.empty(),
                    Clock.systemUTC(),
                    Duration.ofSeconds(1),
                    new Doctor.Listener() {
                        @Override
                        public void begins(String check) {}

                        @Override
                        public void ended(Check check) {
                            checks.add(check);
                        }
                    });
            assertThat(failure(checks).code()).isEqualTo("TIMED_OUT");
            assertThat(failure(checks).name()).isEqualTo("grpc");
        }
    }
}
