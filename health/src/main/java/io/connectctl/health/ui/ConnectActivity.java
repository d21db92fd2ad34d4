package io.connectctl.health.ui;

import java.util.List;

/**
 * What clients do on a server, as its UI counts it.
 *
 * @param onlineSessions sessions that were neither released nor expired; an abandoned one counts for up to an hour
 * @param runningRequests requests that run now: the measure for draining a server
 * @param running those of them that it lists, the latest first; a page holds only so many
 */
public record ConnectActivity(int onlineSessions, int runningRequests, List<RunningOperation> running) {
    public ConnectActivity {
        running = List.copyOf(running);
    }

    /** Without what runs in this session: a probe's own query is no client's. */
    public ConnectActivity without(String session) {
        List<RunningOperation> others = running.stream()
                .filter(operation -> !operation.session().equals(session))
                .toList();
        int own = running.size() - others.size();
        return new ConnectActivity(onlineSessions, Math.max(others.size(), runningRequests - own), others);
    }

    /** Whose operations run, as far as it lists them. */
    public List<String> users() {
        return running.stream().map(RunningOperation::user).distinct().sorted().toList();
    }

    /** {@code 2 operations of user etl are running}. */
    public String summary() {
        List<String> users = users();
        return runningRequests
                + (runningRequests == 1 ? " operation" : " operations")
                + (users.isEmpty() ? "" : (users.size() == 1 ? " of user " : " of users ") + String.join(", ", users))
                + (runningRequests == 1 ? " is running" : " are running");
    }
}
