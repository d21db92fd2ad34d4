package io.connectctl.compose.runtime.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Listening TCP sockets, as the kernel lists them. */
final class Sockets {
    private static final String LISTEN = "0A";

    private Sockets() {}

    /**
     * One listening socket.
     *
     * @param address the local address as /proc/net writes it: hexadecimal, each 32-bit word in host byte order
     * @param inode what ties it to a process' descriptor {@code socket:[inode]}
     */
    record Listening(int port, String address, long inode) {
        /** True if a server that binds 127.0.0.1 can't have the port beside this socket. */
        boolean coversLoopback() {
            return wildcard() || address.equals("0100007F") || address.equals("0000000000000000FFFF00000100007F");
        }

        /** True if it listens on every address. */
        boolean wildcard() {
            return address.chars().allMatch(digit -> digit == '0');
        }
    }

    /** The listening sockets of the network namespace that this process is in. */
    static List<Listening> listening() {
        return listening(Path.of("/proc/self/net"));
    }

    /** The listening sockets of the network namespace that a process is in. */
    static List<Listening> listening(Path net) {
        List<Listening> all = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6")) {
            Proc.read(net.resolve(table)).ifPresent(text -> text.lines().skip(1).forEach(line -> parse(line, all)));
        }
        return all;
    }

    /** A line of /proc/net/tcp: {@code sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...}. */
    static void parse(String line, List<Listening> into) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields.length < 10 || !fields[3].equals(LISTEN)) {
            return;
        }
        int colon = fields[1].lastIndexOf(':');
        into.add(new Listening(
                Integer.parseInt(fields[1].substring(colon + 1), 16),
                fields[1].substring(0, colon),
                Long.parseLong(fields[9])));
    }

    /** The listening sockets that a process itself holds. */
    static Set<Listening> of(long pid) {
        Set<String> own = new HashSet<>(Proc.descriptors(pid));
        Set<Listening> sockets = new HashSet<>();
        for (Listening socket : listening(Proc.folder(pid).resolve("net"))) {
            if (own.contains("socket:[" + socket.inode() + "]")) {
                sockets.add(socket);
            }
        }
        return sockets;
    }
}
