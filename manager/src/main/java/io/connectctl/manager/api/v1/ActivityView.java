package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * What clients do on a server.
 *
 * @param sessions open ones; an abandoned one counts for up to an hour
 * @param operations that run now
 * @param users whose they are, as far as the server tells
 * @param drains whether the declaration says how long they may finish when the server is stopped
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ActivityView(int sessions, int operations, List<String> users, boolean drains) {
    /** {@code 2 operations of user etl are running}. */
    public String summary() {
        return operations
                + (operations == 1 ? " operation" : " operations")
                + (users.isEmpty() ? "" : (users.size() == 1 ? " of user " : " of users ") + String.join(", ", users))
                + (operations == 1 ? " is running" : " are running");
    }
}
