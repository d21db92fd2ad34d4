package io.connectctl.compose.spec;

import java.util.Optional;

/**
 * One thing wrong with a declaration.
 *
 * @param severity an ERROR refuses the declaration, a WARNING is told
 * @param where place of the value, empty where only the daemon knows it
 * @param key the key in the declaration, such as {@code servers.sales.port}
 * @param message what is wrong, with the offending value (a secret's value is never shown), and what to do
 * @param suggestion the nearest right key or value, if there is one
 */
public record Problem(
        Severity severity, Optional<Location> where, String key, String message, Optional<String> suggestion) {
    /** How bad it is. */
    public enum Severity {
        ERROR,
        WARNING
    }

    @Override
    public String toString() {
        return where.map(place -> place + ": ").orElse("") + key + ": "
                + suggestion.map(text -> "did you mean '" + text + "'? ").orElse("") + message;
    }
}
