package io.connectctl.manager.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.api.v1.AdoptedView;
import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.CacheView;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.DeclareRequest;
import io.connectctl.manager.api.v1.DeclareResponse;
import io.connectctl.manager.api.v1.DescribeView;
import io.connectctl.manager.api.v1.LeaseList;
import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.LeftoverList;
import io.connectctl.manager.api.v1.PlanView;
import io.connectctl.manager.api.v1.PoolList;
import io.connectctl.manager.api.v1.PoolRequest;
import io.connectctl.manager.api.v1.PoolView;
import io.connectctl.manager.api.v1.ProblemView;
import io.connectctl.manager.api.v1.ReadyView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerList;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.api.v1.SettingsView;
import io.connectctl.manager.api.v1.TimelineView;
import io.connectctl.manager.api.v1.UsageView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The only client of the local API. Every call is bounded in time and uses a connection of its own, so it may be shared
 * between threads. Every method throws {@link DaemonUnreachableException} if the daemon can't be reached and
 * {@link ApiException} if it refuses.
 */
public final class ApiClient {
    /** The daemon answers from memory and from SQLite: whatever takes longer than this is a daemon in trouble. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Thousands of files may have to go. */
    /** Reading and packing some 20 MiB of logs takes seconds; an engine that hangs has 10 s for each. */
    private static final Duration BUNDLING = Duration.ofMinutes(2);

    private static final Duration PRUNING = Duration.ofMinutes(5);

    private final Supplier<Path> socket;
    private final Duration timeout;
    private final @Nullable Listener listener;

    /** A client of the daemon that listens on {@code socket}. */
    public ApiClient(Path socket) {
        this(socket, PATIENCE);
    }

    /**
     * @param socket where the daemon listens
     * @param timeout for each call to be answered
     */
    public ApiClient(Path socket, Duration timeout) {
        this(() -> socket, timeout, null);
    }

    /** A client that tells {@code listener} who answers, and looks for its daemon anew with each call. */
    public ApiClient(Supplier<Path> socket, Listener listener) {
        this(socket, PATIENCE, listener);
    }

    /** A client that tells {@code listener} who answers, with a time for each call. */
    public ApiClient(Supplier<Path> socket, Duration timeout, @Nullable Listener listener) {
        this.socket = socket;
        this.timeout = timeout;
        this.listener = listener;
    }

    /** Hears who answers, and that nobody does. */
    public interface Listener {
        /**
         * With each answer that names its daemon.
         *
         * @param version the daemon's version
         * @param build the daemon's build
         * @param startedAt when the daemon started
         */
        void answeredBy(String version, String build, String startedAt);

        /**
         * Nobody listens, so a call could not even be sent.
         *
         * @return true if a daemon was started meanwhile, so that the call should be made once more
         * @throws IOException if none could be, or none should; says why
         */
        default boolean startsWhereNoneListens() throws IOException {
            return false;
        }
    }

    /** Where the daemon listens. */
    public Path socket() {
        return socket.get();
    }

    /**
     * Returns if a daemon answers.
     *
     * @param patience how long it may take
     */
    public void ping(Duration patience) throws IOException {
        try (Exchange exchange = send("GET", "/healthz", null, patience)) {
            byte[] body = exchange.all(patience);
            if (exchange.status() != 200) {
                throw problem(exchange.status(), body);
            }
        }
    }

    /** Every server. */
    public ServerList servers() throws IOException {
        return ServerReader.list(fetch("/v1/servers"));
    }

    /** One server. */
    public ServerView server(String name) throws IOException {
        return ServerReader.server(fetch(path(name, "")));
    }

    /** Every server, with what its clients do. */
    public ServerList activeServers() throws IOException {
        return ServerReader.list(fetch("/v1/servers?activity=true"));
    }

    /** One server, with what its clients do. */
    public ServerView active(String name) throws IOException {
        return ServerReader.server(fetch(path(name, "?activity=true")));
    }

    /** One server in full. */
    public DescribeView describe(String name) throws IOException {
        return get(path(name, "/describe"), DescribeView.class);
    }

    /**
     * Declares a server.
     *
     * @param declaration what the file says, in place of what it said before, and wins over flags; without a file, what patches earlier
     *     flags; keys as in connectctl.yaml, its values may be secret
     * @param file the file
     * @param flags beside a file: patches what flags said before
     * @param launch whether a start or restart follows at once: what would refuse that refuses this, and nothing is stored
     */
    public DeclareResponse declare(
            String name, JsonNode declaration, Optional<Path> file, JsonNode flags, boolean launch) throws IOException {
        return declare(
                name,
                new DeclareRequest(
                        declaration,
                        file.map(Path::toString).orElse(null),
                        flags.isEmpty() ? null : flags,
                        launch ? (Boolean) true : null));
    }

    /** What of a server is otherwise than a launch would make it now. */
    public PlanView diff(String name) throws IOException {
        return get(path(name, "/diff"), PlanView.class);
    }

    /**
     * What a declaration would change; nothing is stored.
     *
     * @param declaration what the file says, or flags alone where there is no file
     * @param file the file
     * @param flags beside a file: patches what flags said before
     */
    public PlanView plan(String name, JsonNode declaration, Optional<Path> file, JsonNode flags) throws IOException {
        DeclareRequest request = file.isPresent()
                ? new DeclareRequest(declaration, file.get().toString(), flags.isEmpty() ? null : flags, null)
                : new DeclareRequest(declaration, null, null, null);
        return call(
                "POST",
                "/v1/servers/" + plain(name, "INVALID", 422) + "/plan",
                Wire.mapper().writeValueAsBytes(request),
                timeout,
                PlanView.class);
    }

    private DeclareResponse declare(String name, DeclareRequest request) throws IOException {
        return call(
                "PUT",
                "/v1/servers/" + plain(name, "INVALID", 422),
                Wire.mapper().writeValueAsBytes(request),
                timeout,
                DeclareResponse.class);
    }

    /** Wants the server up. */
    public ReceiptView start(String name) throws IOException {
        return call("POST", path(name, "/start"), null, timeout, ReceiptView.class);
    }

    /** Takes over a container that somebody else started; without a name for the server, one that fits. */
    public AdoptedView adopt(String container, @Nullable String name) throws IOException {
        return call(
                "POST",
                "/v1/adopt?container=" + encoded(container)
                        + (name == null ? "" : "&name=" + plain(name, "INVALID", 422)),
                null,
                timeout,
                AdoptedView.class);
    }

    /**
     * Wants a new incarnation. Without {@code drain} it is refused (OPERATIONS_RUNNING) while operations run, unless the declaration
     * says how long they may finish.
     *
     * @param from which declaration: current, same or rollback
     * @param drain how long running operations may finish
     */
    public ReceiptView restart(String name, String from, Optional<Duration> drain) throws IOException {
        Query query = new Query();
        if (!from.equals("current")) {
            query.add("from", from);
        }
        parting(query, drain);
        return call("POST", path(name, "/restart") + query, null, timeout, ReceiptView.class);
    }

    /** Wants the server down; {@code force} without grace. Otherwise as {@link #restart}. */
    public ReceiptView stop(String name, boolean force, Optional<Duration> drain) throws IOException {
        Query query = new Query();
        if (force) {
            query.add("force", "true");
        } else {
            parting(query, drain);
        }
        try (Exchange exchange = send("POST", path(name, "/stop") + query, null, timeout)) {
            return ServerReader.receipt(checked(exchange));
        }
    }

    private static void parting(Query query, Optional<Duration> drain) {
        query.add("unlessBusy", "true");
        drain.ifPresent(time -> query.add("drain", time.isZero() ? "0s" : time.toMillis() + "ms"));
    }

    /** Forgets a stopped server; {@code purge} its warehouse too. */
    public void remove(String name, boolean purge) throws IOException {
        try (Exchange exchange = send("DELETE", path(name, purge ? "?purge=true" : ""), null, timeout)) {
            checked(exchange);
        }
    }

    /** Probes now, up to a rung such as {@code query}, and tells the verdict. */
    public ReadyView probe(String name, String until, Duration probeTimeout) throws IOException {
        // Each of the ladder's four rungs may take the timeout.
        return probe(name, until, probeTimeout, probeTimeout.multipliedBy(4).plus(timeout));
    }

    /**
     * Probes now, up to a rung such as {@code query}, and tells the verdict.
     *
     * @param probeTimeout for each rung
     * @param patience for the answer; a probe may have to wait for the one before it
     */
    public ReadyView probe(String name, String until, Duration probeTimeout, Duration patience) throws IOException {
        String target = path(name, "/probe") + "?until=" + until.toLowerCase(Locale.ROOT) + "&timeout="
                + Math.max(1, probeTimeout.toMillis()) + "ms";
        try (Exchange exchange = send("POST", target, null, patience)) {
            byte[] body = exchange.all(patience);
            // 503 is the answer "not ready", unless it is a problem.
            if (exchange.status() == 200 || (exchange.status() == 503 && isVerdict(body))) {
                return Wire.read(body, ReadyView.class);
            }
            throw problem(exchange.status(), body);
        }
    }

    private static boolean isVerdict(byte[] body) throws IOException {
        try {
            return Wire.mapper().readTree(body).has("ready");
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** What a server's last start spent its time on. */
    public TimelineView timeline(String name) throws IOException {
        return get(path(name, "/timeline"), TimelineView.class);
    }

    /** A tar.gz with all that is known of a server, secrets redacted. */
    public byte[] bundle(String name) throws IOException {
        try (Exchange exchange = send("GET", path(name, "/bundle"), null, BUNDLING)) {
            byte[] body = exchange.all(BUNDLING);
            if (exchange.status() != 200) {
                throw problem(exchange.status(), body);
            }
            return body;
        }
    }

    /** What a running server uses. */
    public UsageView usage(String name) throws IOException {
        return get(path(name, "/usage"), UsageView.class);
    }

    /** What every running server uses. */
    public List<UsageView> usage() throws IOException {
        return List.of(get("/v1/usage", UsageView[].class));
    }

    /**
     * Lines of a server's log.
     *
     * @param tail only the last lines
     * @param since only lines written at or after it
     * @param previous of the incarnation before the current one
     * @param follow go on with what is written from now on
     */
    public LineStream logs(String name, OptionalInt tail, Optional<Instant> since, boolean previous, boolean follow)
            throws IOException {
        Query query = new Query();
        tail.ifPresent(lines -> query.add("tail", Integer.toString(lines)));
        since.ifPresent(instant -> query.add("since", instant.toString()));
        if (previous) {
            query.add("previous", "true");
        }
        if (follow) {
            query.add("follow", "true");
        }
        return stream(path(name, "/logs") + query);
    }

    /**
     * Events above a sequence number, oldest first.
     *
     * @param after the sequence number; empty for all of them, or with {@code follow} for none but new ones
     * @param server only this server's
     * @param limit at most so many stored ones
     * @param follow go on with what happens from now on
     */
    public EventStream events(OptionalLong after, Optional<String> server, OptionalInt limit, boolean follow)
            throws IOException {
        Query query = new Query();
        after.ifPresent(sequence -> query.add("after", Long.toString(sequence)));
        if (server.isPresent()) {
            query.add("server", plain(server.get(), "NO_SUCH_SERVER", 404));
        }
        limit.ifPresent(count -> query.add("limit", Integer.toString(count)));
        if (follow) {
            query.add("follow", "true");
        }
        return new EventStream(stream("/v1/events" + query));
    }

    /** Trains the class data archive for a server; events after the receipt tell how it goes. */
    public ReceiptView train(String name) throws IOException {
        return call("POST", path(name, "/archive"), null, timeout, ReceiptView.class);
    }

    /** What lies in the cache. */
    public CacheView cache() throws IOException {
        return get("/v1/cache", CacheView.class);
    }

    /**
     * Removes from the cache what nothing uses.
     *
     * @param unused for so long nobody started with it; empty for all
     * @return what was removed
     */
    public CacheView prune(Optional<Duration> unused) throws IOException {
        String query = unused.map(time -> "?unused="
                        + (time.toHours() > 100 ? time.toHours() + "h" : Math.max(1, time.toSeconds()) + "s"))
                .orElse("?all=true");
        return call("POST", "/v1/cache/prune" + query, null, PRUNING, CacheView.class);
    }

    /** Leases a server. */
    public LeaseView lease(LeaseRequest request) throws IOException {
        try (Exchange exchange = send("POST", "/v1/leases", body(request), timeout)) {
            return ServerReader.leased(checked(exchange));
        }
    }

    /** A claim is written without databind, as {@link ServerReader} reads: whoever claims a warm server waits for nothing else. */
    static byte[] body(LeaseRequest request) throws IOException {
        if (request.declaration() != null) {
            return Wire.mapper().writeValueAsBytes(request);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeNumberField("ttlMillis", request.ttlMillis());
            if (request.pool() != null) {
                json.writeStringField("pool", request.pool());
            }
            if (request.owner() != null) {
                json.writeStringField("owner", request.owner());
            }
            if (request.ownerPid() != null) {
                json.writeNumberField("ownerPid", request.ownerPid());
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** Every lease. */
    public LeaseList leases() throws IOException {
        return get("/v1/leases", LeaseList.class);
    }

    /** One lease. */
    public LeaseView lease(String id) throws IOException {
        return ServerReader.leased(fetch(lease(id, "")));
    }

    /**
     * Lets a lease live on.
     *
     * @param ttl from now; empty for as long as it was given before
     * @param disown true if it is to outlive its owner
     */
    public LeaseView renew(String id, Optional<Duration> ttl, boolean disown) throws IOException {
        Query query = new Query();
        ttl.ifPresent(time -> query.add("ttl", time.toMillis() + "ms"));
        if (disown) {
            query.add("disown", "true");
        }
        try (Exchange exchange = send("POST", lease(id, "/renew" + query), null, timeout)) {
            return ServerReader.leased(checked(exchange));
        }
    }

    /** Ends a lease; it is there until its server is gone. */
    public void release(String id) throws IOException {
        try (Exchange exchange = send("DELETE", lease(id, ""), null, timeout)) {
            checked(exchange);
        }
    }

    private static String lease(String id, String rest) {
        return "/v1/leases/" + URLEncoder.encode(id, StandardCharsets.UTF_8) + rest;
    }

    /** Every pool. */
    public PoolList pools() throws IOException {
        return get("/v1/pools", PoolList.class);
    }

    /** Declares a pool, or declares it anew. */
    public PoolView pool(String name, PoolRequest request) throws IOException {
        return call("PUT", pool(name), Wire.mapper().writeValueAsBytes(request), timeout, PoolView.class);
    }

    /** Forgets a pool; what was claimed from it stays. */
    public void deletePool(String name) throws IOException {
        try (Exchange exchange = send("DELETE", pool(name), null, timeout)) {
            checked(exchange);
        }
    }

    private static String pool(String name) {
        return "/v1/pools/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
    }

    /** Removes what belongs to no server that is known; {@code dryRun} only tells it. */
    public LeftoverList collect(boolean dryRun) throws IOException {
        return call("POST", "/v1/gc" + (dryRun ? "?dryRun=true" : ""), null, PRUNING, LeftoverList.class);
    }

    /** What belongs to no server that is known, if it is told within the timeout of each call. */
    public LeftoverList leftovers() throws IOException {
        return call("POST", "/v1/gc?dryRun=true", null, timeout, LeftoverList.class);
    }

    /** The daemon itself. */
    public DaemonView daemon() throws IOException {
        return ServerReader.daemon(fetch("/v1/daemon"));
    }

    /** Puts the daemon's own settings into force; PORT_HELD says by whom. */
    public SettingsView settings(SettingsView wanted) throws IOException {
        return call("PUT", "/v1/daemon/settings", Wire.mapper().writeValueAsBytes(wanted), timeout, SettingsView.class);
    }

    /** Ends the daemon, which answers who it was; servers stay. */
    public DaemonView stopDaemon() throws IOException {
        return call("POST", "/v1/daemon/stop", null, timeout, DaemonView.class);
    }

    private LineStream stream(String target) throws IOException {
        Exchange exchange = send("GET", target, null, timeout);
        if (exchange.status() == 200) {
            return new LineStream(exchange);
        }
        try (exchange) {
            throw problem(exchange.status(), exchange.all(timeout));
        }
    }

    private byte[] fetch(String target) throws IOException {
        try (Exchange exchange = send("GET", target, null, timeout)) {
            return checked(exchange);
        }
    }

    private <T> T get(String target, Class<T> type) throws IOException {
        return call("GET", target, null, timeout, type);
    }

    private <T> T call(String method, String target, byte @Nullable [] body, Duration patience, Class<T> type)
            throws IOException {
        try (Exchange exchange = send(method, target, body, patience)) {
            return Wire.read(checked(exchange), type);
        }
    }

    private Exchange send(String method, String target, byte @Nullable [] body, Duration patience) throws IOException {
        Exchange exchange;
        try {
            exchange = Exchange.send(socket(), method, target, body, patience);
        } catch (DaemonUnreachableException e) {
            if (e.reason() != DaemonUnreachableException.Reason.NOT_RUNNING
                    || listener == null
                    || !listener.startsWhereNoneListens()) {
                throw e;
            }
            exchange = Exchange.send(socket(), method, target, body, patience);
        }
        tell(exchange.header("server"));
        return exchange;
    }

    /** {@code connectctl/0.1.0 (1f2e3d4c5b6a; 2026-11-22T16:00:00Z)}. */
    private void tell(@Nullable String server) {
        if (listener == null || server == null || !server.startsWith("connectctl/") || !server.endsWith(")")) {
            return;
        }
        int build = server.indexOf(" (");
        int since = server.indexOf("; ");
        if (build > 0 && since > build) {
            listener.answeredBy(
                    server.substring("connectctl/".length(), build),
                    server.substring(build + 2, since),
                    server.substring(since + 2, server.length() - 1));
        }
    }

    private byte[] checked(Exchange exchange) throws IOException {
        byte[] body = exchange.all(timeout);
        if (exchange.status() / 100 != 2) {
            throw problem(exchange.status(), body);
        }
        return body;
    }

    private ApiException problem(int status, byte[] body) throws IOException {
        JsonNode node;
        try {
            node = Wire.mapper().readTree(body);
        } catch (JsonProcessingException e) {
            node = Wire.mapper().missingNode();
        }
        if (node != null && node.hasNonNull("code")) {
            return new ApiException(new ApiProblem(
                    node.path("code").asText(),
                    status,
                    node.path("title").asText(""),
                    node.path("detail").asText(""),
                    node.hasNonNull("remedy") ? node.path("remedy").asText() : null,
                    Wire.read(
                                    "{\"problems\":" + (node.path("problems").isArray() ? node.path("problems") : "[]")
                                            + "}",
                                    Problems.class)
                            .problems()));
        }
        return new ApiException(new ApiProblem(
                "UNKNOWN_ANSWER",
                status,
                "unexpected answer",
                "the daemon on " + socket() + " answered with status " + status,
                "see daemon.log in the state folder",
                List.of()));
    }

    /** Only the problems of a problem. */
    record Problems(List<ProblemView> problems) {}

    private static String path(String name, String rest) throws ApiException {
        return "/v1/servers/" + plain(name, "NO_SUCH_SERVER", 404) + rest;
    }

    /**
     * A name that isn't plain is answered here as the daemon would answer it, and never becomes part of a request, where
     * {@code ..} and the like have a meaning of their own.
     */
    private static String plain(String name, String code, int status) throws ApiException {
        try {
            return new ServerName(name).value();
        } catch (IllegalArgumentException e) {
            throw new ApiException(new ApiProblem(
                    code,
                    status,
                    "no plain name",
                    String.valueOf(e.getMessage()),
                    code.equals("INVALID") ? "nothing was changed" : "see what is declared: connectctl status",
                    List.of()));
        }
    }

    /** For a query: {@code %20} for a blank, as a {@code +} is one only to some readers. */
    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A query string under construction. */
    private static final class Query {
        private final StringBuilder text = new StringBuilder();

        void add(String key, String value) {
            text.append(text.isEmpty() ? '?' : '&').append(key).append('=').append(encoded(value));
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
