package io.connectctl.manager.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.manager.api.v1.EventView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ApiClientTest {
    private static final String EVENT =
            "{\"sequence\":7,\"at\":\"2026-11-22T16:00:00Z\",\"server\":\"a\",\"incarnation\":1,\"type\":\"phase\","
                    + "\"phase\":\"STARTING\",\"message\":\"ü\",\"cause\":null,\"later\":1}";

    private Path folder;

    private FakeDaemon daemon;
    private ApiClient client;

    @BeforeEach
    void listen(@TempDir Path temporary) throws IOException {
        folder = temporary;
        daemon = new FakeDaemon(folder);
        client = new ApiClient(daemon.socket(), Duration.ofSeconds(20));
    }

    @AfterEach
    void end() throws IOException {
        daemon.close();
    }

    @Test
    void unknownFieldsAreTolerated() throws IOException {
        daemon.lines("GET /v1/events?after=3", EVENT);

        try (EventStream events = client.events(OptionalLong.of(3), Optional.empty(), OptionalInt.empty(), false)) {
            EventView event = events.next(Duration.ofSeconds(10)).orElseThrow();

            assertThat(event.message()).isEqualTo("ü");
            assertThat(events.next(Duration.ofSeconds(10))).isEmpty();
            assertThat(events.ended()).isTrue();
        }
    }

    @Test
    void aQuietStreamTimesOutWithoutEnding() throws IOException {
        daemon.endless("GET /v1/events?follow=true", "", EVENT);

        try (EventStream events = client.events(OptionalLong.empty(), Optional.empty(), OptionalInt.empty(), true)) {
            assertThat(events.next(Duration.ofSeconds(10))).isPresent();
            assertThat(events.next(Duration.ofMillis(30))).isEmpty();
            assertThat(events.ended()).isFalse();
        }
    }

    @Test
    void aStreamThatEndsWithAProblemThrowsIt() throws IOException {
        daemon.lines(
                "GET /v1/events?follow=true",
                "{\"code\":\"TOO_SLOW\",\"status\":503,\"title\":\"t\",\"detail\":\"too slow\",\"problems\":[]}");

        try (EventStream events = client.events(OptionalLong.empty(), Optional.empty(), OptionalInt.empty(), true)) {
            assertThatThrownBy(() -> events.next(Duration.ofSeconds(10)))
                    .isInstanceOf(ApiException.class)
                    .hasMessage("too slow");
        }
    }

    @Test
    void chunksMayBreakLinesAnywhere() throws IOException {
        daemon.raw(
                "GET /v1/servers/a/logs",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\none\r\n6\r\n\r\ntwo\n\r\n3\r\nend\r\n0\r\n\r\n");

        try (LineStream lines = client.logs("a", OptionalInt.empty(), Optional.empty(), false, false)) {
            assertThat(lines.next(Duration.ofSeconds(10))).contains("one");
            assertThat(lines.next(Duration.ofSeconds(10))).contains("two");
            assertThat(lines.next(Duration.ofSeconds(10))).contains("end");
            assertThat(lines.next(Duration.ofSeconds(10))).isEmpty();
            assertThat(lines.ended()).isTrue();
        }
    }

    @Test
    void problemsComeAsExceptionsWithTheirCode() {
        daemon.problem("POST /v1/servers/a/start", 409, "PORT_HELD", "port 15002 is held by b");

        assertThatThrownBy(() -> client.start("a"))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo("PORT_HELD"))
                .hasMessage("port 15002 is held by b");
    }

    @Test
    void aMissingSocketNamesItselfAndHowToStart() {
        Path nowhere = folder.resolve("nowhere.sock");

        assertThatThrownBy(() -> new ApiClient(nowhere).servers())
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> {
                    assertThat(e.reason()).isEqualTo(DaemonUnreachableException.Reason.NOT_RUNNING);
                    assertThat(e.remedy()).contains("connectctl daemon start");
                })
                .hasMessageContaining(nowhere.toString());
    }

    @Test
    void aSocketThatNobodyListensOnIsNotRunning() throws IOException {
        Path stale = folder.resolve("stale.sock");
        try (var server = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            server.bind(java.net.UnixDomainSocketAddress.of(stale));
        }

        assertThat(Files.exists(stale)).isTrue();
        assertThatThrownBy(() -> new ApiClient(stale).servers())
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.reason())
                        .isEqualTo(DaemonUnreachableException.Reason.NOT_RUNNING));
    }

    @Test
    void aDaemonThatNeverAnswersTimesOut() {
        daemon.raw("GET /v1/daemon", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

        assertThatThrownBy(() -> new ApiClient(daemon.socket(), Duration.ofMillis(100)).daemon())
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.reason())
                        .isEqualTo(DaemonUnreachableException.Reason.NO_ANSWER));
    }

    @Test
    void aFolderThatOthersMayWriteIsNotTrusted() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> client.daemon())
                .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.reason())
                        .isEqualTo(DaemonUnreachableException.Reason.FORBIDDEN))
                .hasMessageContaining("nothing was sent");
        assertThat(daemon.requests()).isEmpty();
    }

    @Test
    void aLinkedFolderIsNotTrusted() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder);

        assertThatThrownBy(() -> new ApiClient(link.resolve(daemon.socket().getFileName())).daemon())
                .isInstanceOf(DaemonUnreachableException.class)
                .hasMessageContaining("isn't trusted");
    }

    @Test
    void aFullQueueOfConnectionsDoesNotHangACallForEver() throws IOException {
        Path full = folder.resolve("full.sock");
        try (var server = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            server.bind(java.net.UnixDomainSocketAddress.of(full), 1);
            ApiClient hurried = new ApiClient(full, Duration.ofMillis(200));

            // Nobody accepts: the first ones wait in the queue for an answer, the others for a place in it.
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(hurried::daemon)
                        .isInstanceOfSatisfying(DaemonUnreachableException.class, e -> assertThat(e.reason())
                                .isEqualTo(DaemonUnreachableException.Reason.NO_ANSWER));
            }
        }
    }

    @Test
    void anAnswerCutHalfWayIsTold() {
        daemon.raw("GET /v1/daemon", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");

        assertThatThrownBy(() -> client.daemon()).isInstanceOf(DaemonUnreachableException.class);
    }

    @Test
    void whatSpeaksNoHttpIsNoDaemon() {
        daemon.raw("GET /v1/daemon", "SSH-2.0-OpenSSH\r\n\r\n");

        assertThatThrownBy(() -> client.daemon())
                .isInstanceOf(DaemonUnreachableException.class)
                .hasMessageContaining("no HTTP");
    }
}
