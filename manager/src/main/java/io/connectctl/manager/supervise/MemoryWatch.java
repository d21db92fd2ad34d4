package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.ui.Heap;
import io.connectctl.health.ui.SparkUi;
import io.connectctl.manager.lifecycle.Phase;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the memory of every server that is up, so that an event tells of what comes before the kernel or the heap ends it.
 *
 * <p>Cheap: one look at all of them every {@value #SECONDS} s on one thread, each a few reads of /proc and of control groups, and one request to the
 * server's own UI. An engine elsewhere must be asked for resident memory: of one server a look, in turn, so that with more than six of
 * them it is told when it is near its limit, and no more when it climbs. Nothing is stored but the warnings.
 */
final class MemoryWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryWatch.class);
    /** Between two looks, in seconds: a leak takes minutes, and a query that takes all at once can't be foreseen by any. */
    static final int SECONDS = 15;

    private static final Duration UI_PATIENCE = Duration.ofSeconds(2);

    private final Supplier<Collection<ServerUnit>> units;
    private final Surroundings around;
    private final Executor workers;
    private final Map<ServerName, Watched> watched = new ConcurrentHashMap<>();
    private volatile boolean closed;
    /** Of those whose engine must be asked, whom it was asked for in this turn; touched by the one look at a time. */
    private final Set<ServerName> asked = new HashSet<>();

    private volatile Time.@Nullable Timer timer;

    private record Watched(int incarnation, MemoryTrend trend) {}

    MemoryWatch(Supplier<Collection<ServerUnit>> units, Surroundings around, Executor workers) {
        this.units = units;
        this.around = around;
        this.workers = workers;
    }

    /** Looks from now on. */
    void start() {
        if (!closed) {
            timer = around.time().after(Duration.ofSeconds(SECONDS), () -> {
                try {
                    workers.execute(this::lookThenAgain);
                } catch (RejectedExecutionException e) {
                    LOG.debug("no thread for a look at memory now", e);
                    start();
                }
            });
        }
    }

    private void lookThenAgain() {
        try {
            List<ServerUnit> unseen = new ArrayList<>();
            for (ServerUnit unit : units.get()) {
                if (closed || Thread.currentThread().isInterrupted()) {
                    return;
                }
                if (!look(unit, false)) {
                    unseen.add(unit);
                }
            }
            if (!unseen.isEmpty()) {
                ServerUnit next = unseen.stream()
                        .filter(unit -> !asked.contains(unit.name()))
                        .findFirst()
                        .orElseGet(() -> {
                            asked.clear();
                            return unseen.get(0);
                        });
                asked.add(next.name());
                look(next, true);
            }
            watched.keySet()
                    .retainAll(units.get().stream().map(ServerUnit::name).toList());
        } finally {
            start();
        }
    }

    /** False if it is up and somebody must be asked for what it uses, which this call may not do. */
    private boolean look(ServerUnit unit, boolean mayAsk) {
        Phase phase = unit.state().phase();
        if (phase != Phase.HEALTHY && phase != Phase.UNHEALTHY) {
            watched.remove(unit.name());
            return true;
        }
        try {
            ServerSpec spec = unit.live();
            ServerRuntime runtime = around.runtimes().get(spec.runtime());
            if (runtime == null) {
                return true;
            }
            Optional<Usage> usage = mayAsk ? runtime.usage(unit.name()) : runtime.usageSeen(unit.name());
            if (mayAsk && usage.isEmpty()) {
                return true;
            }
            int incarnation = unit.state().incarnation();
            Watched now = watched.compute(
                    unit.name(),
                    (name, known) -> known != null && known.incarnation() == incarnation
                            ? known
                            : new Watched(incarnation, new MemoryTrend()));
            // Its heap it tells itself, with each look.
            Optional<Heap> heap = mayAsk ? Optional.empty() : heap(unit);
            now.trend()
                    .add(new MemoryTrend.Sample(
                            around.time().now().boot(),
                            usage.map(Usage::residentBytes).orElse(0L),
                            // Without a limit resident memory isn't judged.
                            usage.map(Usage::limitBytes).orElse(OptionalLong.empty()),
                            heap.map(seen -> OptionalLong.of(seen.afterCollection()))
                                    .orElse(OptionalLong.empty()),
                            heap.map(seen -> OptionalLong.of(seen.most())).orElse(OptionalLong.empty())))
                    .forEach(warning -> unit.news("memory", warning.words() + "; " + remedy(spec, warning.measure())));
            return usage.isPresent();
        } catch (RuntimeUnavailableException | RuntimeException e) {
            LOG.debug("{}: its memory can't be looked at: {}", unit.name(), e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    private static Optional<Heap> heap(ServerUnit unit) throws InterruptedException {
        Optional<URI> ui = unit.status().observed().ui();
        if (ui.isEmpty()) {
            return Optional.empty();
        }
        try {
            return new SparkUi(ui.get().getHost(), ui.get().getPort()).heap(UI_PATIENCE);
        } catch (IOException | IllegalArgumentException e) {
            // A UI that is busy, or was just replaced: the probes judge it.
            LOG.debug("{}: its heap isn't told: {}", unit.name(), e.toString());
            return Optional.empty();
        }
    }

    private static String remedy(ServerSpec spec, MemoryTrend.Measure measure) {
        return switch (measure) {
            case HEAP ->
                "a larger heap: connectctl restart " + spec.name() + " --driver-memory SIZE (now " + spec.driverMemory()
                        + "); cached tables and collected results fill it";
            case RESIDENT ->
                spec.runtime().equals("docker")
                        ? "at the limit the kernel kills it; a larger container: connectctl restart " + spec.name()
                                + " --container-memory SIZE"
                        : "when memory is used up the kernel kills it, or another process; a smaller heap, or fewer servers here:"
                                + " connectctl top";
        };
    }

    @Override
    public void close() {
        closed = true;
        Time.Timer next = timer;
        if (next != null) {
            next.cancel();
        }
    }
}
