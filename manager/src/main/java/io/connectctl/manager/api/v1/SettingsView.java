package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * What can be set in a running daemon.
 *
 * @param tcpPort where the local API listens on 127.0.0.1 beside its socket; null for not at all
 * @param healthPort where grpc.health.v1 is served on 127.0.0.1; null for not at all
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record SettingsView(@Nullable Integer tcpPort, @Nullable Integer healthPort) {
    /** Neither. */
    public static final SettingsView NONE = new SettingsView(null, null);
}
