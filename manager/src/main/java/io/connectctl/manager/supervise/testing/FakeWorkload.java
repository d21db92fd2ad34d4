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

/**
 * Clients that run what a test says: nothing at first. An interrupt ends the operations of its session. They take every answer at once
 * unless they are {@link #slow}.
 */
public final class FakeWorkload implements Workload {
    /** Who was interrupted, {@code user/session}. */
    public final List<String> interrupted = new CopyOnWriteArrayList<>();

    private final List<RunningOperation> running = new CopyOnWriteArrayList<>();
    private final List<RunningOperation> undelivered = new CopyOnWriteArrayList<>();
    private volatile boolean silent;
    private volatile boolean slow;

    /** An operation begins. */
    public void begin(String user, String session) {
        running.add(new RunningOperation(user, session, "op-" + running.size()));
    }

    /** Every operation ends by itself. */
    public void finish() {
        end(List.copyOf(running));
    }

    private void end(List<RunningOperation> ended) {
        // A look in between sees both, never neither.
        undelivered.addAll(slow ? ended : List.of());
        running.removeAll(ended);
    }

    /** From now on clients take no answer, until they are told to. */
    public void slow() {
        slow = true;
    }

    /** The answers of everything that ended are taken. */
    public void take() {
        slow = false;
        undelivered.clear();
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
        return Optional.of(new ConnectActivity(1 + now.size(), now.size(), now, List.copyOf(undelivered)));
    }

    @Override
    public boolean interrupt(ProbeTarget target, String user, String session, Duration timeout) {
        interrupted.add(user + "/" + session);
        end(running.stream().filter(each -> each.session().equals(session)).toList());
        return true;
    }
}
