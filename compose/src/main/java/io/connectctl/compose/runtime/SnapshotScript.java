package io.connectctl.compose.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The program that looks into a JVM, for both runtimes: see snapshot.sh. */
public final class SnapshotScript {
    private static final String RESOURCE = "snapshot.sh";

    private SnapshotScript() {}

    /** Its text, to be given to {@code /bin/sh -c} with the name of the program, a pid or {@code auto}, and seconds. */
    public static String text() {
        try (InputStream stream = Objects.requireNonNull(
                SnapshotScript.class.getResourceAsStream(RESOURCE), "it lies beside this class")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(RESOURCE + " can't be read from this program's own jar", e);
        }
    }
}
