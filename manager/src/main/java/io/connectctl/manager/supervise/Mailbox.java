package io.connectctl.manager.supervise;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs tasks one after another, in order, on threads that many mailboxes share; one that fails doesn't end the others. */
final class Mailbox {
    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    private final Executor threads;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean busy;

    Mailbox(Executor threads) {
        this.threads = threads;
    }

    /** Runs the task some time soon; false if it never will, because the fleet is closed. */
    boolean execute(Runnable task) {
        synchronized (this) {
            tasks.add(task);
            if (busy) {
                return true;
            }
            busy = true;
        }
        try {
            threads.execute(this::run);
            return true;
        } catch (RejectedExecutionException e) {
            // The fleet is closed: whatever comes now is for the next daemon to find out.
            synchronized (this) {
                tasks.clear();
                busy = false;
            }
            return false;
        } catch (Throwable e) {
            // No thread can be made now: this task isn't taken, and those of others that came meanwhile go with the
            // next.
            synchronized (this) {
                tasks.remove(task);
                busy = false;
            }
            throw e;
        }
    }

    private void run() {
        while (true) {
            Runnable task;
            synchronized (this) {
                task = tasks.poll();
                if (task == null) {
                    busy = false;
                    return;
                }
            }
            try {
                task.run();
            } catch (Throwable e) {
                // Also an Error: a server whose mailbox stands still can't even be stopped.
                LOG.error("a task of a server failed", e);
            }
        }
    }
}
