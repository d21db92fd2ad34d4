package io.connectctl.manager.daemon;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.process.PortHolder;
import io.connectctl.manager.api.ApiException;
import io.connectctl.manager.api.ApiServer;
import io.connectctl.manager.api.DaemonControl;
import io.connectctl.manager.api.HealthEndpoint;
import io.connectctl.manager.api.Metrics;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.SettingsView;
import io.connectctl.manager.client.DaemonSocket;
import io.connectctl.manager.client.DeliberateStop;
import io.connectctl.manager.client.SystemdUnit;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.Fleet;
import io.connectctl.manager.supervise.LeaseStatus;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import io.connectctl.manager.supervise.ProbeListener;
import io.connectctl.manager.supervise.RefusedException;
import io.connectctl.manager.supervise.ServerStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running daemon: the lock, the fleet, and the ways to speak to it. Opened and closed in that order and its reverse. */
final class Daemon implements DaemonControl, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    /** Enough to find the first HEALTHY of every incarnation that runs; the journal is bounded anyway. */
    private static final int RECALLED_EVENTS = 10_000;

    /** How long a removed socket goes unnoticed at most; a look costs two calls of stat. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    private static final Duration LONGEST_ENDING = Duration.ofSeconds(30);
    private static final Duration LOOK_ENDING = Duration.ofMillis(20);

    private final Folders folders;
    private final Path socket;
    private final BuildInfo build;
    private final boolean supervised;
    private final Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    private final SettingsFile settingsFile;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final DaemonLock lock;
    private final Metrics metrics;
    private final Fleet fleet;
    private final Leases leases;
    private final Leftovers leftovers;
    private final Supplier<Optional<String>> engine;
    private final List<AutoCloseable> below;
    private final Optional<String> notice;
    private @Nullable AutoCloseable subscription;
    private @Nullable ApiServer api;
    private volatile @Nullable HealthEndpoint health;
    private SettingsView settings = SettingsView.NONE;
    /** Why the socket can't be made again, as last told. */
    private String unreachable = "";

    /**
     * A fleet and what it stands on.
     *
     * @param fleet the servers
     * @param leases who holds which of them; closed before the fleet
     * @param leftovers finds what belongs to none of them
     * @param engine where the container engine is
     * @param below closed after the fleet, in this order: the store, the runtimes
     * @param notice what became of the store before this one, where that was damaged
     */
    record Supervision(
            Fleet fleet,
            Leases leases,
            Leftovers leftovers,
            Supplier<Optional<String>> engine,
            List<AutoCloseable> below,
            Optional<String> notice) {
        Supervision {
            below = List.copyOf(below);
        }
    }

    /** Opens the fleet; given the listener of its probes. */
    @FunctionalInterface
    interface Opener {
        Supervision open(Folders folders, ProbeListener probes) throws IOException;
    }

    private Daemon(Folders folders, BuildInfo build, boolean supervised, DaemonLock lock, Opener opener)
            throws IOException {
        this.folders = folders;
        this.build = build;
        this.supervised = supervised;
        this.lock = lock;
        this.socket = folders.socket(PrivateFolder.uid());
        this.settingsFile = new SettingsFile(folders.state());
        this.metrics = new Metrics();
        Supervision supervision = opener.open(folders, metrics);
        this.fleet = supervision.fleet();
        this.leases = supervision.leases();
        this.leftovers = supervision.leftovers();
        this.engine = supervision.engine();
        this.below = supervision.below();
        this.notice = supervision.notice();
    }

    /**
     * Opens a daemon; it answers when this returns.
     *
     * @throws DaemonLock.HeldException if another daemon runs here
     * @throws IOException if a folder, the store or the socket can't be had; says which
     */
    static Daemon open(Folders folders, Map<String, String> environment, BuildInfo build, Opener opener)
            throws IOException, DaemonLock.HeldException {
        PrivateFolder.make(folders.state());
        DaemonLock lock = DaemonLock.take(
                folders.state().resolve("daemon.lock"),
                "pid " + ProcessHandle.current().pid() + ", version " + build.version() + ", build " + build.build()
                        + ", since " + Instant.now().truncatedTo(ChronoUnit.MILLIS));
        Daemon daemon;
        try {
            daemon = new Daemon(folders, build, Systemd.supervises(environment), lock, opener);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
        try {
            daemon.serve(environment);
            DeliberateStop.forget(folders.state());
            SystemdUnit.note(folders.state(), Systemd.unit(environment));
            return daemon;
        } catch (IOException | RuntimeException e) {
            daemon.close();
            throw e;
        }
    }

    private void serve(Map<String, String> environment) throws IOException {
        SettingsView kept = settingsFile.read(environment);
        for (ServerStatus status : fleet.servers()) {
            fleet.events(Optional.of(status.spec().name()), 0, RECALLED_EVENTS).stream()
                    .filter(event -> event.incarnation() == status.incarnation())
                    .forEach(metrics::recall);
        }
        subscription = fleet.follow(Optional.empty(), fleet.lastSequence(), this::hear);
        Path folder = Objects.requireNonNull(socket.getParent(), "a socket lies in a folder");
        PrivateFolder.make(folder);
        api = ApiServer.open(socket, fleet, leases, leftovers, this, metrics, folders.servers());
        try {
            DaemonSocket.note(folders.state(), socket);
        } catch (IOException e) {
            LOG.warn("shells with another run folder won't find this daemon: {}", e.toString());
        }
        // A port that is taken by now must not keep the daemon from its servers: it is told, and can be set anew.
        listen("the TCP listener", kept, now -> new SettingsView(kept.tcpPort(), now.healthPort()));
        listen("grpc.health.v1", kept, now -> new SettingsView(now.tcpPort(), kept.healthPort()));
        LOG.info(
                "connectctl {} (build {}) answers on {}, {} servers",
                build.version(),
                build.build(),
                socket,
                fleet.servers().size());
    }

    private synchronized void listen(String what, SettingsView kept, UnaryOperator<SettingsView> wanted) {
        try {
            change(wanted.apply(settings));
        } catch (ApiException | IOException e) {
            LOG.warn("{} stays closed, as kept in daemon.json ({}): {}", what, kept, e.getMessage());
        }
    }

    private void hear(ServerEvent event) {
        try {
            metrics.accept(fleet, event);
        } catch (RuntimeException e) {
            // What metrics miss, grpc.health.v1 must not miss too.
            LOG.error("metrics failed at event {} of {}", event.sequence(), event.server(), e);
        }
        HealthEndpoint current = health;
        if (current != null) {
            current.accept(event);
        }
    }

    /** Where it answers. */
    Path socket() {
        return socket;
    }

    /** The leases it keeps. */
    Leases leases() {
        return leases;
    }

    /** Ends every lease, and waits a while until nothing of them is left: whoever they were for is gone. */
    void endLeases() {
        long deadline = System.nanoTime() + LONGEST_ENDING.toNanos();
        for (LeaseStatus lease : leases.leases()) {
            try {
                leases.release(lease.lease().id());
            } catch (RefusedException e) {
                LOG.debug("lease {} ends already: {}", lease.lease().id(), e.getMessage());
            }
        }
        try {
            while (!leases.leases().isEmpty() && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(LOOK_ENDING.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The fleet it keeps. */
    Fleet fleet() {
        return fleet;
    }

    @Override
    public synchronized DaemonView describe() {
        return new DaemonView(
                build.version(),
                build.build(),
                ProcessHandle.current().pid(),
                startedAt.toString(),
                socket.toString(),
                folders.state().toString(),
                settings.tcpPort(),
                settings.healthPort(),
                fleet.servers().size(),
                notice.orElse(null),
                supervised,
                engine.get().orElse(null));
    }

    @Override
    public synchronized SettingsView settings() {
        return settings;
    }

    @Override
    public synchronized SettingsView apply(SettingsView wanted) throws ApiException {
        check("tcpPort", wanted.tcpPort());
        check("healthPort", wanted.healthPort());
        if (wanted.tcpPort() != null && wanted.tcpPort().equals(wanted.healthPort())) {
            throw new ApiException(422, "INVALID", "tcpPort and healthPort are both " + wanted.tcpPort(), null);
        }
        SettingsView before = settings;
        try {
            change(wanted);
            settingsFile.write(wanted);
            return settings;
        } catch (ApiException | IOException e) {
            try {
                change(before);
            } catch (ApiException | IOException again) {
                LOG.warn("a listener can't be opened again: {}", again.getMessage());
            }
            if (e instanceof ApiException refused) {
                throw refused;
            }
            throw new ApiException(
                    503, "STORE_FAILED", "the settings can't be kept: " + e.getMessage(), "Look at the state folder.");
        }
    }

    private static void check(String key, @Nullable Integer port) throws ApiException {
        if (port != null && (port < 1024 || port > 65535)) {
            throw new ApiException(
                    422, "INVALID", key + " " + port + " is outside 1024-65535", "Name a free port, or null for none.");
        }
    }

    /** Opens and closes what differs; what it has done is in {@link #settings}, also when the rest fails. */
    private synchronized void change(SettingsView wanted) throws ApiException, IOException {
        ApiServer server = Objects.requireNonNull(api, "the API is open");
        Integer tcpPort = wanted.tcpPort();
        if (!Objects.equals(settings.tcpPort(), tcpPort)) {
            if (tcpPort == null) {
                server.closeTcp();
            } else {
                String token = settingsFile.token();
                try {
                    server.listenOnTcp(tcpPort, token);
                } catch (IOException e) {
                    throw held("tcpPort", tcpPort, e);
                }
            }
            settings = new SettingsView(tcpPort, settings.healthPort());
        }
        Integer healthPort = wanted.healthPort();
        if (!Objects.equals(settings.healthPort(), healthPort)) {
            HealthEndpoint before = health;
            HealthEndpoint now = null;
            if (healthPort != null) {
                try {
                    now = HealthEndpoint.open(healthPort, fleet.servers());
                } catch (IOException e) {
                    throw held("healthPort", healthPort, e);
                }
            }
            health = now;
            if (before != null) {
                before.close();
            }
            if (now != null) {
                // What happened between the look at the servers and now was heard by nobody.
                now.refresh(fleet.servers());
            }
            settings = new SettingsView(settings.tcpPort(), healthPort);
        }
    }

    private static ApiException held(String key, int port, IOException e) {
        String holder = PortHolder.of(port)
                .map(who -> " (held by " + who.describe() + ")")
                .orElse("");
        return new ApiException(
                409,
                "PORT_HELD",
                key + " " + port + ": " + e.getMessage() + holder,
                "Name a free port, or null for none.");
    }

    @Override
    public void stop() {
        stop.countDown();
    }

    /**
     * Waits until somebody asks it to stop, and keeps itself reachable meanwhile.
     *
     * @throws IOException if it lost its state folder, so that it must end
     */
    void awaitStop() throws InterruptedException, IOException {
        while (!stop.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
            look();
        }
        if (supervised) {
            // systemd ends it only where somebody stops it, or the machine does; it starts one that failed by itself.
            try {
                DeliberateStop.note(folders.state());
            } catch (IOException e) {
                LOG.warn(
                        "it can't be noted that systemd stopped this daemon: the next command starts it: {}",
                        e.toString());
            }
        }
    }

    /** Looks whether what it stands on is still there. */
    void look() throws IOException {
        if (!lock.holds()) {
            throw new IOException("the state folder " + folders.state()
                    + " was removed or replaced while the daemon ran, so it ends and keeps nothing any more;"
                    + " servers that ran stay: stop them by hand (connectctl start tells who holds a port)");
        }
        ApiServer server = Objects.requireNonNull(api, "the API is open");
        if (server.reachable()) {
            return;
        }
        try {
            PrivateFolder.make(Objects.requireNonNull(socket.getParent(), "a socket lies in a folder"));
            server.rebind();
            LOG.warn("{} was removed; it is there again", socket);
            unreachable = "";
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            if (!why.equals(unreachable)) {
                LOG.error("{} was removed and can't be made again, so nobody can ask this daemon: {}", socket, why);
                unreachable = why;
            }
        }
    }

    @Override
    public void close() {
        LOG.info("connectctl stops; its servers stay");
        lock.stopping();
        quietly(api);
        quietly(health);
        quietly(subscription);
        quietly(leases);
        quietly(fleet);
        below.forEach(Daemon::quietly);
        quietly(metrics);
        quietly(lock);
    }

    /** Whatever fails to close, the rest is closed too: the process ends, and the servers don't depend on it. */
    private static void quietly(@Nullable AutoCloseable part) {
        if (part != null) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("{} didn't close", part.getClass().getSimpleName(), e);
            }
        }
    }
}
