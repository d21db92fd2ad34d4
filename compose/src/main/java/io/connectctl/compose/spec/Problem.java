package io.connectctl.compose.spec;

import java.util.Optional;

/**
 * One thing wrong with a declaration.
 *
 * @param severity an ERROR refuses the declaration, a WARNING is told, a NOTE only by {@code validate}
 * @param rule the rule that it breaks
 * @param where place of the value, empty where only the daemon knows it
 * @param key the key in the declaration, such as {@code servers.sales.port}
 * @param message what is wrong, with the offending value (a secret's value is never shown); what to do, too, where there is no
 *     remedy of its own
 * @param suggestion the nearest right key or value, if there is one
 * @param remedy what to do, where the message doesn't tell
 * @param endsStart whether Spark would surely refuse it; such a warning keeps no server from being started, as its own words are the
 *     better cause, but one that runs from being ended for it
 */
public record Problem(
        Severity severity,
        Rule rule,
        Optional<Location> where,
        String key,
        String message,
        Optional<String> suggestion,
        Optional<String> remedy,
        boolean endsStart) {
    /** How bad it is. */
    public enum Severity {
        ERROR,
        WARNING,
        NOTE
    }

    /** One that isn't known to end a start. */
    public Problem(
            Severity severity,
            Rule rule,
            Optional<Location> where,
            String key,
            String message,
            Optional<String> suggestion,
            Optional<String> remedy) {
        this(severity, rule, where, key, message, suggestion, remedy, false);
    }

    /** Wrong with a field. */
    public Problem(
            Severity severity, Optional<Location> where, String key, String message, Optional<String> suggestion) {
        this(severity, Rule.FIELD, where, key, message, suggestion, Optional.empty());
    }

    /** The same as a warning, of what Spark would surely refuse. */
    public Problem leftToSpark() {
        return new Problem(Severity.WARNING, rule, where, key, message, suggestion, remedy, true);
    }

    @Override
    public String toString() {
        return where.map(place -> place + ": ").orElse("") + key + ": "
                + suggestion.map(text -> "did you mean '" + text + "'? ").orElse("") + message
                + remedy.map(text -> "; " + text).orElse("");
    }
}
