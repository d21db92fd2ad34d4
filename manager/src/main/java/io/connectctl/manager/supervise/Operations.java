package io.connectctl.manager.supervise;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blocking calls to the runtime of one server: one at a time, in order, each bounded in time. A call that doesn't heed
 * its interrupt is left behind after a moment, so that a hung launch can't keep a halt from being tried; should it come to
 * life later, its answer is told all the same and the lifecycle ends what it launched.
 */
final class Operations {
    private static final Logger LOG = LoggerFactory.getLogger(Operations.class);
    /** How long an interrupted call may take to give up. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    /** What a call is for: it decides which other it may interrupt. */
    enum Kind {
        LAUNCH,
        /** What comes before a halt that isn't in a hurry. */
        DRAIN,
        HALT,
        KILL,
        ASK;

        /** True if a call of this kind makes {@code other} pointless. */
        private boolean supersedes(Kind other) {
            return switch (this) {
                case HALT -> other == LAUNCH;
                case KILL -> other == LAUNCH || other == DRAIN || other == HALT;
                case LAUNCH, DRAIN, ASK -> false;
            };
        }
    }

    /** One call. */
    @FunctionalInterface
    interface Body {
        void run() throws InterruptedException;
    }

    private static final class Operation {
        private final Kind kind;
        private final Duration limit;
        private final Body body;
        private @Nullable Thread thread;
        private Time.@Nullable Timer timer;
        private boolean interrupted;

        Operation(Kind kind, Duration limit, Body body) {
            this.kind = kind;
            this.limit = limit;
            this.body = body;
        }
    }

    private final String server;
    private final Executor workers;
    private final Time time;
    private final Deque<Operation> waiting = new ArrayDeque<>();
    private @Nullable Operation current;
    private boolean closed;

    Operations(String server, Executor workers, Time time) {
        this.server = server;
        this.workers = workers;
        this.time = time;
    }

    /** Queues a call; one that it makes pointless is interrupted or dropped. */
    synchronized void submit(Kind kind, Duration limit, Body body) {
        if (closed) {
            return;
        }
        waiting.removeIf(other -> kind.supersedes(other.kind) || (kind == Kind.ASK && other.kind == Kind.ASK));
        waiting.add(new Operation(kind, limit, body));
        if (current == null) {
            next();
        } else if (kind.supersedes(current.kind)) {
            interrupt(current);
        }
    }

    /** Interrupts what runs and forgets what waits. */
    synchronized void close() {
        closed = true;
        waiting.clear();
        if (current != null) {
            interrupt(current);
        }
    }

    private void next() {
        Operation operation = closed ? null : waiting.poll();
        current = operation;
        if (operation != null) {
            operation.timer = time.after(operation.limit, () -> overdue(operation));
            try {
                workers.execute(() -> run(operation));
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                // The error is what a JVM says that can't make another thread.
                operation.timer.cancel();
                current = null;
                throw e;
            }
        }
    }

    private void run(Operation operation) {
        synchronized (this) {
            if (operation.interrupted) {
                done(operation);
                return;
            }
            operation.thread = Thread.currentThread();
        }
        try {
            operation.body.run();
        } catch (InterruptedException e) {
            LOG.debug("{}: {} was interrupted", server, operation.kind);
        } catch (RuntimeException e) {
            LOG.error("{}: {} failed", server, operation.kind, e);
        } finally {
            synchronized (this) {
                operation.thread = null;
                // Worker threads are shared: this call's interrupt must not hit the next one.
                Thread.interrupted();
                done(operation);
            }
        }
    }

    private void done(Operation operation) {
        if (operation.timer != null) {
            operation.timer.cancel();
        }
        if (current == operation) {
            next();
        }
    }

    private synchronized void overdue(Operation operation) {
        if (current == operation && !operation.interrupted) {
            LOG.warn("{}: {} took longer than {} s", server, operation.kind, operation.limit.toSeconds());
            interrupt(operation);
        }
    }

    private void interrupt(Operation operation) {
        if (operation.interrupted) {
            return;
        }
        operation.interrupted = true;
        if (operation.timer != null) {
            operation.timer.cancel();
        }
        operation.timer = time.after(LAST_WORDS, () -> leave(operation));
        if (operation.thread != null) {
            operation.thread.interrupt();
        }
    }

    private synchronized void leave(Operation operation) {
        if (current == operation) {
            LOG.warn("{}: {} doesn't heed its interrupt and is left behind", server, operation.kind);
            next();
        }
    }
}
