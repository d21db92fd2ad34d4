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
        return new Detached(stateFolder, environment);
    }

    /**
     * Starts one that outlives the caller. No lambda: it is made by every command, and most never use it.
     *
     * @param stateFolder where its output goes
     * @param environment the caller's
     */
    record Detached(Path stateFolder, Map<String, String> environment) implements DaemonStarter {
        @Override
        public boolean ensureRunning(ApiClient client, Runnable announce) throws IOException, InterruptedException {
            return new DaemonLauncher(client, stateFolder, environment).ensureRunning(announce);
        }
    }
}
