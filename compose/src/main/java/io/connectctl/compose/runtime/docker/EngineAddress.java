package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the engine is, found as the docker command line finds it: DOCKER_HOST, else DOCKER_CONTEXT, else the current context
 * of {@code ~/.docker/config.json}, else the usual sockets, Docker's before Podman's.
 *
 * @param uri {@code unix:///path} or {@code tcp://host:port}
 * @param tls how the connection is secured; empty for plain ones
 * @param source who says so, for people: {@code DOCKER_HOST}
 */
record EngineAddress(URI uri, Optional<Tls> tls, String source) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEFAULT_CONTEXT = "default";
    private static final String SOCKET = "/var/run/docker.sock";
    private static final int PLAIN_PORT = 2375;
    private static final int TLS_PORT = 2376;
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]", "::1", "0.0.0.0");

    /**
     * What secures a connection.
     *
     * @param folder where {@code ca.pem}, {@code cert.pem} and {@code key.pem} lie, as far as they are there
     * @param verify whether the engine's certificate must be one of that authority
     */
    record Tls(Path folder, boolean verify) {}

    /** An address that can't be used; says why and what to do. */
    static final class UnusableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnusableException(String message) {
            super(message);
        }

        UnusableException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * The engine that this environment names.
     *
     * @param environment the daemon's own environment
     * @throws UnusableException for a context that doesn't exist, and for a scheme that isn't supported
     */
    static EngineAddress find(Map<String, String> environment) throws UnusableException {
        String host = environment.getOrDefault("DOCKER_HOST", "").strip();
        if (!host.isEmpty()) {
            boolean verify = !environment.getOrDefault("DOCKER_TLS_VERIFY", "").isEmpty();
            boolean secured =
                    verify || !environment.getOrDefault("DOCKER_TLS", "").isEmpty();
            String folder = environment.getOrDefault("DOCKER_CERT_PATH", "");
            Optional<Tls> tls = secured
                    ? Optional.of(new Tls(folder.isEmpty() ? settings(environment) : Path.of(folder), verify))
                    : Optional.empty();
            return of(host, tls, "DOCKER_HOST");
        }
        String context = environment.getOrDefault("DOCKER_CONTEXT", "").strip();
        String source = "DOCKER_CONTEXT";
        if (context.isEmpty()) {
            context = currentContext(settings(environment).resolve("config.json"));
            source = "the docker context '" + context + "'";
        }
        if (!context.isEmpty() && !context.equals(DEFAULT_CONTEXT)) {
            return context(settings(environment), context, source);
        }
        return socket(environment);
    }

    /** An address as people write it. */
    static EngineAddress of(String host, Optional<Tls> tls, String source) throws UnusableException {
        int colon = host.indexOf("://");
        String scheme = colon < 0 ? "tcp" : host.substring(0, colon).toLowerCase(Locale.ROOT);
        String rest = colon < 0 ? host : host.substring(colon + 3);
        return switch (scheme) {
            case "unix" -> {
                if (!rest.startsWith("/")) {
                    throw new UnusableException(source + " names the socket '" + host
                            + "': write it with an absolute path, such as unix:///var/run/docker.sock");
                }
                yield new EngineAddress(URI.create("unix://" + encoded(rest)), Optional.empty(), source);
            }
            case "tcp", "http" -> new EngineAddress(tcp(host, rest, tls.isPresent(), source), tls, source);
            case "https" ->
                new EngineAddress(
                        tcp(host, rest, true, source), tls.or(() -> Optional.of(new Tls(Path.of("/"), true))), source);
            case "ssh" ->
                throw new UnusableException(source + " names an engine behind ssh (" + host
                        + "), which connectctl doesn't speak: forward its socket with 'ssh -NL"
                        + " /tmp/docker.sock:/var/run/docker.sock " + rest
                        + "' and set DOCKER_HOST=unix:///tmp/docker.sock");
            default ->
                throw new UnusableException(source + " names an engine by '" + scheme
                        + "://', which isn't supported: use unix:///path or tcp://host:port");
        };
    }

    private static String encoded(String path) {
        return path.replace("%", "%25").replace(" ", "%20");
    }

    private static URI tcp(String host, String rest, boolean secured, String source) throws UnusableException {
        String authority = rest.replaceFirst("/.*$", "");
        try {
            URI uri = new URI("tcp://" + authority);
            if (uri.getHost() == null) {
                throw new UnusableException(source + " names '" + host + "', which has no host: use tcp://host:port");
            }
            int port = uri.getPort() > 0 ? uri.getPort() : secured ? TLS_PORT : PLAIN_PORT;
            return URI.create("tcp://" + uri.getHost() + ":" + port);
        } catch (java.net.URISyntaxException e) {
            throw new UnusableException(source + " names '" + host + "', which is no address: use tcp://host:port", e);
        }
    }

    // ------------------------------------------------------------------ contexts

    /** The folder of the docker command line's settings. */
    static Path settings(Map<String, String> environment) {
        String named = environment.getOrDefault("DOCKER_CONFIG", "");
        return named.isEmpty() ? Path.of(environment.getOrDefault("HOME", "/"), ".docker") : Path.of(named);
    }

    private static String currentContext(Path file) {
        try {
            return Files.exists(file)
                    ? JSON.readTree(file.toFile()).path("currentContext").asText("")
                    : "";
        } catch (IOException e) {
            return ""; // the docker command line warns of it and goes on, too
        }
    }

    private static EngineAddress context(Path settings, String name, String source) throws UnusableException {
        String digest = sha256(name);
        Path meta = settings.resolve("contexts/meta").resolve(digest).resolve("meta.json");
        JsonNode endpoint;
        try {
            endpoint = JSON.readTree(meta.toFile()).path("Endpoints").path("docker");
        } catch (IOException e) {
            throw new UnusableException(
                    source + " names the docker context '" + name + "', which can't be read (" + meta
                            + "): see 'docker context ls'",
                    e);
        }
        String host = endpoint.path("Host").asText("");
        if (host.isEmpty()) {
            throw new UnusableException(
                    "the docker context '" + name + "' names no engine: see 'docker context inspect " + name + "'");
        }
        Path tls = settings.resolve("contexts/tls").resolve(digest).resolve("docker");
        boolean unverified = endpoint.path("SkipTLSVerify").asBoolean(false);
        return of(
                host,
                Files.isDirectory(tls) || unverified ? Optional.of(new Tls(tls, !unverified)) : Optional.empty(),
                source);
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    // ------------------------------------------------------------------ sockets

    private static EngineAddress socket(Map<String, String> environment) throws UnusableException {
        List<Path> sockets = new ArrayList<>();
        sockets.add(Path.of(SOCKET));
        String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (!runtime.isEmpty()) {
            sockets.add(Path.of(runtime, "docker.sock"));
            sockets.add(Path.of(runtime, "podman/podman.sock"));
        }
        sockets.add(Path.of("/run/podman/podman.sock"));
        return first(sockets);
    }

    /**
     * The first one where somebody listens who lets this user in, else the first one that is there, else the first one of all: what is
     * wrong with that is then what people read of.
     */
    static EngineAddress first(List<Path> sockets) throws UnusableException {
        List<Path> there = sockets.stream().filter(Files::exists).toList();
        Path found = there.stream()
                .filter(socket -> there.size() == 1 || listens(socket))
                .findFirst()
                .orElse(there.isEmpty() ? sockets.get(0) : there.get(0));
        return of("unix://" + found, Optional.empty(), "the socket " + found);
    }

    /** Listening doesn't block: whoever hangs has the connection wait in the kernel's queue. */
    private static boolean listens(Path socket) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return channel.isConnected();
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** The socket's file, where it is one. */
    @Nullable
    Path socketFile() {
        return uri.getScheme().equals("unix") ? Path.of(uri.getPath()) : null;
    }

    /** True if the engine publishes ports on this very machine. */
    boolean local() {
        return socketFile() != null || LOOPBACK.contains(uri.getHost());
    }

    /** By which name servers there are reached from here. */
    String host() {
        return local() ? "localhost" : uri.getHost();
    }

    @Override
    public String toString() {
        Path file = socketFile();
        return file != null ? file.toString() : uri.getHost() + ":" + uri.getPort();
    }
}
