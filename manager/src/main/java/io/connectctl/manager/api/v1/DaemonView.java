package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * The daemon itself.
 *
 * @param notice what became of the state file before this one, where that was damaged; null where this one is whole
 * @param supervised true if systemd runs it, so that only systemd should restart it
 * @param engine the address of the container engine that it uses, or would; null from a daemon that doesn't tell
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DaemonView(
        String version,
        String build,
        long pid,
        String startedAt,
        String socket,
        String stateFolder,
        @Nullable Integer tcpPort,
        @Nullable Integer healthPort,
        int servers,
        @Nullable String notice,
        boolean supervised,
        @Nullable String engine) {}
