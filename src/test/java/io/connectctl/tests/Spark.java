package io.connectctl.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spark itself, as tests look at it from outside: its UI, and a program on its own client. */
final class Spark {
    /** The jars of the client program. */
    static final Path CLIENT = Path.of(System.getProperty("connectctl.root")).resolve("target/tests-client/lib");

    private static final Pattern ONLINE = Pattern.compile("(\\d+)\\s+session\\(s\\) are online");

    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private Spark() {}

    /** A port that was free a moment ago. */
    static int freePort() {
        try {
            while (true) {
                try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                    // Another test may not have used its own yet.
                    if (GIVEN.add(socket.getLocalPort())) {
                        return socket.getLocalPort();
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The driver's row of the executors page. */
    static JsonNode driver(String ui) {
        String application = get(ui + "/api/v1/applications").path(0).path("id").asText();
        return get(ui + "/api/v1/applications/" + application + "/executors").path(0);
    }

    /** What a page of the UI's REST API says. */
    static JsonNode get(String url) {
        return Installation.json(text(url));
    }

    /** How many sessions the /connect page calls online. */
    static int sessionsOnline(String ui) {
        String page = text(ui + "/connect/").replaceAll("<[^>]*>", " ");
        Matcher matcher = ONLINE.matcher(page);
        if (!matcher.find()) {
            throw new AssertionError("no session count on " + ui + "/connect/");
        }
        return Integer.parseInt(matcher.group(1));
    }

    /** The text of a page. */
    static String text(String url) {
        try (InputStream body = new URI(url).toURL().openStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(url, e);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(url, e);
        }
    }

    /** Runs the client program: a JVM of its own, as a user's would be. */
    static Process client(String url, String what) {
        try {
            return new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            // It lives for a query.
                            Where.JAVA,
                            "--add-opens=java.base/java.nio=ALL-UNNAMED",
                            "-cp",
                            CLIENT + "/*",
                            "io.connectctl.tests.client.ClientProgram",
                            url,
                            what))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The real client runs a query on a leased server of Spark 4 with its token, and is refused without. */
    static void assertOpenToItsTokenOnly(JsonNode lease) {
        String url = lease.path("url").asText();
        String token;
        try {
            token = Files.readString(Path.of(lease.path("tokenFile").asText())).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(ask(url + "/;token=" + token, "hello")).isEqualTo("Hello, Spark Connect!");
        Outcome refused = Installation.finish(client(url, "hello"), Installation.PATIENCE);
        assertThat(refused.exit()).as(refused::toString).isNotZero();
        assertThat(refused.toString()).contains("UNAUTHENTICATED");
    }

    /** Runs the client program to its end and returns its output. */
    static String ask(String url, String what) {
        Outcome outcome = Installation.finish(client(url, what), Installation.PATIENCE);
        if (outcome.exit() != 0) {
            throw new AssertionError("client " + what + ": " + outcome);
        }
        return outcome.out().strip();
    }
}
