package io.connectctl.compose.runtime;

import io.connectctl.compose.runtime.process.PrivateFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * What tells the containers of this installation from those of others at the same engine, and its applications in YARN: 8 hexadecimal digits, kept in
 * {@code STATE/installation}, made once by whoever needs them first.
 */
public final class Installation {
    private static final Pattern SHAPE = Pattern.compile("[0-9a-f]{8}");

    /** The label that holds it, on containers and volumes. */
    public static final String LABEL = "io.connectctl.installation";

    private static final String FILE = "installation";

    private Installation() {}

    /**
     * The installation's id.
     *
     * @throws IOException if the file can't be read or made, or holds something else
     */
    public static String of(Path state) throws IOException {
        Path file = state.resolve(FILE);
        try {
            return checked(file);
        } catch (NoSuchFileException e) {
            byte[] id = new byte[4];
            new SecureRandom().nextBytes(id);
            PrivateFiles.folder(state);
            // Written aside and linked into its place: of two that make it at once one wins, and nobody reads half of
            // it.
            Path fresh = state.resolve(".installation." + UUID.randomUUID());
            try {
                PrivateFiles.write(fresh, HexFormat.of().formatHex(id) + "\n", false);
                Files.createLink(file, fresh);
            } catch (FileAlreadyExistsException lost) {
                return checked(file);
            } finally {
                Files.deleteIfExists(fresh);
            }
            return checked(file);
        }
    }

    /** Whether it was ever made: before that, nothing at any engine can bear it. */
    public static boolean made(Path state) {
        return Files.exists(state.resolve(FILE), LinkOption.NOFOLLOW_LINKS);
    }

    private static String checked(Path file) throws IOException {
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(file + " is a folder; it should hold this installation's id");
        }
        String id = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (!SHAPE.matcher(id).matches()) {
            throw new IOException(
                    file + " holds '" + id + "', which is no installation id (8 hexadecimal digits, as in the label "
                            + LABEL + " of its containers); write the right one back, or remove the file");
        }
        return id;
    }
}
