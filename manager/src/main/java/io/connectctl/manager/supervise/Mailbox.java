package io.connectctl.manager.supervise;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Runs tasks one after another, in order, on threads that many mailboxes share. */
final class Mailbox implements Executor {
    private final Executor threads;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean busy;

    Mailbox(Executor threads) {
        this.threads = threads;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (this) {
            tasks.add(task);
            if (busy) {
                return;
            }
            busy = true;
        }
        try {
            threads.execute(this::run);
        } catch (RejectedExecutionException e) {
            // The fleet is closed: whatever comes now is for the next daemon to find out.
            synchronized (this) {
                tasks.clear();
                busy = false;
            }
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
            task.run();
        }
    }
}
