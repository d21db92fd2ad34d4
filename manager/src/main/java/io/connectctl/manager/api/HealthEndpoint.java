package io.connectctl.manager.api;

import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.supervise.ServerStatus;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * grpc.health.v1 for servers that have none themselves: the service's name is the server's, SERVING means HEALTHY, and the
 * empty name stands for the daemon. Loopback only; it tells names and health, nothing else, and needs no token.
 */
public final class HealthEndpoint implements AutoCloseable {
    private final HealthStatusManager statuses;
    private final EventLoopGroup loop;
    private final Server server;

    private HealthEndpoint(HealthStatusManager statuses, EventLoopGroup loop, Server server) {
        this.statuses = statuses;
        this.loop = loop;
        this.server = server;
    }

    /**
     * Opens the port; events that come later must be handed to {@link #accept}.
     *
     * @param port on 127.0.0.1; 0 for any
     * @throws IOException if the port is taken
     */
    public static HealthEndpoint open(int port, List<ServerStatus> servers) throws IOException {
        HealthStatusManager statuses = new HealthStatusManager();
        set(statuses, servers);
        // One thread is plenty: the answers are looked up in a map.
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
                1,
                task -> {
                    Thread thread = new Thread(task, "grpc-health");
                    thread.setDaemon(true);
                    return thread;
                },
                NioIoHandler.newFactory());
        try {
            Server server = NettyServerBuilder.forAddress(
                            new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port))
                    .channelType(NioServerSocketChannel.class)
                    .bossEventLoopGroup(loop)
                    .workerEventLoopGroup(loop)
                    .directExecutor()
                    .maxInboundMessageSize(4096)
                    .addService(statuses.getHealthService())
                    .build()
                    .start();
            return new HealthEndpoint(statuses, loop, server);
        } catch (IOException e) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
            throw new IOException("grpc.health.v1 can't listen on 127.0.0.1:" + port + ": " + e.getMessage(), e);
        }
    }

    /** The port in use. */
    public int port() {
        return server.getPort();
    }

    /** Hears one event; watchers hear of what it changed. */
    public void accept(ServerEvent event) {
        if (event.type().equals("removed")) {
            statuses.clearStatus(event.server().value());
        } else {
            statuses.setStatus(event.server().value(), serving(event.phase()));
        }
    }

    /** Takes every server's phase as it is now. */
    public void refresh(List<ServerStatus> servers) {
        set(statuses, servers);
    }

    private static void set(HealthStatusManager statuses, List<ServerStatus> servers) {
        for (ServerStatus status : servers) {
            statuses.setStatus(status.spec().name().value(), serving(status.phase()));
        }
    }

    @Override
    public void close() {
        statuses.enterTerminalState();
        server.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    private static ServingStatus serving(Phase phase) {
        return phase == Phase.HEALTHY ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    }
}
