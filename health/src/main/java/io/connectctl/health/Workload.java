package io.connectctl.health;

import io.connectctl.health.ui.ConnectActivity;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * What clients do on a server, and how that is ended: beside the {@link Ladder}, which asks whether the server is usable. Blocking;
 * nothing is kept between calls.
 */
public interface Workload {
    /**
     * What they do now.
     *
     * @param ui the server's own UI, its identity checked
     * @param applicationId the server's Spark application
     * @return empty where this Spark version doesn't tell (3.4)
     * @throws IOException if the UI doesn't answer, or not as known Spark versions do
     */
    Optional<ConnectActivity> look(URI ui, String applicationId, Duration timeout)
            throws IOException, InterruptedException;

    /**
     * Ends every operation of one session; its client sees OPERATION_CANCELED, and the session lives on.
     *
     * @return false where the server didn't do it
     */
    boolean interrupt(ProbeTarget target, String user, String session, Duration timeout) throws InterruptedException;
}
