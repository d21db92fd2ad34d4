package io.connectctl.compose.runtime;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The folders of one installation (XDG base directories, each overridable).
 *
 * @param config the user's settings and templates: {@code CONNECTCTL_CONFIG_DIR}, else {@code $XDG_CONFIG_HOME/connectctl}
 * @param state database and server folders: {@code CONNECTCTL_STATE_DIR}, else {@code $XDG_STATE_HOME/connectctl}
 * @param run the socket's folder, 0700: {@code CONNECTCTL_RUN_DIR}, else {@code $XDG_RUNTIME_DIR/connectctl}, else
 *     {@code /tmp/connectctl-UID}
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
        Path home = absolute(environment.get("HOME")).orElse(userHome);
        Path run = absolute(environment.get("CONNECTCTL_RUN_DIR"))
                .or(() -> absolute(environment.get("XDG_RUNTIME_DIR")).map(folder -> folder.resolve("connectctl")))
                .orElseGet(() -> shared(uid));
        return new Folders(
                folder(environment, "CONNECTCTL_CONFIG_DIR", "XDG_CONFIG_HOME", home.resolve(".config")),
                folder(environment, "CONNECTCTL_STATE_DIR", "XDG_STATE_HOME", home.resolve(".local/state")),
                run,
                folder(environment, "CONNECTCTL_CACHE_DIR", "XDG_CACHE_HOME", home.resolve(".cache")));
    }

    private static Path folder(Map<String, String> environment, String own, String xdg, Path otherwise) {
        return absolute(environment.get(own))
                .orElseGet(
                        () -> absolute(environment.get(xdg)).orElse(otherwise).resolve("connectctl"));
    }

    private static Optional<Path> absolute(@Nullable String text) {
        return text == null || !text.startsWith("/")
                ? Optional.empty()
                : Optional.of(Path.of(text).normalize());
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

    private static String digest(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
