package io.connectctl.health.ui;

/**
 * What the UI's Connect page counts.
 *
 * @param onlineSessions sessions that were neither released nor expired; an abandoned one counts for up to an hour
 * @param runningRequests requests that run now: the measure for draining a server
 */
public record ConnectActivity(int onlineSessions, int runningRequests) {}
