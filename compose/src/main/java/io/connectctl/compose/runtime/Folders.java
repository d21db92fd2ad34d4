package io.connectctl.compose.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The folders of one installation (XDG base directories, each overridable).
 *
 * @param config the user's settings and templates: {@code CONNECTCTL_CONFIG_DIR}, else {@code $XDG_CONFIG_HOME/connectctl}
 * @param state database and server folders: {@code CONNECTCTL_STATE_DIR}, else {@code $XDG_STATE_HOME/connectctl}
 * @param run the socket's folder, 0700: {@code CONNECTCTL_RUN_DIR}, else {@code $XDG_RUNTIME_DIR/connectctl} where that
 *     folder is there and this user's, else {@code /tmp/connectctl-UID}
 * @param cache Spark runtimes and the tool's own versioned copies: {@code CONNECTCTL_CACHE_DIR}, else
 *     {@code $XDG_CACHE_HOME/connectctl}
 */
public record Folders(Path config, Path state, Path run, Path cache) {
    /** The longest path a Unix socket can have on Linux: sun_path holds 108 bytes, the last of them zero. */
    private static final int LONGEST_SOCKET = 107;

    /**
     * The folders as this environment names them. Relative paths in XDG variables are ignored, as the XDG specification asks.
     *
     * @param environment the process environment
     * @param userHome the home folder where HOME isn't set
     * @param uid the numeric user id
     */
    public static Folders of(Map<String, String> environment, Path userHome, long uid) {
        // On the start-up path of every command: the first lambda of a JVM costs more than all of this.
        for (String what : new String[] {"CONFIG", "STATE", "CACHE", "RUN"}) {
            String own = environment.get("CONNECTCTL_" + what + "_DIR");
            if (own != null && !own.isEmpty() && !own.startsWith("/")) {
                // Ours are no XDG variables: to pass over one would do to one installation what was meant for another.
                throw new IllegalArgumentException("CONNECTCTL_" + what + "_DIR='" + own
                        + "' isn't absolute: write the whole path, such as \"$PWD/" + own + "\"");
            }
        }
        Path named = absolute(environment.get("HOME"));
        Path home = named != null ? named : userHome;
        if (!home.isAbsolute() && !allNamed(environment)) {
            // Java says "?" of a user without a record.
            throw new IllegalArgumentException(
                    "HOME isn't set and this user has no home folder: set HOME, or CONNECTCTL_CONFIG_DIR, CONNECTCTL_STATE_DIR"
                            + " and CONNECTCTL_CACHE_DIR");
        }
        Path run = absolute(environment.get("CONNECTCTL_RUN_DIR"));
        if (run == null) {
            Path runtime = absolute(environment.get("XDG_RUNTIME_DIR"));
            run = runtime != null && belongsTo(uid, runtime) ? runtime.resolve("connectctl") : shared(uid);
        }
        return new Folders(
                folder(environment, "CONNECTCTL_CONFIG_DIR", "XDG_CONFIG_HOME", home.resolve(".config")),
                folder(environment, "CONNECTCTL_STATE_DIR", "XDG_STATE_HOME", home.resolve(".local/state")),
                run,
                folder(environment, "CONNECTCTL_CACHE_DIR", "XDG_CACHE_HOME", home.resolve(".cache")));
    }

    private static boolean allNamed(Map<String, String> environment) {
        for (String what : new String[] {"CONFIG", "STATE", "CACHE"}) {
            if (absolute(environment.get("CONNECTCTL_" + what + "_DIR")) == null
                    && absolute(environment.get("XDG_" + what + "_HOME")) == null) {
                return false;
            }
        }
        return true;
    }

    private static Path folder(Map<String, String> environment, String own, String xdg, Path otherwise) {
        Path named = absolute(environment.get(own));
        if (named != null) {
            return named;
        }
        Path base = absolute(environment.get(xdg));
        return (base != null ? base : otherwise).resolve("connectctl");
    }

    private static @Nullable Path absolute(@Nullable String text) {
        return text == null || !text.startsWith("/") ? null : Path.of(text).normalize();
    }

    /** {@code su} and {@code sudo} keep the variable of the user that one was; cron and containers may name a folder that nobody made. */
    private static boolean belongsTo(long uid, Path folder) {
        try {
            return ((Number) Files.getAttribute(folder, "unix:uid")).longValue() == uid;
        } catch (IOException e) {
            return false;
        }
    }

    private static Path shared(long uid) {
        return Path.of("/tmp/connectctl-" + uid);
    }

    /** Folder of everything that belongs to servers. */
    public Path servers() {
        return state.resolve("servers");
    }

    /**
     * The local API's socket. Named after the state folder, so that two installations of one user never meet; moved to
     * {@code /tmp/connectctl-UID} where the run folder's path is too long for a socket.
     */
    public Path socket(long uid) {
        String name = "daemon-" + digest(state.toString()) + ".sock";
        Path socket = run.resolve(name);
        return socket.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_SOCKET
                ? socket
                : shared(uid).resolve(name);
    }

    /** FNV-1a: it tells folders apart, nothing rests on it being hard to meet, and a MessageDigest costs 40 ms to load. */
    private static String digest(String text) {
        int hash = 0x811c9dc5;
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x01000193;
        }
        String hex = Integer.toHexString(hash);
        return "0".repeat(8 - hex.length()) + hex;
    }
}
