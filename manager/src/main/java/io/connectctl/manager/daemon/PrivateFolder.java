package io.connectctl.manager.daemon;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Folders that are nobody's but their owner's. */
final class PrivateFolder {
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwx------");

    private PrivateFolder() {}

    /** The numeric id of the user that this process runs as. */
    static long uid() throws IOException {
        return ((Number) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
    }

    /**
     * Makes the folder, of mode 0700, with the folders above it that are missing. One that is there is taken if it is a
     * folder of this user's; its mode is put right.
     *
     * @throws IOException if it is a link, no folder, or somebody else's: in /tmp anybody may have made it first
     */
    static void make(Path folder) throws IOException {
        Path above = folder.getParent();
        if (above != null) {
            Files.createDirectories(above, PosixFilePermissions.asFileAttribute(FOLDER));
        }
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(FOLDER));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(
                        folder + " is a link or no folder, so it isn't trusted: remove it, or name another folder", e);
            }
        }
        long owner = ((Number) Files.getAttribute(folder, "unix:uid", LinkOption.NOFOLLOW_LINKS)).longValue();
        if (owner != uid()) {
            throw new IOException(folder + " belongs to user id " + owner + ", not to " + uid()
                    + ": name another folder (CONNECTCTL_RUN_DIR, CONNECTCTL_STATE_DIR)");
        }
        if (!Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS).equals(FOLDER)) {
            Files.setPosixFilePermissions(folder, FOLDER);
        }
    }
}
