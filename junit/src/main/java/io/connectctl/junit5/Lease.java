package io.connectctl.junit5;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server that this JVM holds: leased, renewed on a daemon thread, and given back. */
final class Lease {
    /** A first start may build connectctl and fetch Spark; connectctl itself limits the start proper. */
    static final Duration PATIENCE = Duration.ofMinutes(30);

    /** A server that is killed is gone in tenths of a second, its folder may be large, and a daemon may have to be started first. */
    private static final Duration SHORTLY = Duration.ofMinutes(2);

    /** Often enough that a daemon which was away for some minutes is told in time. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    /** After a renewal that failed. */
    private static final Duration AGAIN = Duration.ofSeconds(10);

    private static final Logger LOG = System.getLogger(Lease.class.getName());

    private final Connectctl connectctl;
    private final String id;
    private final Duration ttl;
    private final ConnectServerHandle handle;
    private final CountDownLatch over = new CountDownLatch(1);

    private Lease(Connectctl connectctl, String id, Duration ttl, ConnectServerHandle handle) {
        this.connectctl = connectctl;
        this.id = id;
        this.ttl = ttl;
        this.handle = handle;
    }

    /**
     * Leases a server in the name of this process, and returns when a query ran on it.
     *
     * @throws ConnectServerException if there is none to be had; nothing is left of it then
     */
    static Lease take(Connectctl connectctl, Declaration declaration) {
        List<String> words = new ArrayList<>(List.of("lease", "--quiet"));
        words.addAll(declaration.options());
        words.addAll(List.of("--ttl", declaration.ttl().toMillis() + "ms"));
        words.addAll(List.of("--owner", Long.toString(ProcessHandle.current().pid()), "-o", "dotenv"));
        Map<String, String> variables = new LinkedHashMap<>(Dotenv.parse(connectctl.ok(PATIENCE, words)));
        String id = Dotenv.required(variables, "CONNECTCTL_LEASE");
        variables.remove("CONNECTCTL_LEASE");
        Lease lease = new Lease(connectctl, id, declaration.ttl(), new ConnectServerHandle(connectctl, variables));
        Thread renewal = new Thread(lease::renew, "connectctl-renewal-" + id);
        renewal.setDaemon(true);
        renewal.start();
        return lease;
    }

    /** What tests get to see. */
    ConnectServerHandle handle() {
        return handle;
    }

    private void renew() {
        Duration third = ttl.dividedBy(3);
        Duration every = third.compareTo(LONGEST) < 0 ? third : LONGEST;
        Duration next = every;
        try {
            while (!over.await(next.toMillis(), TimeUnit.MILLISECONDS)) {
                next = once() ? every : every.compareTo(AGAIN) < 0 ? every : AGAIN;
            }
        } catch (InterruptedException e) {
            // Nobody else knows this thread: the JVM ends, and the lease with it.
            Thread.currentThread().interrupt();
        }
    }

    private boolean once() {
        String failure;
        try {
            Connectctl.Outcome outcome = connectctl.run(SHORTLY, List.of("renew", id));
            if (outcome.exit() == 0) {
                return true;
            }
            failure = Connectctl.failure("renew " + id, outcome);
            if (outcome.exit() == Connectctl.GONE) {
                // Nothing can bring it back; its users see that soon enough, and here they read why.
                warn(failure + "\nserver " + handle.name()
                        + " is gone: it outlived its ttl or was released by somebody else");
                over.countDown();
                return true;
            }
        } catch (ConnectServerException e) {
            failure = String.valueOf(e.getMessage());
        }
        warn(failure);
        return false;
    }

    private void warn(String message) {
        if (over.getCount() > 0) {
            LOG.log(Level.WARNING, message);
        }
    }

    /** Gives it back; its server is gone on return. What can't be given back now goes with this JVM, so no test fails for it. */
    void release() {
        over.countDown();
        try {
            Connectctl.Outcome outcome = connectctl.run(SHORTLY, List.of("release", id));
            if (outcome.exit() != 0 && outcome.exit() != Connectctl.GONE) {
                LOG.log(Level.WARNING, Connectctl.failure("release " + id, outcome));
            }
        } catch (ConnectServerException e) {
            LOG.log(Level.WARNING, String.valueOf(e.getMessage()));
        }
    }
}
