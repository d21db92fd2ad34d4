package io.connectctl.compose.runtime.process;

import java.util.HashSet;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * The ports that one incarnation listens on, asked for at every probe. Whose a socket is costs a look at each of the
 * server's several hundred descriptors (24 to 48 ms on a busy machine); so it is asked once for each socket that appears,
 * and a look at the kernel's table of sockets is all that remains.
 *
 * <p>A socket's inode number isn't given to another one while it lives, and a socket that is gone is forgotten.
 */
final class ListeningPorts {
    private final RunFolder run;
    private Set<Sockets.Listening> own = Set.of();
    private Set<Sockets.Listening> others = Set.of();

    ListeningPorts(RunFolder run) {
        this.run = run;
    }

    /** Ports that the server itself listens on; where its entrypoint stays in front of it, those of its whole session. */
    synchronized NavigableSet<Integer> now() {
        NavigableSet<Integer> ports = new TreeSet<>();
        run.process().filter(Proc.Identity::alive).ifPresent(process -> own(process.pid())
                .forEach(socket -> ports.add(socket.port())));
        return ports;
    }

    private Set<Sockets.Listening> own(long pid) {
        Set<Sockets.Listening> all =
                new HashSet<>(Sockets.listening(Proc.folder(pid).resolve("net")));
        Set<Sockets.Listening> mine = new HashSet<>(own);
        mine.retainAll(all);
        Set<Sockets.Listening> known = new HashSet<>(others);
        known.addAll(own);
        if (!known.containsAll(all)) {
            mine = new HashSet<>(Sockets.of(pid));
            if (mine.isEmpty()) {
                for (Proc.Identity other : run.processes()) {
                    mine.addAll(Sockets.of(other.pid()));
                }
            }
        }
        own = Set.copyOf(mine);
        // A socket of its own that came between the two looks isn't in "all", and is asked for the next time.
        all.removeAll(mine);
        others = Set.copyOf(all);
        return own;
    }
}
