package io.connectctl.manager.api;

import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.SettingsView;
import java.util.concurrent.CountDownLatch;

/** A daemon that only remembers. */
final class ScriptedDaemon implements DaemonControl {
    final CountDownLatch stopped = new CountDownLatch(1);
    volatile SettingsView settings = SettingsView.NONE;

    @Override
    public DaemonView describe() {
        return new DaemonView(
                "0.1.0",
                "0a1b2c3d4e5f",
                4700,
                "2026-11-22T12:00:00Z",
                "/run/user/1000/connectctl/daemon-0a1b2c3d.sock",
                "/home/ada/.local/state/connectctl",
                settings.tcpPort(),
                settings.healthPort(),
                1,
                null,
                false,
                "/var/run/docker.sock");
    }

    @Override
    public SettingsView settings() {
        return settings;
    }

    @Override
    public SettingsView apply(SettingsView wanted) throws ApiException {
        if (wanted.tcpPort() != null && wanted.tcpPort() < 1024) {
            throw new ApiException(422, "INVALID", "tcpPort " + wanted.tcpPort() + " is outside 1024-65535", null);
        }
        settings = wanted;
        return wanted;
    }

    @Override
    public void stop() {
        stopped.countDown();
    }
}
