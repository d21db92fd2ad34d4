package io.connectctl.manager.api;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.lease.LeaseState;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.Fleet;
import io.connectctl.manager.supervise.LeaseStatus;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.PoolStatus;
import io.connectctl.manager.supervise.ProbeListener;
import io.connectctl.manager.supervise.ServerStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Prometheus sees: every server's phase and rung, its probes, transitions, restarts and starts, and the daemon's own
 * JVM. Fed by events and probes; labels are names of declared servers and words of ours, and they go with the server.
 */
public final class Metrics implements ProbeListener, ClaimListener, AutoCloseable {
    /** The text format that every Prometheus reads. */
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final Logger LOG = LoggerFactory.getLogger(Metrics.class);

    /** From a probe on an idle machine (milliseconds) to the first call of a cold server (the deadline plus its allowance). */
    private static final Duration[] PROBE_BUCKETS =
            millis(5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final StartTimes starts = new StartTimes();
    private final Map<ServerName, Start> running = new ConcurrentHashMap<>();
    private final Map<String, MultiGauge> gauges = new ConcurrentHashMap<>();

    /** How far a start has got: when it began, and when each rung came. Confined to the thread that brings events. */
    private static final class Start {
        final int incarnation;
        final Instant began;
        final Map<Rung, Instant> rungs = new EnumMap<>(Rung.class);
        boolean prepared;

        Start(int incarnation, Instant began) {
            this.incarnation = incarnation;
            this.began = began;
        }
    }

    /** Metrics of this process; no server yet. */
    public Metrics() {
        new JvmMemoryMetrics().bindTo(registry);
        gc.bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        Gauge.builder("process.resident.memory", Metrics::residentBytes)
                .description("Resident memory of the daemon")
                .baseUnit("bytes")
                .register(registry);
    }

    /** When starts became HEALTHY, for status. */
    StartTimes starts() {
        return starts;
    }

    /** Learns from the journal when the servers that run already became HEALTHY; counts nothing. */
    public void recall(ServerEvent event) {
        starts.accept(event);
    }

    /** Hears one event; events must come in order, from one thread. */
    public void accept(Fleet fleet, ServerEvent event) {
        starts.accept(event);
        ServerName server = event.server();
        if (event.type().equals("removed")) {
            forget(server);
            return;
        }
        if (event.type().equals("phase")) {
            Counter.builder("connectctl.server.transitions")
                    .description("Changes of phase, by the phase that was entered")
                    .tags("server", server.value(), "phase", event.phase().name())
                    .register(registry)
                    .increment();
        }
        if (event.type().equals("exit")) {
            Counter.builder("connectctl.server.exits")
                    .description("Instances that ended, by the code of the cause")
                    .tags(
                            "server",
                            server.value(),
                            "cause",
                            event.cause().map(cause -> cause.code()).orElse("NONE"))
                    .register(registry)
                    .increment();
        }
        if (event.type().equals("phase") || event.type().equals("rung")) {
            fleet.server(server).ifPresent(status -> start(event, status));
        }
    }

    @Override
    public void probed(ServerName server, Rung rung, Duration took, boolean passed) {
        Timer.builder("connectctl.probe.duration")
                .description("How long a rung took to prove, or to fail")
                .tags(
                        "server",
                        server.value(),
                        "rung",
                        rung.name().toLowerCase(Locale.ROOT),
                        "result",
                        passed ? "pass" : "fail")
                .serviceLevelObjectives(PROBE_BUCKETS)
                .register(registry)
                .record(took);
    }

    @Override
    public void claimed(String pool, boolean ready, Duration took) {
        Timer.builder("connectctl.pool.claim.duration")
                .description("From a claim's request until it was stored; a miss waits for a start after that")
                .tags("pool", pool, "result", ready ? "hit" : "miss")
                .serviceLevelObjectives(PROBE_BUCKETS)
                .register(registry)
                .record(took);
    }

    /** The text that Prometheus reads, with every server, lease and pool as it is now. */
    public synchronized String scrape(Fleet fleet, Leases leases) {
        List<MultiGauge.Row<?>> states = new ArrayList<>();
        List<LeaseStatus> all = leases.leases();
        for (LeaseState state : LeaseState.values()) {
            for (boolean held : List.of(true, false)) {
                states.add(MultiGauge.Row.of(
                        Tags.of("state", state.name(), "held", Boolean.toString(held)),
                        all.stream()
                                .filter(each -> each.lease().state() == state
                                        && each.lease().held() == held)
                                .count()));
            }
        }
        gauge("connectctl.leases", "Leases by state; held=false are pools' spares", states);
        List<PoolStatus> pools = leases.pools();
        pool(pools, "connectctl.pool.size", "Spares that are wanted", pool -> pool.pool()
                .size());
        pool(pools, "connectctl.pool.ready", "Spares that a query ran on", PoolStatus::ready);
        pool(pools, "connectctl.pool.starting", "Spares on their way", PoolStatus::starting);
        pool(pools, "connectctl.pool.claimed", "Servers of the pool that somebody holds", PoolStatus::claimed);
        pool(pools, "connectctl.pool.misses", "Claims that found no ready spare, ever", pool -> pool.pool()
                .misses());
        return scrape(fleet);
    }

    private void pool(List<PoolStatus> pools, String name, String description, ToDoubleFunction<PoolStatus> value) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        for (PoolStatus pool : pools) {
            rows.add(MultiGauge.Row.of(Tags.of("pool", pool.pool().name()), value.applyAsDouble(pool)));
        }
        gauge(name, description, rows);
    }

    /** The text that Prometheus reads. */
    String scrape() {
        return registry.scrape();
    }

    /** The text that Prometheus reads, with every server of {@code fleet} as it is now. */
    public synchronized String scrape(Fleet fleet) {
        List<ServerStatus> servers = fleet.servers();
        List<MultiGauge.Row<?>> phases = new ArrayList<>();
        for (ServerStatus status : servers) {
            for (Phase phase : Phase.values()) {
                phases.add(MultiGauge.Row.of(
                        Tags.of("server", name(status), "phase", phase.name()), status.phase() == phase ? 1 : 0));
            }
        }
        gauge("connectctl.server.phase", "1 for the phase that the server is in, 0 for the others", phases);
        gauge(
                servers,
                "connectctl.server.desired.up",
                "1 if the server is wanted up",
                status -> status.desired() == Desired.UP ? 1 : 0);
        gauge(
                servers,
                "connectctl.server.rung",
                "Highest rung proven in this incarnation: 0 none, 1 container, 2 port, 3 rpc, 4 session, 5 query",
                status -> height(status.rung()));
        gauge(
                servers,
                "connectctl.server.restarts",
                "Restarts for faults since the last start by hand",
                ServerStatus::restarts);
        gauge(servers, "connectctl.server.incarnation", "Number of the current or last run", ServerStatus::incarnation);
        gauge(
                servers,
                "connectctl.server.exposed",
                "1 if the server is reachable further than it should",
                status -> status.exposures().isEmpty() ? 0 : 1);
        return scrape();
    }

    @Override
    public void close() {
        gc.close();
        registry.close();
    }

    private void gauge(
            List<ServerStatus> servers, String name, String description, ToDoubleFunction<ServerStatus> value) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        for (ServerStatus status : servers) {
            rows.add(MultiGauge.Row.of(Tags.of("server", name(status)), value.applyAsDouble(status)));
        }
        gauge(name, description, rows);
    }

    private void gauge(String name, String description, List<MultiGauge.Row<?>> rows) {
        gauges.computeIfAbsent(
                        name,
                        key -> MultiGauge.builder(key).description(description).register(registry))
                .register(rows, true);
    }

    /** A number of its own, not the enum's: dashboards keep it. */
    private static int height(Rung rung) {
        return switch (rung) {
            case NONE -> 0;
            case CONTAINER -> 1;
            case PORT -> 2;
            case RPC -> 3;
            case SESSION -> 4;
            case QUERY -> 5;
        };
    }

    private static String name(ServerStatus status) {
        return status.spec().name().value();
    }

    /** Follows one start from the wish to the query, and records what each stage took. */
    private void start(ServerEvent event, ServerStatus status) {
        ServerName server = event.server();
        Start start = running.get(server);
        if (event.type().equals("phase") && event.phase() == Phase.STARTING) {
            start = new Start(event.incarnation(), event.at());
            running.put(server, start);
            return;
        }
        if (start == null || start.incarnation != event.incarnation() || start.incarnation != status.incarnation()) {
            return;
        }
        if (status.startedAt().isEmpty()) {
            return;
        }
        Instant launched = status.startedAt().get();
        if (!start.prepared) {
            start.prepared = true;
            record(server, "prepare", Duration.between(start.began, launched));
        }
        for (Rung rung : Rung.values()) {
            if (rung != Rung.NONE && status.rung().atLeast(rung) && !start.rungs.containsKey(rung)) {
                Instant before =
                        start.rungs.values().stream().max(Instant::compareTo).orElse(launched);
                start.rungs.put(rung, event.at());
                String stage = rung == Rung.CONTAINER ? "launch" : rung.name().toLowerCase(Locale.ROOT);
                record(server, stage, Duration.between(before, event.at()));
            }
        }
    }

    private void record(ServerName server, String stage, Duration took) {
        Timer.builder("connectctl.server.start.duration")
                .description("How long each stage of a start took")
                .tags("server", server.value(), "stage", stage)
                .register(registry)
                .record(took.isNegative() ? Duration.ZERO : took);
    }

    private void forget(ServerName server) {
        running.remove(server);
        for (Meter meter : registry.getMeters()) {
            if (server.value().equals(meter.getId().getTag("server"))) {
                registry.remove(meter);
            }
        }
    }

    private static double residentBytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024.0;
                }
            }
        } catch (IOException e) {
            LOG.debug("/proc/self/status can't be read", e);
        }
        return Double.NaN;
    }

    private static Duration[] millis(long... values) {
        Duration[] durations = new Duration[values.length];
        for (int i = 0; i < values.length; i++) {
            durations[i] = Duration.ofMillis(values[i]);
        }
        return durations;
    }
}
