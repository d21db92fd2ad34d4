package io.connectctl.health.doctor;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A Spark Connect URL, {@code sc://host:port/;key=value;...}, as Spark's clients read it (client-connection-string.md of Spark's sources).
 *
 * @param host name or address; an IPv6 address without its brackets
 * @param port gRPC port, 15002 where the URL names none
 * @param useSsl {@code use_ssl}: the client opens TLS
 * @param token {@code token}; a client sends it with each call, and opens TLS for it unless the host reads {@code localhost}
 * @param userId {@code user_id}; {@code connectctl} where there is none
 * @param maxMessage {@code grpc_max_message_size} in bytes
 * @param headers everything else: clients send it as metadata of each call, so its keys are such as gRPC takes
 */
public record ConnectUrl(
        String host,
        int port,
        boolean useSsl,
        Optional<String> token,
        String userId,
        OptionalLong maxMessage,
        Map<String, String> headers) {
    /** Spark's default ({@code spark.connect.grpc.binding.port}). */
    static final int DEFAULT_PORT = 15002;

    /** What gRPC takes as a key of a text; one that ends in {@code -bin} holds bytes. */
    private static final Pattern KEY = Pattern.compile("(?i)[0-9a-z_.-]+(?<!-bin)");

    /** Of what is wrong, only this is quoted: anything longer, or of other characters, may hold a token. */
    private static final Pattern QUOTABLE = Pattern.compile("[0-9A-Za-z_-]{0,36}");

    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][0-9A-Za-z+.-]{0,20}");

    private static final String SHAPE = "write it as sc://HOST:PORT, or sc://HOST:PORT/;token=...;use_ssl=true";

    public ConnectUrl {
        headers = Map.copyOf(headers);
    }

    /** Without the token and the headers, which may be credentials. */
    @Override
    public String toString() {
        return "sc://" + authority() + (useSsl ? " (TLS)" : "") + (token.isPresent() ? " (token)" : "");
    }

    /** {@code host:port}, an IPv6 address in brackets. */
    String authority() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** Reads a URL as Spark's clients do. */
    public static ConnectUrl parse(String text) throws BadUrlException {
        String url = text.strip();
        if (!url.startsWith("sc://")) {
            int end = url.indexOf("://");
            throw new BadUrlException(
                    end > 0 && SCHEME.matcher(url.substring(0, end)).matches()
                            ? "the scheme is '" + url.substring(0, end) + "', not 'sc'"
                            : "it doesn't begin with sc://",
                    SHAPE);
        }
        String rest = url.substring("sc://".length());
        int slash = rest.indexOf('/');
        int semicolon = rest.indexOf(';');
        if (semicolon >= 0 && (slash < 0 || semicolon < slash)) {
            throw new BadUrlException("parameters begin with /; and no / stands before the first ;", SHAPE);
        }
        String authority = slash < 0 ? rest : rest.substring(0, slash);
        String parameters = slash < 0 ? "" : rest.substring(slash + 1);
        if (!parameters.isEmpty() && !parameters.startsWith(";")) {
            throw new BadUrlException("a Spark Connect URL has no path: parameters begin with /;", SHAPE);
        }
        if (authority.contains("@")) {
            throw new BadUrlException(
                    "a user before the host isn't understood by any client", "name it as ;user_id=NAME");
        }
        // Before anything of it is quoted, or asked for in DNS: it may be a token behind the wrong sign.
        if (authority.contains("?") || authority.contains("=")) {
            throw new BadUrlException("parameters begin with /; and stand behind the host and port", SHAPE);
        }
        Map<String, String> values = parameters(parameters);
        boolean useSsl = flag(values, "use_ssl");
        String token = values.remove("token");
        if (token != null && token.isEmpty()) {
            throw new BadUrlException("token= is empty", "leave it out, or give the token");
        }
        String user = values.remove("user_id");
        values.remove("user_agent");
        String session = values.remove("session_id");
        if (session != null) {
            requireUuid(session);
        }
        OptionalLong maxMessage = size(values.remove("grpc_max_message_size"));
        return new ConnectUrl(
                host(authority),
                port(authority),
                useSsl,
                Optional.ofNullable(token),
                user == null || user.isEmpty() ? "connectctl" : user,
                maxMessage,
                values);
    }

    private static Map<String, String> parameters(String text) throws BadUrlException {
        Map<String, String> values = new LinkedHashMap<>();
        int number = 0;
        for (String pair : text.split(";", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            number++;
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new BadUrlException("parameter " + number + " isn't KEY=VALUE", SHAPE);
            }
            String key = pair.substring(0, equals);
            if (!KEY.matcher(key).matches()) {
                throw new BadUrlException(
                        "the key of parameter " + number
                                + " can't be sent: gRPC takes letters, digits, '_', '.' and '-',"
                                + " and no end in -bin",
                        "write no blanks around ; and =, and percent-encode a ; that belongs to a value");
            }
            try {
                values.put(
                        key,
                        // '+' stands for itself: only %XX is decoded, as Python's unquote does.
                        URLDecoder.decode(pair.substring(equals + 1).replace("+", "%2B"), StandardCharsets.UTF_8));
            } catch (IllegalArgumentException e) {
                throw new BadUrlException(
                        "the value of " + key + " has a % that no two hex digits follow", "write % itself as %25");
            }
        }
        return values;
    }

    private static boolean flag(Map<String, String> values, String key) throws BadUrlException {
        String value = values.remove(key);
        if (value == null) {
            return false;
        }
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new BadUrlException(key + quoted(value) + " is neither true nor false", "write " + key + "=true");
        };
    }

    private static String quoted(String value) {
        return QUOTABLE.matcher(value).matches() ? "=" + value : "";
    }

    private static void requireUuid(String session) throws BadUrlException {
        try {
            if (UUID.fromString(session).toString().equalsIgnoreCase(session)) {
                return;
            }
        } catch (IllegalArgumentException e) {
            // Told below, as the short forms that Java takes and Spark doesn't.
        }
        throw new BadUrlException("session_id" + quoted(session) + " is no UUID", "leave it out: the client makes one");
    }

    private static OptionalLong size(@org.jspecify.annotations.Nullable String text) throws BadUrlException {
        if (text == null) {
            return OptionalLong.empty();
        }
        try {
            long bytes = Long.parseLong(text);
            if (bytes > 0) {
                return OptionalLong.of(bytes);
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new BadUrlException(
                "grpc_max_message_size" + quoted(text) + " is no number of bytes",
                "write it as grpc_max_message_size=134217728");
    }

    private static String host(String authority) throws BadUrlException {
        String host;
        if (authority.startsWith("[")) {
            int end = authority.indexOf(']');
            if (end < 0) {
                throw new BadUrlException("the [ of an IPv6 address isn't closed", "write it as sc://[::1]:15002");
            }
            host = authority.substring(1, end);
        } else {
            int colon = authority.indexOf(':');
            if (colon >= 0 && authority.indexOf(':', colon + 1) >= 0) {
                throw new BadUrlException(
                        "an IPv6 address stands in brackets", "write it as sc://[" + authority + "]:15002");
            }
            host = colon < 0 ? authority : authority.substring(0, colon);
        }
        if (host.isBlank()) {
            throw new BadUrlException("it names no host", SHAPE);
        }
        for (int i = 0; i < host.length(); i++) {
            if (Character.isWhitespace(host.charAt(i)) || Character.isISOControl(host.charAt(i))) {
                throw new BadUrlException("the host holds a blank", SHAPE);
            }
        }
        return host;
    }

    private static int port(String authority) throws BadUrlException {
        String after = authority.startsWith("[") ? authority.substring(authority.indexOf(']') + 1) : authority;
        int colon = after.indexOf(':');
        if (colon < 0) {
            if (authority.startsWith("[") && !after.isEmpty()) {
                throw new BadUrlException("'" + after + "' follows the IPv6 address", "write it as sc://[::1]:15002");
            }
            return DEFAULT_PORT;
        }
        String digits = after.substring(colon + 1);
        try {
            int port = Integer.parseInt(digits);
            if (port >= 1 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new BadUrlException("'" + digits + "' is no port: 1-65535", SHAPE);
    }
}
