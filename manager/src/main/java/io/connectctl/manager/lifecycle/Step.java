package io.connectctl.manager.lifecycle;

import java.util.List;

/**
 * One step of a server: stored together, then acted upon.
 *
 * @param state the new state
 * @param events the news, in order, not yet numbered
 * @param effects what to do once it is stored, in order
 */
public record Step(ServerState state, List<ServerEvent> events, List<Effect> effects) {
    public Step {
        events = List.copyOf(events);
        effects = List.copyOf(effects);
    }
}
