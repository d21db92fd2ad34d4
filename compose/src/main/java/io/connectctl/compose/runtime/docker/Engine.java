package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.WaitContainerCondition;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.SSLConfig;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Usage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to the engine. Every call is bounded in time and ends with its caller's interrupt; the API's version is
 * negotiated before the first one and again after each failure, as the engine may be another one by then.
 */
final class Engine implements AutoCloseable {
    /** A text file of somebody's image may be of any size; the ones that are read here have a few KiB. */
    private static final int LARGEST_TEXT = 2 << 20;

    /** Newest API that this package was written for (Docker 27); a newer engine is asked in this version. */
    private static final Version OURS = new Version(1, 47);

    /** A healthy engine answers in milliseconds, one that pulls and removes at once on a slow disk in seconds. */
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private static final int MOST_REMEMBERED = 500;
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Asked only after an engine has been silent for so long: one that lists its containers does so at once, and one that hangs is known. */
    private static final Duration LISTING_PATIENCE = Duration.ofSeconds(3);

    private static final Pattern ID = Pattern.compile("[0-9a-f]{12,64}");

    private static final Duration CONNECT = Duration.ofSeconds(4);
    /** For TCP sockets, beyond our own limit on the same call; ends calls whose caller gave up. */
    private static final Duration SOCKET_SILENCE = Duration.ofMinutes(2);

    private static final Duration ACCEPTS = Duration.ofMillis(500);
    /** How long after an end the engine may still say that it was a stop. */
    private static final int STOP_WORD_SECONDS = 5;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, String> environment;
    private final Calls calls = new Calls();
    /** How containers were when they were seen last, by what they were asked for; those that ran. */
    private final Map<String, Container> live = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Container> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    private volatile @Nullable EngineAddress answered;
    private volatile @Nullable Connection connection;

    /** A version of the engine's API, such as 1.41. */
    record Version(int major, int minor) implements Comparable<Version> {
        static Version parse(String text) {
            String[] parts = text.split("\\.", -1);
            try {
                return new Version(Integer.parseInt(parts[0]), parts.length > 1 ? Integer.parseInt(parts[1]) : 0);
            } catch (NumberFormatException e) {
                return new Version(0, 0);
            }
        }

        @Override
        public int compareTo(Version other) {
            return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
        }

        /** True for this version and all newer ones. */
        boolean atLeast(int otherMajor, int otherMinor) {
            return compareTo(new Version(otherMajor, otherMinor)) >= 0;
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /** A client of a version that was agreed on. */
    private record Connection(
            EngineAddress address,
            DockerHttpClient http,
            DockerHttpClient streams,
            DockerClient client,
            Version version) {}

    /** A call by docker-java. */
    @FunctionalInterface
    interface Question<T> {
        T ask(DockerClient client) throws Exception;
    }

    /**
     * @param environment the daemon's own environment: DOCKER_HOST and its like, HOME, XDG_RUNTIME_DIR
     */
    Engine(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    // ------------------------------------------------------------------ where it is

    /** By which name servers there are reached from here; asks nobody. */
    String host() {
        try {
            return address().host();
        } catch (EngineAddress.UnusableException e) {
            return "localhost"; // nothing can run there
        }
    }

    /** True if its published ports are ports of this machine. */
    boolean local() {
        try {
            return address().local();
        } catch (EngineAddress.UnusableException e) {
            return false;
        }
    }

    /** Where it is, for people. */
    String describe() {
        try {
            EngineAddress address = address();
            return "the engine at " + address
                    + (address.source().startsWith("the socket") ? "" : " (" + address.source() + ")");
        } catch (EngineAddress.UnusableException e) {
            return "the engine";
        }
    }

    /**
     * Kept once an engine answered, also while it doesn't: a context that somebody switches, or another engine beside one that was
     * stopped, must not take running servers out of sight.
     */
    EngineAddress address() throws EngineAddress.UnusableException {
        EngineAddress known = answered;
        return known != null ? known : EngineAddress.find(environment);
    }

    /** True if it takes connections and answers on a fresh one: an engine that shuts down goes on answering on old ones. */
    boolean accepting() throws InterruptedException {
        try {
            return calls.within(ACCEPTS, this::knock);
        } catch (TimeoutException | ExecutionException e) {
            return false;
        }
    }

    private boolean knock() throws IOException, EngineAddress.UnusableException {
        EngineAddress address = address();
        Path file = address.socketFile();
        if (file == null) {
            try (Socket socket = new Socket()) {
                socket.connect(
                        new InetSocketAddress(
                                address.uri().getHost(), address.uri().getPort()),
                        (int) ACCEPTS.toMillis());
                return true;
            }
        }
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
            // systemd holds the socket of an engine that it starts on demand: only an answer proves that one is there.
            channel.write(ByteBuffer.wrap("GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII)));
            return channel.read(ByteBuffer.allocate(1)) == 1;
        }
    }

    // ------------------------------------------------------------------ connecting

    private Connection connection() throws IOException, EngineAddress.UnusableException {
        Connection now = connection;
        return now != null ? now : connect();
    }

    private synchronized Connection connect() throws IOException, EngineAddress.UnusableException {
        Connection now = connection;
        if (now != null) {
            return now;
        }
        EngineAddress address = address();
        DockerHttpClient http = http(address, SOCKET_SILENCE);
        Version version;
        try {
            version = negotiate(http);
        } catch (IOException | RuntimeException e) {
            close(http, e);
            throw e;
        }
        answered = address;
        DefaultDockerClientConfig.Builder config = DefaultDockerClientConfig.createDefaultConfigBuilder()
                .withDockerHost(address.uri().toString())
                .withDockerTlsVerify(false)
                .withDockerConfig(EngineAddress.settings(environment).toString())
                .withApiVersion(version.toString());
        Connection fresh = new Connection(
                address, http, http(address, null), DockerClientImpl.getInstance(config.build(), http), version);
        connection = fresh;
        return fresh;
    }

    private static void close(DockerHttpClient http, Exception reason) {
        try {
            http.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** @param silence how long a TCP socket may say nothing; null for as long as it likes */
    private static DockerHttpClient http(EngineAddress address, @Nullable Duration silence)
            throws EngineAddress.UnusableException {
        ApacheDockerHttpClient.Builder builder =
                new ApacheDockerHttpClient.Builder().dockerHost(address.uri()).connectionTimeout(CONNECT);
        if (silence != null) {
            builder = builder.responseTimeout(silence);
        }
        Optional<SSLConfig> tls = address.tls().isPresent()
                ? Optional.of(TlsContext.of(address.tls().get()))
                : Optional.empty();
        return tls.isPresent() ? builder.sslConfig(tls.get()).build() : builder.build();
    }

    /** The smaller of ours and the engine's newest; an engine that speaks only newer ones is asked in its oldest. */
    private static Version negotiate(DockerHttpClient http) throws IOException {
        JsonNode answer = read(http, "/version");
        Version newest = Version.parse(answer.path("ApiVersion").asText(""));
        Version oldest = Version.parse(answer.path("MinAPIVersion").asText(""));
        if (newest.major() == 0) {
            throw stranger(answer.toString());
        }
        Version agreed = newest.compareTo(OURS) < 0 ? newest : OURS;
        return agreed.compareTo(oldest) < 0 ? oldest : agreed;
    }

    private static String brief(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    private static JsonNode read(DockerHttpClient http, String path) throws IOException {
        try (DockerHttpClient.Response response = http.execute(request(path, Map.of()));
                InputStream body = response.getBody()) {
            byte[] bytes = body.readAllBytes();
            try {
                return JSON.readTree(bytes);
            } catch (JsonProcessingException e) {
                throw stranger(new String(bytes, StandardCharsets.UTF_8).strip());
            }
        }
    }

    private static IOException stranger(String said) {
        // In Go's words; every Go server says them.
        return new IOException(
                said.contains("HTTP request to an HTTPS server")
                        ? "it speaks TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem"
                                + " and key.pem"
                        : "what answers there is no Docker engine: GET /version gave " + brief(said));
    }

    private static DockerHttpClient.Request request(String path, Map<String, String> headers) {
        return request(DockerHttpClient.Request.Method.GET, path, headers);
    }

    private static DockerHttpClient.Request request(
            DockerHttpClient.Request.Method method, String path, Map<String, String> headers) {
        return DockerHttpClient.Request.builder()
                .method(method)
                .path(path)
                .putAllHeaders(headers)
                .build();
    }

    // ------------------------------------------------------------------ asking

    /** The version that was agreed on with the engine. */
    Version version() throws RuntimeUnavailableException, InterruptedException {
        return bounded("asking for its version", PATIENCE, () -> connection().version());
    }

    /**
     * Asks through docker-java.
     *
     * @param doing what is being done, for people: {@code starting container x}
     * @param limit how long it may take
     * @throws EngineRefusal if the engine says no
     * @throws RuntimeUnavailableException if it can't be asked, or doesn't answer in time
     */
    <T> T ask(String doing, Duration limit, Question<T> question)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return refusable(doing, limit, () -> question.ask(connection().client()));
    }

    /** Waits until a container's process is gone: see {@link #await}. */
    boolean awaitEnd(String container, Duration patience) throws RuntimeUnavailableException, InterruptedException {
        return await(container, WaitContainerCondition.NOT_RUNNING, patience);
    }

    /** Waits until a container is gone itself: see {@link #await}. */
    boolean awaitRemoval(String container, Duration patience) throws RuntimeUnavailableException, InterruptedException {
        return await(container, WaitContainerCondition.REMOVED, patience);
    }

    /**
     * Waits for what becomes of a container; the engine says when it is so.
     *
     * @return false if it isn't after that long; true also where there is no such container
     */
    private boolean await(String container, WaitContainerCondition condition, Duration patience)
            throws RuntimeUnavailableException, InterruptedException {
        String doing = "waiting until container " + container + " is " + condition.getValue();
        try {
            return ask(doing, patience.plus(PATIENCE), client -> {
                try (WaitContainerResultCallback told = client.waitContainerCmd(container)
                        .withCondition(condition)
                        .exec(new WaitContainerResultCallback())) {
                    return told.awaitCompletion(patience.toMillis(), TimeUnit.MILLISECONDS);
                }
            });
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                return true;
            }
            throw unanswered(doing, e);
        }
    }

    /** The same for {@code GET} of a path below the API's version, for what docker-java has no command. */
    JsonNode get(String doing, Duration limit, String path)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return get(doing, limit, path, Map.of());
    }

    JsonNode get(String doing, Duration limit, String path, Map<String, String> headers)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return refusable(doing, limit, () -> {
            Connection now = connection();
            try (DockerHttpClient.Response response =
                            now.http().execute(request("/v" + now.version() + path, headers));
                    InputStream body = response.getBody()) {
                byte[] bytes = body.readAllBytes();
                if (response.getStatusCode() >= 300) {
                    throw new EngineRefusal(response.getStatusCode(), message(bytes));
                }
                return JSON.readTree(bytes);
            }
        });
    }

    private static String message(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8).strip();
        try {
            return JSON.readTree(text).path("message").asText(brief(text));
        } catch (IOException e) {
            return brief(text);
        }
    }

    /** What reads a stream; returns when it has enough. */
    @FunctionalInterface
    interface StreamReader {
        void read(InputStream stream) throws IOException;
    }

    /**
     * Gives a stream to its reader, on a thread of its own, until it ends, the reader returns, or the caller is interrupted.
     *
     * @throws RuntimeUnavailableException also where the stream breaks
     */
    void stream(String doing, String path, StreamReader reader)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        stream(doing, DockerHttpClient.Request.Method.GET, path, reader);
    }

    /** As {@link #stream}, of what a container writes from now on; it need not have been started yet. */
    void attach(String doing, String container, StreamReader reader)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        stream(
                doing,
                DockerHttpClient.Request.Method.POST,
                "/containers/" + container + "/attach?stream=1&stdout=1&stderr=1",
                reader);
    }

    private void stream(String doing, DockerHttpClient.Request.Method method, String path, StreamReader reader)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        DockerHttpClient.Response response = refusable(doing, PATIENCE, () -> {
            Connection now = connection();
            DockerHttpClient.Response opened =
                    now.streams().execute(request(method, "/v" + now.version() + path, Map.of()));
            if (opened.getStatusCode() >= 300) {
                try (opened;
                        InputStream body = opened.getBody()) {
                    throw new EngineRefusal(opened.getStatusCode(), message(body.readAllBytes()));
                }
            }
            return opened;
        });
        // Closed on this side too: a TCP socket doesn't hear the interrupt of whoever reads from it.
        try (response) {
            calls.untilDone(() -> {
                reader.read(response.getBody());
                return true;
            });
        } catch (ExecutionException e) {
            throw unavailable(doing, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw unavailable(doing, e);
        }
    }

    private <T> T refusable(String doing, Duration limit, Callable<T> call)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            return bounded(doing, limit, () -> {
                        try {
                            return new Answer<>(call.call(), null);
                        } catch (EngineRefusal e) {
                            return new Answer<T>(null, e);
                        } catch (DockerException e) {
                            return new Answer<T>(null, new EngineRefusal(e.getHttpStatus(), said(e), e));
                        }
                    })
                    .get();
        } catch (RuntimeUnavailableException e) {
            connection = null;
            throw e;
        }
    }

    /** docker-java says "Status 404: {"message":"No such container: x"}". */
    private static String said(DockerException e) {
        String text = String.valueOf(e.getMessage());
        int brace = text.indexOf('{');
        return brace < 0
                ? text
                : message(text.substring(brace).getBytes(StandardCharsets.UTF_8))
                        .strip();
    }

    private record Answer<T>(@Nullable T value, @Nullable EngineRefusal refusal) {
        // A question without an answer (a start, a stop) gives null, which nobody looks at.
        @SuppressWarnings("NullAway")
        T get() throws EngineRefusal {
            if (refusal != null) {
                throw refusal;
            }
            return value;
        }
    }

    private <T> T bounded(String doing, Duration limit, Callable<T> call)
            throws RuntimeUnavailableException, InterruptedException {
        try {
            return calls.within(limit, call);
        } catch (ExecutionException e) {
            throw unavailable(doing, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new RuntimeUnavailableException(
                    describe() + " gave no answer within " + limit.toSeconds() + " s, " + doing, e);
        }
    }

    private RuntimeUnavailableException unavailable(String doing, Throwable cause) {
        if (cause instanceof EngineAddress.UnusableException) {
            return new RuntimeUnavailableException(String.valueOf(cause.getMessage()), cause);
        }
        return new RuntimeUnavailableException(
                missing()
                        ? describe() + " isn't there; is Docker installed and started?"
                        : describe() + " can't be asked, " + doing + ": " + why(cause),
                cause);
    }

    /** True if there is nothing that could be asked, whatever for. */
    private boolean missing() {
        try {
            Path file = address().socketFile();
            return file != null && !Files.exists(file);
        } catch (EngineAddress.UnusableException e) {
            return false;
        }
    }

    private String why(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        try {
            Path file = address().socketFile();
            if (file != null
                    && (root instanceof AccessDeniedException
                            || String.valueOf(root.getMessage()).contains("Permission denied"))) {
                return "this user may not open " + file
                        + "; add it to the group docker, log in again, and let the daemon take it on:"
                        + " connectctl daemon stop (servers stay)";
            }
            Optional<EngineAddress.Tls> tls = address().tls();
            if (tls.isPresent() && handshakeFailed(cause)) {
                return "the TLS handshake failed (" + root.getMessage() + "): are ca.pem, cert.pem and key.pem in "
                        + tls.get().folder() + " those of this engine?";
            }
        } catch (EngineAddress.UnusableException e) {
            return String.valueOf(e.getMessage());
        }
        String text = root.getMessage();
        return text == null ? root.getClass().getSimpleName() : text;
    }

    /** An engine of TLS 1.3 that refuses its client's certificate may be heard of by nothing but a closed connection. */
    private boolean handshakeFailed(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLException
                    || (connection == null
                            && cause instanceof SocketException
                            && !(cause instanceof ConnectException))) {
                return true;
            }
        }
        return false;
    }

    // ------------------------------------------------------------------ containers

    /** A container by its name or id; empty if there is none. */
    Optional<Container> container(String nameOrId) throws RuntimeUnavailableException, InterruptedException {
        String doing = "looking at container " + nameOrId;
        try {
            Container seen = Container.of(get(doing, PATIENCE, "/containers/" + encode(nameOrId) + "/json"));
            remember(nameOrId, seen);
            return Optional.of(seen);
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                return Optional.empty();
            }
            throw unanswered(doing, e);
        } catch (RuntimeUnavailableException e) {
            return Optional.of(pausedAmidACheck(nameOrId, e).orElseThrow(() -> e));
        }
    }

    private void remember(String nameOrId, Container seen) {
        synchronized (live) {
            if (seen.live()) {
                live.put(nameOrId, seen);
            } else {
                live.remove(nameOrId);
            }
        }
    }

    /**
     * Docker (20.10) answers no question about a container that was paused while a health check of it began: the question waits for the
     * check, and the check for the end of the pause. What it lists, it tells all the same; whoever takes such a container for one that
     * can't be asked about never ends the pause.
     */
    private Optional<Container> pausedAmidACheck(String nameOrId, RuntimeUnavailableException silence)
            throws RuntimeUnavailableException, InterruptedException {
        Container last;
        synchronized (live) {
            last = live.get(nameOrId);
        }
        if (!listedAsPaused(nameOrId, last)) {
            return Optional.empty();
        }
        if (last == null) {
            throw new RuntimeUnavailableException(
                    describe() + " tells nothing of container " + nameOrId
                            + " as it is paused; let it go on: docker unpause " + nameOrId,
                    silence);
        }
        return Optional.of(last.paused());
    }

    private boolean listedAsPaused(String nameOrId, @Nullable Container last) throws InterruptedException {
        String id = last == null ? nameOrId : last.id();
        // A container may be named like an id; both filters take whatever holds their word.
        Map<String, List<String>> filter = last == null && !ID.matcher(nameOrId).matches()
                ? Map.of("name", List.of(nameOrId))
                : Map.of("id", List.of(id));
        try {
            for (JsonNode each : get(
                    "listing container " + nameOrId,
                    LISTING_PATIENCE,
                    "/containers/json?all=1&filters=" + filters(filter))) {
                boolean meant = each.path("Id").asText().equals(id)
                        || each.path("Names").toString().contains("\"/" + id + "\"");
                if (meant && each.path("State").asText().equalsIgnoreCase("paused")) {
                    return true;
                }
            }
        } catch (EngineRefusal | RuntimeUnavailableException e) {
            LOG.debug("{} can't be listed either", nameOrId, e);
        }
        return false;
    }

    /**
     * A container in a listing.
     *
     * @param name its first name
     * @param published ports of the engine's machine that lead to it
     */
    record Listed(String id, String name, Map<String, String> labels, String state, List<Integer> published) {}

    /** A volume as a listing shows it. */
    record Volume(String name, Map<String, String> labels) {}

    /** Volumes with all of these labels. */
    List<Volume> volumes(List<String> labels) throws RuntimeUnavailableException, InterruptedException {
        try {
            JsonNode answer = get("listing volumes", PATIENCE, "/volumes?filters=" + filters(Map.of("label", labels)));
            List<Volume> found = new ArrayList<>();
            for (JsonNode each : answer.path("Volumes")) {
                Map<String, String> own = new java.util.TreeMap<>();
                each.path("Labels")
                        .properties()
                        .forEach(label ->
                                own.put(label.getKey(), label.getValue().asText()));
                found.add(new Volume(each.path("Name").asText(), own));
            }
            return found;
        } catch (EngineRefusal e) {
            throw unanswered("listing volumes", e);
        }
    }

    /**
     * Containers with all of these labels ({@code key=value}, or {@code key}).
     *
     * @param all also those that don't run
     */
    List<Listed> containers(List<String> labels, boolean all) throws RuntimeUnavailableException, InterruptedException {
        String filters = filters(Map.of("label", labels));
        try {
            JsonNode answer = get(
                    "listing containers", PATIENCE, "/containers/json?all=" + (all ? 1 : 0) + "&filters=" + filters);
            List<Listed> found = new ArrayList<>();
            for (JsonNode each : answer) {
                Map<String, String> own = new java.util.TreeMap<>();
                each.path("Labels")
                        .properties()
                        .forEach(label ->
                                own.put(label.getKey(), label.getValue().asText()));
                List<Integer> published = new ArrayList<>();
                each.path("Ports").forEach(port -> {
                    if (port.path("PublicPort").asInt(0) > 0) {
                        published.add(port.path("PublicPort").asInt());
                    }
                });
                found.add(new Listed(
                        each.path("Id").asText(),
                        each.path("Names").path(0).asText("").replaceFirst("^/", ""),
                        own,
                        each.path("State").asText("").toLowerCase(java.util.Locale.ROOT),
                        published));
            }
            return found;
        } catch (EngineRefusal e) {
            throw unanswered("listing containers", e);
        }
    }

    /** The text of a small file in a container, be it started or not; empty where there is none. */
    Optional<String> file(String container, String path)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return refusable("reading " + path + " in container " + container, PATIENCE, () -> {
            Connection now = connection();
            try (DockerHttpClient.Response response = now.http()
                            .execute(request(
                                    "/v" + now.version() + "/containers/" + container + "/archive?path=" + encode(path),
                                    Map.of()));
                    InputStream body = response.getBody()) {
                if (response.getStatusCode() >= 300) {
                    return Optional.empty();
                }
                // A tar archive of one file: its header, then its content.
                byte[] header = body.readNBytes(512);
                if (header.length < 512) {
                    return Optional.empty();
                }
                String size = new String(header, 124, 11, StandardCharsets.US_ASCII).strip();
                int length = size.matches("0*[0-7]{1,7}") ? Integer.parseInt(size, 8) : 0;
                return Optional.of(new String(body.readNBytes(length), StandardCharsets.UTF_8).strip());
            }
        });
    }

    /** True if the container has a file or folder of this path, be it started or not. */
    boolean exists(String container, String path)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return refusable("looking into container " + container, PATIENCE, () -> stat(container, path)
                .isPresent());
    }

    /**
     * Where a path in a container leads to once every link is followed; empty where it leads to nothing.
     *
     * @param path an absolute path
     */
    Optional<Path> resolve(String container, Path path)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return refusable("looking into container " + container, PATIENCE, () -> {
            Optional<String> stat = stat(container, path.toString());
            if (stat.isEmpty()) {
                return Optional.empty();
            }
            String target = JSON.readTree(Base64.getDecoder().decode(stat.get()))
                    .path("linkTarget")
                    .asText("");
            return Optional.of(target.isEmpty() ? path : Path.of(target));
        });
    }

    /** What the engine tells of a path, in base64; empty where there is none. */
    private Optional<String> stat(String container, String path)
            throws IOException, EngineAddress.UnusableException, EngineRefusal {
        Connection now = connection();
        DockerHttpClient.Request head = DockerHttpClient.Request.builder()
                .method("HEAD")
                .path("/v" + now.version() + "/containers/" + container + "/archive?path=" + encode(path))
                .build();
        try (DockerHttpClient.Response response = now.http().execute(head)) {
            int status = response.getStatusCode();
            if (status >= 300 && status != EngineRefusal.NOT_FOUND) {
                throw new EngineRefusal(status, "HEAD " + path);
            }
            return status < 300
                    ? Optional.of(Objects.requireNonNullElse(response.getHeader("X-Docker-Container-Path-Stat"), ""))
                    : Optional.empty();
        }
    }

    /**
     * Runs a program in a running container, as the container's own user.
     *
     * @return its exit code
     */
    int run(String container, String... command)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return ask("running " + command[0] + " in container " + container, PATIENCE, client -> {
            String exec = client.execCreateCmd(container)
                    .withAttachStdout(true)
                    .withCmd(command)
                    .exec()
                    .getId();
            client.execStartCmd(exec)
                    .exec(new ResultCallback.Adapter<Frame>())
                    .awaitCompletion(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            Long code = client.inspectExecCmd(exec).exec().getExitCodeLong();
            if (code == null) {
                throw new IOException("it didn't end");
            }
            return code.intValue();
        });
    }

    /**
     * Runs a program in a running container, as the container's own user.
     *
     * @param limit for the program; what it wrote until then is returned, and the program is left to its own end
     * @return what it wrote on stdout, at most {@code most} bytes of it
     */
    String output(String container, Duration limit, int most, String... command)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return ask("looking into container " + container, limit.plus(PATIENCE), client -> {
            String exec = client.execCreateCmd(container)
                    .withAttachStdout(true)
                    .withCmd(command)
                    .exec()
                    .getId();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ResultCallback.Adapter<Frame> frames = new ResultCallback.Adapter<>() {
                @Override
                public void onNext(Frame frame) {
                    synchronized (bytes) {
                        bytes.write(frame.getPayload(), 0, Math.min(frame.getPayload().length, most - bytes.size()));
                    }
                }
            }) {
                client.execStartCmd(exec).exec(frames).awaitCompletion(limit.toMillis(), TimeUnit.MILLISECONDS);
            }
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
        });
    }

    /** The text of a file in a container, be it started or not; empty text where there is none. */
    String text(String container, String path) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            return ask("reading " + path + " of container " + container, PATIENCE, client -> {
                try (InputStream stream = client.copyArchiveFromContainerCmd(container, path)
                                .exec();
                        TarArchiveInputStream tar = new TarArchiveInputStream(stream)) {
                    return tar.getNextEntry() == null
                            ? ""
                            : new String(tar.readNBytes(LARGEST_TEXT), StandardCharsets.UTF_8);
                }
            });
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                return "";
            }
            throw e;
        }
    }

    /**
     * True if the engine remembers that this container, which ended at this instant, was stopped on somebody's request. It
     * remembers some hundred events, and none from before its own start.
     */
    boolean stopped(String container, Instant end) throws RuntimeUnavailableException, InterruptedException {
        Instant now = Instant.now();
        Instant until = end.plusSeconds(STOP_WORD_SECONDS).isBefore(now) ? end.plusSeconds(STOP_WORD_SECONDS) : now;
        return remembers(
                end.minusSeconds(1),
                until,
                Map.of("type", List.of("container"), "event", List.of("stop"), "container", List.of(container)));
    }

    /** True if the engine remembers anything from before this instant: it is the one that ran then. */
    boolean remembersBefore(Instant instant) throws RuntimeUnavailableException, InterruptedException {
        return remembers(Instant.ofEpochSecond(1), instant, Map.of());
    }

    private boolean remembers(Instant from, Instant until, Map<String, List<String>> filters)
            throws RuntimeUnavailableException, InterruptedException {
        String doing = "asking what happened";
        String path = "/events?since=" + Logs.seconds(from) + "&until=" + Logs.seconds(until) + "&filters="
                + filters(filters);
        try {
            return refusable(doing, PATIENCE, () -> {
                Connection open = connection();
                try (DockerHttpClient.Response response =
                                open.http().execute(request("/v" + open.version() + path, Map.of()));
                        InputStream body = response.getBody()) {
                    return JSON.readerFor(JsonNode.class).readValues(body).hasNextValue();
                }
            });
        } catch (EngineRefusal e) {
            throw unanswered(doing, e);
        }
    }

    /** What a running container uses; empty where it has ended. */
    Optional<Usage> usage(String container) throws RuntimeUnavailableException, InterruptedException {
        String doing = "asking what container " + container + " uses";
        try {
            // Without one-shot the engine measures for a second; older ones don't know it, and take that second.
            JsonNode stats = get(doing, PATIENCE, "/containers/" + container + "/stats?stream=false&one-shot=true");
            JsonNode memory = stats.path("memory_stats");
            int threads = stats.path("pids_stats").path("current").asInt();
            if (threads == 0) {
                return Optional.empty();
            }
            // As docker stats: what the kernel may take back at any time isn't used. cgroup 1 has the longer name.
            JsonNode detail = memory.path("stats");
            long cache = detail.path("total_inactive_file")
                    .asLong(detail.path("inactive_file").asLong());
            return Optional.of(new Usage(
                    Math.max(0, memory.path("usage").asLong() - cache),
                    Duration.ofNanos(stats.path("cpu_stats")
                            .path("cpu_usage")
                            .path("total_usage")
                            .asLong()),
                    threads,
                    0,
                    // Without a limit of its own an engine tells the machine's memory, or a number beyond any.
                    memory.path("limit").asLong() > 0
                            ? OptionalLong.of(memory.path("limit").asLong())
                            : OptionalLong.empty()));
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND || e.status() == EngineRefusal.CONFLICT) {
                return Optional.empty();
            }
            throw unanswered(doing, e);
        }
    }

    /** Filters as the API's parameter takes them. */
    static String filters(Map<String, List<String>> filters) {
        try {
            return encode(JSON.writeValueAsString(filters));
        } catch (IOException e) {
            throw new IllegalStateException("strings can be written as JSON", e);
        }
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** A refusal where there is nothing to refuse: the engine can't answer now. */
    RuntimeUnavailableException unanswered(String doing, EngineRefusal refusal) {
        return new RuntimeUnavailableException(
                describe() + " failed, " + doing + ": " + refusal.said() + " (status " + refusal.status() + ")",
                refusal);
    }

    @Override
    public void close() {
        calls.close();
        Connection now = connection;
        if (now != null) {
            IOException ignored = new IOException();
            close(now.streams(), ignored);
            close(now.http(), ignored);
        }
    }
}
