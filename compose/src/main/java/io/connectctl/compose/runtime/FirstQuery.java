package io.connectctl.compose.runtime;

import java.io.IOException;

/** Runs a first query on a server that is being recorded: what only a query loads is most of what a first query waits for. */
@FunctionalInterface
public interface FirstQuery {
    /**
     * Returns once a query ran.
     *
     * @throws LaunchException if the server ended before
     */
    void run(Training server) throws LaunchException, RuntimeUnavailableException, IOException, InterruptedException;
}
