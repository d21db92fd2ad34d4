package io.connectctl.health.ui;

/**
 * An operation that a client runs, or whose answer it didn't take yet.
 *
 * @param user who, as its client says
 * @param session the id of its session
 * @param id its own id
 */
public record RunningOperation(String user, String session, String id) {}
