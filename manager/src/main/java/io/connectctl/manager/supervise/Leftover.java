package io.connectctl.manager.supervise;

import java.util.Optional;

/**
 * Something of this installation that belongs to no server that is known.
 *
 * @param server whose it was
 * @param what what it is, in words: {@code container x (exited)}, {@code folder /...}
 * @param kept why it stays; empty where it goes
 */
public record Leftover(String server, String what, Optional<String> kept) {}
