package io.connectctl.manager.daemon;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.manager.supervise.ProbeListener;
import java.io.IOException;

/** What is behind the fleet: its store, runtimes, probes and diagnosis, wired by hand. */
final class Wiring {
    private Wiring() {}

    /**
     * Opens the fleet of this installation and adopts the servers that run.
     *
     * @param probes hears of every rung that a probe tried
     * @throws IOException if the store can't be opened; says why
     */
    static Daemon.Supervision fleet(Folders folders, ProbeListener probes) throws IOException {
        throw new IOException("this build has no supervisor for " + folders.state() + " and " + probes);
    }
}
