package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonLauncher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Starts a daemon where none answers. */
@FunctionalInterface
interface DaemonStarter {
    /**
     * Returns once a daemon answers.
     *
     * @param announce called before one is started
     * @return true if this call started it
     */
    boolean ensureRunning(ApiClient client, Runnable announce) throws IOException, InterruptedException;

    /** A process of its own. */
    static DaemonStarter detached(Path stateFolder, Map<String, String> environment) {
        return (client, announce) -> new DaemonLauncher(client, stateFolder, environment).ensureRunning(announce);
    }
}
