package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of this machine's loopback that leads to one in a container which has no network: through the engine, by a program in
 * the container for each connection. So the same probes reach a container that nobody else does, be its engine here or elsewhere.
 */
final class Tunnel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tunnel.class);

    /** Whatever comes from here goes to the port, and back; ends as soon as either end does. */
    private static final String PROGRAM =
            "exec 3<>/dev/tcp/127.0.0.1/%d 4<&0 || exit 1; cat <&4 >&3 & cat <&3 & wait -n; kill $(jobs -p) 2>/dev/null";

    private final Engine engine;
    private final String container;
    private final int inside;
    private final ServerSocket listening;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private Tunnel(Engine engine, String container, int inside, ServerSocket listening) {
        this.engine = engine;
        this.container = container;
        this.inside = inside;
        this.listening = listening;
    }

    /**
     * Opens one.
     *
     * @param inside the port in the container
     */
    static Tunnel open(Engine engine, String container, int inside) throws IOException {
        Tunnel tunnel = new Tunnel(engine, container, inside, new ServerSocket(0, 8, InetAddress.getLoopbackAddress()));
        Thread thread = new Thread(tunnel::accept, "tunnel-" + inside);
        thread.setDaemon(true);
        thread.start();
        return tunnel;
    }

    /** The port of this machine. */
    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket socket = listening.accept();
                open.add(socket);
                connect(socket);
            } catch (IOException e) {
                LOG.debug("the tunnel to port {} of {} is closed", inside, container, e);
            } catch (RuntimeUnavailableException | EngineRefusal e) {
                LOG.debug("no way to port {} of {}: {}", inside, container, e.getMessage());
                open.forEach(this::end);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void connect(Socket socket)
            throws IOException, EngineRefusal, RuntimeUnavailableException, InterruptedException {
        ResultCallback.Adapter<Frame> back = new ResultCallback.Adapter<>() {
            @Override
            public void onNext(Frame frame) {
                if (frame.getStreamType() != StreamType.STDOUT) {
                    return;
                }
                try {
                    socket.getOutputStream().write(frame.getPayload());
                } catch (IOException e) {
                    end(socket);
                }
            }

            @Override
            public void onError(Throwable throwable) {
                end(socket);
            }

            @Override
            public void onComplete() {
                end(socket);
            }
        };
        engine.ask("opening a way into container " + container, Engine.PATIENCE, client -> {
            String exec = client.execCreateCmd(container)
                    .withAttachStdin(true)
                    .withAttachStdout(true)
                    .withCmd("/bin/bash", "-c", PROGRAM.formatted(inside))
                    .exec()
                    .getId();
            return client.execStartCmd(exec).withStdIn(socket.getInputStream()).exec(back);
        });
    }

    private void end(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            LOG.trace("a connection of a tunnel", e);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            LOG.debug("the end of a tunnel", e);
        }
        open.forEach(this::end);
    }
}
