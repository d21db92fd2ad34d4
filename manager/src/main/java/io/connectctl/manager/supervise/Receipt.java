package io.connectctl.manager.supervise;

/**
 * A command was taken.
 *
 * @param sequence the newest event before the command took effect: follow events from here to see what it does
 * @param changed false if nothing had to be done
 * @param message one line for people: {@code already running, unchanged}
 */
public record Receipt(long sequence, boolean changed, String message) {}
