package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ServerView;
import java.time.Duration;

/** How much time of a wait for a start is the server's own: a build, a download or a drain before its launch is not. */
final class StartTime {
    private boolean launched;
    private long launchedAt;
    private long lookedAt = System.nanoTime();
    private boolean stuck;
    private long stuckSince;

    /**
     * Takes a look at the server into account.
     *
     * @param current whether what it shows is of the start that is waited for
     * @return true once: at the look that finds it launched
     */
    boolean look(ServerView server, boolean current) {
        boolean first = current
                && !launched
                // What still stops was launched long ago; it may be drained for longer than a start may take.
                && !server.phase().equals("STOPPING")
                && (server.startedAt() != null || server.phase().equals("BACKING_OFF"));
        long now = System.nanoTime();
        if (first) {
            launched = true;
            launchedAt = now;
        } else if (launched && server.phase().equals("STARTING") && server.startedAt() == null) {
            // What is fetched for another try isn't the server's time either.
            launchedAt += now - lookedAt;
        }
        lookedAt = now;
        return first;
    }

    /** Whether it was launched; until then its own time hasn't begun. */
    boolean launched() {
        return launched;
    }

    /** Since its launch; nothing before. */
    Duration sinceLaunch() {
        return launched ? since(launchedAt) : Duration.ZERO;
    }

    /**
     * For how long nothing has been on its way to a launch. A drain may be declared to be long; what outlives a kill is another thing.
     *
     * @param outlivesItsKill whether what is stopped wasn't gone after its grace
     */
    Duration stuckFor(ServerView server, boolean outlivesItsKill) {
        boolean now = server.phase().equals("UNKNOWN")
                || (outlivesItsKill && server.phase().equals("STOPPING"));
        if (now && !stuck) {
            stuckSince = System.nanoTime();
        }
        stuck = now;
        return now ? since(stuckSince) : Duration.ZERO;
    }

    static Duration since(long instant) {
        return Duration.ofNanos(System.nanoTime() - instant);
    }
}
