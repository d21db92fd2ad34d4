package io.connectctl.compose.runtime.process;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Who listens on a port of this machine, as far as the system tells: other users' processes stay nameless without root.
 *
 * @param port the port
 * @param pid the listening process
 * @param command its command name, such as {@code java}
 * @param server the server of ours that it is, as {@code name} of the marker; empty if it isn't ours
 */
public record PortHolder(int port, OptionalLong pid, Optional<String> command, Optional<String> server) {
    /** Environment variable that every instance carries: {@code name/incarnation/random}. */
    static final String MARKER = "CONNECTCTL_INSTANCE";

    /** Whoever listens on this port on any address. */
    public static Optional<PortHolder> of(int port) {
        return find(port, false);
    }

    /**
     * Whoever keeps a server of ours from binding this port.
     *
     * @param loopback true if it would bind 127.0.0.1 only: a listener on another address of this machine is no obstacle then
     */
    public static Optional<PortHolder> inTheWay(int port, boolean loopback) {
        return find(port, loopback);
    }

    private static Optional<PortHolder> find(int port, boolean loopback) {
        List<Sockets.Listening> sockets = Sockets.listening().stream()
                .filter(socket -> socket.port() == port && (!loopback || socket.coversLoopback()))
                .toList();
        if (sockets.isEmpty()) {
            return Optional.empty();
        }
        List<String> targets = sockets.stream()
                .map(socket -> "socket:[" + socket.inode() + "]")
                .toList();
        for (Proc.Stat process : Proc.all()) {
            if (Proc.descriptors(process.pid()).stream().anyMatch(targets::contains)) {
                return Optional.of(new PortHolder(
                        port,
                        OptionalLong.of(process.pid()),
                        Proc.command(process.pid()),
                        Proc.environment(process.pid(), MARKER).map(marker -> marker.replaceFirst("/.*", ""))));
            }
        }
        return Optional.of(new PortHolder(port, OptionalLong.empty(), Optional.empty(), Optional.empty()));
    }

    /** The holder in words: {@code server 'sales' (pid 4711)}, {@code java (pid 4711)}, {@code a process of another user}. */
    public String describe() {
        if (pid.isEmpty()) {
            return "a process that this user may not look at";
        }
        return server.map(name -> "server '" + name + "'").or(() -> command).orElse("a process") + " (pid "
                + pid.getAsLong() + ")";
    }
}
