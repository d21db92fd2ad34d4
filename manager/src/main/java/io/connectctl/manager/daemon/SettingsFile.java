package io.connectctl.manager.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.manager.api.v1.SettingsView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the daemon keeps for itself: {@code STATE/daemon.json} with its settings, {@code STATE/api-token} for TCP. */
final class SettingsFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path file;
    private final Path token;

    SettingsFile(Path state) {
        this.file = state.resolve("daemon.json");
        this.token = state.resolve("api-token");
    }

    /**
     * The settings: from the environment ({@code CONNECTCTL_TCP_PORT}, {@code CONNECTCTL_HEALTH_PORT}; {@code off} for
     * none), else as kept.
     *
     * @throws IOException if the file or a variable can't be understood
     */
    SettingsView read(Map<String, String> environment) throws IOException {
        SettingsView kept = SettingsView.NONE;
        try {
            kept = JSON.readValue(Files.readAllBytes(file), SettingsView.class);
        } catch (NoSuchFileException e) {
            // Nothing was ever set.
        } catch (JsonProcessingException e) {
            throw new IOException(file + " can't be understood: correct or remove it", e);
        }
        return new SettingsView(
                port(environment, "CONNECTCTL_TCP_PORT", kept.tcpPort()),
                port(environment, "CONNECTCTL_HEALTH_PORT", kept.healthPort()));
    }

    private static @Nullable Integer port(Map<String, String> environment, String key, @Nullable Integer kept)
            throws IOException {
        String text = environment.get(key);
        if (text == null || text.isBlank()) {
            return kept;
        }
        if (text.equals("off")) {
            return null;
        }
        try {
            int port = Integer.parseInt(text.strip());
            if (port >= 1024 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // Said below, as for a number out of bounds.
        }
        throw new IOException(key + "=" + text + " is no port of 1024 to 65535, nor 'off'");
    }

    void write(SettingsView settings) throws IOException {
        PrivateFiles.write(file, JSON.writeValueAsString(settings));
    }

    /** The token of the TCP listener; made on first use, readable by the owner only. */
    String token() throws IOException {
        try {
            String text = Files.readString(token).strip();
            if (!text.isEmpty()) {
                return text;
            }
        } catch (NoSuchFileException e) {
            // The first use.
        }
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        String text = HexFormat.of().formatHex(random);
        PrivateFiles.write(token, text + "\n");
        return text;
    }
}
