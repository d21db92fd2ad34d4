package io.connectctl.health;

import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.SparkUi;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workload of a real server: its UI tells, the Interrupt call ends. */
final class SparkWorkload implements Workload {
    private static final Logger LOG = LoggerFactory.getLogger(SparkWorkload.class);

    @Override
    public Optional<ConnectActivity> look(URI ui, String applicationId, Duration timeout)
            throws IOException, InterruptedException {
        String host = ui.getHost();
        // Java leaves the brackets of an IPv6 address on.
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return new SparkUi(bare, ui.getPort()).connectActivity(applicationId, timeout);
    }

    @Override
    public boolean interrupt(ProbeTarget target, String user, String session, Duration timeout)
            throws InterruptedException {
        try (SparkConnectClient client = new SparkConnectClient(target)) {
            client.interrupt(user, session, Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS));
            return true;
        } catch (StatusRuntimeException e) {
            LOG.info("{}: the operations of session {} could not be interrupted: {}", target, session, e.getStatus());
            return false;
        }
    }
}
