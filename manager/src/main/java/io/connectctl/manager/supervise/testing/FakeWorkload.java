package io.connectctl.manager.supervise.testing;

import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Workload;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.RunningOperation;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Clients that run what a test says: nothing at first. An interrupt ends the operations of its session. */
public final class FakeWorkload implements Workload {
    /** Who was interrupted, {@code user/session}. */
    public final List<String> interrupted = new CopyOnWriteArrayList<>();

    private final List<RunningOperation> running = new CopyOnWriteArrayList<>();
    private volatile boolean silent;

    /** An operation begins. */
    public void begin(String user, String session) {
        running.add(new RunningOperation(user, session, "op-" + running.size()));
    }

    /** Every operation ends by itself. */
    public void finish() {
        running.clear();
    }

    /** From now on nothing can be told. */
    public void silence() {
        silent = true;
    }

    @Override
    public Optional<ConnectActivity> look(URI ui, String applicationId, Duration timeout) throws IOException {
        if (silent) {
            throw new IOException(ui + " doesn't answer");
        }
        List<RunningOperation> now = List.copyOf(running);
        return Optional.of(new ConnectActivity(1 + now.size(), now.size(), now));
    }

    @Override
    public boolean interrupt(ProbeTarget target, String user, String session, Duration timeout) {
        interrupted.add(user + "/" + session);
        running.removeIf(each -> each.session().equals(session));
        return true;
    }
}
