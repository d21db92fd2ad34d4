package io.connectctl.manager.api;

import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.supervise.Fleet;
import io.connectctl.manager.supervise.Leases;
import io.connectctl.manager.supervise.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/**
 * The local API on its Unix socket, and on a loopback TCP port where asked for. The caller has made the socket's folder
 * private and holds the daemon's lock: a socket file that is there was left by a dead daemon.
 */
public final class ApiServer implements AutoCloseable {
    /** Enough for the probes that may wait at once, and for the looks at an engine or a disk that hangs; idle threads go. */
    private static final int MOST_THREADS = 24;

    private static final long IDLE_CONNECTION = Duration.ofSeconds(30).toMillis();

    private final Path socket;
    private final Server server;
    private final Streams streams;
    private volatile @Nullable PeerGate peers;
    private @Nullable UnixDomainServerConnector local;
    /** Tells the socket file that was bound from one that somebody put in its place. */
    private @Nullable Object bound;

    private @Nullable ServerConnector tcp;
    private volatile @Nullable TcpGate gate;

    /**
     * What the API speaks for.
     *
     * @param fleet the servers
     * @param leases the leases
     * @param leftovers finds what belongs to none of them
     * @param daemon the daemon
     * @param metrics its metrics; already told of events
     * @param servers the folder of the servers' folders
     * @param memory the arithmetic of a driver's memory
     * @param secret whether the value of a configuration key must never be shown
     * @param heartbeat how often a silent event stream says that it lives
     * @param patience how long a follower waits for a client that doesn't read
     */
    record Setup(
            Fleet fleet,
            Leases leases,
            Leftovers leftovers,
            DaemonControl daemon,
            Metrics metrics,
            Path servers,
            Function<ServerSpec, Views.Memory> memory,
            BiPredicate<String, String> secret,
            Duration heartbeat,
            Duration patience) {
        /** As the daemon runs it. */
        static Setup of(
                Fleet fleet, Leases leases, Leftovers leftovers, DaemonControl daemon, Metrics metrics, Path servers) {
            return new Setup(
                    fleet,
                    leases,
                    leftovers,
                    daemon,
                    metrics,
                    servers,
                    Views.Memory::of,
                    Secrets::isSecret,
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(10));
        }
    }

    private ApiServer(Path socket, Setup setup) {
        this.socket = socket;
        this.streams = new Streams(setup.heartbeat(), setup.patience());
        QueuedThreadPool threads = new QueuedThreadPool(MOST_THREADS, 2, 30_000);
        threads.setName("api");
        threads.setDaemon(true);
        threads.setReservedThreads(0);
        // Heap buffers in small buckets: a few KiB a request, and nothing outside the heap that no flag bounds.
        ArrayByteBufferPool buffers = new ArrayByteBufferPool(0, 4096, 65_536, 16, 1L << 20, 1L << 20);
        this.server = new Server(threads, new ScheduledExecutorScheduler("api-timer", true), buffers);
        server.setErrorHandler(ApiServer::malformed);
        server.setStopTimeout(0);
        Views views = new Views(
                setup.memory(),
                setup.secret(),
                setup.metrics().starts(),
                setup.servers(),
                setup.leases(),
                setup.fleet()::drift);
        Routes routes = new Routes(
                setup.fleet(),
                setup.leases(),
                setup.leftovers(),
                setup.daemon(),
                views,
                streams,
                () -> setup.metrics().scrape(setup.fleet(), setup.leases()),
                setup.metrics());
        server.setHandler(
                new Dispatcher(routes.table(), this::check, name(setup.daemon().describe())));
    }

    /**
     * Opens the socket; requests are answered when this returns.
     *
     * @param metrics told of events by the caller
     * @param servers the folder of the servers' folders
     * @throws IOException if the socket can't be bound; says where and why
     */
    public static ApiServer open(
            Path socket,
            Fleet fleet,
            Leases leases,
            Leftovers leftovers,
            DaemonControl daemon,
            Metrics metrics,
            Path servers)
            throws IOException {
        return open(socket, Setup.of(fleet, leases, leftovers, daemon, metrics, servers));
    }

    static ApiServer open(Path socket, Setup setup) throws IOException {
        ApiServer api = new ApiServer(socket, setup);
        try {
            api.server.start();
            api.bind();
        } catch (Exception e) {
            api.close();
            throw e instanceof IOException known ? known : api.unbound(e);
        }
        return api;
    }

    private synchronized void bind() throws IOException {
        UnixDomainServerConnector connector = new UnixDomainServerConnector(server, 0, 1, http());
        connector.setUnixDomainPath(socket);
        connector.setIdleTimeout(IDLE_CONNECTION);
        connector.setAcceptQueueSize(64);
        server.addConnector(connector);
        try {
            Files.deleteIfExists(socket);
            connector.start();
            // Java can't set the umask: until here only the folder's mode kept others out, and it is 0700.
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            peers = new PeerGate(socket);
            bound = key();
        } catch (Exception e) {
            server.removeConnector(connector);
            throw unbound(e);
        }
        local = connector;
    }

    private IOException unbound(Exception e) {
        return new IOException("the local API can't listen on " + socket + ": " + e.getMessage(), e);
    }

    private @Nullable Object key() throws IOException {
        return Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /** Whether the socket file is still the one that this API listens on: whoever cleans up /tmp may have removed it. */
    public synchronized boolean reachable() {
        try {
            return Objects.equals(bound, key());
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Listens on a new socket file in place of one that was removed. Its connections end: clients connect anew.
     *
     * @throws IOException if it can't be bound; says where and why
     */
    public synchronized void rebind() throws IOException {
        UnixDomainServerConnector before = local;
        local = null;
        if (before != null) {
            stop(before);
        }
        bind();
    }

    /**
     * Listens on 127.0.0.1 too, in place of where it listened on TCP before.
     *
     * @param port the port; 0 for any
     * @param token whoever sends it as bearer token may speak
     * @return the port
     * @throws IOException if the port is taken; then it listens where it did before
     */
    public synchronized int listenOnTcp(int port, String token) throws IOException {
        ServerConnector before = tcp;
        ServerConnector connector = new ServerConnector(server, 0, 1, http());
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        connector.setIdleTimeout(IDLE_CONNECTION);
        try {
            connector.open();
            server.addConnector(connector);
            connector.start();
            // Last: should anything fail before, the old listener keeps its own gate.
            gate = new TcpGate(connector.getLocalPort(), token);
        } catch (Exception e) {
            server.removeConnector(connector);
            connector.close();
            throw new IOException("the local API can't listen on 127.0.0.1:" + port + ": " + reason(e), e);
        }
        tcp = connector;
        if (before != null) {
            stop(before);
        }
        return connector.getLocalPort();
    }

    /** Listens on the socket only. */
    public synchronized void closeTcp() {
        ServerConnector connector = tcp;
        tcp = null;
        if (connector != null) {
            stop(connector);
        }
    }

    /** Of each answer's Server header: by it every command sees whether the daemon is older than itself. */
    private static String name(DaemonView daemon) {
        return "connectctl/" + daemon.version() + " (" + daemon.build() + "; " + daemon.startedAt() + ")";
    }

    /** How many streams are open. */
    public int openStreams() {
        return streams.size();
    }

    /** Ends every stream and connection and removes the socket. */
    @Override
    public void close() {
        streams.close();
        try {
            server.stop();
            Files.deleteIfExists(socket);
        } catch (Exception e) {
            throw new IllegalStateException("the local API doesn't stop: " + e.getMessage(), e);
        } finally {
            server.destroy();
        }
    }

    private void stop(AbstractConnector connector) {
        try {
            connector.stop();
        } catch (Exception e) {
            throw new IllegalStateException("a listener doesn't stop: " + e.getMessage(), e);
        } finally {
            server.removeConnector(connector);
        }
    }

    private void check(Request request) throws ApiException {
        if (request.getConnectionMetaData().getConnector() instanceof UnixDomainServerConnector) {
            PeerGate current = peers;
            if (current == null) {
                throw new ApiException(503, "STARTING", "the daemon starts", "Try again.");
            }
            current.check(request.getConnectionMetaData().getConnection().getEndPoint());
            return;
        }
        TcpGate current = gate;
        if (current == null) {
            throw new ApiException(403, "FORBIDDEN", "this listener is closed", null);
        }
        current.check(request.getHeaders());
    }

    private static HttpConnectionFactory http() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setSendDateHeader(false);
        configuration.setRequestHeaderSize(8192);
        configuration.setOutputBufferSize(8192);
        configuration.setUseInputDirectByteBuffers(false);
        configuration.setUseOutputDirectByteBuffers(false);
        return new HttpConnectionFactory(configuration);
    }

    /** What Jetty refuses by itself (a request it can't parse) is a problem too. */
    private static boolean malformed(Request request, Response response, Callback callback) {
        int status = response.getStatus() < 400 ? 400 : response.getStatus();
        Call.problem(
                response,
                callback,
                new ApiException(
                                status,
                                status < 500 ? "BAD_REQUEST" : "INTERNAL",
                                "the request can't be handled: " + HttpStatus.getMessage(status),
                                null)
                        .problem());
        return true;
    }

    private static String reason(Throwable failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return String.valueOf(deepest.getMessage());
    }
}
