package io.connectctl.manager.api;

import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.SettingsView;

/** The daemon as its API sees it. Thread-safe. */
public interface DaemonControl {
    /** What it is. */
    DaemonView describe();

    /** The settings in force. */
    SettingsView settings();

    /**
     * Puts settings into force and keeps them for the next daemon.
     *
     * @throws ApiException PORT_HELD or INVALID; then the settings are as they were
     */
    SettingsView apply(SettingsView settings) throws ApiException;

    /** Asks the daemon to end; returns at once. Servers stay. */
    void stop();
}
