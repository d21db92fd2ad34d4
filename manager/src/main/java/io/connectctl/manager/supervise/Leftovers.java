package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.Trace;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.cluster.Clusters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds and removes what is this installation's and orphaned: containers, volumes, processes and folders of servers that nobody knows,
 * applications that lost their driver, and the state of supervisors that died with their one command. What doesn't bear this installation's mark is never looked at.
 *
 * <p>A server that was not leased and runs is left alone, and so is a warehouse that holds data: a lost database must not cost what it
 * described.
 */
public final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

    private final Fleet fleet;
    private final Leases leases;
    private final Collection<ServerRuntime> runtimes;
    private final DeadStates dead;
    private final Clusters clusters;

    /** State folders of supervisors for one command that died. */
    @FunctionalInterface
    public interface DeadStates {
        /** Those that there are; each is held until it is closed, so that nobody else is at it. */
        List<DeadState> find() throws IOException;
    }

    /**
     * One of them.
     *
     * @param folder its folder
     * @param runtimes over what it left
     * @param hold keeps others off it
     * @param clusters on which applications of its servers may be left
     */
    public record DeadState(Path folder, List<ServerRuntime> runtimes, AutoCloseable hold, Clusters clusters) {
        /** Without clusters on which something may be left. */
        public DeadState(Path folder, List<ServerRuntime> runtimes, AutoCloseable hold) {
            this(folder, runtimes, hold, Clusters.NONE);
        }

        public DeadState {
            runtimes = List.copyOf(runtimes);
        }
    }

    /** Without clusters on which something may be left. */
    public Leftovers(Fleet fleet, Leases leases, Collection<ServerRuntime> runtimes, DeadStates dead) {
        this(fleet, leases, runtimes, dead, Clusters.NONE);
    }

    public Leftovers(
            Fleet fleet, Leases leases, Collection<ServerRuntime> runtimes, DeadStates dead, Clusters clusters) {
        this.clusters = clusters;
        this.fleet = fleet;
        this.leases = leases;
        this.runtimes = List.copyOf(runtimes);
        this.dead = dead;
    }

    /**
     * Looks for everything, and removes it.
     *
     * @param dryRun only look
     * @return each thing that was found, or removed, or stays and why
     */
    public synchronized List<Leftover> collect(boolean dryRun) throws InterruptedException {
        List<Leftover> all = new ArrayList<>();
        Alive alive = new Alive();
        for (ServerRuntime runtime : runtimes) {
            collect(runtime, this::hold, dryRun, alive, all);
        }
        collectFrom(clusters, application -> driven(application, alive), dryRun, all);
        try {
            for (DeadState state : dead.find()) {
                collect(state, dryRun, all);
            }
        } catch (IOException e) {
            LOG.warn("supervisors that died can't be looked for: {}", e.toString());
        }
        return all;
    }

    /** Applications whose driver is gone: they hold executors that nobody uses. */
    private static void collectFrom(
            Clusters clusters, Predicate<Clusters.Owned> driven, boolean dryRun, List<Leftover> all) {
        try {
            Clusters.Search search = clusters.orphans(driven);
            search.unasked()
                    .forEach((conf, why) -> all.add(new Leftover(
                            "", "applications without a driver on the cluster of " + conf, Optional.of(why))));
            for (Clusters.Orphan orphan : search.orphans()) {
                Optional<String> kept = Optional.empty();
                if (!dryRun) {
                    try {
                        clusters.end(orphan);
                        LOG.info("{}: killed {}, which had lost its driver", orphan.server(), orphan.id());
                    } catch (IOException e) {
                        kept = Optional.of(String.valueOf(e.getMessage()));
                    }
                }
                all.add(new Leftover(
                        orphan.server().value(), "application " + orphan.id() + " without a driver", kept));
            }
        } catch (IOException e) {
            all.add(new Leftover("", "applications without a driver", Optional.of(e.toString())));
        }
    }

    /**
     * Whose drivers may live, as the runtimes tell.
     *
     * <p>By name alone: a container keeps the tags that it was made with, whatever number its run has by now.
     */
    private static final class Alive {
        private final Set<ServerName> servers = new HashSet<>();
        /** True if a runtime couldn't be asked: whatever nobody knows may run there. */
        private boolean perhapsMore;

        boolean mayHold(ServerName server) {
            return perhapsMore || servers.contains(server);
        }
    }

    /**
     * True for an application whose driver may live. Where the server's own application is known, another one of an earlier run isn't
     * it; a number alone proves nothing.
     */
    private boolean driven(Clusters.Owned application, Alive alive) {
        Optional<ServerStatus> known = fleet.server(application.server());
        boolean lives = known.filter(status -> switch (status.phase()) {
                    case STARTING, HEALTHY, UNHEALTHY, STOPPING, UNKNOWN -> true;
                    case STOPPED, FAILED, BACKING_OFF -> false;
                })
                .isPresent();
        if (!lives) {
            return known.isPresent()
                    ? alive.servers.contains(application.server())
                    : alive.mayHold(application.server());
        }
        ServerStatus status = known.orElseThrow();
        Optional<String> own = status.observed().applicationId();
        return application.of(status.incarnation())
                || own.isEmpty()
                || own.get().equals(application.id());
    }

    /** Keeps others off what nobody knows; empty where somebody knows it. */
    private Optional<Fleet.Reservation> hold(ServerName server) {
        return leases.of(server).isPresent() ? Optional.empty() : fleet.reserve(server);
    }

    private void collect(
            ServerRuntime runtime,
            Function<ServerName, Optional<Fleet.Reservation>> hold,
            boolean dryRun,
            Alive alive,
            List<Leftover> all)
            throws InterruptedException {
        List<Trace> traces;
        try {
            traces = runtime.traces();
        } catch (RuntimeUnavailableException e) {
            alive.perhapsMore = true;
            all.add(new Leftover("", "runtime " + runtime.name(), Optional.of(String.valueOf(e.getMessage()))));
            return;
        }
        List<Trace> again = new ArrayList<>();
        for (Trace trace : traces) {
            try {
                collect(runtime, trace, hold, dryRun, alive, all);
            } catch (RuntimeUnavailableException e) {
                // What dies on a busy machine may need more than a runtime's patience with a kill, which is some
                // seconds.
                LOG.info("{}: what was left of it stays for now: {}", trace.server(), e.toString());
                again.add(trace);
            }
        }
        for (Trace trace : again) {
            try {
                collect(runtime, trace, hold, dryRun, alive, all);
            } catch (RuntimeUnavailableException e) {
                note(trace, alive);
                tell(trace, Optional.of(String.valueOf(e.getMessage())), all);
            }
        }
    }

    private static void collect(
            ServerRuntime runtime,
            Trace trace,
            Function<ServerName, Optional<Fleet.Reservation>> hold,
            boolean dryRun,
            Alive alive,
            List<Leftover> all)
            throws RuntimeUnavailableException, InterruptedException {
        Optional<Fleet.Reservation> held = hold.apply(trace.server());
        if (held.isEmpty()) {
            note(trace, alive);
            return;
        }
        try {
            Optional<String> kept = dryRun ? keep(trace) : remove(runtime, trace);
            if (kept.isPresent()) {
                note(trace, alive);
                tell(trace, kept, all);
            } else {
                tell(runtime, trace, !trace.leased() && runtime.hasWarehouse(trace.server()), all);
            }
        } finally {
            held.get().close();
        }
    }

    /** It stays: if it runs, its application is needed. */
    private static void note(Trace trace, Alive alive) {
        if (trace.running()) {
            alive.servers.add(trace.server());
        }
    }

    private static void tell(Trace trace, Optional<String> kept, List<Leftover> all) {
        for (String what : trace.what()) {
            all.add(new Leftover(trace.server().value(), what, kept));
        }
    }

    /** What goes, and of what holds a warehouse with data that it stays. */
    private static void tell(ServerRuntime runtime, Trace trace, boolean data, List<Leftover> all) {
        for (String what : trace.what()) {
            boolean docker = runtime.name().equals("docker");
            boolean stays = data && (docker ? what.endsWith("-warehouse") : what.startsWith("folder "));
            all.add(new Leftover(
                    trace.server().value(),
                    what,
                    stays
                            ? Optional.of("its warehouse holds data, which nobody but you may remove"
                                    + (docker ? " (docker volume rm)" : ""))
                            : Optional.empty()));
        }
    }

    /** Why it stays, if it does. */
    private static Optional<String> keep(Trace trace) {
        return trace.running() && !trace.leased()
                ? Optional.of("it runs; adopt it: connectctl start " + trace.server())
                : Optional.empty();
    }

    /** Why it stays, if it does; else it is gone. */
    private static Optional<String> remove(ServerRuntime runtime, Trace trace)
            throws RuntimeUnavailableException, InterruptedException {
        Optional<String> kept = keep(trace);
        if (kept.isPresent()) {
            return kept;
        }
        try {
            runtime.collect(trace.server(), trace.leased());
            LOG.info("{}: removed what was left of it: {}", trace.server(), trace.what());
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.warn("{} can't be closed: {}", part, e.toString());
        }
    }

    private void collect(DeadState state, boolean dryRun, List<Leftover> all) throws InterruptedException {
        try {
            int before = all.size();
            Alive alive = new Alive();
            for (ServerRuntime runtime : state.runtimes()) {
                collect(runtime, server -> Optional.of(() -> {}), dryRun, alive, all);
            }
            // After its drivers, so that those which were still alive could take leave of their clusters.
            collectFrom(state.clusters(), application -> alive.mayHold(application.server()), dryRun, all);
            // Its id is the only mark of what couldn't be removed, or looked for, now.
            Optional<String> kept = all.subList(before, all.size()).stream()
                            .anyMatch(left -> left.kept().isPresent())
                    ? Optional.of("something of it stays; see above")
                    : Optional.empty();
            if (!dryRun && kept.isEmpty()) {
                try {
                    PrivateFiles.remove(state.folder());
                } catch (IOException e) {
                    kept = Optional.of(e.toString());
                }
            }
            all.add(new Leftover("", "folder " + state.folder() + " of a supervisor that died", kept));
        } finally {
            state.runtimes().forEach(Leftovers::close);
            close(state.hold());
        }
    }
}
