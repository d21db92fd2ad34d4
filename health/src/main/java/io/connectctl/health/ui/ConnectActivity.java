package io.connectctl.health.ui;

import java.util.List;

/**
 * What clients do on a server, as its UI counts it.
 *
 * @param onlineSessions sessions that were neither released nor expired; an abandoned one counts for up to an hour
 * @param runningRequests requests that run now: the measure for draining a server
 * @param running those of them that it lists, the latest first; a page holds only so many
 * @param undelivered those that ended and that the server keeps, since their clients didn't take the whole answer yet; Spark forgets
 *     one that nobody asks for after five minutes (spark.connect.execute.manager.detachedTimeout)
 * @param sessions ids of online sessions that it lists; a page holds only so many
 */
public record ConnectActivity(
        int onlineSessions,
        int runningRequests,
        List<RunningOperation> running,
        List<RunningOperation> undelivered,
        List<String> sessions) {
    public ConnectActivity {
        running = List.copyOf(running);
        undelivered = List.copyOf(undelivered);
        sessions = List.copyOf(sessions);
    }

    /** No session is listed. */
    public ConnectActivity(
            int onlineSessions,
            int runningRequests,
            List<RunningOperation> running,
            List<RunningOperation> undelivered) {
        this(onlineSessions, runningRequests, running, undelivered, List.of());
    }

    /** Every answer was taken. */
    public ConnectActivity(int onlineSessions, int runningRequests, List<RunningOperation> running) {
        this(onlineSessions, runningRequests, running, List.of());
    }

    /** Without this session and what runs in it: a probe's own query is no client's, and Spark 3 can't close its session. */
    public ConnectActivity without(String session) {
        List<RunningOperation> others = others(running, session);
        int own = running.size() - others.size();
        List<String> otherSessions =
                sessions.stream().filter(each -> !each.equals(session)).toList();
        return new ConnectActivity(
                Math.max(otherSessions.size(), onlineSessions - (sessions.size() - otherSessions.size())),
                Math.max(others.size(), runningRequests - own),
                others,
                others(undelivered, session),
                otherSessions);
    }

    private static List<RunningOperation> others(List<RunningOperation> operations, String session) {
        return operations.stream()
                .filter(operation -> !operation.session().equals(session))
                .toList();
    }

    /** Whose operations run, as far as it lists them. */
    public List<String> users() {
        return users(running);
    }

    private static List<String> users(List<RunningOperation> operations) {
        return operations.stream()
                .map(RunningOperation::user)
                .distinct()
                .sorted()
                .toList();
    }

    private static String of(List<String> users) {
        return users.isEmpty() ? "" : (users.size() == 1 ? " of user " : " of users ") + String.join(", ", users);
    }

    /** {@code 2 operations of user etl are running}. */
    public String summary() {
        return runningRequests
                + (runningRequests == 1 ? " operation" : " operations")
                + of(users())
                + (runningRequests == 1 ? " is running" : " are running");
    }

    /** {@code the answer of 1 operation of user etl isn't taken}. */
    public String undeliveredSummary() {
        boolean one = undelivered.size() == 1;
        return (one ? "the answer of " : "the answers of ")
                + undelivered.size()
                + (one ? " operation" : " operations")
                + of(users(undelivered))
                + (one ? " isn't taken" : " aren't taken");
    }
}
