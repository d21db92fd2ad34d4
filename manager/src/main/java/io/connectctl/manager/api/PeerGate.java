package io.connectctl.manager.api;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SelectableChannelEndPoint;

/**
 * Who may speak over the Unix socket: its owner, and root. The modes of socket and folder decide already; this holds also
 * where somebody loosened them.
 */
final class PeerGate {
    private final UserPrincipal owner;
    private final UserPrincipal root;

    PeerGate(Path socket) throws IOException {
        this.owner = Files.getOwner(socket, LinkOption.NOFOLLOW_LINKS);
        this.root = Files.getOwner(Path.of("/"));
    }

    /** Throws unless the peer is the owner or root. */
    void check(EndPoint endPoint) throws ApiException {
        if (!(endPoint instanceof SelectableChannelEndPoint selectable)
                || !(selectable.getChannel() instanceof SocketChannel channel)) {
            throw new ApiException(403, "FORBIDDEN", "the peer of this connection can't be told", null);
        }
        UserPrincipal peer;
        try {
            UnixDomainPrincipal credentials = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
            peer = credentials.user();
        } catch (IOException e) {
            throw new ApiException(403, "FORBIDDEN", "the peer of this connection can't be told", null);
        }
        if (!peer.equals(owner) && !peer.equals(root)) {
            throw new ApiException(
                    403,
                    "FORBIDDEN",
                    "this daemon belongs to " + owner.getName() + ", and " + peer.getName() + " may not use it",
                    "Use your own: every user has a daemon of their own.");
        }
    }
}
