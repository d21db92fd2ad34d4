package io.connectctl.manager.client;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/**
 * Whether the daemon behind a socket is ours. A declaration may hold secrets, and below /tmp anybody could have made the
 * folder and listen there first: nothing is sent to a daemon that another user runs, root included.
 */
final class Ownership {
    private Ownership() {}

    /** Refuses a socket in a folder that somebody else owns or may write. One that isn't there is no matter of trust. */
    static void checkFolder(Path socket) throws IOException {
        Path folder = socket.toAbsolutePath().getParent();
        if (folder == null) {
            return;
        }
        PosixFileAttributes attributes;
        try {
            attributes = Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException | AccessDeniedException e) {
            return; // Connecting fails too, and tells it in its own words.
        }
        if (!attributes.isDirectory()) {
            throw distrusted(socket, "its folder " + folder + " is a link or no folder");
        }
        UserPrincipal owner = attributes.owner();
        if (!owner.equals(mine())) {
            throw distrusted(socket, "its folder " + folder + " belongs to another user (" + owner.getName() + ")");
        }
        if (attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw distrusted(
                    socket, "others may write its folder " + folder + ", so anybody may listen there (chmod 700 it)");
        }
    }

    /** Refuses whoever listens if it isn't a process of ours. */
    static void checkPeer(Path socket, SocketChannel channel) throws IOException {
        UnixDomainPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
        if (!peer.user().equals(mine())) {
            throw distrusted(
                    socket, "it belongs to another user (" + peer.user().getName() + ")");
        }
    }

    private static UserPrincipal mine() throws IOException {
        return Files.getOwner(Path.of("/proc/self"));
    }

    private static DaemonUnreachableException distrusted(Path socket, String why) {
        return new DaemonUnreachableException(
                DaemonUnreachableException.Reason.FORBIDDEN,
                "the daemon on " + socket + " isn't trusted, nothing was sent to it: " + why,
                "run this as that user, or set CONNECTCTL_RUN_DIR to a folder of your own (mode 0700)",
                null);
    }
}
