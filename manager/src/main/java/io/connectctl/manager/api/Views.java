package io.connectctl.manager.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.ExecutorMemory;
import io.connectctl.compose.spec.ExecutorSpec;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.MemoryModel;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecWriter;
import io.connectctl.health.Climb;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.Executors;
import io.connectctl.manager.api.v1.ActivityView;
import io.connectctl.manager.api.v1.AdoptedView;
import io.connectctl.manager.api.v1.CacheView;
import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.ChangeView;
import io.connectctl.manager.api.v1.ClusterView;
import io.connectctl.manager.api.v1.ContainerView;
import io.connectctl.manager.api.v1.DeclareResponse;
import io.connectctl.manager.api.v1.DescribeView;
import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.api.v1.LeaseInfo;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.PlanView;
import io.connectctl.manager.api.v1.PoolView;
import io.connectctl.manager.api.v1.ProblemView;
import io.connectctl.manager.api.v1.PythonView;
import io.connectctl.manager.api.v1.ReadyView;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.RuntimeView;
import io.connectctl.manager.api.v1.ServerList;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.api.v1.TimelineView;
import io.connectctl.manager.api.v1.UsageView;
import io.connectctl.manager.cluster.YarnApplication;
import io.connectctl.manager.lease.Ending;
import io.connectctl.manager.lease.Lease;
import io.connectctl.manager.lease.Owner;
import io.connectctl.manager.lease.OwnerProcess;
import io.connectctl.manager.lifecycle.Cause;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.pool.Pool;
import io.connectctl.manager.supervise.Adopted;
import io.connectctl.manager.supervise.Change;
import io.connectctl.manager.supervise.Declared;
import io.connectctl.manager.supervise.LeaseStatus;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Planned;
import io.connectctl.manager.supervise.PoolStatus;
import io.connectctl.manager.supervise.Receipt;
import io.connectctl.manager.supervise.ServerStatus;
import io.connectctl.manager.supervise.Timeline;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** From the fleet's values to the records that travel. Holds back secrets once more, should one ever get this far. */
final class Views {
    static final String API_VERSION = "connectctl/v1";

    private final Function<ServerSpec, Memory> memory;
    private final BiPredicate<String, String> secret;
    private final StartTimes starts;
    private final Path servers;
    private final Leases leases;
    private final Function<ServerName, List<Change>> drift;

    /** What a driver's unified pool should be, in bytes, and why. */
    record Memory(long poolBytes, String explanation) {
        static Memory of(ServerSpec spec) {
            MemoryModel model = MemoryModel.of(spec);
            return new Memory(model.poolBytes(), model.explain());
        }
    }

    /**
     * @param memory the arithmetic of the driver's memory
     * @param secret whether the value of a configuration key must never be shown
     * @param starts how long starts took
     * @param servers the folder of the servers' folders
     * @param leases tells which servers are leased
     * @param drift what of a running server isn't as it would be launched now
     */
    Views(
            Function<ServerSpec, Memory> memory,
            BiPredicate<String, String> secret,
            StartTimes starts,
            Path servers,
            Leases leases,
            Function<ServerName, List<Change>> drift) {
        this.leases = leases;
        this.drift = drift;
        this.memory = memory;
        this.secret = secret;
        this.starts = starts;
        this.servers = servers;
    }

    ServerList list(List<ServerStatus> statuses, Map<ServerName, ConnectActivity> activities) {
        return new ServerList(
                API_VERSION,
                "ServerList",
                statuses.stream()
                        .map(status -> server(
                                status,
                                Optional.ofNullable(activities.get(status.spec().name()))))
                        .toList());
    }

    ServerView server(ServerStatus status) {
        return server(status, Optional.empty());
    }

    ServerView server(ServerStatus status, Optional<ConnectActivity> activity) {
        ServerSpec spec = status.spec();
        // What is remembered of an earlier incarnation says nothing of one that was never launched.
        Optional<Instance> instance = status.instance().filter(run -> run.incarnation() == status.incarnation());
        Optional<Path> log = instance.flatMap(run -> status.logFile());
        OptionalInt port = status.grpcPort();
        return new ServerView(
                spec.name().value(),
                status.desired().name(),
                status.phase().name(),
                status.rung().name(),
                port.isPresent() ? "sc://" + host(status.host()) + ":" + port.getAsInt() : null,
                spec.runtime(),
                status.incarnation(),
                instance.flatMap(Views::livePid).orElse(null),
                instance.flatMap(Instance::containerId).orElse(null),
                status.observed().sparkVersion().orElse(spec.spark().text()),
                spec.master(),
                boxed(port),
                status.observed().ui().map(URI::toString).orElse(null),
                memory(status),
                status.restarts(),
                text(status.startedAt()),
                text(status.healthySince()),
                status.phaseSince().toString(),
                status.cause()
                        .map(cause -> cause(placed(cause, status), cause.log().or(() -> log)))
                        .orElse(null),
                status.changed(),
                status.origin().file().map(Path::toString).orElse(null),
                status.logFile().map(Path::toString).orElse(null),
                status.tokenFile().map(Path::toString).orElse(null),
                status.exposures(),
                status.observed().applicationId().orElse(null),
                boxed(status.observed().cores()),
                starts.launchToHealthy(status).map(Views::seconds).orElse(null),
                seconds(spec.health().startTimeout()),
                leases.of(spec.name())
                        .map(lease -> new LeaseInfo(
                                lease.lease().id(),
                                millis(lease.expiresAt()),
                                lease.lease().owner().map(Owner::text).orElse(null)))
                        .orElse(null),
                drift.apply(spec.name()).stream().map(Views::change).toList(),
                status.canRollBack(),
                activity.map(now -> new ActivityView(
                                now.onlineSessions(),
                                now.runningRequests(),
                                now.users(),
                                !spec.stop().drain().isZero()))
                        .orElse(null),
                cluster(status));
    }

    /** What a server has on its cluster; none with a local master. */
    private static @Nullable ClusterView cluster(ServerStatus status) {
        ServerSpec spec = status.spec();
        if (!MasterUrl.isCluster(spec.master())) {
            return null;
        }
        Optional<YarnApplication> application = status.application();
        Optional<Executors> executors = status.observed().executors();
        ExecutorSpec wanted = spec.cluster().executors();
        return new ClusterView(
                status.observed()
                        .applicationId()
                        .or(() -> application.map(YarnApplication::id))
                        .orElse(null),
                application.map(YarnApplication::state).orElse(null),
                application.map(YarnApplication::queue).orElse(null),
                application.flatMap(YarnApplication::link).orElse(null),
                status.silence()
                        .or(() -> application.map(YarnApplication::diagnostics).filter(text -> !text.isEmpty()))
                        .orElse(null),
                wanted.number().isPresent()
                        ? Integer.toString(wanted.number().getAsInt())
                        : wanted.dynamic()
                                ? wanted.min().orElse(0) + "-" + wanted.max().orElse(0)
                                : null,
                executors
                        .map(Executors::registered)
                        // Behind YARN's proxy nobody reads the UI; a container is as good as an executor then.
                        .or(() ->
                                application.flatMap(YarnApplication::executors).map(Long::intValue))
                        .orElse(null),
                executors.map(Executors::lost).orElse(null),
                executors.map(Executors::cores).orElse(null),
                executors.map(Executors::poolBytes).orElse(null),
                ExecutorMemory.of(spec).explain());
    }

    private static ChangeView change(Change change) {
        return new ChangeView(change.key(), change.old(), change.next(), change.restart());
    }

    static PlanView plan(ServerName name, Planned planned) {
        return new PlanView(
                name.value(),
                planned.known(),
                planned.running(),
                planned.changes().stream().map(Views::change).toList(),
                planned.warnings().stream().map(Views::problem).toList());
    }

    /** A lease, with what is known of its server. */
    LeaseView lease(LeaseStatus status, Optional<ServerStatus> server) {
        Lease lease = status.lease();
        Optional<ServerView> view = server.map(this::server);
        return new LeaseView(
                lease.id(),
                lease.server().value(),
                lease.state().name(),
                lease.held(),
                lease.pool().orElse(null),
                lease.owner().map(Owner::text).orElse(null),
                lease.owner().flatMap(Owner::process).map(OwnerProcess::pid).orElse(null),
                lease.ttl().toSeconds(),
                millis(status.expiresAt()),
                status.position(),
                view.map(ServerView::url).orElse(null),
                view.map(ServerView::tokenFile).orElse(null),
                lease.ending().map(Ending::words).orElse(null),
                lease.cause().map(cause -> cause(cause, Optional.empty())).orElse(null),
                status.sequence());
    }

    static PoolView pool(PoolStatus status) {
        Pool pool = status.pool();
        return new PoolView(
                pool.name(),
                pool.size(),
                status.ready(),
                status.starting(),
                status.claimed(),
                pool.misses(),
                pool.claims(),
                pool.memberBytes(),
                status.budgetBytes(),
                pool.maxAge().toSeconds(),
                pool.trouble().orElse(null));
    }

    private static String millis(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private MemoryView memory(ServerStatus status) {
        Memory model = memory.apply(status.spec());
        OptionalLong observed = status.observed().poolBytes();
        return new MemoryView(
                status.spec().driverMemory().bytes(),
                model.poolBytes(),
                observed.isPresent() ? observed.getAsLong() : null,
                model.explanation());
    }

    DescribeView describe(
            ServerStatus status,
            List<String> remarks,
            Optional<ConnectActivity> activity,
            Optional<PythonNote> python,
            Optional<Path> wedge) {
        Path home = servers.resolve(status.spec().name().value());
        Map<String, String> folders = new LinkedHashMap<>();
        folders.put("server", home.toString());
        if (!contained(status)) {
            for (String folder : List.of("conf", "work", "warehouse", "run")) {
                folders.put(folder, home.resolve(folder).toString());
            }
        }
        wedge.ifPresent(folder -> folders.put("wedge", folder.toString()));
        List<String> notes = new ArrayList<>(status.exposures());
        wedge.ifPresent(folder -> notes.add("An incarnation was wedged and replaced; what it looked like lies in "
                + folder + " (about.txt, threads.txt, heap.txt, process.txt, log.txt)."));
        if (status.changed()) {
            notes.add("The stored declaration differs from the running one: it takes effect with the next restart.");
        }
        RuntimeView runtime = new RuntimeView(
                status.spec().runtime(),
                status.runtimeWhy().orElse(null),
                contained(status) ? container(status.spec()) : null,
                remarks,
                python.map(note -> new PythonView(note.text(), note.works())).orElse(null));
        return new DescribeView(server(status, activity), declaration(status.spec()), folders, notes, runtime);
    }

    /** True if it runs, ran last, or will run in a container. */
    private static boolean contained(ServerStatus status) {
        return status.spec().runtime().equals("docker")
                || status.instance().flatMap(Instance::containerId).isPresent();
    }

    private static ContainerView container(ServerSpec spec) {
        ContainerSpec container = spec.container();
        boolean limited = !container.loosens(Loosening.MEMORY);
        MemorySize heap = spec.driverMemory();
        MemorySize overhead = container.overheadFor(heap);
        MemorySize limit = container.limitFor(heap);
        return new ContainerView(
                container.imageFor(spec.spark()),
                limited ? (Long) limit.bytes() : null,
                limited
                        ? heap + " heap + " + overhead + " overhead"
                                + (container.memory().isEmpty()
                                                && container.overhead().isEmpty()
                                        ? " (the larger of 512m and a quarter of the heap)"
                                        : "")
                                + " = " + limit + " limit"
                        : "no limit: loosened",
                container.loosen().stream()
                        .map(part -> part.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                        .toList());
    }

    /** The whole declaration with every default, in connectctl.yaml's words, without a secret. */
    ObjectNode declaration(ServerSpec spec) {
        ObjectNode tree = Json.MAPPER.createObjectNode();
        tree.put("spark", spec.spark().text());
        tree.put("master", spec.master());
        tree.put("port", spec.port().toString());
        tree.put("uiPort", spec.uiPort().toString());
        tree.put("driverMemory", spec.driverMemory().text());
        spec.javaHome().ifPresent(folder -> tree.put("javaHome", folder.toString()));
        spec.sparkHome().ifPresent(folder -> tree.put("sparkHome", folder.toString()));
        tree.put("runtime", spec.runtime());
        ArrayNode packages = tree.putArray("packages");
        spec.packages().forEach(packages::add);
        put(tree.putObject("conf"), spec.conf(), secret);
        put(tree.putObject("env"), spec.env(), (key, value) -> true);
        HealthSpec health = spec.health();
        tree.putObject("health")
                .put("until", health.until().name().toLowerCase(Locale.ROOT))
                .put("interval", duration(health.interval()))
                .put("timeout", duration(health.timeout()))
                .put("startTimeout", duration(health.startTimeout()))
                .put("failures", health.failures())
                .put("successes", health.successes());
        RestartSpec restart = spec.restart();
        tree.putObject("restart")
                .put("onFault", restart.onFault())
                .put("backoff", duration(restart.backoff()))
                .put("maxBackoff", duration(restart.maxBackoff()))
                .put("budget", restart.budget())
                .put("resetAfter", duration(restart.resetAfter()));
        tree.putObject("stop")
                .put("grace", duration(spec.stop().grace()))
                .put("drain", duration(spec.stop().drain()));
        tree.put("auth", spec.auth().name().toLowerCase(Locale.ROOT));
        tree.put("expose", spec.expose().name().toLowerCase(Locale.ROOT));
        tree.put("profile", spec.profile());
        spec.templates().ifPresent(folder -> tree.put("templates", folder.toString()));
        ObjectNode whole = SpecWriter.write(spec).tree();
        if (MasterUrl.isCluster(spec.master())) {
            ((ObjectNode) tree.path("health")).put("minExecutors", health.minExecutors());
        }
        for (String key : List.of("hadoopConf", "queue", "executors", "driver", "image", "container", "archive")) {
            // A process has no image, and is warned of one.
            boolean contained = key.equals("image") || key.equals("container");
            if (whole.has(key) && (!contained || !spec.runtime().equals("process"))) {
                tree.set(key, whole.get(key));
            }
        }
        return tree;
    }

    private static void put(ObjectNode tree, SortedMap<String, String> values, BiPredicate<String, String> secret) {
        values.forEach((key, value) -> tree.put(key, secret.test(key, value) ? Secrets.REDACTED : value));
    }

    EventView event(ServerEvent event) {
        return new EventView(
                event.sequence(),
                event.at().toString(),
                event.server().value(),
                event.incarnation(),
                event.type(),
                event.phase().name(),
                event.message(),
                event.cause().map(cause -> cause(cause, cause.log())).orElse(null));
    }

    /** A remedy by flags helps nobody whose file says otherwise: the file wins for the keys that it declares. */
    private static Cause placed(Cause cause, ServerStatus status) {
        String name = status.spec().name().value();
        Optional<Path> file = status.origin().file();
        if (file.isEmpty()
                || !(cause.remedy().contains("connectctl start " + name + " --")
                        || cause.remedy().contains("connectctl restart " + name + " --"))) {
            return cause;
        }
        return new Cause(
                cause.code(),
                cause.summary(),
                cause.remedy() + "; a key that " + file.get() + " declares is changed there",
                cause.evidence(),
                cause.retryable(),
                cause.log());
    }

    static CauseView cause(Cause cause, Optional<Path> logFile) {
        return new CauseView(
                cause.code(),
                cause.summary(),
                cause.remedy(),
                cause.evidence(),
                logFile.map(Path::toString).orElse(null));
    }

    static ProblemView problem(Problem problem) {
        return new ProblemView(
                problem.severity().name(),
                problem.rule().id(),
                problem.where().map(Location::toString).orElse(null),
                problem.key(),
                problem.message(),
                problem.suggestion().orElse(null),
                problem.remedy().orElse(null),
                problem.endsStart() ? (Boolean) true : null);
    }

    static DeclareResponse declared(Declared declared) {
        return new DeclareResponse(
                declared.created(),
                declared.changed(),
                declared.warnings().stream().map(Views::problem).toList());
    }

    static AdoptedView adopted(Adopted adopted) {
        return new AdoptedView(adopted.name().value(), adopted.label(), receipt(adopted.receipt()));
    }

    static ReceiptView receipt(Receipt receipt) {
        return new ReceiptView(receipt.sequence(), receipt.changed(), receipt.message());
    }

    static TimelineView timeline(Timeline timeline) {
        return new TimelineView(
                timeline.server().value(),
                timeline.incarnation(),
                millis(timeline.began()),
                seconds(timeline.total()),
                timeline.complete(),
                timeline.steps().stream()
                        .map(step -> new TimelineView.StepView(
                                step.kind().words(),
                                seconds(step.start()),
                                seconds(step.took()),
                                step.about().isEmpty() ? null : step.about()))
                        .toList(),
                timeline.slowest().map(step -> step.kind().words()).orElse(null),
                timeline.hint().orElse(null),
                timeline.notes());
    }

    static UsageView usage(ServerName server, Usage usage, Optional<Long> pid) {
        return new UsageView(
                server.value(),
                usage.residentBytes(),
                seconds(usage.cpu()),
                usage.threads(),
                usage.openFiles(),
                pid.orElse(null));
    }

    /**
     * Whether a server is ready up to a rung: it is proven that far in this incarnation and its probes pass. While
     * STARTING, the rungs below the declared one may already be proven.
     */
    static ReadyView ready(ServerStatus status, Rung until) {
        boolean alive = status.phase() == Phase.HEALTHY || status.phase() == Phase.STARTING;
        boolean ready = alive && status.rung().atLeast(until);
        String reason;
        if (ready) {
            reason = "proven up to " + status.rung();
        } else if (alive) {
            reason = status.phase() + ": proven up to " + status.rung() + ", not up to " + until;
        } else {
            reason = status.cause()
                    .map(cause -> status.phase() + ": " + cause.code() + ": " + cause.summary())
                    .orElseGet(() -> "the server is " + status.phase() + ", wanted " + status.desired());
        }
        return new ReadyView(ready, status.phase().name(), status.rung().name(), reason);
    }

    /** What a probe made now says. */
    static ReadyView probed(Phase phase, Climb climb) {
        String reason = climb.failure()
                .map(failure -> failure.rung() + " failed, " + failure.kind() + ": " + failure.detail())
                .orElseGet(() -> "proven up to " + climb.reached());
        return new ReadyView(climb.passed(), phase.name(), climb.reached().name(), reason);
    }

    /** The process id while the instance runs; the id of a dead process may belong to somebody else by now. */
    static Optional<Long> livePid(Instance instance) {
        return instance.running() && instance.pid().isPresent()
                ? Optional.of(instance.pid().getAsLong())
                : Optional.empty();
    }

    private static String host(String host) {
        return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
    }

    private static @Nullable Integer boxed(OptionalInt number) {
        return number.isPresent() ? number.getAsInt() : null;
    }

    private static @Nullable String text(Optional<Instant> instant) {
        return instant.map(Instant::toString).orElse(null);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    /** A duration as connectctl.yaml writes it, in the largest unit that is exact. */
    static String duration(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds != 0 && seconds % 3600 == 0) {
            return seconds / 3600 + "h";
        }
        return seconds != 0 && seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }

    /** The cache; without a limit what was removed from it. */
    static CacheView cache(List<CacheEntry> entries, @Nullable Long archiveLimit) {
        return new CacheView(
                "connectctl/v1",
                "Cache",
                entries.stream()
                        .map(entry -> new CacheView.Entry(
                                entry.kind().name().toLowerCase(Locale.ROOT),
                                entry.name(),
                                entry.about(),
                                entry.bytes(),
                                entry.lastUsed().truncatedTo(ChronoUnit.MILLIS).toString(),
                                entry.inUse(),
                                entry.path().toString()))
                        .toList(),
                archiveLimit);
    }
}
