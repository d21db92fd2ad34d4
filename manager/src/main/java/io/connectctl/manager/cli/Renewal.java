package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Renews a lease ahead of time, on a thread of its own, until closed: across restarts of the daemon, and one that is gone for good is
 * started again.
 */
final class Renewal implements AutoCloseable {
    /** Often enough that a daemon which was away for some minutes is told in time. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** After one that failed. */
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final ApiClient client;
    private final Leased leased;
    private final Duration ttl;
    private final Duration every;
    private final Optional<DaemonStarter> starter;
    private final Consumer<String> warn;
    private final Thread thread;
    private volatile boolean over;
    private volatile boolean told;

    private Renewal(
            ApiClient client, Leased leased, Duration ttl, Optional<DaemonStarter> starter, Consumer<String> warn) {
        this.ttl = ttl;
        Duration third = ttl.dividedBy(3);
        this.client = client;
        this.leased = leased;
        this.every = third.compareTo(LONGEST) < 0 ? third : LONGEST;
        this.starter = starter;
        this.warn = warn;
        this.thread = new Thread(this::run, "renewing");
        thread.setDaemon(true);
    }

    /**
     * Begins.
     *
     * @param ttl what the lease lives for after each renewal
     * @param starter starts the daemon where none runs; empty where nobody may
     * @param warn told if it can't be renewed any more
     */
    static Renewal of(
            ApiClient client, Leased leased, Duration ttl, Optional<DaemonStarter> starter, Consumer<String> warn) {
        Renewal renewal = new Renewal(client, leased, ttl, starter, warn);
        renewal.thread.start();
        return renewal;
    }

    private void run() {
        long end = System.nanoTime() + ttl.toNanos();
        String trouble = "";
        try {
            while (!over && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(trouble.isEmpty() ? Math.max(100, every.toMillis()) : AGAIN.toMillis());
                try {
                    once();
                    end = System.nanoTime() + ttl.toNanos();
                    trouble = "";
                } catch (ApiException e) {
                    if (e.code().equals("NO_SUCH_LEASE")) {
                        tell("the lease of " + leased.server() + " can't be renewed: " + e.getMessage());
                        return;
                    }
                    trouble = String.valueOf(e.getMessage());
                } catch (IOException e) {
                    trouble = String.valueOf(e.getMessage());
                }
            }
            if (!trouble.isEmpty()) {
                tell("the lease of " + leased.server() + " could not be renewed, so it ends by itself: " + trouble);
            }
        } catch (InterruptedException e) {
            // Closed.
            return;
        }
    }

    private void tell(String message) {
        if (!over) {
            told = true;
            warn.accept(message);
        }
    }

    /** Whether it told that the lease ended. */
    boolean tellsItsEnd() {
        return told;
    }

    private void once() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + every.toNanos();
        while (!over) {
            try {
                client.renew(leased.id(), Optional.empty(), false);
                return;
            } catch (DaemonUnreachableException e) {
                if (starter.isEmpty() || System.nanoTime() > deadline) {
                    throw e;
                }
                if (e.reason() == DaemonUnreachableException.Reason.NOT_RUNNING) {
                    starter.get().ensureRunning(client, () -> {});
                } else {
                    TimeUnit.SECONDS.sleep(1);
                }
            }
        }
    }

    /** Ends it; the lease stays as it was renewed last. */
    @Override
    public void close() {
        over = true;
        thread.interrupt();
    }
}
