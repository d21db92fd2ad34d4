package io.connectctl.manager.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Properties;

/**
 * Which connectctl this is.
 *
 * @param version the release, such as {@code 0.1.0}
 * @param build the first 12 hex digits of a hash over the jars, given by the launcher; {@code dev} without it
 * @param installed when the launcher made this copy; empty without it
 */
public record ToolVersion(String version, String build, Optional<Instant> installed) {
    /** Of the running code. */
    public static ToolVersion current() {
        // The launcher knows it from the jar's name; opening our own jar for it costs every command 20 ms.
        String told = System.getProperty("connectctl.version");
        return new ToolVersion(
                told != null ? told : fromResource(),
                System.getProperty("connectctl.build", "dev"),
                installedAt(System.getProperty("connectctl.home", "")));
    }

    private static String fromResource() {
        Properties properties = new Properties();
        try (InputStream in = ToolVersion.class.getResourceAsStream("/io/connectctl/build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new IllegalStateException("io/connectctl/build.properties in our own jar can't be read", e);
        }
        return properties.getProperty("version", "unknown");
    }

    private static Optional<Instant> installedAt(String home) {
        if (home.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.getLastModifiedTime(Path.of(home, "lib")).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** For people: {@code 0.1.0 (1f2e3d4c5b6a)}. */
    public String text() {
        return version + " (" + build + ")";
    }

    /**
     * True if a daemon should give way to this tool: it is of an earlier release, or of another build of the same release
     * that was already running when this build was installed. Of two builds of one release nothing else tells which is
     * newer, and two checkouts that took turns must not restart each other's daemon for ever.
     *
     * @param release the daemon's version
     * @param otherBuild the daemon's build
     * @param started when the daemon started
     */
    public boolean replaces(String release, String otherBuild, Optional<Instant> started) {
        if (!version.equals(release)) {
            return isNewerThan(release);
        }
        return !build.equals(otherBuild)
                && installed.isPresent()
                && started.isPresent()
                && installed.get().isAfter(started.get());
    }

    /** True if {@code release} came before this one: numbers compare as numbers, SNAPSHOT comes before its release. */
    public boolean isNewerThan(String release) {
        String[] mine = version.split("[.-]", -1);
        String[] other = release.split("[.-]", -1);
        for (int i = 0; i < Math.max(mine.length, other.length); i++) {
            int order = Integer.compare(weight(mine, i), weight(other, i));
            if (order != 0) {
                return order > 0;
            }
        }
        return false;
    }

    private static int weight(String[] parts, int index) {
        if (index >= parts.length) {
            return 0;
        }
        try {
            return Integer.parseInt(parts[index]);
        } catch (NumberFormatException e) {
            // A word such as SNAPSHOT comes before nothing at all.
            return -1;
        }
    }
}
