package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ActivityView;
import io.connectctl.manager.api.v1.ServerView;
import java.util.Optional;

/** Parts a server from its clients: asks first where that would end what they run, and tells what they will see. */
final class Parting {
    private Parting() {}

    /**
     * Asks on a terminal whether running operations may be ended, unless that was said already. Without a terminal nothing is asked:
     * the daemon refuses, which catches what began since.
     *
     * @param server with its activity
     * @param command what is to be done
     * @param said whether the command line says what becomes of them
     * @return whether somebody agreed, so that the daemon needn't refuse
     * @throws CliFailure BUSY if the answer is no
     */
    static boolean agreed(CliContext context, ServerView server, String command, boolean said) throws CliFailure {
        ActivityView activity = server.activity();
        if (said
                || activity == null
                || activity.operations() == 0
                || activity.drains()
                || !context.terminal().asks()) {
            return false;
        }
        context.err()
                .print("connectctl: " + server.name() + ": " + activity.summary() + "; " + command
                        + " ends them. Go on? [y/N] ");
        context.err().flush();
        String answer = context.terminal().line().strip();
        if (!answer.equalsIgnoreCase("y") && !answer.equalsIgnoreCase("yes")) {
            throw busy(server.name(), activity);
        }
        return true;
    }

    /** @throws CliFailure BUSY where operations run and nothing is said, nor declared, of what becomes of them */
    static void refuse(ServerView server) throws CliFailure {
        ActivityView activity = server.activity();
        if (activity != null && activity.operations() > 0 && !activity.drains()) {
            throw busy(server.name(), activity);
        }
    }

    private static CliFailure busy(String server, ActivityView activity) {
        return new CliFailure(
                ExitCode.BUSY,
                server + ": " + activity.summary() + "; use --drain 5m or --force",
                "--drain waits for them and interrupts what remains, --force ends them now; nothing was changed");
    }

    /** What the clients of a server that was replaced will see; empty where there were none. */
    static Optional<String> lostSessions(ServerView before) {
        return lost(before, "with the next call");
    }

    /** What the clients of a server that was stopped will see; empty where there were none. */
    static Optional<String> stoppedSessions(ServerView before) {
        return lost(before, "once it runs again");
    }

    private static Optional<String> lost(ServerView before, String when) {
        ActivityView activity = before.activity();
        if (activity == null || activity.sessions() == 0) {
            return Optional.empty();
        }
        boolean one = activity.sessions() == 1;
        return Optional.of(before.name() + ": " + activity.sessions()
                + (one ? " session is lost: its client sees" : " sessions are lost: their clients see")
                + " INVALID_HANDLE.SESSION_CHANGED " + when + ", and " + (one ? "needs" : "need")
                + " a new getOrCreate()");
    }
}
