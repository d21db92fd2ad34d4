package io.connectctl.manager.client;

import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Where the daemon of a state folder answers, kept as a file of that folder. A daemon has one socket, and its user's shells may know
 * different run folders: a login has an XDG_RUNTIME_DIR, {@code su}, cron and a container have none. All of them mean the same daemon.
 */
public final class DaemonSocket implements Supplier<Path> {
    private static final String FILE = "daemon.socket";

    private final Path state;
    private final Path usual;

    /**
     * @param state the state folder
     * @param usual where a daemon that the caller started would answer
     */
    public DaemonSocket(Path state, Path usual) {
        this.state = state;
        this.usual = usual;
    }

    /** Notes where a daemon answers; the next one's note replaces it. */
    public static void note(Path state, Path socket) throws IOException {
        PrivateFiles.write(state.resolve(FILE), socket + "\n");
    }

    /** The socket to speak to: the usual one unless another one is noted and a daemon of this user listens on that. */
    @Override
    public Path get() {
        Path noted;
        try {
            noted = Path.of(Files.readString(state.resolve(FILE), StandardCharsets.UTF_8)
                    .strip());
        } catch (IOException | InvalidPathException e) {
            return usual;
        }
        return !noted.equals(usual) && noted.isAbsolute() && listens(noted) ? noted : usual;
    }

    /** What somebody else made there, where a folder of /tmp was cleared away, is nothing to speak to. */
    private static boolean listens(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Ownership.checkFolder(socket);
            channel.configureBlocking(false);
            // One that takes no more connections for now is there, too, and may be waited for.
            if (channel.connect(UnixDomainSocketAddress.of(socket))) {
                Ownership.checkPeer(socket, channel);
            }
            return true;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }
}
