package io.connectctl.health.doctor;

import io.connectctl.health.RpcFailures;
import io.connectctl.health.SparkConnectClient;
import io.connectctl.health.SparkConnectClient.Peer;
import io.connectctl.health.TracelessCall;
import io.connectctl.health.doctor.Check.Verdict;
import io.connectctl.health.wire.TimedSocket;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Examines the server of a Spark Connect URL as one of its clients would use it, check by check: the URL, name resolution, TCP, the
 * language spoken there (HTTP/2, TLS), gRPC, the token, the health service, a session and its Spark version, the size of messages, the
 * clock. A check that fails ends the examination, where the next ones could say nothing new. It runs no job; on Spark 3.x its one
 * session stays until the server forgets it.
 */
public final class Doctor {
    /** Hears of the examination as it goes, so that whoever limits it knows where it stood. */
    public interface Listener {
        /** This check begins. */
        void begins(String check);

        /** A check is done, or was skipped. */
        void ended(Check check);
    }

    /** Every check, in order. */
    public static final List<String> CHECKS =
            List.of("url", "name", "tcp", "http2", "grpc", "token", "health", "session", "message-size", "clock");

    /** Environment variable in which Spark's clients find the token. */
    public static final String TOKEN_VARIABLE = "SPARK_CONNECT_AUTHENTICATE_TOKEN";

    /** A server of a network that works answers a connection in a few milliseconds; this leaves two lost packets (1 s, then 2 s) their time. */
    private static final Duration CONNECTING = Duration.ofMillis(3200);

    /** An idle server says its first word in milliseconds; a port that wants TLS says nothing at all. */
    private static final Duration LISTENING = Duration.ofMillis(1500);

    /** Beyond this, expiries of tokens and times in event logs are misleading. */
    private static final Duration SKEW = Duration.ofSeconds(5);

    /** What clients take at most unless told otherwise: PySpark's and the JVM client's own default. */
    private static final long CLIENT_MESSAGE = 128L << 20;

    private static final String NAME = "connectctl-doctor";

    private static final String SERVER_MESSAGE = "spark.connect.grpc.maxInboundMessageSize";

    /** The optimizer turns the query into this number before anything runs. */
    private static final Pattern MILLIS = Pattern.compile("(?m)^\\W*Project \\[(\\d{13}) AS ");

    private final Clock clock;
    private final Deadline deadline;
    private final Listener listener;
    private final List<String> done = new ArrayList<>();
    private long began;

    private Doctor(Clock clock, Duration limit, Listener listener) {
        this.clock = clock;
        this.deadline = Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS);
        this.listener = listener;
    }

    /**
     * Examines.
     *
     * @param url a Spark Connect URL, right or wrong
     * @param environmentToken what {@link #TOKEN_VARIABLE} holds: the token where the URL has none
     * @param limit how long all of it may take, name resolution apart, which the system bounds
     */
    public static void examine(
            String url, Optional<String> environmentToken, Clock clock, Duration limit, Listener listener)
            throws InterruptedException {
        new Doctor(clock, limit, listener).examine(url, environmentToken);
    }

    private void examine(String text, Optional<String> environmentToken) throws InterruptedException {
        Optional<ConnectUrl> url = url(text);
        if (url.isPresent()) {
            Optional<String> token = url.get().token().or(() -> environmentToken.filter(each -> !each.isBlank()));
            reach(url.get(), token);
        }
        for (String name : CHECKS) {
            if (!done.contains(name)) {
                tell(name, Verdict.SKIPPED, "", "not looked at", "", Duration.ZERO);
            }
        }
    }

    private Optional<ConnectUrl> url(String text) {
        begin("url");
        try {
            ConnectUrl url = ConnectUrl.parse(text);
            end("url", Verdict.OK, "", url.toString(), "");
            return Optional.of(url);
        } catch (BadUrlException e) {
            end("url", Verdict.FAILED, "BAD_URL", String.valueOf(e.getMessage()), e.remedy());
            return Optional.empty();
        }
    }

    private void reach(ConnectUrl url, Optional<String> token) throws InterruptedException {
        List<InetAddress> addresses = addresses(url);
        if (addresses.isEmpty()) {
            return;
        }
        Optional<InetAddress> address = tcp(url, addresses);
        if (address.isEmpty()) {
            return;
        }
        boolean tls = url.useSsl() || (url.token().isPresent() && !url.host().equals("localhost"));
        Language language = language(url, address.get(), tls, token);
        if (!language.goOn) {
            return;
        }
        try (SparkConnectClient client = new SparkConnectClient(peer(url, address.get(), language.tls, token))) {
            talk(url, client, token);
        }
    }

    private static Peer peer(ConnectUrl url, InetAddress address, boolean tls, Optional<String> token) {
        // An id that is made of the user's name, so that a server that is examined again and again holds one session
        // for all
        // of it: 3.x has places for 100 and can't give one back.
        UUID session = UUID.nameUUIDFromBytes((NAME + " " + url.userId()).getBytes(StandardCharsets.UTF_8));
        return new Peer(
                new InetSocketAddress(address, url.port()),
                url.authority(),
                tls,
                token,
                url.headers(),
                NAME,
                url.userId(),
                session);
    }

    private List<InetAddress> addresses(ConnectUrl url) {
        begin("name");
        try {
            List<InetAddress> addresses = Arrays.asList(InetAddress.getAllByName(url.host()));
            String all = addresses.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", "));
            end("name", Verdict.OK, "", all.equals(url.host()) ? "it is an address" : url.host() + " is " + all, "");
            return addresses;
        } catch (UnknownHostException e) {
            end(
                    "name",
                    Verdict.FAILED,
                    "NAME_UNKNOWN",
                    "the name " + url.host() + " has no address",
                    "check its spelling, and this machine's DNS: getent hosts " + url.host());
            return List.of();
        }
    }

    /** The first address that takes a connection. */
    private Optional<InetAddress> tcp(ConnectUrl url, List<InetAddress> addresses) throws InterruptedException {
        begin("tcp");
        Deadline end = soon(CONNECTING);
        List<String> failures = new ArrayList<>();
        boolean refused = false;
        boolean silent = false;
        for (int i = 0; i < addresses.size(); i++) {
            String where = addresses.get(i).getHostAddress() + " port " + url.port();
            // Each address gets its share of what is left: the first one may be a black hole.
            long share = end.timeRemaining(TimeUnit.NANOSECONDS) / (addresses.size() - i);
            try {
                TimedSocket.connect(addresses.get(i).getHostAddress(), url.port(), share)
                        .close();
                end(
                        "tcp",
                        failures.isEmpty() ? Verdict.OK : Verdict.WARNING,
                        failures.isEmpty() ? "" : "ADDRESS_DEAD",
                        where + " takes connections"
                                + (failures.isEmpty() ? "" : ", but " + String.join("; ", failures)),
                        failures.isEmpty()
                                ? ""
                                : "clients may try the dead address first: name the other one in the URL");
                return Optional.of(addresses.get(i));
            } catch (SocketTimeoutException e) {
                silent = true;
                failures.add(where + " doesn't answer");
            } catch (ConnectException e) {
                // The system's own patience ends in one, too.
                if (String.valueOf(e.getMessage()).contains("timed out")) {
                    silent = true;
                } else {
                    refused = true;
                }
                failures.add(where + ": " + e.getMessage());
            } catch (IOException e) {
                // EHOSTUNREACH, ENETUNREACH, EPERM of a packet filter: no packet reached anybody.
                failures.add(where + " has no route: " + e.getMessage());
            }
        }
        if (refused) {
            end(
                    "tcp",
                    Verdict.FAILED,
                    "REFUSED",
                    String.join("; ", failures),
                    "nothing listens there: is the server up, is the port right, and does it listen on this address? (connectctl status)");
        } else if (!silent) {
            end(
                    "tcp",
                    Verdict.FAILED,
                    "NO_ROUTE",
                    String.join("; ", failures),
                    "this machine has no way there: is its network, or the VPN, up? is the address right? (ip route get ADDRESS)");
        } else {
            end(
                    "tcp",
                    Verdict.FAILED,
                    "TIMED_OUT",
                    String.join("; ", failures),
                    "packets vanish: a firewall, a security group, a wrong address, or a machine that is off");
        }
        return Optional.empty();
    }

    /** Whether to go on, and in TLS or not. */
    private record Language(boolean goOn, boolean tls) {
        static final Language NONE = new Language(false, false);
    }

    private Language language(ConnectUrl url, InetAddress address, boolean wantsTls, Optional<String> token)
            throws InterruptedException {
        begin("http2");
        Greeting.Heard heard = Greeting.plaintext(address, url.port(), soon(LISTENING));
        if (heard.kind() == Greeting.Kind.HTTP2) {
            return overPlaintext(url, address, wantsTls, token);
        }
        Greeting.Handshake shake = Greeting.tls(url.host(), address, url.port(), () -> soon(LISTENING));
        boolean alert = heard.kind() == Greeting.Kind.TLS;
        if (shake.outcome() == Greeting.Outcome.STALLED || (shake.outcome() == Greeting.Outcome.SILENT && alert)) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "TIMED_OUT",
                    "the port speaks TLS, and didn't finish a handshake in time",
                    "what ends TLS there hangs or is overloaded: look at the proxy before the server, and try again");
            return Language.NONE;
        }
        if (shake.outcome() == Greeting.Outcome.NONE || shake.outcome() == Greeting.Outcome.SILENT) {
            return notHttp2(heard);
        }
        if (!wantsTls) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "TLS_REQUIRED",
                    "the port speaks TLS, and a client of this URL speaks plaintext",
                    "write the URL as sc://" + url.authority() + "/;use_ssl=true");
            return Language.NONE;
        }
        if (!shake.http2()) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "NOT_GRPC",
                    "the port speaks TLS, but didn't agree on HTTP/2 (ALPN h2)",
                    "switch HTTP/2 on in the proxy before the server; gRPC needs it");
            return Language.NONE;
        }
        if (shake.outcome() == Greeting.Outcome.BROKEN) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "NOT_GRPC",
                    "the port speaks TLS, and ended the second connection: " + shake.why(),
                    "a proxy that limits connections, or one whose server comes and goes: look at its log, and try again");
            return Language.NONE;
        }
        if (shake.outcome() == Greeting.Outcome.UNTRUSTED) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "TLS_CERTIFICATE",
                    "the certificate isn't trusted here: " + shake.why(),
                    "name the host that the certificate is for, or give clients its authority (GRPC_DEFAULT_SSL_ROOTS_FILE_PATH for PySpark)");
            return Language.NONE;
        }
        end("http2", Verdict.OK, "", "HTTP/2 in TLS, with a certificate that is trusted here", "");
        return new Language(true, true);
    }

    private Language overPlaintext(ConnectUrl url, InetAddress address, boolean wantsTls, Optional<String> token) {
        if (url.useSsl()) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "TLS_NOT_OFFERED",
                    "the port speaks plaintext, and a client of this URL speaks TLS (use_ssl=true)",
                    "leave out use_ssl=true, or put a proxy that ends TLS before the server: Spark itself offers none");
            return Language.NONE;
        }
        if (wantsTls || (token.isPresent() && !address.isLoopbackAddress())) {
            end(
                    "http2",
                    Verdict.FAILED,
                    "TOKEN_OVER_PLAINTEXT",
                    "the port speaks plaintext, and clients send a token only in TLS"
                            + (wantsTls ? ", which they open for a URL with one" : ""),
                    "put a proxy that ends TLS before the server and add use_ssl=true; on the same machine write localhost"
                            + " as host, or give PySpark the token in " + TOKEN_VARIABLE);
            // On this machine nobody reads along, and a wrong token is worth knowing too.
            return new Language(address.isLoopbackAddress(), false);
        }
        end("http2", Verdict.OK, "", "HTTP/2 in plaintext", "");
        return new Language(true, false);
    }

    private Language notHttp2(Greeting.Heard heard) {
        switch (heard.kind()) {
            case SILENT ->
                end(
                        "http2",
                        Verdict.FAILED,
                        "SILENT",
                        "the port takes connections and says nothing, neither in HTTP/2 nor in TLS",
                        "its process hangs, or is stopped: look at its log and threads (jstack), and restart it");
            case CLOSED ->
                end(
                        "http2",
                        Verdict.FAILED,
                        "NOT_GRPC",
                        heard.said(),
                        "no gRPC server does that: a proxy without its server, or another program on this port");
            case HTTP1 ->
                end(
                        "http2",
                        Verdict.FAILED,
                        "NOT_GRPC",
                        heard.said() + ": it is a web server, such as Spark's UI",
                        "use the port of Spark Connect (15002 unless configured), not that of the UI");
            case HTTP2, TLS, OTHER ->
                end(
                        "http2",
                        Verdict.FAILED,
                        "NOT_GRPC",
                        "no HTTP/2 is spoken there: " + heard.said(),
                        "another program has this port: check the port of the server");
        }
        return Language.NONE;
    }

    private void talk(ConnectUrl url, SparkConnectClient client, Optional<String> token) throws InterruptedException {
        begin("grpc");
        @Nullable StatusRuntimeException refusal = null;
        boolean release = true;
        try {
            client.call(TracelessCall.RELEASE_SESSION, deadline);
        } catch (StatusRuntimeException e) {
            refusal = e;
            if (RpcFailures.lacksMethod(e)) {
                release = false;
                try {
                    client.call(TracelessCall.ARTIFACT_STATUS, deadline);
                    refusal = null;
                } catch (StatusRuntimeException older) {
                    // 3.4 has neither: the session tells.
                    refusal = RpcFailures.lacksMethod(older) ? null : older;
                }
            }
        }
        if (refusal != null && denied(refusal)) {
            if (!RpcFailures.notGrpc(refusal)) {
                end("grpc", Verdict.OK, "", "a gRPC server answers", "");
                begin("token");
                refusedToken("token", refusal, token);
            } else {
                // 401 or 403 of a proxy: who is behind it isn't known.
                refusedToken("grpc", refusal, token);
            }
            return;
        }
        if (refusal != null && !answered(refusal)) {
            failedCall("grpc", refusal);
            return;
        }
        end("grpc", Verdict.OK, "", "a gRPC server answers", "");
        begin("token");
        end("token", Verdict.OK, "", token.isEmpty() ? "none, and none is asked for" : "not refused", "");
        if (health(client)) {
            session(url, client, release);
        }
    }

    private void refusedToken(String check, StatusRuntimeException refusal, Optional<String> token) {
        if (token.isEmpty()) {
            end(
                    check,
                    Verdict.FAILED,
                    "TOKEN_MISSING",
                    "the server asks for a token: " + RpcFailures.answer(refusal),
                    "give it in " + TOKEN_VARIABLE + "; of a server of connectctl: eval \"$(connectctl env NAME)\"");
        } else {
            end(
                    check,
                    Verdict.FAILED,
                    "TOKEN_WRONG",
                    "the server refuses the token: " + RpcFailures.answer(refusal),
                    "get the present one: a server may have been made anew; of a server of connectctl: eval \"$(connectctl env NAME)\"");
        }
    }

    private boolean health(SparkConnectClient client) throws InterruptedException {
        begin("health");
        try {
            ServingStatus status = client.checkHealth(deadline);
            if (status != ServingStatus.SERVING) {
                end(
                        "health",
                        Verdict.FAILED,
                        "NOT_SERVING",
                        "grpc.health.v1 says " + status,
                        "the server, or the proxy before it, takes no calls now: look at its log");
                return false;
            }
            end("health", Verdict.OK, "", "grpc.health.v1 says SERVING", "");
        } catch (StatusRuntimeException e) {
            end(
                    "health",
                    Verdict.NOTE,
                    "",
                    RpcFailures.lacksMethod(e)
                            ? "no grpc.health.v1, as in every Spark up to 4.2"
                            : "grpc.health.v1 answered " + RpcFailures.answer(e),
                    "");
        }
        return true;
    }

    private void session(ConnectUrl url, SparkConnectClient client, boolean release) throws InterruptedException {
        begin("session");
        String version;
        try {
            version = client.sparkVersion(deadline);
        } catch (StatusRuntimeException e) {
            if (RpcFailures.lacksMethod(e)) {
                end(
                        "session",
                        Verdict.FAILED,
                        "NOT_SPARK_CONNECT",
                        "a gRPC server answers, but it has no spark.connect.SparkConnectService",
                        "another program has this port: check the port of the server");
            } else {
                failedCall("session", e);
            }
            return;
        }
        end("session", Verdict.OK, "", "Spark " + version, "");
        if (messageSize(url, client)) {
            clock(client);
        }
        if (release) {
            try {
                client.releaseFixedSession(deadline);
            } catch (StatusRuntimeException e) {
                // A server without spark-mllib can't close a session. It expires there by itself, if at all.
            }
        }
    }

    /** False if the server is there no longer, or refuses who asks: then the next call could say nothing new. */
    private boolean messageSize(ConnectUrl url, SparkConnectClient client) throws InterruptedException {
        begin("message-size");
        long mine = url.maxMessage().orElse(CLIENT_MESSAGE);
        try {
            long server =
                    client.property(SERVER_MESSAGE, deadline).map(Doctor::bytes).orElse(CLIENT_MESSAGE);
            String both = "the server takes messages of up to " + mib(server) + ", a client of this URL " + mib(mine);
            if (server <= 0) {
                end("message-size", Verdict.NOTE, "", SERVER_MESSAGE + " isn't told in bytes", "");
            } else if (mine < CLIENT_MESSAGE || server < CLIENT_MESSAGE) {
                end(
                        "message-size",
                        Verdict.WARNING,
                        "MESSAGE_SIZE",
                        both + ": less than the 128 MiB that Spark and its clients expect",
                        "large local tables and results end in RESOURCE_EXHAUSTED: raise " + SERVER_MESSAGE
                                + " on the server or grpc_max_message_size in the URL");
            } else {
                end("message-size", Verdict.OK, "", both, "");
            }
        } catch (StatusRuntimeException e) {
            if (!RpcFailures.unreadable(e) && (!answered(e) || code(e) == Status.Code.UNAUTHENTICATED)) {
                failedCall("message-size", e);
                return false;
            }
            // A server may keep its configuration to itself and be usable: whether it is, the next check tells.
            end("message-size", Verdict.NOTE, "", "the server didn't tell: " + RpcFailures.answer(e), "");
        }
        return true;
    }

    private void clock(SparkConnectClient client) throws InterruptedException {
        begin("clock");
        try {
            // Named, so that the number itself is the only one of its length in the plan.
            Instant before = clock.instant();
            String plans = client.explain("SELECT unix_millis(current_timestamp()) AS now", deadline);
            Instant after = clock.instant();
            Matcher millis = MILLIS.matcher(plans);
            if (!millis.find()) {
                end("clock", Verdict.NOTE, "", "the server's plan doesn't tell its time", "");
                return;
            }
            Instant there = Instant.ofEpochMilli(Long.parseLong(millis.group(1)));
            Duration skew = there.isBefore(before)
                    ? Duration.between(before, there)
                    : there.isAfter(after) ? Duration.between(after, there) : Duration.ZERO;
            if (skew.abs().compareTo(SKEW) > 0) {
                end(
                        "clock",
                        Verdict.WARNING,
                        "CLOCK_SKEW",
                        "the server's clock is " + seconds(skew.abs()) + (skew.isNegative() ? " behind" : " ahead"),
                        "synchronise both machines (NTP): tokens of storages and times in logs are off");
            } else {
                end("clock", Verdict.OK, "", "the server's clock differs by less than " + seconds(SKEW), "");
            }
        } catch (StatusRuntimeException e) {
            unplanned(e);
        }
    }

    /** The clock is a by-product: a query that can't be planned is one that no client can run. */
    private void unplanned(StatusRuntimeException failure) {
        if (RpcFailures.lacksMethod(failure) || RpcFailures.unreadable(failure)) {
            end("clock", Verdict.NOTE, "", "the server didn't tell its time: " + RpcFailures.answer(failure), "");
        } else if (!answered(failure) || denied(failure)) {
            failedCall("clock", failure);
        } else {
            end(
                    "clock",
                    Verdict.FAILED,
                    "QUERY_FAILED",
                    "the server opens a session and can't plan a query: " + RpcFailures.answer(failure),
                    "see its log; mostly a class of spark.sql.extensions, or a catalog (spark.sql.catalog.*), is broken or made for another Spark");
        }
    }

    private void failedCall(String check, StatusRuntimeException failure) {
        if (RpcFailures.notGrpc(failure)) {
            end(
                    check,
                    Verdict.FAILED,
                    "NOT_GRPC",
                    "HTTP/2 is spoken there, but no gRPC: " + RpcFailures.answer(failure),
                    "another program has this port, or a proxy that knows no gRPC server for these calls: check the port, and the proxy's routes");
            return;
        }
        switch (code(failure)) {
            case DEADLINE_EXCEEDED ->
                end(
                        check,
                        Verdict.FAILED,
                        "TIMED_OUT",
                        "the call wasn't answered in time",
                        "the server hangs or is overloaded: look at its threads (jstack), its memory and its UI");
            case UNAUTHENTICATED, PERMISSION_DENIED ->
                end(
                        check,
                        Verdict.FAILED,
                        "DENIED",
                        "the server answered a first call and refuses this one: " + RpcFailures.answer(failure),
                        "ask whoever runs the server, or the proxy before it, for the right to use it");
            case UNAVAILABLE, CANCELLED ->
                end(
                        check,
                        Verdict.FAILED,
                        "NOT_GRPC",
                        "HTTP/2 is spoken there, but the call failed: " + RpcFailures.answer(failure),
                        "is the server behind the proxy up? see its log");
            default ->
                end(
                        check,
                        Verdict.FAILED,
                        check.equals("session") ? "CONTEXT_GONE" : "NOT_GRPC",
                        "the call failed: " + RpcFailures.answer(failure),
                        check.equals("session")
                                ? "the server answers, and gives no session: its SparkContext ended, or Spark refuses a spark.sql setting of it; its log says which"
                                : "another program has this port: check the port of the server");
        }
    }

    /** True if gRPC is spoken there, whatever the answer says. */
    private static boolean answered(StatusRuntimeException failure) {
        return switch (code(failure)) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> false;
            default -> !RpcFailures.notGrpc(failure);
        };
    }

    private static boolean denied(StatusRuntimeException failure) {
        return code(failure) == Status.Code.UNAUTHENTICATED || code(failure) == Status.Code.PERMISSION_DENIED;
    }

    private static Status.Code code(StatusRuntimeException failure) {
        return failure.getStatus().getCode();
    }

    /** As Spark prints a size: a number of bytes, or one with a unit; 0 where it can't be read. */
    private static long bytes(String text) {
        Matcher matcher = Pattern.compile("(\\d+)\\s*([a-zA-Z]?)[bB]?").matcher(text.strip());
        if (!matcher.matches()) {
            return 0;
        }
        int shift =
                switch (matcher.group(2).toLowerCase(java.util.Locale.ROOT)) {
                    case "", "b" -> 0;
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    default -> -1;
                };
        return shift < 0 || matcher.group(1).length() > 12 ? 0 : Long.parseLong(matcher.group(1)) << shift;
    }

    private static String mib(long bytes) {
        return bytes % (1 << 20) == 0 ? (bytes >> 20) + " MiB" : bytes + " bytes";
    }

    private static String seconds(Duration duration) {
        return duration.toSeconds() + " s";
    }

    private Deadline soon(Duration limit) {
        return deadline.minimum(Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void begin(String name) {
        began = System.nanoTime();
        listener.begins(name);
    }

    private void end(String name, Verdict verdict, String code, String detail, String remedy) {
        tell(name, verdict, code, detail, remedy, Duration.ofNanos(System.nanoTime() - began));
    }

    private void tell(String name, Verdict verdict, String code, String detail, String remedy, Duration took) {
        done.add(name);
        listener.ended(new Check(name, verdict, code, detail, remedy, took));
    }
}
