package io.connectctl.manager.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.DeclareRequest;
import io.connectctl.manager.api.v1.DescribeView;
import io.connectctl.manager.api.v1.LeaseList;
import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.LeftoverList;
import io.connectctl.manager.api.v1.PoolList;
import io.connectctl.manager.api.v1.PoolRequest;
import io.connectctl.manager.api.v1.ProblemView;
import io.connectctl.manager.api.v1.ReadyView;
import io.connectctl.manager.api.v1.SettingsView;
import io.connectctl.manager.api.v1.UsageView;
import io.connectctl.manager.lease.Lease;
import io.connectctl.manager.lease.LeaseState;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.CacheStatus;
import io.connectctl.manager.supervise.Fleet;
import io.connectctl.manager.supervise.LeaseOrder;
import io.connectctl.manager.supervise.LeaseStatus;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import io.connectctl.manager.supervise.Origin;
import io.connectctl.manager.supervise.PoolOrder;
import io.connectctl.manager.supervise.RefusedException;
import io.connectctl.manager.supervise.RestartFrom;
import io.connectctl.manager.supervise.ServerStatus;
import io.connectctl.manager.supervise.StopOrder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every route of the local API. docs/api.md tells what each takes and answers. */
final class Routes {
    private static final Logger LOG = LoggerFactory.getLogger(Routes.class);

    /** Probes hold a thread while they wait for a server; the other half of the pool stays free for commands. */
    private static final int MOST_PROBES = 8;

    private static final int DEFAULT_EVENTS = 1_000;
    /** A body is read on a thread of its own, for as long as its sender likes: they must not take them all. */
    private static final int MOST_BODIES = 4;

    private static final int MOST_EVENTS = 10_000;
    private static final Duration LONGEST_PROBE = Duration.ofMinutes(1);
    /** What nobody started with for a month is probably not waited for. */
    private static final Duration UNUSED = Duration.ofDays(30);

    private static final Duration FOREVER = Duration.ofDays(10_000);

    /** What a server may take to tell what its clients do, before it is left out. */
    private static final Duration ACTIVITY = Duration.ofSeconds(1);

    private static final Duration LONGEST_DRAIN = Duration.ofDays(1);

    private static final Duration LONGEST_TTL = Duration.ofDays(7);

    private final Fleet fleet;
    private final Leases leases;
    private final Leftovers leftovers;
    private final DaemonControl daemon;
    private final Views views;
    private final Streams streams;
    private final Supplier<String> metrics;
    private final ClaimListener claims;
    private final Semaphore probes = new Semaphore(MOST_PROBES);
    private final Semaphore bodies = new Semaphore(MOST_BODIES);
    private final Semaphore bundles = new Semaphore(1);

    Routes(
            Fleet fleet,
            Leases leases,
            Leftovers leftovers,
            DaemonControl daemon,
            Views views,
            Streams streams,
            Supplier<String> metrics,
            ClaimListener claims) {
        this.fleet = fleet;
        this.leases = leases;
        this.leftovers = leftovers;
        this.daemon = daemon;
        this.views = views;
        this.streams = streams;
        this.metrics = metrics;
        this.claims = claims;
    }

    /** The table. */
    List<Route> table() {
        return List.of(
                new Route("GET", "/v1/servers", this::list),
                new Route("GET", "/v1/servers/{server}", this::server),
                new Route("GET", "/v1/servers/{server}/describe", this::describe),
                new Route("PUT", "/v1/servers/{server}", this::declare),
                new Route("GET", "/v1/servers/{server}/diff", this::diff),
                new Route("POST", "/v1/servers/{server}/plan", this::plan),
                new Route("POST", "/v1/adopt", this::adopt),
                new Route("POST", "/v1/servers/{server}/start", this::start),
                new Route("POST", "/v1/servers/{server}/restart", this::restart),
                new Route("POST", "/v1/servers/{server}/stop", this::stop),
                new Route("DELETE", "/v1/servers/{server}", this::remove),
                new Route("GET", "/v1/servers/{server}/ready", this::ready),
                new Route("POST", "/v1/servers/{server}/probe", this::probe),
                new Route("GET", "/v1/servers/{server}/logs", this::logs),
                new Route("GET", "/v1/servers/{server}/timeline", this::timeline),
                new Route("GET", "/v1/servers/{server}/bundle", this::bundle),
                new Route("GET", "/v1/servers/{server}/usage", this::usage),
                new Route("GET", "/v1/usage", this::usages),
                new Route("POST", "/v1/servers/{server}/archive", this::train),
                new Route("GET", "/v1/cache", this::cache),
                new Route("POST", "/v1/cache/prune", this::prune),
                new Route("GET", "/v1/leases", this::leases),
                new Route("POST", "/v1/leases", this::lease),
                new Route("GET", "/v1/leases/{lease}", this::leased),
                new Route("POST", "/v1/leases/{lease}/renew", this::renew),
                new Route("DELETE", "/v1/leases/{lease}", this::release),
                new Route("GET", "/v1/pools", this::pools),
                new Route("PUT", "/v1/pools/{pool}", this::declarePool),
                new Route("DELETE", "/v1/pools/{pool}", this::deletePool),
                new Route("POST", "/v1/gc", this::collect),
                new Route("GET", "/v1/events", this::events),
                new Route("GET", "/v1/daemon", call -> call.json(200, daemon.describe())),
                new Route("GET", "/v1/daemon/settings", call -> call.json(200, daemon.settings())),
                new Route("PUT", "/v1/daemon/settings", this::settings),
                new Route("POST", "/v1/daemon/stop", this::stopDaemon),
                new Route("GET", "/healthz", call -> call.text(200, Call.TEXT, "ok\n")),
                new Route("GET", "/metrics", call -> call.text(200, Metrics.CONTENT_TYPE, metrics.get())));
    }

    private void list(Call call) throws Exception {
        List<ServerStatus> statuses = fleet.servers();
        call.json(200, views.list(statuses, activities(call, statuses)));
    }

    private void server(Call call) throws Exception {
        ServerStatus status = status(call.server());
        call.json(
                200,
                views.server(
                        status,
                        Optional.ofNullable(activities(call, List.of(status))
                                .get(status.spec().name()))));
    }

    /** Only for those who ask: it is a page that each server makes anew. */
    private Map<ServerName, ConnectActivity> activities(Call call, List<ServerStatus> statuses) throws Exception {
        return call.flag("activity")
                ? fleet.activities(
                        statuses.stream().map(status -> status.spec().name()).toList(), ACTIVITY)
                : Map.of();
    }

    private void describe(Call call) throws Exception {
        ServerName name = call.server();
        call.json(200, described(name, status(name)));
    }

    private DescribeView described(ServerName name, ServerStatus status) throws Exception {
        return views.describe(
                status,
                fleet.remarks(name),
                Optional.ofNullable(fleet.activities(List.of(name), ACTIVITY).get(name)),
                python(name),
                fleet.wedge(name));
    }

    /** All else is told without it, too. */
    private Optional<PythonNote> python(ServerName name) throws Exception {
        try {
            return fleet.python(name);
        } catch (RuntimeUnavailableException e) {
            return Optional.empty();
        }
    }

    private void timeline(Call call) throws Exception {
        call.json(200, Views.timeline(fleet.timeline(call.server())));
    }

    /** All in memory: a few MiB, as logs are cut and shrink by nine tenths; one at a time, as it is up to 5 MiB of text a file before. */
    private void bundle(Call call) throws Exception {
        ServerName name = call.server();
        ServerStatus status = status(name);
        if (!bundles.tryAcquire()) {
            throw new ApiException(503, "BUSY", "another bundle is being made", "Try again in some seconds.");
        }
        try {
            Map<String, String> more = new TreeMap<>();
            more.put("describe.json", pretty(described(name, status)));
            more.put("daemon.json", pretty(daemon.describe()));
            more.put("versions.txt", versions(status));
            more.put("events.jsonl", events(name));
            try {
                more.put("timeline.json", pretty(Views.timeline(fleet.timeline(name))));
            } catch (RefusedException | RuntimeUnavailableException e) {
                more.put("timeline.json", pretty(Map.of("missing", String.valueOf(e.getMessage()))));
            }
            ByteArrayOutputStream archive = new ByteArrayOutputStream();
            fleet.bundle(name, more, archive);
            call.bytes(200, "application/gzip", archive.toByteArray());
        } finally {
            bundles.release();
        }
    }

    private static String pretty(Object value) throws JsonProcessingException {
        return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
    }

    private String versions(ServerStatus status) {
        DaemonView self = daemon.describe();
        return "connectctl " + self.version() + " (" + self.build() + "), the daemon runs since " + self.startedAt()
                + "\n"
                + "Java of the daemon " + System.getProperty("java.version") + " (" + System.getProperty("java.vendor")
                + ")\n"
                + "Spark declared " + status.spec().spark().text()
                + status.observed().sparkVersion().map(seen -> ", seen " + seen).orElse("") + "\n"
                + "runtime " + status.spec().runtime() + "\n"
                + "system " + System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch") + "\n";
    }

    /** The newest ones, oldest first. */
    private String events(ServerName name) throws JsonProcessingException {
        Deque<ServerEvent> last = new ArrayDeque<>();
        long after = 0;
        List<ServerEvent> page;
        do {
            page = fleet.events(Optional.of(name), after, DEFAULT_EVENTS);
            for (ServerEvent event : page) {
                after = event.sequence();
                last.addLast(event);
                if (last.size() > MOST_EVENTS) {
                    last.removeFirst();
                }
            }
        } while (page.size() == DEFAULT_EVENTS);
        StringBuilder lines = new StringBuilder();
        for (ServerEvent event : last) {
            lines.append(Json.MAPPER.writeValueAsString(views.event(event))).append('\n');
        }
        return lines.toString();
    }

    private void declare(Call call) throws Exception {
        ServerName name = declaredName(call);
        DeclareRequest request = body(call, DeclareRequest.class);
        Wanted wanted = wanted(request);
        refuseLeased(name);
        call.json(
                200,
                Views.declared(
                        Boolean.TRUE.equals(request.launch())
                                ? fleet.declareToLaunch(name, wanted.flags(), wanted.file(), wanted.origin())
                                : fleet.declare(name, wanted.flags(), wanted.file(), wanted.origin())));
    }

    private void diff(Call call) throws Exception {
        ServerName name = call.server();
        call.json(200, Views.plan(name, fleet.diff(name)));
    }

    private void plan(Call call) throws Exception {
        ServerName name = declaredName(call);
        Wanted wanted = wanted(body(call, DeclareRequest.class));
        refuseLeased(name);
        call.json(200, Views.plan(name, fleet.plan(name, wanted.flags(), wanted.file(), wanted.origin())));
    }

    private static ServerName declaredName(Call call) throws ApiException {
        try {
            return new ServerName(call.segment("server"));
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw new ApiException(new ApiProblem(
                    "INVALID",
                    422,
                    "The declaration has problems",
                    message,
                    null,
                    List.of(new ProblemView("ERROR", null, null, "servers", message, null, null, null))));
        }
    }

    /** Whatever is called so is removed with its lease; one that is there already is a lease's, and may be patched. */
    private void refuseLeased(ServerName name) throws RefusedException {
        if (Lease.isLeased(name) && fleet.server(name).isEmpty()) {
            throw new RefusedException(
                    RefusedException.Code.INVALID,
                    "the name " + name
                            + " is kept for leased servers (lease- and eight hexadecimal digits): take another");
        }
    }

    /** What a body declares, by which hand. */
    private record Wanted(Declaration flags, Declaration file, Origin origin) {}

    private static Wanted wanted(DeclareRequest request) throws ApiException {
        if (!(request.declaration() instanceof ObjectNode tree)) {
            throw Call.badJson("'declaration' must be an object with connectctl.yaml's keys of one server");
        }
        Declaration declaration = new Declaration(tree, Map.of());
        Origin origin = origin(request.file());
        if (request.flags() == null) {
            return origin.file().isPresent()
                    ? new Wanted(Declaration.empty(), declaration, origin)
                    : new Wanted(declaration, Declaration.empty(), origin);
        }
        if (!(request.flags() instanceof ObjectNode flags) || origin.file().isEmpty()) {
            throw Call.badJson(
                    "'flags' goes with 'file', and must be an object with connectctl.yaml's keys of one server");
        }
        return new Wanted(new Declaration(flags, Map.of()), declaration, origin);
    }

    private static Origin origin(@Nullable String file) throws ApiException {
        if (file == null) {
            return Origin.FLAGS;
        }
        try {
            Path path = Path.of(file);
            if (path.isAbsolute()) {
                return new Origin(Optional.of(path.normalize()));
            }
        } catch (InvalidPathException e) {
            // Said below, as for a relative path.
        }
        throw Call.badJson("'file' must be the absolute path of a connectctl.yaml");
    }

    private void adopt(Call call) throws Exception {
        String container = call.query("container")
                .orElseThrow(() -> new ApiException(
                        400, "BAD_REQUEST", "no container is named", "Name it: ?container=NAME-OR-ID"));
        Optional<ServerName> name;
        try {
            name = call.query("name").map(ServerName::new);
        } catch (IllegalArgumentException e) {
            throw new ApiException(400, "BAD_REQUEST", String.valueOf(e.getMessage()), "Give another name.");
        }
        if (name.isPresent()) {
            refuseLeased(name.get());
        }
        call.json(202, Views.adopted(fleet.adopt(container, name)));
    }

    private void start(Call call) throws Exception {
        call.json(202, Views.receipt(fleet.start(call.server())));
    }

    private void restart(Call call) throws Exception {
        RestartFrom from =
                switch (call.query("from").orElse("current")) {
                    case "current" -> RestartFrom.CURRENT;
                    case "same" -> RestartFrom.SAME;
                    case "rollback" -> RestartFrom.ROLLBACK;
                    default ->
                        throw new ApiException(
                                400,
                                "BAD_REQUEST",
                                "'from' is '" + call.query("from").orElse("") + "'",
                                "Write current, same or rollback.");
                };
        call.json(202, Views.receipt(fleet.restart(call.server(), from, order(call, false))));
    }

    private void stop(Call call) throws Exception {
        call.json(202, Views.receipt(fleet.stop(call.server(), order(call, call.flag("force")))));
    }

    private static StopOrder order(Call call, boolean force) throws ApiException {
        return new StopOrder(force, call.flag("unlessBusy"), drain(call));
    }

    private static Optional<Duration> drain(Call call) throws ApiException {
        Optional<String> given = call.query("drain");
        if (given.isEmpty()) {
            return Optional.empty();
        }
        // Elsewhere a duration of nothing is a slip; here it says that nothing is waited for.
        return Optional.of(
                given.get().matches("0(?:ms|s|m|h)")
                        ? Duration.ZERO
                        : call.duration("drain", Duration.ZERO, LONGEST_DRAIN));
    }

    private void remove(Call call) throws Exception {
        fleet.remove(call.server(), call.flag("purge"));
        call.empty();
    }

    private void ready(Call call) throws ApiException {
        ReadyView ready = Views.ready(status(call.server()), call.rung("until", Rung.SESSION));
        call.json(ready.ready() ? 200 : 503, ready);
    }

    private void probe(Call call) throws Exception {
        ServerName name = call.server();
        Rung until = call.rung("until", Rung.SESSION);
        Duration timeout = call.duration("timeout", Duration.ofSeconds(5), LONGEST_PROBE);
        ServerStatus status = status(name);
        if (!probes.tryAcquire()) {
            throw new ApiException(503, "BUSY", MOST_PROBES + " probes are under way already", "Try again later.");
        }
        try {
            ReadyView ready = Views.probed(status.phase(), fleet.probe(name, until, timeout));
            call.json(ready.ready() ? 200 : 503, ready);
        } finally {
            probes.release();
        }
    }

    private void usage(Call call) throws Exception {
        ServerStatus status = status(call.server());
        ServerName name = status.spec().name();
        Usage usage = fleet.usage(name)
                .orElseThrow(() -> new ApiException(
                        409, "NOT_RUNNING", "server '" + name + "' isn't running", "Start the server first."));
        call.json(200, usage(status, usage));
    }

    private void usages(Call call) throws Exception {
        List<UsageView> all = new ArrayList<>();
        for (ServerStatus status : fleet.servers()) {
            try {
                fleet.usage(status.spec().name()).ifPresent(usage -> all.add(usage(status, usage)));
            } catch (RefusedException | RuntimeUnavailableException e) {
                // Removed meanwhile, or its runtime can't be asked: the others are still worth an answer.
                LOG.debug("no usage of {}", status.spec().name(), e);
            }
        }
        call.json(200, all);
    }

    private <T> T body(Call call, Class<T> type) throws ApiException, IOException {
        if (!bodies.tryAcquire()) {
            throw new ApiException(503, "BUSY", MOST_BODIES + " bodies are being sent already", "Try again later.");
        }
        try {
            return call.body(type);
        } finally {
            bodies.release();
        }
    }

    private static UsageView usage(ServerStatus status, Usage usage) {
        return Views.usage(status.spec().name(), usage, status.instance().flatMap(Views::livePid));
    }

    private void train(Call call) throws Exception {
        call.json(202, Views.receipt(fleet.train(call.server())));
    }

    private void cache(Call call) throws Exception {
        CacheStatus cache = fleet.cache();
        call.json(200, Views.cache(cache.entries(), cache.archiveLimit()));
    }

    private void prune(Call call) throws Exception {
        Duration unused = call.flag("all") ? Duration.ZERO : call.duration("unused", UNUSED, FOREVER);
        call.json(200, Views.cache(fleet.prune(unused), null));
    }

    private void leases(Call call) {
        call.json(
                200,
                new LeaseList(
                        Views.API_VERSION,
                        "LeaseList",
                        leases.leases().stream().map(this::view).toList()));
    }

    private LeaseView view(LeaseStatus status) {
        return views.lease(status, fleet.server(status.lease().server()));
    }

    private void lease(Call call) throws Exception {
        LeaseRequest request = body(call, LeaseRequest.class);
        ObjectNode tree = Json.MAPPER.createObjectNode();
        if (request.declaration() instanceof ObjectNode declared) {
            tree = declared;
        } else if (request.declaration() != null || request.pool() == null) {
            throw Call.badJson("'declaration' must be an object with connectctl.yaml's keys of one server");
        }
        LeaseOrder order = new LeaseOrder(
                new Declaration(tree, Map.of()),
                Optional.ofNullable(request.pool()),
                Optional.ofNullable(request.owner()),
                request.ownerPid() == null ? OptionalLong.empty() : OptionalLong.of(request.ownerPid()),
                Duration.ofMillis(request.ttlMillis()));
        long before = System.nanoTime();
        LeaseStatus granted = leases.lease(order);
        granted.lease()
                .pool()
                .ifPresent(pool -> claims.claimed(
                        pool,
                        granted.lease().state() == LeaseState.READY,
                        Duration.ofNanos(System.nanoTime() - before)));
        call.json(202, view(granted));
    }

    private void leased(Call call) throws ApiException {
        String id = call.segment("lease");
        call.json(
                200,
                view(leases.lease(id)
                        .orElseThrow(() -> ApiException.of(new RefusedException(
                                RefusedException.Code.NO_SUCH_LEASE, "there is no lease '" + id + "'")))));
    }

    private void renew(Call call) throws Exception {
        Optional<Duration> ttl = call.query("ttl").isPresent()
                ? Optional.of(call.duration("ttl", Duration.ZERO, LONGEST_TTL))
                : Optional.empty();
        call.json(200, view(leases.renew(call.segment("lease"), ttl, call.flag("disown"))));
    }

    private void release(Call call) throws Exception {
        leases.release(call.segment("lease"));
        call.empty();
    }

    private void pools(Call call) {
        call.json(
                200,
                new PoolList(
                        Views.API_VERSION,
                        "PoolList",
                        leases.pools().stream().map(Views::pool).toList()));
    }

    private void declarePool(Call call) throws Exception {
        PoolRequest request = body(call, PoolRequest.class);
        if (!(request.declaration() instanceof ObjectNode tree)) {
            throw Call.badJson("'declaration' must be an object with connectctl.yaml's keys of one server");
        }
        Integer size = request.size();
        if (size == null) {
            throw Call.badJson("'size' must say how many spare servers there are to be");
        }
        call.json(
                202,
                Views.pool(leases.declare(new PoolOrder(
                        call.segment("pool"),
                        size,
                        new Declaration(tree, Map.of()),
                        Optional.ofNullable(request.maxAgeMillis()).map(Duration::ofMillis),
                        request.budgetBytes() == null
                                ? OptionalLong.empty()
                                : OptionalLong.of(request.budgetBytes())))));
    }

    private void deletePool(Call call) throws Exception {
        leases.deletePool(call.segment("pool"));
        call.empty();
    }

    private void collect(Call call) throws Exception {
        call.json(
                200,
                new LeftoverList(
                        Views.API_VERSION,
                        "LeftoverList",
                        leftovers.collect(call.flag("dryRun")).stream()
                                .map(each -> new LeftoverList.Entry(
                                        each.server(), each.what(), each.kept().orElse(null)))
                                .toList()));
    }

    private void settings(Call call) throws Exception {
        call.json(200, daemon.apply(body(call, SettingsView.class)));
    }

    private void stopDaemon(Call call) {
        DaemonView view = daemon.describe();
        call.jsonThen(202, view, daemon::stop);
    }

    private void events(Call call) throws ApiException {
        Optional<String> wanted = call.query("server");
        Optional<ServerName> server;
        try {
            server = wanted.map(ServerName::new);
        } catch (IllegalArgumentException e) {
            throw Call.badRequest(String.valueOf(e.getMessage()));
        }
        if (call.flag("follow")) {
            follow(call, server, call.sequence("after", fleet.lastSequence()));
            return;
        }
        int limit = call.number("limit", 1, MOST_EVENTS).orElse(DEFAULT_EVENTS);
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (ServerEvent event : fleet.events(server, call.sequence("after", 0), limit)) {
            lines.writeBytes(Json.line(views.event(event)));
        }
        call.bytes(200, Call.NDJSON, lines.toByteArray());
    }

    private void follow(Call call, Optional<ServerName> server, long after) throws ApiException {
        // Components must be taken before the stream opens: afterwards the request may already be over.
        Scheduler scheduler = call.request().getComponents().getScheduler();
        Executor executor = call.request().getComponents().getExecutor();
        Stream stream = streams.open(call, Call.NDJSON);
        AutoCloseable subscription;
        try {
            subscription = fleet.follow(server, after, event -> tell(stream, event));
        } catch (RuntimeException e) {
            LOG.error("events can't be followed", e);
            stream.cut(Json.line(new ApiException(500, "INTERNAL", "events can't be followed now", null).problem()));
            return;
        }
        // Closing may wait for the listener, which may be the very thread that found the client too slow.
        stream.whenOver(() -> executor.execute(() -> close(subscription)));
        beat(stream, scheduler);
    }

    private void tell(Stream stream, ServerEvent event) {
        try {
            if (!stream.put(Json.line(views.event(event)), streams.patience()) && !stream.isOver()) {
                stream.cut(Json.line(new ApiException(
                                503,
                                "TOO_SLOW",
                                "news came faster than this client read them; the last one it got may be long ago",
                                "Follow again after the last sequence number that was read.")
                        .problem()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stream.end();
        }
    }

    private void beat(Stream stream, Scheduler scheduler) {
        long before = stream.written();
        // Not cancelled when the stream is over: at most one heartbeat later the task sees it and ends.
        scheduler.schedule(
                () -> {
                    if (!stream.isOver()) {
                        if (stream.written() == before) {
                            stream.putIfIdle(new byte[] {'\n'});
                        }
                        beat(stream, scheduler);
                    }
                },
                streams.heartbeat().toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static void close(AutoCloseable subscription) {
        try {
            subscription.close();
        } catch (Exception e) {
            LOG.warn("a follower didn't close", e);
        }
    }

    private void logs(Call call) throws ApiException {
        ServerName name = status(call.server()).spec().name();
        LogRequest request = new LogRequest(
                call.number("tail", 0, Integer.MAX_VALUE), since(call), call.flag("previous"), call.flag("follow"));
        Stream stream = streams.open(call, Call.TEXT);
        // A log is read by blocking calls, for days with follow: a thread of its own keeps the pool for commands.
        Thread reader = new Thread(null, () -> copy(name, request, stream), "logs-" + name, 256L << 10);
        reader.setDaemon(true);
        stream.whenOver(reader::interrupt);
        reader.start();
    }

    private void copy(ServerName name, LogRequest request, Stream stream) {
        try {
            fleet.logs(name, request, line -> put(stream, (line + "\n").getBytes(StandardCharsets.UTF_8)));
        } catch (InterruptedException e) {
            // The client went away.
        } catch (RefusedException | RuntimeUnavailableException e) {
            put(stream, ("connectctl: " + e.getMessage() + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (RuntimeException e) {
            LOG.error("the log of {} can't be read", name, e);
            put(stream, "connectctl: the log can't be read, see daemon.log\n".getBytes(StandardCharsets.UTF_8));
        } finally {
            stream.end();
        }
    }

    private static boolean put(Stream stream, byte[] line) {
        try {
            return stream.put(line, FOREVER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** An instant, or a duration back from now. */
    private static Optional<Instant> since(Call call) throws ApiException {
        Optional<String> since = call.query("since");
        if (since.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(since.get()));
        } catch (DateTimeParseException e) {
            return Optional.of(Instant.now().minus(call.duration("since", Duration.ZERO, Duration.ofHours(999_999))));
        }
    }

    private ServerStatus status(ServerName name) throws ApiException {
        return fleet.server(name)
                .orElseThrow(() -> ApiException.of(new RefusedException(
                        RefusedException.Code.NO_SUCH_SERVER, "no server '" + name + "' is declared")));
    }
}
