package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import java.time.Duration;

/** Hears of every rung that a probe tried; metrics are made of it. Must not block. */
@FunctionalInterface
public interface ProbeListener {
    /** Hears nothing. */
    ProbeListener SILENT = (server, rung, took, passed) -> {};

    /**
     * A rung was tried.
     *
     * @param server whose
     * @param rung which rung
     * @param took how long the answer, or the failure, took
     * @param passed whether it was proven
     */
    void probed(ServerName server, Rung rung, Duration took, boolean passed);
}
