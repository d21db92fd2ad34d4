package io.connectctl.manager.daemon;

import io.connectctl.compose.render.Composer;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.OneCommand;
import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.Probes;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.cluster.RealClusters;
import io.connectctl.manager.diagnose.Diagnosis;
import io.connectctl.manager.lease.Limits;
import io.connectctl.manager.store.StateFile;
import io.connectctl.manager.store.StateStore;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import io.connectctl.manager.supervise.LiveFleet;
import io.connectctl.manager.supervise.LiveLeases;
import io.connectctl.manager.supervise.Machine;
import io.connectctl.manager.supervise.Owners;
import io.connectctl.manager.supervise.Planner;
import io.connectctl.manager.supervise.ProbeListener;
import io.connectctl.manager.supervise.Surroundings;
import io.connectctl.manager.supervise.SystemTime;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is behind the fleet: its store, runtimes, probes and diagnosis, wired by hand. */
final class Wiring {
    private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);

    private Wiring() {}

    /**
     * Opens the fleet of this installation and adopts the servers that run.
     *
     * @param probes hears of every rung that a probe tried
     * @throws IOException if the store can't be opened; says why
     */
    static Daemon.Supervision fleet(Folders folders, ProbeListener probes) throws IOException {
        List<AutoCloseable> below = new ArrayList<>();
        try {
            Map<String, ServerRuntime> runtimes = new TreeMap<>();
            for (String name : Runtimes.names()) {
                ServerRuntime runtime = Runtimes.create(name, folders, System.getenv());
                below.add(runtime);
                runtimes.put(name, runtime);
            }
            StateFile.Opened opened = StateFile.open(folders.state().resolve("connectctl.db"), Instant.now());
            opened.notice().ifPresent(notice -> LOG.error("{}", notice));
            StateStore store = opened.store();
            below.add(store);
            SystemTime time = new SystemTime();
            below.add(time);
            Clusters clusters = new RealClusters(folders.state(), System.getProperty("user.name"));
            Composer composer = new Composer(Optional.of(folders.config().resolve("templates")));
            Surroundings around = new Surroundings(
                    folders,
                    store,
                    runtimes,
                    Planner.of(composer),
                    Probes::ladder,
                    Probes.workload(),
                    Diagnosis::diagnose,
                    spec -> exposures(runtimes.get(spec.runtime()), spec),
                    probes,
                    time,
                    clusters);
            LiveFleet fleet = LiveFleet.open(around, opened.notice());
            Leases leases;
            try {
                leases = LiveLeases.open(
                        around,
                        fleet,
                        Owners.REAL,
                        Limits.of(Runtime.getRuntime().availableProcessors(), Machine.memory()));
            } catch (StoreException | RuntimeException e) {
                fleet.close();
                throw e;
            }
            return new Daemon.Supervision(
                    fleet,
                    leases,
                    new Leftovers(fleet, leases, runtimes.values(), () -> dead(folders), clusters),
                    () -> runtimes.values().stream()
                            .flatMap(runtime -> runtime.place().stream())
                            .findFirst(),
                    below,
                    fleet.notice());
        } catch (StoreException e) {
            close(below);
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Its runtime knows; none is chosen before the first start of one that is declared {@code runtime: auto}. */
    private static List<String> exposures(@Nullable ServerRuntime runtime, ServerSpec spec) {
        return runtime == null ? Exposures.of(spec) : runtime.exposures(spec);
    }

    /** Each is locked while somebody runs it. One that can't be looked into is none of those that are returned. */
    private static List<Leftovers.DeadState> dead(Folders folders) throws IOException {
        Path runs = folders.state().resolve("runs");
        List<Leftovers.DeadState> dead = new ArrayList<>();
        if (!Files.isDirectory(runs, LinkOption.NOFOLLOW_LINKS)) {
            return dead;
        }
        try (DirectoryStream<Path> states = Files.newDirectoryStream(runs)) {
            for (Path state : states) {
                try {
                    if (Files.isDirectory(state, LinkOption.NOFOLLOW_LINKS) && OneCommand.abandoned(state)) {
                        dead.add(dead(folders, state));
                    }
                } catch (DaemonLock.HeldException e) {
                    LOG.debug("{} is in use: {}", state, e.getMessage());
                } catch (IOException e) {
                    LOG.warn("{} can't be looked into: {}", state, e.toString());
                }
            }
        }
        return dead;
    }

    private static Leftovers.DeadState dead(Folders folders, Path state) throws IOException, DaemonLock.HeldException {
        DaemonLock lock = DaemonLock.take(state.resolve("daemon.lock"), "collected");
        Folders its = new Folders(folders.config(), state, state.resolve("run"), folders.cache());
        return new Leftovers.DeadState(
                state,
                Runtimes.names().stream()
                        .map(name -> Runtimes.create(name, its, System.getenv()))
                        .toList(),
                lock,
                new RealClusters(state, System.getProperty("user.name")));
    }

    private static void close(List<AutoCloseable> below) throws IOException {
        for (AutoCloseable each : below) {
            try {
                each.close();
            } catch (Exception e) {
                throw new IOException("can't close " + each, e);
            }
        }
    }
}
